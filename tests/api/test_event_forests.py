"""A forest planted for an event instead of units: told, owed until it is proven, proven by two operators."""

from datetime import timedelta
from typing import Any

import pytest
from builders import person
from flask import Flask
from organising import FOREST, Organiser
from paying import colleague
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts.queries import audit
from app.causes.errors.events import ProofDecided, ProofNeedsAnother, ProofStands, ProofTooEarly, ProofTooLate
from app.causes.queries import events as known
from app.causes.services import event_forests
from app.causes.services.event_forests import Proof
from app.kit import clock
from app.kit.problems import NotFound
from app.kit.transaction import transaction
from app.offsets.queries.attestations import get_attestation


def proof(grams: int, measured: Any = None, digest: str = "a" * 64) -> Proof:
    last = measured or clock.business_day()
    return Proof(grams, "AR-CM-001-V01", "示例核证机构", "碳中和林核证报告 2032-1", digest, last)


@pytest.fixture
def organiser(app: Flask) -> Organiser:
    return Organiser(app)


def planted(organiser: Organiser) -> Any:
    event = organiser.estimated(1000)
    organiser.final(event, 1000)
    return organiser.done("PUT", f"events/{event['code']}/forest", FOREST)


def accept(code: str, told: Proof) -> None:
    asking, deciding = colleague("registry"), colleague("registry")
    with transaction():
        asked = event_forests.request_proof(asking, code, told).id
    with transaction():
        event_forests.decide_proof(deciding, code, asked, approved=True)


def test_a_planted_forest_is_owed_until_two_operators_accept_its_proof(organiser: Organiser) -> None:
    event = planted(organiser)
    assert (event["status"], event["method"], event["standing"]["owed_g"]) == ("counted", "forest", 3_048_000)
    assert event["deadline"]["factor"] == "event.deadline.forest.cn"
    assert event["deadline"]["months"] == 72
    asking, deciding = colleague("registry"), colleague("registry")
    with transaction():
        asked = event_forests.request_proof(asking, event["code"], proof(3_100_000)).id
    assert organiser.read(event)["status"] == "counted", "what is asked for is not proven"
    with pytest.raises(ProofNeedsAnother), transaction():
        event_forests.decide_proof(asking, event["code"], asked, approved=True)
    with transaction():
        event_forests.decide_proof(deciding, event["code"], asked, approved=True)
    with pytest.raises(ProofDecided), transaction():
        event_forests.decide_proof(deciding, event["code"], asked, approved=False)
    found = organiser.read(event)
    assert (found["status"], found["standing"]["due_g"], found["proven_g"]) == ("neutral", 0, 3_100_000)
    facts = get_attestation(found["attestation"]).facts
    assert facts["forest"]["species"] == ["杉木", "枫香"]
    assert facts["forest"]["uptake_g"] == 3_100_000
    assert "示例核证机构" in facts["forest"]["proof"]
    assert (facts["emitted_g"], facts["due_g"], facts["retirements"]) == (3_048_000, 0, [])
    said = [entry.action for entry in reversed(audit.list_entries(10, subject=event["code"]))]
    assert said == ["event_forest_proof_requested", "event_forest_proof_accepted"]
    assert_books_prove()


def test_what_a_forest_lacks_is_closed_by_units(organiser: Organiser) -> None:
    event = planted(organiser)
    accept(event["code"], proof(1_000_000))
    assert organiser.read(event)["standing"]["owed_g"] == 2_048_000
    organiser.buy(event, 2050)
    assert organiser.read(event)["status"] == "neutral"
    assert_books_prove()


def test_what_was_bought_before_the_proof_is_left_over(organiser: Organiser) -> None:
    event = planted(organiser)
    organiser.buy(event, 3050)
    first = organiser.read(event)["attestation"]
    accept(event["code"], proof(3_048_000))
    found = organiser.read(event)
    assert (found["status"], found["standing"]["carry_g"]) == ("neutral", 3_050_000)
    assert get_attestation(first).replaced_by == found["attestation"], "it stands on other figures now"
    assert_books_prove()


def test_a_declined_proof_changes_nothing_and_may_be_followed_by_another(organiser: Organiser) -> None:
    event = planted(organiser)
    asking, deciding = colleague("registry"), colleague("registry")
    with transaction():
        asked = event_forests.request_proof(asking, event["code"], proof(3_100_000)).id
    with pytest.raises(ProofStands), transaction():
        event_forests.request_proof(deciding, event["code"], proof(1, digest="b" * 64))
    refused = organiser.call("PUT", f"events/{event['code']}/forest", FOREST)
    assert (refused.status_code, refused.json["code"]) == (409, "forest_under_proof")
    with transaction():
        event_forests.decide_proof(deciding, event["code"], asked, approved=False)
    assert organiser.read(event)["standing"]["owed_g"] == 3_048_000
    assert organiser.call("PUT", f"events/{event['code']}/forest", FOREST).status_code == 200
    accept(event["code"], proof(3_100_000))
    assert organiser.read(event)["status"] == "neutral"


def test_one_report_proves_one_forest(organiser: Organiser) -> None:
    event, other = planted(organiser), planted(organiser)
    accept(event["code"], proof(3_100_000))
    asking = colleague("registry")
    with pytest.raises(ProofStands), transaction():
        event_forests.request_proof(asking, other["code"], proof(3_100_000))


@pytest.mark.parametrize("days", [-10, -3, 1])
def test_nothing_is_proven_before_a_forest_was_planted_or_in_days_to_come(
    organiser: Organiser, days: int
) -> None:
    event = planted(organiser)
    measured = clock.business_day() + timedelta(days=days)
    asking = colleague("registry")
    with pytest.raises(ProofTooEarly), transaction():
        event_forests.request_proof(asking, event["code"], proof(3_100_000, measured))


def test_a_proof_that_comes_too_late_does_not_count(organiser: Organiser) -> None:
    event = planted(organiser)
    last = known.get_own_event(organiser.who.holder_id, event["code"]).deadline
    late = last.replace(year=last.year + 1)
    asking = colleague("registry")
    with pytest.raises(ProofTooLate), transaction():
        event_forests.request_proof(asking, event["code"], proof(3_100_000, late))


def test_an_event_that_plants_nothing_has_no_proof(organiser: Organiser) -> None:
    event = organiser.estimated(1000)
    asking = colleague("registry")
    for code in (event["code"], "X" * 26):
        with pytest.raises(NotFound), transaction():
            event_forests.request_proof(asking, code, proof(1))


def test_an_organiser_may_turn_back_to_units(organiser: Organiser) -> None:
    event = planted(organiser)
    path = f"events/{event['code']}/forest"
    assert organiser.call("DELETE", path, who=person(organiser.app)).status_code == 404
    organiser.done("DELETE", path)
    found = organiser.read(event)
    assert (found["method"], found["forest"], found["deadline"]["months"]) == ("units", None, 12)


@pytest.mark.parametrize(
    "told",
    [
        {"area_m2": 0},
        {"area_m2": -5},
        {"years": 0},
        {"years": 101},
        {"expected_g": 0},
        {"longitude_e6": 0},
        {"latitude_e6": 90_000_000},
        {"species": "  "},
        {"planted_on": "soon"},
    ],
)
def test_a_forest_that_cannot_be_is_refused(organiser: Organiser, told: dict[str, Any]) -> None:
    event = organiser.estimated(1000)
    refused = organiser.call("PUT", f"events/{event['code']}/forest", {**FOREST, **told})
    assert refused.status_code == 422
    assert organiser.read(event)["method"] == "units"


def test_the_database_keeps_what_a_proof_speaks_of(organiser: Organiser) -> None:
    event = planted(organiser)
    accept(event["code"], proof(3_100_000))
    for statement in (
        "UPDATE event_forest SET area_m2 = 1000000",
        "DELETE FROM event_forest",
        "UPDATE event_forest_proof SET approved = false",
        "UPDATE event_forest_proof SET proven_g = 1",
        "UPDATE event_forest_proof SET decided_by = requested_by",
        "DELETE FROM event_forest_proof",
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(statement))
