"""Wishes 求购: what is asked for, what was offered to it, and which wishes a lot fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, tuple_

from app.kit import clock
from app.kit.database import db
from app.registry import rules
from app.registry.errors import WishUnknown
from app.registry.models import Lot, Wish, WishOffer
from app.registry.queries.lots import Listing, from_listed, listings
from app.registry.rules import Offer, Preferences, WishStatus
from app.registry.rules.sanctions import HALTED


@dataclass(frozen=True, slots=True)
class WishFacts:
    """A wish as it stands; nothing in it says whose it is but `holder_id`, which no view shows."""

    id: int
    code: str
    holder_id: int
    quantity_kg: int
    step_kg: int
    most_fen_per_step: int
    preferences: Preferences
    bought_kg: int
    sample: bool
    opened_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    status: WishStatus
    reason: str | None

    @property
    def remaining_kg(self) -> int:
        """What is still wished for."""
        return max(0, self.quantity_kg - self.bought_kg)

    @property
    def is_open(self) -> bool:
        """Whether it can be answered."""
        return self.status is WishStatus.OPEN


@dataclass(frozen=True, slots=True)
class WishSearch:
    """What is looked for among wishes; None is no matter.

    `region`, `forest_type` and the vintages are a seller's: what they have, not what must be asked for.
    """

    product: str | None = None
    region: str | None = None
    forest_type: str | None = None
    vintage_from: int | None = None
    vintage_to: int | None = None
    least_fen_per_t: int | None = None
    least_kg: int | None = None


def list_wishes(
    search: WishSearch, limit: int, after: int | None = None, *, sort: str = "newest"
) -> list[WishFacts]:
    """Open wishes, the newest or the highest price first; `after` is the last wish's id."""
    key = (Wish.most_fen_per_t, Wish.id) if sort == "price" else (Wish.id,)
    wanted = select(Wish).where(*_open(), *_conditions(search))
    if after is not None:
        seen = db.session.get(Wish, after)
        if seen is None:
            return []
        wanted = wanted.where(tuple_(*key) < tuple(getattr(seen, column.key) for column in key))
    rows = db.session.scalars(wanted.order_by(*(column.desc() for column in key)).limit(limit))
    return [wish_facts(row) for row in rows]


def list_wishes_for(offer: Offer, limit: int, after: int | None = None) -> list[WishFacts]:
    """The open wishes that a lot fits, the newest first; `after` is the last wish's id."""
    wanted = select(Wish).where(*_open(), *_fitting(offer)).order_by(Wish.id.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(Wish.id < after)
    return [wish_facts(row) for row in db.session.scalars(wanted)]


def count_wishes_for(offer: Offer, most: int) -> int:
    """How many open wishes a lot fits, counted up to `most`."""
    found = select(Wish.id).where(*_open(), *_fitting(offer)).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(found)) or 0


def list_wishes_of(holder_id: int, limit: int, before: int | None = None) -> list[WishFacts]:
    """Every wish of a holder, the newest first; `before` is a wish's id."""
    wanted = select(Wish).where(Wish.holder_id == holder_id).order_by(Wish.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Wish.id < before)
    return [wish_facts(row) for row in db.session.scalars(wanted)]


def get_wish(code: str, holder_id: int | None = None) -> WishFacts:
    """The wish with this code; a hidden one only for its own holder. Raises `WishUnknown`."""
    row = db.session.scalar(select(Wish).where(Wish.code == code)) if code.isascii() else None
    if row is None or (row.closed_as == WishStatus.HIDDEN and row.holder_id != holder_id):
        raise WishUnknown()
    return wish_facts(row)


def get_own_wish(holder_id: int, code: str) -> WishFacts:
    """A wish of this holder. Raises `WishUnknown` also for another's."""
    wish = get_wish(code, holder_id)
    if wish.holder_id != holder_id:
        raise WishUnknown()
    return wish


def list_offers(wish_id: int) -> list[Listing]:
    """The lots offered to a wish of which something can be bought now, the newest offer first."""
    wanted = (
        from_listed()
        .join(WishOffer, WishOffer.lot_id == Lot.id)
        .where(
            WishOffer.wish_id == wish_id,
            Lot.closed_at.is_(None),
            Lot.available_kg >= Lot.step_kg,
            Lot.restraint < HALTED,
        )
        .order_by(WishOffer.offered_at.desc(), Lot.id.desc())
        .limit(rules.MOST_OFFERS)
    )
    return listings(db.session.execute(wanted).all())


def count_offers(wish_ids: Sequence[int]) -> dict[int, int]:
    """How many lots each of these wishes was offered; those without are not named."""
    counted = select(WishOffer.wish_id, func.count()).where(WishOffer.wish_id.in_(wish_ids))
    return {row[0]: row[1] for row in db.session.execute(counted.group_by(WishOffer.wish_id))}


def wish_facts(row: Wish) -> WishFacts:
    """A wish as it stands now."""
    return WishFacts(
        id=row.id,
        code=row.code,
        holder_id=row.holder_id,
        quantity_kg=row.quantity_kg,
        step_kg=row.step_kg,
        most_fen_per_step=row.most_fen_per_step,
        preferences=Preferences(
            row.product, row.most_fen_per_t, row.region, row.forest_type, row.vintage_from, row.vintage_to
        ),
        bought_kg=row.bought_kg,
        sample=row.sample,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
        status=rules.wish_status(row.closed_as, row.expires_at, clock.now()),
        reason=row.reason,
    )


def _open() -> tuple[ColumnElement[bool], ...]:
    return Wish.closed_at.is_(None), Wish.expires_at > clock.now()


def _fitting(offer: Offer) -> tuple[ColumnElement[bool], ...]:
    """`rules.fits`, asked from the lot's side."""
    return (
        Wish.product == offer.product,
        Wish.most_fen_per_t >= offer.price_fen_per_t,
        or_(Wish.region.is_(None), func.starts_with(offer.region, Wish.region)),
        or_(Wish.forest_type.is_(None), Wish.forest_type == offer.forest_type),
        or_(Wish.vintage_from.is_(None), Wish.vintage_from <= offer.vintage),
        or_(Wish.vintage_to.is_(None), Wish.vintage_to >= offer.vintage),
    )


_FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "product": lambda product: Wish.product == product,
    "region": lambda region: or_(
        Wish.region.is_(None),
        func.starts_with(region, Wish.region),
        Wish.region.startswith(region, autoescape=True),
    ),
    "forest_type": lambda kind: or_(Wish.forest_type.is_(None), Wish.forest_type == kind),
    "vintage_from": lambda year: or_(Wish.vintage_to.is_(None), Wish.vintage_to >= year),
    "vintage_to": lambda year: or_(Wish.vintage_from.is_(None), Wish.vintage_from <= year),
    "least_fen_per_t": lambda price: Wish.most_fen_per_t >= price,
    "least_kg": lambda quantity: Wish.quantity_kg - Wish.bought_kg >= quantity,
}


def _conditions(search: WishSearch) -> list[ColumnElement[bool]]:
    asked = [(filter_, getattr(search, name)) for name, filter_ in _FILTERS.items()]
    return [filter_(value) for filter_, value in asked if value is not None]
