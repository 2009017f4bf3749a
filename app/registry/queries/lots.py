"""Lots 货批: what is on sale, for how much, and how much is left."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry import rules
from app.registry.errors import LotUnknown, QuantityNotSold
from app.registry.models import Issuance, Lot, Origin, Project
from app.registry.queries.certificates import OriginText, origin_text
from app.registry.rules import Allotment, NotWholeSteps, Offer, Terms
from app.registry.rules.sanctions import FREE, HALTED, LIMITED


@dataclass(frozen=True, slots=True)
class LotFacts:
    """A lot as buying needs it. `available_kg` was true at the moment of reading.

    `restraint` says what sanctions mean for it; a reservation holds only while it is still the same.
    """

    id: int
    code: str
    issuance_id: int
    seller_holder_id: int
    terms: Terms
    available_kg: int
    restraint: int = FREE


@dataclass(frozen=True, slots=True)
class Listing:
    """A lot as a buyer sees it: whose, from which forest and time, for how much, how many left.

    `shares` says who gets how much of the price of one step. From a `halted` one nothing can be ordered.
    """

    id: int
    code: str
    project: Project
    issuance: Issuance
    seller: str
    seller_holder_id: int
    village: str | None
    terms: Terms
    shares: Allotment
    offered_kg: int
    remaining_kg: int
    opened_at: datetime
    closed_at: datetime | None
    halted: bool
    origin: OriginText | None

    @property
    def price_fen_per_t(self) -> int:
        """What a tonne costs, by which lots of different steps compare."""
        return rules.price_fen_per_t(self.terms.price_fen_per_step, self.terms.step_kg)

    @property
    def offer(self) -> Offer:
        """This lot as a wish looks at it."""
        project = self.project
        price = self.price_fen_per_t
        return Offer(self.terms.product, price, project.region, project.forest_type, self.issuance.vintage)


_TERMS = tuple(field.name for field in fields(Terms))
LOT_COLUMNS = (
    Lot.id,
    Lot.code,
    Lot.issuance_id,
    Lot.seller_holder_id,
    *(getattr(Lot, name) for name in _TERMS),
    Lot.available_kg,
    Lot.restraint,
)


def lot_facts(row: Row[Any]) -> LotFacts:
    """The facts in a row that holds `LOT_COLUMNS`."""
    seller, left = row.seller_holder_id, row.available_kg
    return LotFacts(row.id, row.code, row.issuance_id, seller, _terms(row), left, row.restraint)


def _terms(row: Row[Any]) -> Terms:
    return Terms(*(getattr(row, name) for name in _TERMS))


def list_lots(
    limit: int,
    after: int | None = None,
    *,
    region: str | None = None,
    village: str | None = None,
    project: str | None = None,
    product: str | None = None,
    available: bool | None = None,
) -> list[Listing]:
    """Lots in the order they were opened; `after` is a lot's id.

    `region` is the beginning of an administrative code, `village` a village's name in either language,
    `project` a project's code, `product` one of `rules.PRODUCTS`, `available` whether something can be
    bought now. Halted lots are listed with what cannot be bought only.
    """
    on_sale = Lot.closed_at.is_(None) & (Lot.available_kg >= Lot.step_kg) & (Lot.restraint < HALTED)
    filters: tuple[tuple[object, ColumnElement[bool]], ...] = (
        (after, Lot.id > (after or 0)),
        (region, _lies_in(region)),
        (village, (Project.village_zh == village) | (Project.village_en == village)),
        (project, Project.code == project),
        (product, Lot.product == product),
        (available, on_sale if available else ~on_sale),
        (available is None or None, Lot.restraint < HALTED),
    )
    wanted = from_listed().where(*(condition for given, condition in filters if given is not None))
    return listings(db.session.execute(wanted.order_by(Lot.id).limit(limit)).all())


def get_lot(code: str) -> Listing:
    """The lot with this public code, as a buyer sees it. Raises `LotUnknown`."""
    is_code = code.isascii() and code.isalnum()
    found = db.session.execute(from_listed().where(Lot.code == code)).all() if is_code else []
    if not found:
        raise LotUnknown()
    return listings(found)[0]


def find_lot(code: str) -> LotFacts | None:
    """The lot with this public code, as buying needs it; None when there is none."""
    row = db.session.execute(select(*LOT_COLUMNS).where(Lot.code == code)).one_or_none()
    return lot_facts(row) if row else None


def oldest_lot(
    quantity_kg: int | None = None,
    amount_fen: int | None = None,
    region: str | None = None,
    product: str = rules.YIYUAN,
    village: str | None = None,
    most_restraint: int = LIMITED,
) -> LotFacts | None:
    """The lot on sale with the oldest vintage that has as much as is asked for, in units or in money.

    `region` is the beginning of an administrative code, `village` a village's name in either language.
    Whether the wish is a whole number of steps is for `quote` to say. Lots under a heavier restraint
    than `most_restraint` are passed over. None when no lot has as much.
    """
    enough = Lot.available_kg >= (quantity_kg or 0)
    if amount_fen is not None:  # in steps on both sides, since money times step may pass 64 bits
        enough &= Lot.available_kg // Lot.step_kg >= amount_fen // Lot.price_fen_per_step
    wanted = (
        _from_forest(select(*LOT_COLUMNS))
        .where(Lot.product == product, Lot.closed_at.is_(None), enough, _lies_in(region))
        .where(Lot.restraint <= most_restraint)
        .order_by(Issuance.vintage, Lot.id)
        .limit(1)
    )
    if village is not None:
        wanted = wanted.where((Project.village_zh == village) | (Project.village_en == village))
    row = db.session.execute(wanted).one_or_none()
    return lot_facts(row) if row else None


def quote(lot: LotFacts | Listing, quantity_kg: int | None, amount_fen: int | None) -> tuple[int, int]:
    """Kilograms and price in fen of a purchase of which exactly one is given. Raises `QuantityNotSold`."""
    step, price = lot.terms.step_kg, lot.terms.price_fen_per_step
    try:
        if quantity_kg is not None and amount_fen is None:
            return quantity_kg, rules.price_fen(quantity_kg, step, price)
        if amount_fen is not None and quantity_kg is None:
            return rules.quantity_kg(amount_fen, step, price), amount_fen
    except NotWholeSteps as fault:
        raise QuantityNotSold(step_kg=step, price_fen=price) from fault
    raise QuantityNotSold(step_kg=step, price_fen=price)


def held_kg() -> int:
    """Kilograms promised to orders, over all lots."""
    return int(db.session.scalar(select(func.sum(Lot.reserved_kg))) or 0)


def _lies_in(region: str | None) -> ColumnElement[bool]:
    return Project.region.startswith(region or "", autoescape=True)


def _from_forest(wanted: Select[Any]) -> Select[Any]:
    return wanted.join(Issuance, Issuance.id == Lot.issuance_id).join(
        Project, Project.id == Issuance.project_id
    )


def from_listed() -> Select[Any]:
    """Lots with their forests and where foreign units come from, for `listings`."""
    columns = (*LOT_COLUMNS, Lot.offered_kg, Lot.opened_at, Lot.closed_at, Issuance, Project, Origin)
    return _from_forest(select(*columns)).outerjoin(Origin, Origin.id == Issuance.origin_id)


def listings(rows: Sequence[Row[Any]]) -> list[Listing]:
    """The lots in rows of `from_listed`, as a buyer sees them."""
    holders = [holder for row in rows for holder in (row.seller_holder_id, row.village_holder_id) if holder]
    names = {holder.id: holder.name or "" for holder in accounts.list_holders(holders).values()}
    return [_listing(row, _terms(row), names) for row in rows]


def _listing(row: Row[Any], terms: Terms, names: dict[int, str]) -> Listing:
    return Listing(
        id=row.id,
        code=row.code,
        project=row.Project,
        issuance=row.Issuance,
        seller=names[row.seller_holder_id],
        seller_holder_id=row.seller_holder_id,
        village=names.get(row.village_holder_id),
        terms=terms,
        shares=rules.allot(terms, terms.price_fen_per_step),
        offered_kg=row.offered_kg,
        remaining_kg=0 if row.closed_at or row.restraint == HALTED else row.available_kg,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        halted=row.restraint == HALTED,
        origin=origin_text(row.Origin),
    )
