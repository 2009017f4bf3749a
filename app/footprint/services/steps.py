"""Recording WeRun's steps: a day only grows, and only the growth is credited."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import BigInteger, Date, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.footprint import queries, rules
from app.footprint.errors import StepsNotCounted, WeRunNotAccepted
from app.footprint.queries import Action
from app.footprint.services.actions import Claim, write_actions
from app.kit import clock
from app.kit.database import db, write

_RECEIVE = text(
    "INSERT INTO step_report (fingerprint, holder_id, taken_at, received_at)"
    " SELECT :fingerprint, :holder, :taken_at, :now WHERE NOT EXISTS ("
    "   SELECT 1 FROM step_report WHERE holder_id = :holder AND taken_at >= :taken_at)"
    " ON CONFLICT DO NOTHING"
)
_GROW = text(
    "INSERT INTO step_day AS held (holder_id, day, steps)"
    " SELECT :holder, day, steps FROM unnest(:days, :steps) AS told(day, steps) ORDER BY day"
    " ON CONFLICT (holder_id, day) DO UPDATE SET steps = excluded.steps WHERE held.steps < excluded.steps"
    " RETURNING new.day, coalesce(old.steps, 0) AS before, new.steps"
).bindparams(bindparam("days", type_=ARRAY(Date)), bindparam("steps", type_=ARRAY(BigInteger)))


def record_steps(
    holder_id: int, fingerprint: bytes, taken_at: datetime, days: Sequence[tuple[date, int]]
) -> list[Action]:
    """Record the steps that WeRun counted up to `taken_at`; returns one action a day that grew.

    `fingerprint` is the SHA-256 of the ciphertext. Raises `WeRunNotAccepted` for data seen before, from
    anybody, and for data not newer than the holder's last; `StepsNotCounted` where no pack counts them.
    """
    values = {"fingerprint": fingerprint, "holder": holder_id, "taken_at": taken_at, "now": clock.now()}
    if not write(_RECEIVE, values):
        raise WeRunNotAccepted()
    methodology = queries.find_scene(rules.WALKING)
    if methodology is None or rules.WERUN not in methodology.method.sources:
        raise StepsNotCounted()
    bounds = methodology.method.bounds
    if not all(bounds.least <= steps <= bounds.most for _, steps in days):
        raise WeRunNotAccepted()
    told = {"holder": holder_id, "days": [day for day, _ in days], "steps": [steps for _, steps in days]}
    method = methodology.method
    claims = []
    for row in sorted(db.session.execute(_GROW, told), key=lambda each: each.day):
        inputs = {"steps": row.steps, "steps_before": row.before}
        if row.steps > row.before:
            grade = method.sources[rules.WERUN]
            computed_g = rules.Decision(method, methodology.factor.value, grade, inputs).computed_g
            claims.append(Claim(row.day, inputs, computed_g))
    return write_actions(holder_id, methodology, rules.WERUN, claims) if claims else []
