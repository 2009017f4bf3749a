"""Wishes 求购: posted, withdrawn, hidden, answered with lots, and ended by what was bought or by time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.accounts.services import audit
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db, write
from app.registry import queries, rules
from app.registry.errors import (
    LotDoesNotFit,
    NotTheSeller,
    OwnWish,
    TooManyOffers,
    TooManyWishes,
    WishClosed,
    WishUnknown,
)
from app.registry.models import Wish, WishOffer, WishPurchase
from app.registry.queries import WishFacts
from app.registry.rules import STEP_KG, WishStatus

_ALONE = text("SELECT pg_advisory_xact_lock(7304218, (:holder % 2147483647)::integer)")


@dataclass(frozen=True, slots=True)
class WishTerms:
    """What is asked for: how much, the most paid for a step of the product, until when; None: no matter."""

    product: str
    quantity_kg: int
    most_fen_per_step: int
    expires_at: datetime
    region: str | None = None
    forest_type: str | None = None
    vintage_from: int | None = None
    vintage_to: int | None = None


def post_wish(holder_id: int, terms: WishTerms, *, sample: bool = False) -> WishFacts:
    """Ask for units in public, without a name; a `sample` says that it is one.

    Raises `TooManyWishes`, and `NotWholeSteps`.
    """
    most_fen_per_t = rules.wished_fen_per_t(terms.product, terms.quantity_kg, terms.most_fen_per_step)
    db.session.execute(_ALONE, {"holder": holder_id})  # wishes posted at once are counted too
    standing = select(func.count()).where(
        Wish.holder_id == holder_id, Wish.closed_at.is_(None), Wish.expires_at > clock.now()
    )
    if (db.session.scalar(standing) or 0) >= rules.MOST_OPEN_WISHES:
        raise TooManyWishes(most=rules.MOST_OPEN_WISHES)
    wish = Wish(
        code=random_code(),
        holder_id=holder_id,
        product=terms.product,
        step_kg=STEP_KG[terms.product],
        quantity_kg=terms.quantity_kg,
        most_fen_per_step=terms.most_fen_per_step,
        most_fen_per_t=most_fen_per_t,
        region=terms.region,
        forest_type=terms.forest_type,
        vintage_from=terms.vintage_from,
        vintage_to=terms.vintage_to,
        sample=sample,
        opened_at=clock.now(),
        expires_at=terms.expires_at,
        bought_kg=0,
    )
    db.session.add(wish)
    db.session.flush()
    return queries.wish_facts(wish)


def withdraw_wish(holder_id: int, code: str) -> WishFacts:
    """Take a wish back. Raises `WishUnknown` also for another's, `WishClosed`."""
    wish = _lock_open(code)
    if wish.holder_id != holder_id:
        raise WishUnknown()
    return _close(wish, WishStatus.WITHDRAWN)


def hide_wish(operator_id: int, code: str, reason: str) -> WishFacts:
    """Take a wish out of everybody's sight for a `reason`, which who wished is told.

    Raises `WishUnknown`, `WishClosed`.
    """
    wish = _lock_open(code)
    hidden = _close(wish, WishStatus.HIDDEN, reason)
    audit.record(operator_id, "wish_hidden", wish.code, {"reason": reason})
    return hidden


def offer_lot(seller_id: int, wish_code: str, lot_code: str) -> bool:
    """Answer a wish with a lot of one's own; False when it was offered before.

    Who wished sees it on their page and orders from it. Raises `WishUnknown`, `WishClosed`, `LotUnknown`,
    `NotTheSeller`, `OwnWish`, `LotDoesNotFit`, `TooManyOffers`.
    """
    lot = queries.get_lot(lot_code)
    if lot.seller_holder_id != seller_id:
        raise NotTheSeller()
    return _offer(wish_code, lot, None)


def offer_lot_for(operator_id: int, wish_code: str, lot_code: str) -> bool:
    """Answer a wish with a lot on behalf of its seller, who has no way in. Raises as `offer_lot`."""
    fresh = _offer(wish_code, queries.get_lot(lot_code), operator_id)
    if fresh:
        audit.record(operator_id, "lot_offered", lot_code, {"wish": wish_code})
    return fresh


def _offer(wish_code: str, lot: queries.Listing, operator_id: int | None) -> bool:
    wish = _lock_open(wish_code)  # so that offers made at once are counted too
    facts = queries.wish_facts(wish)
    if wish.holder_id == lot.seller_holder_id:
        raise OwnWish()
    if not (queries.is_on_sale(lot.id) and rules.fits(lot.offer, facts.preferences)):
        raise LotDoesNotFit()
    offers = select(WishOffer.lot_id).where(WishOffer.wish_id == wish.id)
    known = db.session.scalars(offers).all()
    if lot.id not in known and len(known) >= rules.MOST_OFFERS:
        raise TooManyOffers(most=rules.MOST_OFFERS)
    fresh = db.session.scalar(
        insert(WishOffer)
        .values(wish_id=wish.id, lot_id=lot.id, operator_id=operator_id, offered_at=clock.now())
        .on_conflict_do_nothing()
        .returning(WishOffer.lot_id)
    )
    return fresh is not None


def count_purchase(wish_id: int, reference: int, quantity_kg: int) -> bool:
    """Count a settled purchase towards a wish, once; False when it was counted before.

    A wish of which as much was bought as was wished for has come to its end.
    """
    # Before the row that refers to it: that would share the lock, and two who share it wait for each other.
    wish = db.session.get_one(Wish, wish_id, with_for_update=True, populate_existing=True)
    fresh = db.session.scalar(
        insert(WishPurchase)
        .values(wish_id=wish_id, reference=reference, quantity_kg=quantity_kg, counted_at=clock.now())
        .on_conflict_do_nothing()
        .returning(WishPurchase.reference)
    )
    if fresh is None:
        return False
    wish.bought_kg += quantity_kg
    if wish.closed_at is None and wish.bought_kg >= wish.quantity_kg:
        _close(wish, WishStatus.FULFILLED)
    db.session.flush()
    return True


def end_wishes() -> int:
    """Write down of wishes whose time is over that it is; returns how many.

    They are gone from every list already: this keeps the index of open wishes as small as they are few.
    """
    now = clock.now()
    return write(
        update(Wish)
        .where(Wish.closed_at.is_(None), Wish.expires_at <= now)
        .values(closed_at=now, closed_as=WishStatus.EXPIRED)
        .execution_options(synchronize_session=False)
    )


def _lock_open(code: str) -> Wish:
    """The open wish with this code, locked. Raises `WishUnknown`, `WishClosed`."""
    wanted = select(Wish).where(Wish.code == code).with_for_update()
    wish = db.session.scalar(wanted.execution_options(populate_existing=True)) if code.isascii() else None
    if wish is None or wish.closed_as == WishStatus.HIDDEN:
        raise WishUnknown()
    if not queries.wish_facts(wish).is_open:
        raise WishClosed()
    return wish


def _close(wish: Wish, status: WishStatus, reason: str | None = None) -> WishFacts:
    wish.closed_at, wish.closed_as, wish.reason = clock.now(), str(status), reason
    db.session.flush()
    return queries.wish_facts(wish)
