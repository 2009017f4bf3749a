"""What must always be true of the days that badges are earned by."""

from sqlalchemy import text

from app.footprint import queries as footprint
from app.footprint.announcements import ACTION_WITHDRAWN
from app.kit import announcements
from app.kit.database import db
from app.kit.proof import Proof, none
from app.rewards.rules.days import BITS

_UNCREDITED = (
    "SELECT coalesce(sum(bit_count(counted.days & ~coalesce(credited.days, B'0'::bit({bits})))), 0)::bigint"
    " FROM active_days counted LEFT JOIN LATERAL ("
    "   SELECT bit_or(set_bit(B'0'::bit({bits}), extract(doy FROM day)::integer - 1, 1)) AS days"
    "   FROM {credited} credited WHERE credited.holder_id = counted.holder_id"
    "     AND credited.scene = counted.scene"
    "     AND day BETWEEN make_date(year, 1, 1) AND make_date(year, 12, 31)) credited ON true"
    " WHERE NOT EXISTS (SELECT FROM {waiting} waiting"
    "   WHERE (payload->>'holder_id')::bigint = counted.holder_id)"
)


def prove_days() -> list[Proof]:
    """Nothing counts for a badge that footprint does not credit, but what is still to be heard of."""
    wanted = _UNCREDITED.format(
        bits=BITS,
        credited=footprint.accounts.credited_days_from(),
        waiting=announcements.waiting_from(ACTION_WITHDRAWN),
    )
    return [none("rewards.prove_days", uncredited=int(db.session.scalar(text(wanted)) or 0))]
