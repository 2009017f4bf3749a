"""What people avoided in a season, as PostgreSQL has it."""

from collections.abc import Collection

from sqlalchemy import select

from app.kit.database import db
from app.rewards.models.scores import SeasonScore
from app.rewards.rules.seasons import Season


def get_score(holder_id: int, season: Season) -> int:
    """What somebody avoided in a season, in grams."""
    return list_scores([holder_id], season).get(holder_id, 0)


def list_scores(holder_ids: Collection[int], season: Season) -> dict[int, int]:
    """What these people avoided in a season, by holder; nobody is named who avoided nothing."""
    wanted = select(SeasonScore.holder_id, SeasonScore.avoided_g).where(
        SeasonScore.season == str(season), SeasonScore.holder_id.in_(holder_ids)
    )
    return {row.holder_id: max(row.avoided_g, 0) for row in db.session.execute(wanted)}
