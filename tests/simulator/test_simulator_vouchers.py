"""The pretended shop and our client, who know the agreement each for themselves: one number, one voucher."""

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import simulator
from app.clients.errors import OutsideError, Unreachable, Unverified
from app.clients.vouchers import VoucherPartner, signer
from app.kit.codes import random_code
from app.kit.message_signatures import key_id

PRODUCT = "latte-10"
Shop = Callable[..., VoucherPartner]


@pytest.fixture
def shop(phone: simulator.Running) -> Shop:
    """Makes our way to the shop, which knows our key unless another one signs."""
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes_raw()
    jwk = {"x": base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    requests.post(f"{phone.base_url}/control/vouchers/askers", json={"keys": [jwk]}, timeout=5)
    told = requests.get(f"{phone.base_url}/control/vouchers", timeout=5).json()

    def way(sign: Ed25519PrivateKey = key, skew_s: int = 0, **changes: Any) -> VoucherPartner:
        signs = signer(phone.base_url, key_id(raw), sign.sign, lambda: int(time.time()) + skew_s)
        theirs = changes.get("key", base64.b64decode(told["public_key"]))
        return VoucherPartner(phone.base_url, theirs, signs)

    return way


def spoil(phone: simulator.Running, kind: str, path: str) -> None:
    wish = {"kind": kind, "path": path, "seconds": 0.1}
    assert requests.post(f"{phone.base_url}/control/faults", json=wish, timeout=5).status_code == 201


def told_of(phone: simulator.Running, number: str) -> list[dict[str, Any]]:
    known = requests.get(f"{phone.base_url}/control/vouchers", timeout=5).json()["vouchers"]
    return [each for each in known if each["number"] == number]


def test_one_number_is_one_voucher_however_often_it_is_asked(phone: simulator.Running, shop: Shop) -> None:
    number = random_code()
    first = shop().issue(number, PRODUCT)
    assert first.state == "issued"
    assert first.code
    assert first.last_day
    assert shop().issue(number, PRODUCT) == first == shop().cancel(number)
    assert shop().issue(random_code(), PRODUCT).code != first.code


def test_what_is_cancelled_is_never_issued(shop: Shop) -> None:
    number = random_code()
    assert shop().cancel(number).state == "cancelled"
    assert shop().issue(number, PRODUCT).state == "cancelled"


@pytest.mark.parametrize("fault", ["lost_answer", "reset", "http_500"])
def test_a_lost_answer_is_asked_for_again_under_the_same_number(
    phone: simulator.Running, shop: Shop, fault: str
) -> None:
    number = random_code()
    spoil(phone, fault, "/v1/vouchers")
    with pytest.raises(Unreachable):
        shop().issue(number, PRODUCT)
    assert len(told_of(phone, number)) == (fault == "lost_answer")
    found = shop().issue(number, PRODUCT)
    assert [each["code"] for each in told_of(phone, number)] == [found.code]


@pytest.mark.parametrize("fault", ["voucher_foreign_key", "voucher_other_number"])
def test_a_letter_that_its_key_has_not_signed_about_this_number_is_not_believed(
    phone: simulator.Running, shop: Shop, fault: str
) -> None:
    number = random_code()
    spoil(phone, fault, "voucher")
    with pytest.raises(Unverified):
        shop().issue(number, PRODUCT)
    assert shop().issue(number, PRODUCT).state == "issued"


@pytest.mark.parametrize("wrong", [{"sign": Ed25519PrivateKey.generate()}, {"skew_s": 3600}])
def test_an_unsigned_refusal_tells_nothing_and_issues_nothing(
    phone: simulator.Running, shop: Shop, wrong: dict[str, Any]
) -> None:
    number = random_code()
    with pytest.raises(OutsideError):
        shop(**wrong).issue(number, PRODUCT)
    assert told_of(phone, number) == []
