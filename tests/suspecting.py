"""What tests of fairness stand on: accounts that tell the same steps, thanked for them, and a day's look."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from builders import Person, person
from flask import Flask
from rewarding import later, sponsor
from sqlalchemy import text

from app.accounts import services as accounts
from app.footprint import services as footprint
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.jobs.fairness import keep_limits, look_for_signals
from app.rewards.queries import fairness as known
from app.rewards.queries.fairness import MeasureFacts, PartyFacts

STEPS = (8231, 9120, 7455, 10012, 6888, 12345)


def walk(holder_id: int, *steps: int, seed: int = 0) -> None:
    """So many steps a day, the last of them yesterday, as WeRun delivers them."""
    today = clock.business_day()
    days = [(today - timedelta(days=len(steps) - place), each) for place, each in enumerate(steps)]
    with transaction():
        taken_at = clock.now() + timedelta(seconds=seed)
        fingerprint = f"{holder_id} {seed} {today}".encode().ljust(32, b".")[:32]
        footprint.record_steps(holder_id, fingerprint, taken_at, days)
    announcements.deliver()


def twins(app: Flask) -> tuple[Person, Person]:
    """Two accounts with one phone's steps of six days, both thanked for them and looked at."""
    sponsor(1_000_000, 10)
    one, other = person(app), person(app)
    for each in (one, other):
        walk(each.holder_id, *STEPS)
    assert look_for_signals() == 1
    return one, other


def party(holder_id: int) -> PartyFacts:
    """An account as it stands in its last inquiry."""
    db.session.rollback()
    inquiry = known.get_inquiry(measures(holder_id)[0].inquiry.code)
    return known.get_party(inquiry, holder_id)


def measures(holder_id: int) -> list[MeasureFacts]:
    """What was decided of an account, the last first."""
    db.session.rollback()
    return known.list_measures(holder_id)


@contextmanager
def days_later(days: int) -> Iterator[None]:
    """So many days from now, everything done that time does."""
    with later(days):
        keep_limits()
        yield


def same_wechat_user(*holder_ids: int) -> None:
    """Let WeChat say that these accounts are one person's."""
    with transaction():
        db.session.execute(
            text("UPDATE wechat_identity SET unionid = 'one' WHERE holder_id = ANY(:ids)"),
            {"ids": list(holder_ids)},
        )


def member_of_a_shop(holder_id: int) -> int:
    """An organisation that somebody founded and acts for; its holder id."""
    with transaction():
        return accounts.memberships.found(holder_id, "Shop").id
