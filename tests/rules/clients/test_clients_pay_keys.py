"""The keys a client of WeChat Pay works with, and those it does not."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from app.clients.pay import WeChatPay, load_private_key, load_public_key


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_private_key_is_read_in_every_usual_form(keys: Any, form: PrivateFormat, ends: bytes) -> None:
    pem = keys.merchant.private_bytes(Encoding.PEM, form, NoEncryption()).replace(b"\n", ends)
    assert load_private_key(pem).private_numbers() == keys.merchant.private_numbers()


@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_a_public_key_is_read_in_every_usual_form(keys: Any, form: PublicFormat, ends: bytes) -> None:
    public = keys.platform.public_key()
    assert load_public_key(public.public_bytes(Encoding.PEM, form).replace(b"\n", ends)) == public


def test_other_keys_are_refused_without_being_repeated(keys: Any) -> None:
    locked = keys.merchant.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    curve, small = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024)
    others = [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in (curve, small)]
    spki = PublicFormat.SubjectPublicKeyInfo
    others_public = [key.public_key().public_bytes(Encoding.PEM, spki) for key in (curve, small)]
    for pem in (
        b"",
        b"\xff",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        locked,
        *others,
    ):
        with pytest.raises(ValueError, match="not a"):
            load_private_key(pem)
    for pem in (b"", b"\xff", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", *others_public):
        with pytest.raises(ValueError, match="not a"):
            load_public_key(pem)


@pytest.mark.parametrize(
    ("names", "apiv3_key"), [([], "k" * 32), (["PUB_KEY_ID_1"], "k" * 31), (["PUB_KEY_ID_1"], "")]
)
def test_a_client_without_usable_keys_does_not_come_to_be(
    keys: Any, names: list[str], apiv3_key: str
) -> None:
    public = {name: keys.platform.public_key() for name in names}
    with pytest.raises(ValueError, match="32 bytes"):
        WeChatPay(
            "https://a.example", "wx1", "1", "S", keys.merchant, public, apiv3_key, "https://a/", "https://a/"
        )


def test_a_client_never_prints_its_keys(pay: WeChatPay, new_pay: Callable[[str], WeChatPay]) -> None:
    assert "0123456789abcdef" not in repr(pay) + repr(new_pay)
