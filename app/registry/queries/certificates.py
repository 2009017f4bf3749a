"""What a certificate says of the forest behind its units."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry import rules
from app.registry.models import Issuance, Project
from app.registry.rules import Both


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
    first_serial: int
    verification: str
    seller: str
    sample: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What must stand on every page that shows these units: not CCER, and sample where it is one."""
        return tuple(f"registry.note_{note}" for note in rules.notes(self.sample))

    def serial_text(self, first_serial: int, last_serial: int) -> str:
        """The written form of a run of this issuance's serials, as blocks and retirements number them."""
        before = self.first_serial - 1
        return rules.serial_text(
            self.region, self.project, self.vintage, first_serial - before, last_serial - before
        )


def certificate_facts(issuance_id: int) -> CertificateFacts:
    """What a certificate says of units of this issuance. Raises NoResultFound for an unknown one."""
    row = db.session.execute(
        select(Issuance, Project)
        .join(Project, Project.id == Issuance.project_id)
        .where(Issuance.id == issuance_id)
    ).one()
    issuance, project = row.Issuance, row.Project
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
        first_serial=issuance.first_serial,
        verification=issuance.verification,
        seller=accounts.list_holders([issuance.holder_id])[issuance.holder_id].name or "",
        sample=issuance.sample,
    )
