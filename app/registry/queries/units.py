"""What became of the units of an issuance."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.database import db
from app.registry.rules import HANDED_OVER, STATES


@dataclass(frozen=True, slots=True)
class Conservation:
    """The units of one issuance by state; the states sum to what was issued.

    `handed_over_kg` of those that are cancelled are held in another registry now.
    """

    issued_kg: int
    active_kg: int
    reserved_kg: int
    pledged_kg: int
    retired_kg: int
    cancelled_kg: int
    handed_over_kg: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing is missing and nothing too much."""
        used = self.retired_kg + self.cancelled_kg
        return self.issued_kg == self.active_kg + self.reserved_kg + self.pledged_kg + used


BY_STATE = ", ".join(
    f"coalesce(sum(b.last_serial - b.first_serial + 1) FILTER (WHERE b.state = '{state}'), 0)::bigint"
    f" AS {state}_kg"
    for state in STATES
)
# An issuance's blocks are found by the range of their serials: the unique key on it is index enough.
_CONSERVATION = text(
    f"SELECT i.id, i.last_serial - i.first_serial + 1 AS issued_kg, {BY_STATE},"
    " coalesce(sum(b.last_serial - b.first_serial + 1) FILTER (WHERE b.reason = :handed_over), 0)::bigint"
    " AS handed_over_kg"
    " FROM issuance i LEFT JOIN block b ON b.first_serial BETWEEN i.first_serial AND i.last_serial"
    " WHERE i.id = ANY(:ids) GROUP BY i.id"
).bindparams(bindparam("ids", type_=ARRAY(BigInteger)))


def conservation(issuance_id: int) -> Conservation:
    """The units of one issuance by state. Raises KeyError for an unknown one."""
    return conservations([issuance_id])[issuance_id]


def conservations(issuance_ids: Sequence[int]) -> dict[int, Conservation]:
    """The units of these issuances by state."""
    names = [field.name for field in fields(Conservation)]
    values = {"ids": list(issuance_ids), "handed_over": HANDED_OVER}
    rows = db.session.execute(_CONSERVATION, values)
    return {row.id: Conservation(*(getattr(row, name) for name in names)) for row in rows}
