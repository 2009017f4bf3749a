"""From written serials to units and back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from app.kit.database import db
from app.registry import rules
from app.registry.errors import SerialUnknown
from app.registry.models import Issuance, Project
from app.registry.rules import Serials, read_serial


@dataclass(frozen=True, slots=True)
class Series:
    """How the serials of one issuance are written."""

    issuance_id: int
    holder_id: int
    region: str
    project: str
    vintage: int
    serials: Serials
    sample: bool
    product: str
    before: int

    def text(self, serials: Serials) -> str:
        """The written form of a run of this issuance's serials."""
        first, last = serials.first - self.before, serials.last - self.before
        return rules.serial_text(self.region, self.project, self.vintage, first, last)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of serials of one issuance, as somebody named it."""

    series: Series
    serials: Serials

    @property
    def written(self) -> str:
        """Its written form."""
        return self.series.text(self.serials)


_COLUMNS = (
    Issuance.id,
    Issuance.holder_id,
    Project.region,
    Project.code,
    Issuance.vintage,
    Issuance.first_serial,
    Issuance.last_serial,
    Issuance.sample,
    Issuance.product,
    Issuance.first_serial - Issuance.earlier_kg - 1,
)


def find_run(written: str) -> Run:
    """The run of serials that was written. Raises `SerialUnknown` for one that was never issued."""
    serial = read_serial(written)
    row = None
    if serial is not None:
        row = db.session.execute(
            select(*_COLUMNS)
            .join(Project, Project.id == Issuance.project_id)
            .where(
                Project.code == serial.project,
                Project.region == serial.region,
                Issuance.vintage == serial.vintage,
                Issuance.earlier_kg < serial.first,
                Issuance.earlier_kg + Issuance.last_serial - Issuance.first_serial + 1 >= serial.last,
            )
        ).one_or_none()
    if serial is None or row is None:
        raise SerialUnknown()
    series = _series(row)
    return Run(series, Serials(serial.first + series.before, serial.last + series.before))


def list_series(issuance_ids: Iterable[int]) -> dict[int, Series]:
    """How the serials of these issuances are written."""
    rows = db.session.execute(
        select(*_COLUMNS)
        .join(Project, Project.id == Issuance.project_id)
        .where(Issuance.id.in_(set(issuance_ids)))
    )
    return {row.id: _series(row) for row in rows}


def get_series(issuance_id: int) -> Series:
    """How the serials of one issuance are written. Raises KeyError for an unknown one."""
    return list_series([issuance_id])[issuance_id]


def _series(row: Row[*tuple[Any, ...]]) -> Series:
    number, holder_id, region, project, vintage, first, last, *told = row
    return Series(number, holder_id, region, project, vintage, Serials(first, last), *told)
