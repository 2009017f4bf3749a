"""What keeps units from another registry, to whom an offer is signed, and who is told."""

from typing import Any

import pytest
from forestry import Desk
from registries import Registry, Twins, new_key
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import services as accounts
from app.kit.database import db
from app.kit.letters import content_of
from app.kit.problems import Problem
from app.kit.signing import Seal
from app.kit.transaction import transaction
from app.registry.errors import NoWholeSteps, ProgrammeUnknown, Sanctioned, SharesDue
from app.registry.errors.acts import HandingOverBarred
from app.registry.queries.programmes import our_key
from app.registry.queries.serials import find_run
from app.registry.rules.sanctions import SanctionTerms
from app.registry.services import handovers, programmes, sanctions
from app.registry.services.acts import NOBODY
from app.registry.services.holdings import move_units

STANDING: list[tuple[str, dict[str, Any], type[Problem]]] = [
    ("suspend", {}, Sanctioned),
    ("limit", {"no_new_lots": True}, HandingOverBarred),
    ("limit", {"daily_kg": 1000}, HandingOverBarred),
]


def lay(here: Registry, whom: str, kind: str, terms: dict[str, Any]) -> None:
    """A sanction upon the units' holder or their project."""
    with here.inside(), transaction():
        project = db.session.scalar(text("SELECT code FROM project ORDER BY id DESC LIMIT 1"))
        target = f"project.{project}" if whom == "project" else f"holder.{here.holder_code}"
        sanctions.impose(here.first, target, SanctionTerms(kind, "investigation", "调查", **terms))


@pytest.mark.parametrize("whom", ["project", "holder"])
@pytest.mark.parametrize(("kind", "terms", "refusal"), STANDING)
def test_a_sanction_on_holder_or_project_keeps_units_from_being_asked_away(
    twins: Twins, whom: str, kind: str, terms: dict[str, Any], refusal: type[Problem]
) -> None:
    here, there = twins
    lay(here, whom, kind, terms)
    with pytest.raises(refusal):
        here.draft(there, 400)
    assert here.usable_kg() == 1000


@pytest.mark.parametrize("whom", ["project", "holder"])
@pytest.mark.parametrize(("kind", "terms", "refusal"), STANDING)
def test_a_sanction_between_request_and_offer_keeps_the_offer_unsigned(
    twins: Twins, whom: str, kind: str, terms: dict[str, Any], refusal: type[Problem]
) -> None:
    here, there = twins
    number = here.draft(there, 400)
    lay(here, whom, kind, terms)
    with pytest.raises(refusal), here.inside(), transaction():
        handovers.approve_handover(here.second, number)
    assert here.given(number).offer is None
    with here.inside(), transaction():
        handovers.withdraw_handover(here.first, number)
    assert here.usable_kg() == 1000


def test_units_with_a_share_registered_for_somebody_else_stay_here(twins: Twins) -> None:
    here, there = twins
    with here.inside():
        desk = Desk(here.app)
        village = desk.village
        with transaction():
            desk.village = accounts.open_holder("household", "示例农户", "350721").id
            buyer = accounts.open_holder("organisation", "示例机构").id
        code = desk.empty()
        desk.complete(code, ((desk.village, "household", 6000), (village, "village", 3200), (0, "fee", 800)))
        desk.review(code)
        desk.register(code)
        block = desk.issue(code, 2021, 1000).block_id
    with pytest.raises(SharesDue) as refused:
        here.draft(there, 400, block)
    assert {lang: refused.value.body(lang)["title"] for lang in ("zh", "en")} == {
        "zh": "单位带有他人的登记份额",
        "en": "Registered shares are due to others",
    }
    serial = here.serial(block)
    with here.inside(), transaction():
        move_units(desk.village, find_run(serial), 500, buyer, NOBODY)
        move_units(desk.village, find_run(serial), 400, village, NOBODY)
    mine, theirs = (
        here.number(f"SELECT id FROM block WHERE holder_id = {each}") for each in (village, buyer)
    )
    with pytest.raises(SharesDue):
        here.draft(there, 400, theirs)
    assert here.given(here.draft(there, 400, mine)).holder_id == village


def test_parts_of_a_step_are_not_handed_over(twins: Twins) -> None:
    here, there = twins
    with pytest.raises(NoWholeSteps):
        here.draft(there, 405)


def test_what_stands_behind_a_handover_stays_as_it_was_said(twins: Twins) -> None:
    here, there = twins
    number = here.draft(there, 400)
    assert here.given(number).note == "示例文书"
    with pytest.raises(IntegrityError, match="is frozen"), here.inside(), transaction():
        db.session.execute(text("UPDATE handover SET note = 'other'"))


def test_an_offer_is_not_signed_for_a_programme_that_stands_no_more(twins: Twins) -> None:
    here, there = twins
    number = here.draft(there, 400)
    with here.inside(), transaction():
        programmes.end_programme(here.first, here.given(number).programme_id)
    with pytest.raises(ProgrammeUnknown), here.inside(), transaction():
        handovers.approve_handover(here.second, number)


def test_an_offer_is_signed_for_the_key_that_its_receiver_has_now(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = twins
    number = here.draft(there, 400)
    old = there.app.extensions["seal"]
    monkeypatch.setitem(there.app.extensions, "seal", Seal(new_key(), (old.public_jwk(),)))
    with there.inside():
        now = our_key()
    assert now.kid != old.kid
    with here.inside(), transaction():
        facts = programmes.ProgrammeFacts(there.code, "新名", "New name", None, [now.x])
        programmes.confirm_programme(here.second, programmes.enter_programme(here.first, facts).id)
    with here.inside(), transaction():
        offer = handovers.approve_handover(here.second, number).offer or ""
    assert content_of(offer)["aud"] == now.kid
    there.hear(offer)
    there.hear(here.hear(there.accept(here, number)).deed or "")
    assert there.usable_kg() == 400


def test_who_gave_and_who_received_are_told_once_each(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    acceptance = there.accept(here, number)

    def told(side: Registry) -> list[Any]:
        with side.inside():
            rows = db.session.execute(text("SELECT holder_id, message, reference, details FROM notice"))
            return [tuple(row) for row in rows]

    assert told(here) == told(there) == []
    for _ in range(2):
        deed = here.hear(acceptance).deed or ""
        there.hear(deed)
    serial = here.given(number).serial
    gave = {"kg": 400, "serial": serial, "programme": there.code}
    assert told(here) == [(here.holder_id, "registry.notice_handed_over", number, gave)]
    ((holder_id, message, reference, details),) = told(there)
    assert (holder_id, message) == (there.holder_id, "registry.notice_received_over")
    assert reference == f"{here.code}-{number}"
    assert (details["kg"], details["giver"]) == (400, here.code)
    with there.inside():
        assert find_run(details["serial"]).serials.quantity_kg == 400
