"""Accounts that receive things at one place, groups filled with new accounts, and what is proved."""

from builders import Person, person
from evidence import morning
from flask import Flask
from flask.testing import FlaskClient
from redeeming import ADDRESS, Counter, Redeemer
from rewarding import act, sponsor, thanked
from sqlalchemy import text
from suspecting import STEPS, walk

from app.footprint import services as footprint
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards import queries
from app.rewards.jobs.fairness import look_for_signals
from app.rewards.rules.items import Kind, Supply
from app.rewards.services import groups


def inquiries() -> list[tuple[str, int, int]]:
    """Rule, how much was found, and how many accounts, of every inquiry."""
    db.session.rollback()
    rows = db.session.execute(
        text(
            "SELECT rule, found, (SELECT count(*) FROM fairness_party WHERE inquiry_id = i.id)"
            " FROM fairness_inquiry i ORDER BY rule"
        )
    )
    return [(row[0], row[1], row[2]) for row in rows]


def test_five_accounts_with_one_telephone_are_looked_at_and_four_with_one_address_are_not(app: Flask) -> None:
    item = Counter(app).offer(kind=Kind.GOODS, supply=Supply.DELIVERY)
    for number in range(5):
        place = f"{ADDRESS['place']}{number}" if number == 4 else f" {ADDRESS['place']} "
        Redeemer(app, person(app), 100).redeem(item, address={**ADDRESS, "place": place})
    assert look_for_signals() == 1
    assert inquiries() == [("same_address", 5, 5)]
    told = db.session.scalars(text("SELECT facts::text FROM fairness_party")).all()
    assert not any(ADDRESS["phone"] in each or "顺昌" in each for each in told), "no address is copied"


def test_a_group_of_new_accounts_with_declared_acts_only_is_looked_at(app: Flask) -> None:
    def class_of(members: list[Person]) -> None:
        with transaction():
            group = groups.make_group(members[0].holder_id, "class", "一年级一班", listed=False)
        for each in members[1:]:
            with transaction():
                groups.join(each.holder_id, group.join_code)

    made_up = [person(app) for _ in range(5)]
    class_of(made_up)
    with transaction():
        footprint.record_action(made_up[0].holder_id, "metro", morning(1), 3_000)
    walkers = [person(app) for _ in range(5)]
    class_of(walkers)
    walk(walkers[0].holder_id, *STEPS)
    assert look_for_signals() == 1
    assert inquiries() == [("new_group", 5, 5)], "the other has one whose steps a phone has told"


def test_the_proof_sees_a_thank_for_another_and_a_thank_too_many(app: Flask) -> None:
    sponsor(10_000)
    one, other = person(app), person(app)
    with transaction():
        ride = footprint.record_action(one.holder_id, "metro", morning(1), 9_000).action
    told = act(other.holder_id, 500)
    thanked(told.__class__(ride.id, other.holder_id, 500, "metro", told.occurred_on, "measured"))
    db.session.rollback()
    [broken] = [proof for proof in queries.prove() if proof.claim == "rewards.prove_one_reward"]
    assert (broken.holds, broken.figures["wrongly_thanked"]) == (False, 1)


def test_the_rules_are_published_with_values_and_reasons(client: FlaskClient) -> None:
    told = client.get("/v1/fairness/rules").json
    assert {each["key"] for each in told["signals"]} >= {"same_steps", "same_journeys", "own_shop"}
    assert all(each["texts"]["reason_zh"] and each["texts"]["fair_en"] for each in told["signals"])
    assert told["limits"]["appeal_days"] == 14
