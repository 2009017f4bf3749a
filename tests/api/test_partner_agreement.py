"""Two operators agree on what both have read, and the way back from a suspension takes two as well."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from partnering import SCENES, Reporter, register, two_operators
from visiting import at_console

from app.footprint.errors.partners import PartnerCodeTaken, PartnerPastThis
from app.footprint.queries import partners as known
from app.footprint.rules import PartnerFacts
from app.footprint.services import partners as desk
from app.kit import clock
from app.kit.problems import Unreadable
from app.kit.transaction import transaction


@pytest.fixture
def partner(app: Flask) -> Reporter:
    """A registered partner."""
    return register(app.extensions["settings"].public_url)


def in_force(partner: Reporter) -> dict[str, int] | None:
    return known.find_partner(partner.code).scenes


def test_terms_that_waited_when_a_partner_was_suspended_can_only_be_declined(partner: Reporter) -> None:
    first, second = partner.operators
    with transaction():
        stale = desk.propose_terms(first, partner.code, SCENES)
    with transaction():
        desk.suspend(second, partner.code, "fraud")
    with pytest.raises(PartnerPastThis), transaction():
        desk.decide_terms(second, partner.code, stale.id, True)
    assert in_force(partner) is None, "one person alone is not the way back"
    with transaction():
        desk.decide_terms(second, partner.code, stale.id, False)
        anew = desk.propose_terms(second, partner.code, {"metro": 7})
    with transaction():
        desk.decide_terms(first, partner.code, anew.id, True)
    assert in_force(partner) == {"metro": 7}


def test_the_page_of_a_suspended_partner_offers_no_approval_of_what_waited(
    app: Flask, partner: Reporter
) -> None:
    reader = at_console(app, "partners")
    with transaction():
        desk.propose_terms(partner.operators[0], partner.code, SCENES)
    page = f"/console/partners/{partner.code}"
    assert "/terms/approve" in reader.get(page).text
    with transaction():
        desk.suspend(partner.operators[1], partner.code, "fraud")
    assert "/terms/approve" not in reader.get(page).text
    assert "/terms/decline" in reader.get(page).text


def test_an_approval_is_of_the_terms_that_were_read(partner: Reporter) -> None:
    first, second = partner.operators
    third, _ = two_operators()
    with transaction():
        read = desk.propose_terms(first, partner.code, {"metro": 10})
    with transaction():
        desk.decide_terms(third, partner.code, read.id, False)
        desk.propose_terms(first, partner.code, {"metro": 5_000_000})
    for approved in (True, False):
        with pytest.raises(PartnerPastThis), transaction():
            desk.decide_terms(second, partner.code, read.id, approved)
    assert in_force(partner) == SCENES


def test_of_two_who_propose_the_same_code_at_once_one_is_told_that_it_is_taken(app: Flask) -> None:
    facts = PartnerFacts("same_code", "metro", "甲", "A", "data@metro.example.cn")
    start, ends = threading.Barrier(2), []

    def propose(operator_id: int) -> None:
        with app.app_context():
            start.wait(5)
            try:
                with transaction():
                    desk.propose_partner(operator_id, facts, {"metro": 5})
                ends.append("proposed")
            except PartnerCodeTaken:
                ends.append("taken")

    threads = [threading.Thread(target=propose, args=[each]) for each in two_operators()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["proposed", "taken"]
    assert len(known.list_partners()) == 1


@pytest.mark.parametrize(
    "public_key",
    [
        bytes(32),
        (1).to_bytes(32, "little"),
        (2**255 - 20).to_bytes(32, "little"),
        (2**255 - 18).to_bytes(32, "little"),
        bytes([0] * 31 + [128]),
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
    ],
    ids=range(7),
)
def test_a_key_for_which_anybody_could_sign_is_not_registered(partner: Reporter, public_key: bytes) -> None:
    now = clock.now()
    until = now + timedelta(days=30)
    with pytest.raises(Unreadable) as refused, transaction():
        desk.register_key(partner.operators[0], partner.code, public_key, now, until)
    assert refused.value.errors[0]["pointer"] == "#/public_key"
