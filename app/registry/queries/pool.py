"""The pool 碳汇池: every kilogram that was ever issued, and where it stands now."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from app.kit.database import db
from app.registry.models import Issuance, Project
from app.registry.queries.units import BY_STATE, Conservation, conservations
from app.registry.rules import STATES


@dataclass(frozen=True)
class Standing:
    """An issuance of a project, and its units by state."""

    project: Project
    issuance: Issuance
    units: Conservation


# Through every issuance, so that a block outside of all of them would show as a difference.
_TOTAL = text(
    "SELECT (SELECT coalesce(sum(last_serial - first_serial + 1), 0) FROM issuance)::bigint AS issued_kg,"
    f" {BY_STATE} FROM block b"
)


def sum_pool() -> Conservation:
    """All units by state, recomputed from the blocks."""
    row = db.session.execute(_TOTAL).one()
    return Conservation(row.issued_kg, *(getattr(row, f"{state}_kg") for state in STATES))


def list_standings(limit: int, before: int | None = None) -> Sequence[Standing]:
    """Issuances and where their units stand, newest first; `before` is an issuance's id."""
    wanted = select(Project, Issuance).join(Issuance, Issuance.project_id == Project.id)
    if before is not None:
        wanted = wanted.where(Issuance.id < before)
    rows = db.session.execute(wanted.order_by(Issuance.id.desc()).limit(limit)).all()
    units = conservations([issuance.id for _, issuance in rows])
    return [Standing(project, issuance, units[issuance.id]) for project, issuance in rows]
