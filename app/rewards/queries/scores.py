"""What people avoided in a season, as PostgreSQL has it."""

from collections.abc import Collection

from sqlalchemy import select, text

from app.footprint.queries.accounts import acts_from
from app.kit.database import db
from app.kit.proof import Proof, none
from app.rewards.models.scores import SeasonScore
from app.rewards.rules.seasons import Season

_DIFFERING = text(
    "SELECT count(*) AS scores, count(*) FILTER (WHERE coalesce(heard.grams, 0)"
    "   <> coalesce(s.avoided_g, 0)) AS differing"
    " FROM (SELECT act.holder_id, to_char(occurred_on, 'YYYY-\"Q\"Q') AS season,"
    f"   sum(avoided_g)::bigint AS grams FROM point_grant g JOIN {acts_from()} act"
    "   ON act.holder_id = g.holder_id AND act.id = g.source_id"
    "   WHERE g.source = 'action' AND g.taken_back_at IS NULL GROUP BY 1, 2) heard"
    " FULL JOIN season_score s USING (season, holder_id)"
)


def get_score(holder_id: int, season: Season) -> int:
    """What somebody avoided in a season, in grams."""
    return list_scores([holder_id], season).get(holder_id, 0)


def list_scores(holder_ids: Collection[int], season: Season) -> dict[int, int]:
    """What these people avoided in a season, by holder; nobody is named who avoided nothing."""
    wanted = select(SeasonScore.holder_id, SeasonScore.avoided_g).where(
        SeasonScore.season == str(season), SeasonScore.holder_id.in_(holder_ids)
    )
    return {row.holder_id: max(row.avoided_g, 0) for row in db.session.execute(wanted)}


def prove_scores() -> list[Proof]:
    """Everybody's season is the sum of their acts that were heard of and stand."""
    row = db.session.execute(_DIFFERING).one()
    return [none("rewards.prove_scores", differing=row.differing)]
