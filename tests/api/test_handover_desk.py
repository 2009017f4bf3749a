"""Who lets units of another registry in, and what of them comes only once."""

import json
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from foreign_desk import FACTS, PROOF, VERRA, Desk, part
from registries import Registry, Twins, new_key, project_facts
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from visiting import Visitor, at_console

from app.kit import clock
from app.kit.database import db
from app.kit.letters import content_of
from app.kit.problems import Problem
from app.kit.signing import Seal
from app.kit.transaction import transaction
from app.registry.errors import (
    HandoverState,
    HoldingUnknown,
    HoldsNothing,
    LetterRefused,
    OriginTaken,
    OriginUnclear,
    ProgrammeKeyTaken,
    SecondPerson,
)
from app.registry.rules.handovers import OFFER_LIFE
from app.registry.services import origins, programmes, receipts
from app.registry.services.programmes import ProgrammeFacts

TICKET = replace(FACTS, home="SANMING", home_name="三明市林业局", serial="SM-2021-001", quantity_kg=5000)


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk()


def signed_by(seal: Seal, document: str, **changes: object) -> str:
    """The content of a letter, changed and signed with this key."""
    header = document.split(".")[0]
    kind = json.loads(urlsafe_b64decode(header + "=="))["typ"]
    return seal.sign({**content_of(document), **changes}, kind)


def all_at_once(app: Flask, acts: list[Callable[[], Any]]) -> list[Any]:
    """What each gave, or the name of its refusal; each in a transaction of its own."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        start.wait(10)
        try:
            with app.app_context(), transaction():
                return act()
        except Problem as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.parametrize(
    "again",
    ["SM-2021-001\u200b", "SM\u00ad-2021-001", "SM-2021-٠٠1", "ЅM-2021-001", "SM_2021_001", "SM 2021.001."],
)
def test_a_text_that_looks_the_same_enters_once(desk: Desk, again: str) -> None:
    desk.enter(TICKET, "carbon_ticket")
    with pytest.raises((OriginTaken, OriginUnclear)):
        desk.enter(replace(TICKET, serial=again), "carbon_ticket")


@pytest.mark.parametrize(
    "again",
    [
        *(f"{VERRA}.", VERRA[:-2], f"{VERRA}\u200b", f"VCU:{VERRA}", VERRA.replace("VCS-VCU", "VCSVCU")),
        VERRA.replace("-000001-", "-0000000000000001-"),
        VERRA.replace("003", "ﬃ" * 140),
    ],
)
def test_a_run_of_a_known_form_never_enters_as_a_text(desk: Desk, again: str) -> None:
    desk.enter()
    with pytest.raises((OriginTaken, OriginUnclear)):
        desk.enter(replace(FACTS, serial=again))


@pytest.mark.parametrize(("facts", "product"), [(FACTS, "vcs"), (TICKET, "carbon_ticket")])
def test_what_entered_by_a_proof_is_not_handed_on(twins: Twins, facts: Any, product: str) -> None:
    here, there = twins
    with here.inside():
        desk = Desk()
        block = desk.approve(desk.enter(facts, product)).block_id
    with pytest.raises(HoldingUnknown):
        here.draft(there, 1000, block)


def test_what_another_programme_let_in_by_a_proof_is_not_taken(twins: Twins) -> None:
    here, there = twins
    offer = here.given(here.offer(there, 400)).offer or ""
    seal = here.app.extensions["seal"]
    for serial in (VERRA, "SM-2021-001"):
        foreign = signed_by(seal, offer, origin={"registry": "X", "serial": serial, "reference": "R"})
        with pytest.raises(LetterRefused) as refusal:
            there.hear(foreign)
        assert "凭注销证明" in refusal.value.body("zh")["detail"]
    there.hear(signed_by(seal, offer, origin={"registry": "X", "serial": "SH-350721-A-2022-1-9"}))


def test_what_came_by_a_handover_goes_on(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    there.hear(here.hear(there.accept(here, number)).deed or "")
    back = there.offer(here, 300, there.number("SELECT max(id) FROM block"))
    offer = there.given(back).offer or ""
    assert content_of(offer)["origin"]["serial"].startswith("SH-")
    here.hear(offer)
    here.hear(there.hear(here.accept(there, back)).deed or "")
    assert (here.usable_kg(), there.usable_kg()) == (900, 100)


def test_two_offers_whose_numbers_begin_alike_become_two_projects(twins: Twins) -> None:
    here, there = twins
    first = here.given(here.offer(there, 400)).offer or ""
    second = here.given(here.offer(there, 100)).offer or ""
    told = content_of(second)
    number = content_of(first)["number"][:7] + told["number"][7:]
    there.hear(first)
    there.accept(here, content_of(first)["number"])
    project = {**told["project"], "code": "OTHER"}
    seal, serial = here.app.extensions["seal"], "SH-350721-OTHER-2022-1-100"
    there.hear(signed_by(seal, second, number=number, project=project, serial=serial))
    there.accept(here, number)
    assert there.number("SELECT count(DISTINCT project_id) FROM origin") == 2


def propose(side: Registry, operator_id: int, giver: Registry, number: str) -> None:
    with side.inside(), transaction():
        receipts.propose_acceptance(operator_id, giver.code, number)


def accept(side: Registry, operator_id: int, giver: Registry, number: str) -> None:
    with side.inside(), transaction():
        receipts.accept_offer(operator_id, giver.code, number, samples=True)


def test_an_offer_that_came_over_the_network_needs_two_operators_too(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    client = there.app.test_client()
    assert client.post("/v1/handovers", json={"document": here.given(number).offer}).status_code == 200
    with pytest.raises(HandoverState):
        accept(there, there.first, here, number)
    propose(there, there.first, here, number)
    with pytest.raises(HandoverState):
        propose(there, there.second, here, number)
    with pytest.raises(SecondPerson):
        accept(there, there.first, here, number)
    accept(there, there.second, here, number)
    held = there.taken(here, number)
    assert (held.proposed_by, held.accepted_by) == (there.first, there.second)
    assert there.number("SELECT count(*) FROM audit_entry WHERE action = 'handover_proposed'") == 1


def test_whoever_brought_an_offer_is_one_of_the_two(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    with there.inside(), transaction():
        receipts.take_offer(here.given(number).offer or "", there.first)
    with pytest.raises(HandoverState):
        accept(there, there.second, here, number)
    propose(there, there.second, here, number)
    accept(there, there.first, here, number)


def test_an_offer_that_expires_after_the_proposal_is_not_accepted(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    propose(there, there.first, here, number)
    with clock.frozen(clock.now() + OFFER_LIFE + timedelta(seconds=1)), pytest.raises(HandoverState):
        accept(there, there.second, here, number)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("proposed_by = NULL, proposed_at = NULL", "four_eyes"),
        ("proposed_by = accepted_by", "four_eyes"),
        ("proposed_at = NULL", "proposed"),
    ],
)
def test_the_database_counts_two_operators(twins: Twins, change: str, broken: str) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    there.accept(here, number)
    with there.inside(), transaction():
        db.session.execute(text("ALTER TABLE handover_receipt DISABLE TRIGGER handover_receipt_edges"))
    with pytest.raises(IntegrityError, match=f"ck_handover_receipt_{broken}"), there.inside(), transaction():
        db.session.execute(text(f"UPDATE handover_receipt SET {change}"))


def test_the_page_of_an_offer_shows_the_step_that_the_reader_may_do(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    path = f"/console/handovers/taken/{here.code}/{number}"
    with there.inside():
        first, second = at_console(there.app, "registry"), at_console(there.app, "registry")
    assert f"{path}/propose" in first.get(path).text
    assert first.post(f"{path}/accept").status_code == 409
    assert "等另一位" in _followed(first, f"{path}/propose")
    assert "/accept" not in first.get(path).text
    assert f"{path}/accept" in second.get(path).text
    assert "提议接受" in second.get(path).text
    assert second.post(f"{path}/propose").status_code == 409
    assert second.post(f"{path}/accept").status_code == 303


def _followed(visitor: Visitor, path: str) -> str:
    return str(visitor.get(visitor.post(path).location).text)


def test_an_offer_is_heard_after_our_own_keys_have_changed(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    offer = here.given(number).offer or ""
    there.hear(offer)
    late = here.given(here.offer(there, 100)).offer or ""
    old = there.app.extensions["seal"]
    try:
        there.app.extensions["seal"] = Seal(new_key(), (old.public_jwk(),))
        assert there.hear(offer).number == number
        assert there.hear(late).status == "pending"
        there.app.extensions["seal"] = Seal(new_key())
        with pytest.raises(LetterRefused):
            there.hear(offer)
    finally:
        there.app.extensions["seal"] = old


@pytest.mark.parametrize("aud", [None, [], {}, 5, "", ["x"]])
def test_an_offer_to_no_key_at_all_is_refused(twins: Twins, aud: object) -> None:
    here, there = twins
    offer = here.given(here.offer(there, 400)).offer or ""
    with pytest.raises(LetterRefused):
        there.hear(signed_by(here.app.extensions["seal"], offer, aud=aud))


@pytest.mark.parametrize("code", ["PLATFORM", "BUFFERPOOL"])
def test_neither_the_platform_nor_the_pool_is_given_units(twins: Twins, code: str) -> None:
    here, there = twins
    there.holder_code = code
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    with pytest.raises(HoldsNothing):
        there.accept(here, number)
    assert there.number("SELECT count(*) FROM origin") == 0


def test_two_who_come_first_at_once_make_one_project(app: Flask, desk: Desk) -> None:
    runs = [part(first, first + 9) for first in range(1, 81, 10)]
    got = all_at_once(app, [lambda facts=facts: desk_enter(desk, facts) for facts in runs])
    assert len(set(got)) == 8
    assert db.session.scalar(text("SELECT count(*) FROM origin")) == 8
    assert db.session.scalar(text("SELECT count(*) FROM project")) == 1


def desk_enter(desk: Desk, facts: Any) -> str:
    """As the desk enters, within a transaction that is open."""
    project = replace(project_facts("vcs"), methodology="origin", forest_type="other")
    return origins.enter_origin(desk.first, facts, project, desk.holder_id, PROOF).code


def test_of_programmes_entered_at_once_with_one_key_one_is_kept(app: Flask, desk: Desk) -> None:
    key = Seal(new_key()).public_jwk()["x"]

    def enter(number: int) -> str:
        facts = ProgrammeFacts(f"P{number}", "某", "Some", None, [key])
        return programmes.enter_programme(desk.first, facts).code

    got = all_at_once(app, [lambda number=number: enter(number) for number in range(8)])
    assert got.count("programme_key_taken") == 7
    assert db.session.scalar(text("SELECT count(*) FROM programme")) == 1


def test_a_key_that_became_ours_meanwhile_confirms_no_programme(app: Flask, desk: Desk) -> None:
    private, old = new_key(), app.extensions["seal"]
    with transaction():
        facts = ProgrammeFacts("OTHER", "另", "Other", None, [Seal(private).public_jwk()["x"]])
        waiting = programmes.enter_programme(desk.first, facts).id
    try:
        for seal in (Seal(private), Seal(new_key(), (Seal(private).public_jwk(),))):
            app.extensions["seal"] = seal
            with pytest.raises(ProgrammeKeyTaken), transaction():
                programmes.confirm_programme(desk.second, waiting)
    finally:
        app.extensions["seal"] = old


def test_a_statement_from_the_future_does_not_stay_the_latest(twins: Twins) -> None:
    here, there = twins
    document = here.app.test_client().get("/v1/statement").json["document"]
    ahead = (clock.now() + timedelta(days=3650)).isoformat()
    early = signed_by(here.app.extensions["seal"], document, stated_at=ahead)
    with pytest.raises(LetterRefused) as refusal, there.inside(), transaction():
        programmes.import_statement(early)
    assert "时钟" in refusal.value.body("zh")["detail"]
