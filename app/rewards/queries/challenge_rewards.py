"""What a sponsor's programme promises the group that comes first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.kit.database import db
from app.rewards.models import Programme
from app.rewards.models.challenges import Challenge, ChallengeReward


@dataclass(frozen=True)
class RewardFacts:
    """Points each for whoever took part in the group that comes first; promised once it is approved."""

    challenge_id: int
    programme_id: int
    programme: str
    programme_name: str
    points_each: int
    asked_by: int
    asked_at: datetime
    approved_at: datetime | None
    people: int | None
    granted_at: datetime | None
    lapsed_at: datetime | None


def find_reward(challenge_id: int) -> RewardFacts | None:
    """What is asked for or promised in a challenge."""
    return find_rewards([challenge_id]).get(challenge_id)


def find_rewards(challenge_ids: Collection[int]) -> dict[int, RewardFacts]:
    """The same of several challenges, by challenge."""
    rows = db.session.execute(
        select(ChallengeReward, Programme)
        .join(Programme, Programme.holder_id == ChallengeReward.programme_id)
        .where(ChallengeReward.challenge_id.in_(challenge_ids))
    )
    return {
        row.challenge_id: RewardFacts(
            challenge_id=row.challenge_id,
            programme_id=row.programme_id,
            programme=programme.code,
            programme_name=programme.name,
            points_each=row.points_each,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            approved_at=row.approved_at,
            people=row.people,
            granted_at=row.granted_at,
            lapsed_at=row.lapsed_at,
        )
        for row, programme in rows
    }


def list_unpaid(after: int, limit: int) -> list[int]:
    """Challenges that have ended and whose approved reward is neither granted nor lapsed, behind `after`."""
    wanted = (
        select(ChallengeReward.challenge_id)
        .join(Challenge, Challenge.id == ChallengeReward.challenge_id)
        .where(
            ChallengeReward.challenge_id > after,
            func.num_nonnulls(Challenge.decided_at, Challenge.called_off_at) == 1,
            ChallengeReward.approved_at.is_not(None),
            ChallengeReward.granted_at.is_(None),
            ChallengeReward.lapsed_at.is_(None),
        )
    )
    return list(db.session.scalars(wanted.order_by(ChallengeReward.challenge_id).limit(limit)))
