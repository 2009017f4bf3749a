"""Many causes at once: what their dues, their retirements and their paid orders come to."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.accounts import chart
from app.accounts.chart import CODES
from app.kit.database import db


@dataclass(frozen=True, slots=True)
class CauseSums:
    """What a cause owes in all, what still stands open and is carried, what was retired, what that cost."""

    due_g: int
    open_g: int
    carry_g: int
    retired_g: int
    settled_fen: int


_BALANCE = "coalesce((SELECT balance FROM account WHERE id = cause.holder_id * :codes + {kind}), 0)::bigint"
_SUMS = text(
    "SELECT cause.holder_id,"
    " coalesce((SELECT sum(change_g) FROM due WHERE due.holder_id = cause.holder_id), 0)::bigint AS due_g,"
    f" -{_BALANCE.format(kind=':due')} AS open_g, {_BALANCE.format(kind=':carry')} AS carry_g,"
    " coalesce(sum(due_g + carry_g), 0)::bigint AS retired_g,"
    " coalesce(sum(amount_fen) FILTER (WHERE retirement.order_id IS NOT NULL), 0)::bigint AS settled_fen"
    " FROM cause LEFT JOIN orders ON cause_id = cause.holder_id"
    " LEFT JOIN retirement ON retirement.order_id = orders.id"
    " WHERE cause.holder_id = ANY(:causes) GROUP BY cause.holder_id"
)


def sum_causes(cause_ids: Sequence[int]) -> dict[int, CauseSums]:
    """The sums of these causes by their ids."""
    values = {"causes": list(cause_ids), "codes": CODES, "due": chart.DUE.code, "carry": chart.CARRY.code}
    return {
        row.holder_id: CauseSums(row.due_g, row.open_g, row.carry_g, row.retired_g, row.settled_fen)
        for row in db.session.execute(_SUMS, values)
    }


def count_attested(kind: str) -> int:
    """How many attestations of a kind stand."""
    wanted = text("SELECT count(*) FROM attestation WHERE kind = :kind AND revoked_at IS NULL")
    return int(db.session.scalar(wanted, {"kind": kind}) or 0)
