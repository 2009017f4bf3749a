"""What a certificate says of the forest behind its units."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import select

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry import rules
from app.registry.models import Issuance, Origin, Project
from app.registry.queries.serials import Series, series_of
from app.registry.rules import Both, Serials


class OriginText(NamedTuple):
    """Where foreign units come from, in that registry's own words."""

    registry: str
    name: str
    serial: str
    reference: str


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """Whose forest, where, over which time, by which method.

    `forest_type`, `methodology` and `notes` are names in the message catalogue.
    """

    issuance_id: int
    project: str
    name: Both
    place: Both
    region: str
    forest_type: str
    methodology: str
    area_m2: int
    period_start: date
    period_end: date
    vintage: int
    series: Series
    verification: str
    seller: str
    sample: bool
    product: str
    origin: OriginText | None

    @property
    def product_name(self) -> str:
        """The product's name in the message catalogue."""
        return f"registry.product_{self.product}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What must stand on every page that shows these units: not CCER, and sample where it is one."""
        return tuple(f"registry.note_{note}" for note in rules.notes(self.sample, self.product))

    def serial_text(self, first_serial: int, last_serial: int) -> str:
        """The written form of a run of this issuance's serials, as blocks and retirements number them."""
        return self.series.text(Serials(first_serial, last_serial))


def certificate_facts(issuance_id: int) -> CertificateFacts:
    """What a certificate says of units of this issuance. Raises NoResultFound for an unknown one."""
    row = db.session.execute(
        select(Issuance, Project, Origin)
        .join(Project, Project.id == Issuance.project_id)
        .outerjoin(Origin, Origin.id == Issuance.origin_id)
        .where(Issuance.id == issuance_id)
    ).one()
    issuance, project, origin = row.Issuance, row.Project, row.Origin
    return CertificateFacts(
        issuance_id=issuance.id,
        project=project.code,
        name=project.name,
        place=project.place,
        region=project.region,
        forest_type=f"registry.forest_type_{project.forest_type}",
        methodology=f"registry.methodology_{project.methodology}",
        area_m2=project.area_m2,
        period_start=issuance.period_start,
        period_end=issuance.period_end,
        vintage=issuance.vintage,
        series=series_of(issuance, project),
        verification=issuance.verification,
        seller=accounts.list_holders([issuance.holder_id])[issuance.holder_id].name or "",
        sample=issuance.sample,
        product=project.product,
        origin=origin_text(origin),
    )


def origin_text(origin: Origin | None) -> OriginText | None:
    """What is said of where units come from; None for our own."""
    if origin is None:
        return None
    return OriginText(origin.home, origin.home_name, origin.serial, origin.reference)
