"""From written serials to units and back."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

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


def find_run(written: str) -> Run:
    """The run of serials that was written. Raises `SerialUnknown` for one that was never issued."""
    serial = read_serial(written)
    row = None
    if serial is not None:
        row = db.session.execute(
            select(Issuance, Project)
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
    series = series_of(row.Issuance, row.Project)
    return Run(series, Serials(serial.first + series.before, serial.last + series.before))


def list_series(issuance_ids: Iterable[int]) -> dict[int, Series]:
    """How the serials of these issuances are written."""
    rows = db.session.execute(
        select(Issuance, Project)
        .join(Project, Project.id == Issuance.project_id)
        .where(Issuance.id.in_(set(issuance_ids)))
    )
    return {row.Issuance.id: series_of(row.Issuance, row.Project) for row in rows}


def get_series(issuance_id: int) -> Series:
    """How the serials of one issuance are written. Raises KeyError for an unknown one."""
    return list_series([issuance_id])[issuance_id]


def series_of(issuance: Issuance, project: Project) -> Series:
    """How the serials of an issuance to this project are written: each vintage counts from one."""
    return Series(
        issuance_id=issuance.id,
        holder_id=issuance.holder_id,
        region=project.region,
        project=project.code,
        vintage=issuance.vintage,
        serials=Serials(issuance.first_serial, issuance.last_serial),
        sample=issuance.sample,
        product=issuance.product,
        before=issuance.first_serial - 1 - issuance.earlier_kg,
    )
