"""Rewards of challenges: asked for by one operator, promised by another, granted when all is decided.

A programme is not made to set points aside months ahead; so that is said beside the promise, the grant is
covered for everybody or made to nobody, and tried again for as long as `UNCOVERED_DAYS`.
"""

from datetime import timedelta

from sqlalchemy import delete

from app.accounts.services import audit, notices
from app.footprint.queries import tallies
from app.kit import clock
from app.kit.database import db
from app.rewards.errors.challenges import (
    ChallengeStarted,
    RewardOwn,
    RewardStands,
    RewardTooLate,
    RewardUncovered,
)
from app.rewards.models.challenges import Challenge, ChallengeReward
from app.rewards.queries import challenges as known
from app.rewards.queries.challenge_rewards import find_reward
from app.rewards.queries.challenges import ChallengeFacts
from app.rewards.queries.programmes import find_programme
from app.rewards.rules.challenges import UNCOVERED_DAYS, Status
from app.rewards.services import grants
from app.rewards.services.challenges import counted_acts
from app.rewards.services.programmes import lock_promises

SOURCE = "challenge"
"""The source of these grants; `source_id` is the place on the roster."""


def ask_reward(operator_id: int, code: str, programme_code: str, points_each: int) -> None:
    """Ask for a reward before the challenge starts.

    Raises `ChallengeUnknown`, `ChallengeStarted`, `RewardStands`, `ProgrammeUnknown`, `RewardTooLate` for one
    that could not grant it on the day of the result.
    """
    challenge = _lock_open(code)
    if find_reward(challenge.id) is not None:
        raise RewardStands()
    programme = find_programme(programme_code)
    last = programme.ends_on or challenge.final_on
    if programme.closed_at or not programme.begins_on <= challenge.final_on <= last:
        raise RewardTooLate(day=challenge.final_on)
    db.session.add(
        ChallengeReward(
            challenge_id=challenge.id,
            programme_id=programme.holder_id,
            points_each=points_each,
            asked_by=operator_id,
            asked_at=clock.now(),
        )
    )
    db.session.flush()
    details = {"programme": programme.code, "points_each": points_each}
    audit.record(operator_id, "challenge_reward_asked", code, details)


def approve_reward(operator_id: int, code: str) -> None:
    """Promise what another operator has asked for.

    Raises `ChallengeUnknown`, `ChallengeStarted`, `RewardStands` for none or one that is promised already,
    `RewardOwn`, `RewardUncovered`.
    """
    challenge = _lock_open(code)
    row = db.session.get(ChallengeReward, challenge.id, with_for_update=True, populate_existing=True)
    if row is None or row.approved_at is not None:
        raise RewardStands()
    if row.asked_by == operator_id:
        raise RewardOwn()
    most = row.points_each * max((each.group.members for each in challenge.entries), default=0)
    promise = lock_promises([row.programme_id]).get(row.programme_id, 0)
    if most > promise:
        raise RewardUncovered(most_points=most, promise_points=promise)
    row.approved_by, row.approved_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "challenge_reward_approved", code)


def drop_reward(operator_id: int, code: str) -> None:
    """Take back what nobody has promised yet. Raises `ChallengeUnknown`, `RewardStands`."""
    challenge = known.get_challenge(code)
    asked = (ChallengeReward.challenge_id == challenge.id, ChallengeReward.approved_at.is_(None))
    gone = db.session.scalar(delete(ChallengeReward).where(*asked).returning(ChallengeReward.challenge_id))
    if gone is None:
        raise RewardStands()
    audit.record(operator_id, "challenge_reward_dropped", code)


def pay_reward(challenge_id: int) -> bool:
    """Grant a promised reward once its challenge is decided; whether that came to an end, either way.

    A challenge that is called off, or whose programme does not cover everybody for so long, lets it lapse.
    """
    row = db.session.get_one(ChallengeReward, challenge_id, with_for_update=True, populate_existing=True)
    challenge = known.get_by_id(challenge_id)
    if row.granted_at or row.lapsed_at or challenge.status not in (Status.DECIDED, Status.CALLED_OFF):
        return False
    winners = _winners(challenge)
    thanks = [(place, holder, row.points_each) for place, holder in winners]
    now = clock.now()
    covered = lock_promises([row.programme_id]).get(row.programme_id, 0) >= row.points_each * len(thanks)
    if thanks and covered and grants.grant(row.programme_id, SOURCE, thanks):
        row.granted_at, row.people = now, len(thanks)
        holders = [holder for _, holder in winners]
        notices.tell(holders, "rewards.notice_challenge_reward", challenge.code, points=row.points_each)
    elif not thanks or now - (challenge.decided_at or now) > timedelta(days=UNCOVERED_DAYS):
        row.lapsed_at, row.people = now, 0
    db.session.flush()
    return bool(row.granted_at or row.lapsed_at)


def _winners(challenge: ChallengeFacts) -> list[tuple[int, int]]:
    """Who took part in what came first: place on the roster and holder. Nobody where nobody did anything."""
    first = [each.group.id for each in challenge.entries if each.place == 1 and each.score]
    roster = known.list_roster(challenge.id, first) if challenge.decided_at else []
    active = set(tallies.list_active([each.holder_id for each in roster], counted_acts(challenge)))
    return [(each.id, each.holder_id) for each in roster if each.holder_id in active]


def _lock_open(code: str) -> ChallengeFacts:
    found = known.get_challenge(code)
    db.session.get_one(Challenge, found.id, with_for_update=True, populate_existing=True)
    challenge = known.get_challenge(code)
    if challenge.status is not Status.OPEN or clock.business_day() >= challenge.first_day:
        raise ChallengeStarted()
    return challenge
