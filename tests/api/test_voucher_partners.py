"""Vouchers from a giver's server: one number is one voucher, and an unknown outcome is asked for again."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from builders import person
from flask import Flask
from redeeming import Counter, Redeemer, remaining
from rewarding import assert_covered, balances
from sqlalchemy import text

import simulator
from app.clients.errors import Unreachable
from app.clients.vouchers import Letter
from app.kit import clock
from app.kit.database import db
from app.kit.signing import seal
from app.kit.transaction import transaction
from app.rewards.jobs import redemptions
from app.rewards.jobs.redemptions import ask_partners, conclude_redemptions
from app.rewards.queries.redemptions import find_issue, get_any_redemption
from app.rewards.rules.items import Supply
from app.rewards.services import items, partner_issues, returns, voucher_partners

PRODUCT = "latte-10"


class Server:
    """The pretended shop's server: what it said, and what goes wrong with it."""

    def __init__(self, phone: simulator.Running) -> None:
        self.url, self.code = phone.base_url, ""
        keys = {"keys": seal().public_jwks()}
        requests.post(f"{self.url}/control/vouchers/askers", json=keys, timeout=5).raise_for_status()
        self.public_key = base64.b64decode(self.told()["public_key"])

    def told(self) -> Any:
        return requests.get(f"{self.url}/control/vouchers", timeout=5).json()

    def of(self, redemption: Any) -> list[Any]:
        return [each for each in self.told()["vouchers"] if each["number"] == redemption["code"]]

    def spoil(self, kind: str, count: int = 1, path: str = "/v1/vouchers") -> None:
        path = "voucher" if kind.startswith("voucher") else path
        wish = {"kind": kind, "path": path, "count": count, "seconds": 0.01}
        requests.post(f"{self.url}/control/faults", json=wish, timeout=5).raise_for_status()


@pytest.fixture
def server(app: Flask, phone: simulator.Running) -> Iterator[Server]:
    yield Server(phone)
    requests.delete(f"{phone.base_url}/control/faults", timeout=5)


@pytest.fixture
def counter(app: Flask) -> Counter:
    return Counter(app)


@pytest.fixture
def item(counter: Counter, server: Server) -> str:
    server.code = counter.partner(server.url, server.public_key)
    return counter.offer(supply=Supply.PARTNER, partner=server.code, product=PRODUCT, stock=5)


@pytest.fixture
def buyer(app: Flask) -> Redeemer:
    return Redeemer(app, person(app))


def asked(minutes: float) -> int:
    """Ask what is due when so many minutes have gone by for whoever waits; signatures are of now."""
    db.session.rollback()
    past = "UPDATE partner_issue SET asked_at = asked_at - :gone, next_at = next_at - :gone"
    with transaction():
        db.session.execute(text(past), {"gone": timedelta(minutes=minutes)})
    return ask_partners()


def test_a_voucher_comes_and_its_giver_is_paid_a_week_later(
    counter: Counter, item: str, buyer: Redeemer, server: Server
) -> None:
    made = buyer.redeem(item)
    assert (made["status"], buyer.see(made)["voucher"]) == ("reserved", None)
    assert ask_partners() == 1
    seen = buyer.see(made)
    assert (seen["status"], seen["voucher"]["code"]) == ("fulfilled", server.of(made)[0]["code"])
    assert ask_partners() == 0
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert conclude_redemptions() == 1
    assert counter.owed_fen() == 100
    assert_covered()


FAULTS = ("lost_answer", "reset", "http_500", "http_429", "voucher_foreign_key", "voucher_other_number")


def test_an_unknown_outcome_is_asked_for_again_and_never_issued_twice(
    counter: Counter, item: str, buyer: Redeemer, server: Server
) -> None:
    more = counter.offer(supply=Supply.PARTNER, partner=server.code, product=PRODUCT, stock=9)
    for fault in FAULTS:
        made = buyer.redeem(more)
        server.spoil(fault)
        assert ask_partners() == 0
        assert buyer.see(made)["status"] == "reserved", fault
        assert balances(buyer.who.holder_id).reserved >= 100
        assert ask_partners() == 0, "not at once"
        assert asked(1) == 1
        assert [each["code"] for each in server.of(made)] == [buyer.see(made)["voucher"]["code"]]


def test_a_signed_refusal_gives_the_points_back(item: str, buyer: Redeemer, server: Server) -> None:
    made = buyer.redeem(item)
    server.spoil("voucher_refused")
    assert ask_partners() == 1
    seen = buyer.see(made)
    assert (seen["status"], seen["return_reason"]) == ("returned", "partner_refused")
    assert (balances(buyer.who.holder_id).active, remaining(item)) == (1000, 4)
    assert_covered()


def test_a_partner_that_is_silent_for_an_hour_has_to_cancel_before_points_go_back(
    item: str, buyer: Redeemer, server: Server
) -> None:
    lost = buyer.redeem(item)
    server.spoil("lost_answer")
    assert ask_partners() == 0
    never = buyer.redeem(item)
    server.spoil("voucher_pending")
    ask_partners()
    assert len(server.of(lost)) == 1
    assert server.of(never) == []
    server.spoil("http_500", 9)
    assert asked(61) == 0
    assert buyer.see(never)["status"] == "reserved", "nobody has said that there is none"
    requests.delete(f"{server.url}/control/faults", timeout=5)
    assert asked(15) == 2
    assert buyer.see(lost)["voucher"]["code"] == server.of(lost)[0]["code"]
    seen = buyer.see(never)
    assert (seen["status"], seen["return_reason"]) == ("returned", "partner_silent")
    assert (balances(buyer.who.holder_id).active, remaining(item)) == (900, 4)
    assert_covered()


class Muddled:
    """A partner that answers all but one number, and gives every number one code when it is told to."""

    def __init__(self, mute: str, code: str = "") -> None:
        self.mute, self.code = mute, code

    def __call__(self, base_url: str, public_key: bytes) -> "Muddled":
        return self

    def issue(self, number: str, product: str = "") -> Letter:
        if number == self.mute:
            raise Unreachable("POST: status 500")
        return Letter("issued", self.code or number[:12])

    cancel = issue


def test_one_number_without_an_answer_holds_up_none_of_the_others(
    item: str, buyer: Redeemer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute, *others = (buyer.redeem(item) for _ in range(4))
    monkeypatch.setattr(redemptions, "voucher_partner", Muddled(mute["code"]))
    for _ in range(40):
        asked(10 if _ else 0)
        if {buyer.see(each)["status"] for each in others} == {"fulfilled"}:
            break
    assert [buyer.see(each)["status"] for each in (mute, *others)] == ["reserved"] + ["fulfilled"] * 3


def test_a_code_that_was_issued_for_another_number_is_given_to_nobody_and_not_paid(
    counter: Counter, item: str, buyer: Redeemer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = buyer.redeem(item), buyer.redeem(item)
    monkeypatch.setattr(redemptions, "voucher_partner", Muddled("", "SAME-CODE"))
    ask_partners()
    asked(1)
    assert sorted(buyer.see(each)["status"] for each in (one, two)) == ["fulfilled", "reserved"]
    wrong = next(each for each in (one, two) if buyer.see(each)["status"] == "reserved")
    issue = find_issue(get_any_redemption(wrong["code"]).row.id)
    assert issue is not None
    assert issue.last_error == "CodeOfAnother"
    with transaction():
        returns.request_return(counter.first, wrong["code"], "同一券码发了两次")
        returns.decide_return(counter.second, wrong["code"], approved=True)
    assert balances(buyer.who.holder_id).active == 900
    assert_covered()


def test_two_workers_ask_once_and_a_lost_lease_records_nothing(
    item: str, buyer: Redeemer, server: Server
) -> None:
    made = buyer.redeem(item)
    with transaction():
        [first] = partner_issues.claim_due(9)
        assert partner_issues.claim_due(9) == []
    assert asked(2) == 1, "the first worker died; its lease has lapsed"
    with transaction():
        partner_issues.record_silence(first, "Unreachable")
        assert not partner_issues.record_none(first, "partner_refused")  # type: ignore[arg-type]
    assert buyer.see(made)["status"] == "fulfilled"
    issue = find_issue(get_any_redemption(made["code"]).row.id)
    assert issue is not None
    assert issue.attempts == 0


def test_what_operators_return_is_asked_for_no_more(
    counter: Counter, item: str, buyer: Redeemer, server: Server
) -> None:
    made = buyer.redeem(item)
    with transaction():
        returns.request_return(counter.first, made["code"], "提供方停业")
    with transaction():
        returns.decide_return(counter.second, made["code"], approved=True)
    assert ask_partners() == 0
    assert server.of(made) == []
    assert balances(buyer.who.holder_id).active == 1000
    assert_covered()


def test_a_partner_is_confirmed_by_another_and_an_ended_one_is_asked_for_nothing_new(
    counter: Counter, buyer: Redeemer, server: Server
) -> None:
    with transaction():
        code = voucher_partners.add_partner(counter.first, counter.giver, server.url, server.public_key).code
    with pytest.raises(Exception, match="own_draft"), transaction():
        voucher_partners.confirm_partner(counter.first, code)
    wish = {"supply": Supply.PARTNER, "partner": code, "product": PRODUCT}
    with pytest.raises(Exception, match="voucher_partner_unknown"):
        counter.draft(**wish)
    with transaction():
        voucher_partners.confirm_partner(counter.second, code)
    offered, facts = counter.offer(**wish), counter.draft(**wish)
    with transaction():
        voucher_partners.end_partner(counter.first, code)
    with pytest.raises(Exception, match="voucher_partner_unknown"):
        counter.draft(**wish)
    with transaction():
        items.publish_item(counter.second, facts.item.code, facts.terms)
    for item in (offered, facts.item.code):
        assert buyer.redeem(item, 409)["code"] == "item_not_open", "nobody is asked for anything new"
    assert balances(buyer.who.holder_id).active == 1000
