"""Lots on sale as they are searched: any filters, three orders, one index walk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_

from app.accounts import queries as accounts
from app.kit.database import db
from app.registry import rules
from app.registry.models import Block, Issuance, Lot, OpenLot, Project
from app.registry.queries.lots import Listing, from_listed, get_lot, listings, quote
from app.registry.queries.sales import SaleTerms, list_sale_terms
from app.registry.rules import Allotment, Both, Preferences
from app.registry.rules.sanctions import HALTED


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; None is no matter.

    `region` is the beginning of an administrative code, `name` any part of the seller's or the
    forest's names, `least_kg` what must be there to be bought now.
    """

    product: str | None = None
    region: str | None = None
    village: str | None = None
    project: str | None = None
    forest_type: str | None = None
    vintage_from: int | None = None
    vintage_to: int | None = None
    most_fen_per_t: int | None = None
    least_kg: int | None = None
    name: str | None = None


def search_of(wish: Preferences) -> Search:
    """What fits a wish, as `rules.fits` says it."""
    return Search(
        product=wish.product,
        region=wish.region,
        forest_type=wish.forest_type,
        vintage_from=wish.vintage_from,
        vintage_to=wish.vintage_to,
        most_fen_per_t=wish.most_fen_per_t,
    )


def search_lots(
    search: Search, limit: int, after: int | None = None, *, sort: str = "opened"
) -> list[Listing]:
    """Lots of which a step can be bought now, in one of `rules.SORTS`; `after` is the last lot's id.

    What they are sorted by never changes, so a page goes on where the one before ended even when that
    lot has been closed meanwhile.
    """
    key, upwards = _ORDERS[sort]
    here = (OpenLot.lot_id == Lot.id) & (OpenLot.project_id == Project.id)
    wanted = from_listed().join(OpenLot, here).where(*_conditions(search))
    if after is not None:
        seen = _place(after)
        if seen is None:
            return []
        place = [seen[column.name] for column in key]
        beyond = tuple_(*key) > place if upwards else tuple_(*key) < place
        wanted = wanted.where(beyond)
    order = key if upwards else tuple(column.desc() for column in key)
    return listings(db.session.execute(wanted.order_by(*order).limit(limit)).all())


_ORDERS = {
    "opened": ((OpenLot.__table__.c.lot_id,), True),
    "newest": ((OpenLot.__table__.c.lot_id,), False),
    "price": ((OpenLot.__table__.c.price_fen_per_t, OpenLot.__table__.c.lot_id), True),
    "vintage": ((OpenLot.__table__.c.vintage, OpenLot.__table__.c.lot_id), True),
}


def _place(lot_id: int) -> dict[str, int] | None:
    """Where a lot stands in every order, open or closed."""
    row = db.session.execute(
        select(Lot.price_fen_per_step, Lot.step_kg, Issuance.vintage)
        .join(Issuance, Issuance.id == Lot.issuance_id)
        .where(Lot.id == lot_id)
    ).one_or_none()
    if row is None:
        return None
    price = min(rules.price_fen_per_t(row.price_fen_per_step, row.step_kg), 2**63 - 1)
    return {"lot_id": lot_id, "price_fen_per_t": price, "vintage": row.vintage}


_NAMES = tuple(
    getattr(Project, f"{part}_{lang}")
    for part in ("name", "county", "township", "village")
    for lang in ("zh", "en")
)


def _named(words: str) -> ColumnElement[bool]:
    """By plain comparison: Chinese has no spaces to cut words at, and forests on sale are few enough."""
    names = func.lower(func.concat_ws(" ", *_NAMES))
    forest = func.strpos(names, func.lower(words)) > 0
    return or_(forest, accounts.is_named(Lot.seller_holder_id, words))


_FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "product": lambda product: OpenLot.product == product,
    "region": lambda region: Project.region.startswith(region, autoescape=True),
    "village": lambda village: or_(Project.village_zh == village, Project.village_en == village),
    "project": lambda code: Project.code == code,
    "forest_type": lambda kind: Project.forest_type == kind,
    "vintage_from": lambda year: OpenLot.vintage >= year,
    "vintage_to": lambda year: OpenLot.vintage <= year,
    "most_fen_per_t": lambda price: OpenLot.price_fen_per_t <= price,
    "name": _named,
}


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    asked = [(filter_, getattr(search, name)) for name, filter_ in _FILTERS.items()]
    return [*_to_be_had(search.least_kg), *(filter_(value) for filter_, value in asked if value is not None)]


def _to_be_had(least_kg: int | None) -> tuple[ColumnElement[bool], ...]:
    """That no sanction halts it and enough is left, asked of both tables together.

    Asked of the lot alone, it would let PostgreSQL walk through all lots that were ever sold.
    """
    return Lot.restraint < HALTED, Lot.available_kg >= func.greatest(OpenLot.step_kg, least_kg or 0)


def is_on_sale(lot_id: int) -> bool:
    """Whether a step of this lot can be bought now."""
    found = select(Lot.id).where(
        Lot.id == lot_id, Lot.closed_at.is_(None), Lot.available_kg >= Lot.step_kg, Lot.restraint < HALTED
    )
    return db.session.scalar(found) is not None


@dataclass(frozen=True, slots=True)
class Place:
    """A county that has forests: its code and its name."""

    region: str
    name: Both


def list_places() -> list[Place]:
    """The counties of all forests, by their codes."""
    rows = db.session.execute(
        select(Project.region, func.min(Project.county_zh), func.min(Project.county_en))
        .group_by(Project.region)
        .order_by(Project.region)
        .limit(500)
    )
    return [Place(region, Both(chinese, english)) for region, chinese, english in rows]


@dataclass(frozen=True, slots=True)
class Sellable:
    """Units of one issuance that a holder may sell, and on which terms; `largest_kg` fit into one lot."""

    holder_id: int
    seller: str
    project: Project
    vintage: int
    earlier_kg: int
    free_kg: int
    largest_kg: int
    sale: SaleTerms

    @property
    def key(self) -> str:
        """How a form names the issuance; a vintage from abroad may have come in parts."""
        return f"{self.project.code}_{self.vintage}_{self.earlier_kg}"


def may_be_offered() -> ColumnElement[bool]:
    """Free blocks that may be put on sale; products without re-trade only by whom they were issued to."""
    retraded = [name for name, product in rules.PRODUCTS.items() if product.retrade]
    free = and_(Block.state == "active", Block.lot_id.is_(None), Block.bound.is_(None))
    return free & or_(Block.holder_id == Issuance.holder_id, Issuance.product.in_(retraded))


def list_sellable(limit: int, holder_id: int | None = None) -> list[Sellable]:
    """What a holder may put on sale, the oldest vintage first.

    Without one: what villages, households and organisations may, which have no way in. A lot is one
    block, so that its serials stay together.
    """
    quantity = Block.last_serial - Block.first_serial + 1
    whose = (
        accounts.is_of_kind(Block.holder_id, [kind for kind in rules.SELLERS if kind != "person"])
        if holder_id is None
        else Block.holder_id == holder_id
    )
    rows = db.session.execute(
        select(Block.holder_id, Project, Issuance, func.sum(quantity), func.max(quantity))
        .join(Issuance, Issuance.id == Block.issuance_id)
        .join(Project, Project.id == Issuance.project_id)
        .where(may_be_offered(), whose)
        .group_by(Block.holder_id, Project.id, Issuance.id)
        .order_by(Issuance.vintage, Project.id, Block.holder_id, Issuance.id)
        .limit(limit)
    ).all()
    holders = accounts.list_holders([row.holder_id for row in rows])
    sales = list_sale_terms([(row.holder_id, row.Issuance.id) for row in rows])
    return [
        Sellable(
            row.holder_id,
            holders[row.holder_id].name or "",
            row.Project,
            row.Issuance.vintage,
            row.Issuance.earlier_kg,
            int(row[3]),
            int(row[4]),
            sale,
        )
        for row in rows
        if (sale := sales.get((row.holder_id, row.Issuance.id))) is not None and sale.open
    ]


def list_lots_of(seller_id: int, limit: int, after: int | None = None) -> list[Listing]:
    """Every lot of a seller, the newest first, closed ones too; `after` is the last lot's id."""
    wanted = from_listed().where(Lot.seller_holder_id == seller_id).order_by(Lot.id.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(Lot.id < after)
    return listings(db.session.execute(wanted).all())


def list_sold_out(limit: int) -> Sequence[int]:
    """Lots on sale of which no step is left and none can come back."""
    rest = Lot.available_kg + Lot.reserved_kg < OpenLot.step_kg
    found = select(Lot.id).join(OpenLot, OpenLot.lot_id == Lot.id).where(rest).order_by(Lot.id)
    return db.session.scalars(found.limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Quote:
    """What a purchase of this very quantity costs, and who gets how much of it."""

    listing: Listing
    quantity_kg: int
    amount_fen: int
    shares: Allotment

    @property
    def available(self) -> bool:
        """Whether as much is there now."""
        return self.listing.remaining_kg >= self.quantity_kg


def get_quote(code: str, quantity_kg: int | None, amount_fen: int | None) -> Quote:
    """The quote of a purchase of which exactly one is given. Raises `LotUnknown`, `QuantityNotSold`."""
    listing = get_lot(code)
    quantity, amount = quote(listing, quantity_kg, amount_fen)
    return Quote(listing, quantity, amount, rules.allot(listing.terms, amount))
