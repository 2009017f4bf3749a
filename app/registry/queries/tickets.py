"""Carbon tickets 林业碳票 as anyone may see them, and the origin of foreign units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry import rules
from app.registry.errors import OriginUnknown, TicketUnknown
from app.registry.models import CarbonTicket, Issuance, Origin, Project
from app.registry.queries.serials import series_of
from app.registry.queries.units import Conservation, conservations
from app.registry.rules import Both

_DIGITS = 7


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """Everything on the face of a ticket, and what became of its units."""

    number: int
    owner: str
    project: str
    name: Both
    place: Both
    region: str
    area_m2: int
    forest_type: str
    methodology: str
    period: Any
    vintage: int
    verification: str
    quantity_kg: int
    serial: str
    sample: bool
    issued_at: datetime
    units: Conservation

    @property
    def written(self) -> str:
        """The number as it stands on the face."""
        return f"{self.number:0{_DIGITS}d}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What must stand beside it."""
        return rules.notes(self.sample, rules.CARBON_TICKET)

    @property
    def held_kg(self) -> int:
        """What is neither used nor cancelled."""
        return self.units.active_kg + self.units.reserved_kg + self.units.pledged_kg

    @property
    def retired_kg(self) -> int:
        """What was used."""
        return self.units.retired_kg

    @property
    def cancelled_kg(self) -> int:
        """What left without use."""
        return self.units.cancelled_kg - self.units.handed_over_kg

    @property
    def handed_over_kg(self) -> int:
        """What is another registry's now."""
        return self.units.handed_over_kg


def get_ticket(written: str) -> TicketFacts:
    """The ticket with this number. Raises `TicketUnknown`."""
    known = written.isascii() and written.isdigit() and len(written) == _DIGITS
    found = _tickets(CarbonTicket.number == int(written)) if known else []
    if not found:
        raise TicketUnknown()
    return found[0]


def list_tickets(limit: int, after: int | None = None) -> list[TicketFacts]:
    """Tickets in the order of their numbers."""
    if after is not None and abs(after) >= 10**_DIGITS:
        return []
    return _tickets(CarbonTicket.number > (after or 0), limit=limit)


def _tickets(*conditions: Any, limit: int = 1) -> list[TicketFacts]:
    rows = db.session.execute(
        select(CarbonTicket, Issuance, Project)
        .join(Issuance, Issuance.id == CarbonTicket.issuance_id)
        .join(Project, Project.id == Issuance.project_id)
        .where(*conditions)
        .order_by(CarbonTicket.number)
        .limit(limit)
    ).all()
    units = conservations([row.Issuance.id for row in rows])
    owners = accounts.list_holders([row.Issuance.holder_id for row in rows])
    return [
        _facts(
            row.CarbonTicket,
            row.Issuance,
            row.Project,
            owners[row.Issuance.holder_id].name or "",
            units[row.Issuance.id],
        )
        for row in rows
    ]


def _facts(
    ticket: CarbonTicket, issuance: Issuance, project: Project, owner: str, units: Conservation
) -> TicketFacts:
    series = series_of(issuance, project)
    return TicketFacts(
        number=ticket.number,
        owner=owner,
        project=project.code,
        name=project.name,
        place=project.place,
        region=project.region,
        area_m2=project.area_m2,
        forest_type=project.forest_type,
        methodology=project.methodology,
        period=issuance,
        vintage=issuance.vintage,
        verification=issuance.verification,
        quantity_kg=series.serials.quantity_kg,
        serial=series.text(series.serials),
        sample=issuance.sample,
        issued_at=ticket.issued_at,
        units=units,
    )


@dataclass(frozen=True, slots=True)
class OriginView:
    """Foreign units, their project here, and whose they are to be."""

    origin: Origin
    project: Project
    holder: str


def get_origin(code: str) -> OriginView:
    """The foreign units with this code. Raises `OriginUnknown`."""
    found = _origins(Origin.code == code) if code.isascii() and code.isalnum() else []
    if not found:
        raise OriginUnknown()
    return found[0]


def list_origins(limit: int = 200) -> list[OriginView]:
    """Foreign units, the newest first."""
    return _origins(limit=limit)


def origins_waiting() -> int:
    """How many wait for their second person."""
    waiting = select(Origin.id).where(
        Origin.channel == "proof", Origin.issued_at.is_(None), Origin.ended_at.is_(None)
    )
    return len(db.session.scalars(waiting.limit(1000)).all())


def _origins(*conditions: Any, limit: int = 1) -> list[OriginView]:
    rows: Sequence[Any] = db.session.execute(
        select(Origin, Project)
        .join(Project, Project.id == Origin.project_id)
        .where(*conditions)
        .order_by(Origin.id.desc())
        .limit(limit)
    ).all()
    holders = accounts.list_holders([row.Origin.holder_id for row in rows])
    return [OriginView(row.Origin, row.Project, holders[row.Origin.holder_id].name or "") for row in rows]
