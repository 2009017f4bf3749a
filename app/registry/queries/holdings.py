"""What a holder holds, holds back, and has retired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, text

from app.accounts import queries as accounts
from app.kit.codes import read_code
from app.kit.database import db
from app.registry import rules
from app.registry.errors import HoldingUnknown, HoldUnknown, RetirementUnknown
from app.registry.models import Hold, OwnRetirement
from app.registry.queries.certificates import CertificateFacts, certificate_facts
from app.registry.queries.sales import SaleTerms, list_sale_terms
from app.registry.queries.serials import Run, Series, list_series
from app.registry.rules import Serials


@dataclass(frozen=True, slots=True)
class Holding:
    """One block of a holder's, what it waits for where it does, and on which terms it may be offered."""

    series: Series
    serials: Serials
    state: str
    bound: str | None
    since: datetime
    lot: str | None
    hold: str | None
    sale: SaleTerms | None

    @property
    def serial(self) -> str:
        """Its name."""
        return self.series.text(self.serials)

    @property
    def quantity_kg(self) -> int:
        """How many units it holds."""
        return self.serials.quantity_kg

    @property
    def on_sale(self) -> bool:
        """Whether it is a lot's."""
        return self.lot is not None

    @property
    def free(self) -> bool:
        """Whether its holder may do something with it now."""
        return self.state == "active" and self.lot is None

    @property
    def notes(self) -> tuple[str, ...]:
        """What must stand wherever it is shown."""
        return rules.notes(self.series.sample, self.series.product)


_COLUMNS = (
    "SELECT b.issuance_id, b.first_serial, b.last_serial, b.state, b.bound, b.changed_at, {lot} AS lot,"
    " {hold} AS hold FROM block b"
)
_HOLDINGS = text(
    "SELECT * FROM ("
    + _COLUMNS.format(lot="NULL", hold="h.code")
    + " LEFT JOIN hold h ON b.state <> 'active' AND h.first_serial = b.first_serial AND h.ended_at IS NULL"
    " WHERE b.holder_id = :holder AND b.lot_id IS NULL AND b.state IN ('active', 'reserved', 'pledged')"
    " AND b.first_serial BETWEEN :first AND :last"
    " UNION ALL "
    + _COLUMNS.format(lot="lot.code", hold="NULL")
    + " JOIN lot ON lot.id = b.lot_id AND lot.seller_holder_id = :holder WHERE b.state = 'active'"
    " AND b.first_serial BETWEEN :first AND :last"
    ") held ORDER BY first_serial LIMIT :limit"
)
_ENDLESS = 2**63 - 1


def list_holdings(holder_id: int, limit: int, after: int | None = None) -> list[Holding]:
    """What a holder has, in the order of the serials; `after` is a block's first serial."""
    return _holdings(holder_id, Serials((after or 0) + 1, _ENDLESS), limit)


def list_holdings_in(holder_id: int, run: Run, limit: int = 100) -> list[Holding]:
    """What a holder has within a run of serials. Raises `HoldingUnknown` for nothing."""
    found = _holdings(holder_id, run.serials, limit)
    if not found:
        raise HoldingUnknown()
    return found


def _holdings(holder_id: int, serials: Serials, limit: int) -> list[Holding]:
    values = {"holder": holder_id, "first": serials.first, "last": serials.last, "limit": limit}
    rows = db.session.execute(_HOLDINGS, values).all()
    series = list_series({row.issuance_id for row in rows})
    sales = list_sale_terms({(holder_id, row.issuance_id) for row in rows if row.bound is None})
    return [
        Holding(
            series[row.issuance_id],
            Serials(row.first_serial, row.last_serial),
            row.state,
            row.bound,
            row.changed_at,
            row.lot,
            row.hold,
            sales.get((holder_id, row.issuance_id)) if row.bound is None else None,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """A reservation, gift or pledge with whom it concerns; names as they may be shown to those."""

    hold: Hold
    series: Series
    holder: str | None
    other: str | None

    @property
    def serial(self) -> str:
        """The serials that wait."""
        return self.series.text(self.hold.serials)

    @property
    def quantity_kg(self) -> int:
        """How many units wait."""
        return self.hold.serials.quantity_kg

    @property
    def standing(self) -> bool:
        """Whether it has not ended."""
        return self.hold.ended_at is None

    @property
    def notes(self) -> tuple[str, ...]:
        """What must stand wherever it is shown."""
        return rules.notes(self.series.sample, self.series.product)


def list_holds(holder_id: int, limit: int, before: int | None = None) -> list[HoldFacts]:
    """What a holder set aside, gave and pledged, and what is pledged to them; newest first."""
    mine = or_(Hold.holder_id == holder_id, (Hold.other_holder_id == holder_id) & (Hold.kind == "pledge"))
    wanted = mine if before is None else mine & (Hold.id < before)
    return _hold_facts(wanted, limit)


def list_standing_pledges(limit: int = 200) -> list[HoldFacts]:
    """Pledges that stand, newest first."""
    return _hold_facts((Hold.kind == "pledge") & Hold.ended_at.is_(None), limit)


def get_gift(code: str) -> HoldFacts:
    """A gift by its code, for whoever has it. Raises `HoldUnknown`."""
    found = _hold_facts((Hold.code == code) & (Hold.kind == "give"), 1) if code.isalnum() else []
    if not found:
        raise HoldUnknown()
    return found[0]


def get_hold(hold_id: int) -> HoldFacts:
    """A hold by our own number."""
    return _hold_facts(Hold.id == hold_id, 1)[0]


def _hold_facts(which: ColumnElement[bool], limit: int) -> list[HoldFacts]:
    wanted = select(Hold).where(which).order_by(Hold.id.desc()).limit(limit)
    holds = db.session.scalars(wanted.execution_options(populate_existing=True)).all()
    series = list_series({hold.issuance_id for hold in holds})
    ends = [end for hold in holds for end in (hold.holder_id, hold.other_holder_id) if end]
    names = public_names(ends)
    return [
        HoldFacts(
            hold, series[hold.issuance_id], names.get(hold.holder_id), names.get(hold.other_holder_id or 0)
        )
        for hold in holds
    ]


def public_names(holder_ids: Sequence[int]) -> dict[int, str | None]:
    """The names of holders as anyone may read them: a person has none."""
    holders = accounts.list_holders(holder_ids)
    return {key: None if holder.kind == "person" else holder.name for key, holder in holders.items()}


@dataclass(frozen=True, slots=True)
class RetirementFacts:
    """A holder's own retirement as anyone may look it up by its number."""

    number: str
    quantity_kg: int
    serial: str
    purpose: str
    beneficiary: str | None
    retired_at: datetime
    forest: CertificateFacts

    @property
    def notes(self) -> tuple[str, ...]:
        """What must stand wherever it is shown."""
        return rules.notes(self.forest.sample, self.forest.product)

    @property
    def written(self) -> str:
        """The number as people read it, in groups of four."""
        return "-".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))


def get_retirement(number: str) -> RetirementFacts:
    """A holder's own retirement by its number, however it is written. Raises `RetirementUnknown`."""
    code = read_code(number)
    found = _retirements(OwnRetirement.number == code, 1) if code is not None else []
    if not found:
        raise RetirementUnknown()
    return found[0]


def list_retirements(holder_id: int, limit: int, before: int | None = None) -> list[OwnRetirement]:
    """A holder's own retirements, newest first."""
    wanted = select(OwnRetirement).where(OwnRetirement.holder_id == holder_id)
    if before is not None:
        wanted = wanted.where(OwnRetirement.id < before)
    return list(db.session.scalars(wanted.order_by(OwnRetirement.id.desc()).limit(limit)))


def retirement_facts(retirement: OwnRetirement) -> RetirementFacts:
    """A retirement with the forest behind it."""
    forest = certificate_facts(retirement.issuance_id)
    serials = Serials(retirement.first_serial, retirement.last_serial)
    return RetirementFacts(
        number=retirement.number,
        quantity_kg=serials.quantity_kg,
        serial=forest.serial_text(*serials),
        purpose=retirement.purpose,
        beneficiary=retirement.beneficiary,
        retired_at=retirement.retired_at,
        forest=forest,
    )


def _retirements(which: ColumnElement[bool], limit: int) -> list[RetirementFacts]:
    wanted = select(OwnRetirement).where(which).limit(limit)
    found = db.session.scalars(wanted.execution_options(populate_existing=True)).all()
    return [retirement_facts(each) for each in found]


def is_retired_by(number: str, holder_id: int) -> bool:
    """Whether a retirement is this holder's."""
    which = (OwnRetirement.number == number) & (OwnRetirement.holder_id == holder_id)
    return db.session.scalar(select(OwnRetirement.id).where(which)) is not None
