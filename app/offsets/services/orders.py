"""Placing and expiring orders 订单."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import select, text

from app.accounts import ledger
from app.accounts.chart import CARRY, CODES, DUE
from app.kit import clock
from app.kit.codes import checked_code, random_code
from app.kit.database import db, run
from app.kit.messages import t
from app.offsets import rules
from app.offsets.errors import ProductNotForPurpose, TooManyUnpaid
from app.offsets.models import CauseTurn, Order
from app.offsets.purposes import PURPOSES
from app.offsets.queries import OrderFacts
from app.offsets.rules import OrderChannel, OrderStatus
from app.offsets.services.causes import require_cause
from app.registry import queries as registry_queries
from app.registry import services as registry
from app.registry.errors import DailyLimitReached, LotHalted, LotUnknown, SoldOut
from app.registry.queries import LotFacts
from app.registry.rules import YIYUAN
from app.registry.rules.sanctions import FREE, HALTED, LIMITED

CHANCES = 5
"""How often a lot is chosen anew when others empty it at the same moment."""
DESCRIPTION = "森惠{product} {quantity_kg} kg"


@dataclass(frozen=True)
class Wish:
    """What a buyer asks for: exactly one of quantity and money; a lot, a village, a region, or any.

    `cause` is the code of what it is bought for; its purpose is then the cause's. `admitted` is who may
    buy for it though it is neither theirs nor shared: by an operator's word, or a case's link. To `keep` the
    units they are paid by bank and handed over, not retired.
    """

    purpose: str | None = None
    quantity_kg: int | None = None
    amount_fen: int | None = None
    lot_code: str | None = None
    region: str | None = None
    village: str | None = None
    product: str = YIYUAN
    beneficiary: str | None = None
    channel: OrderChannel = OrderChannel.WECHAT
    cause: str | None = None
    admitted: bool = False
    keep: bool = False


@dataclass(frozen=True)
class _For:
    """For what is bought: a purpose, and the cause that owes it if there is one."""

    purpose: str
    cause_id: int | None


_FEW_UNPAID = text("SELECT unpaid_orders(:holder)")


def require_few_unpaid(holder_id: int, most: int) -> None:
    """Let nobody hold more units than they mean to buy: reservations keep them from others.

    Counted under a lock of this holder's, so that orders placed at once are counted too. Raises
    `TooManyUnpaid`.
    """
    if (db.session.scalar(_FEW_UNPAID, {"holder": holder_id}) or 0) >= most:
        raise TooManyUnpaid(most=most)


def place_order(holder_id: int, wish: Wish, reservation: timedelta) -> OrderFacts:
    """Reserve units for `wish` until `reservation` has passed.

    A named lot is taken as named; otherwise the oldest vintage that has enough, and another one when
    somebody empties that at the same moment, or a sanction lets no more be sold from it today. Raises
    `SoldOut`, `LotUnknown`, `LotHalted`, `DailyLimitReached` or `QuantityNotSold`; for a cause also
    `CauseUnknown`, `CauseClosed`, `CauseOther` and `ProductNotForPurpose`.
    """
    bought_for = _bought_for(holder_id, wish)
    most_restraint = LIMITED
    for _ in range(CHANCES):
        lot = _choose(wish, most_restraint)
        _require_product(bought_for, lot)
        quantity_kg, amount_fen = registry_queries.quote(lot, wish.quantity_kg, wish.amount_fen)
        try:
            order = _reserve(holder_id, wish, bought_for, lot, quantity_kg, amount_fen, reservation)
        except DailyLimitReached:
            if wish.lot_code is not None:
                raise
            most_restraint = FREE
            continue
        if order is not None:
            return order
        if wish.lot_code is not None and _choose(wish).restraint == lot.restraint:
            raise SoldOut()  # otherwise a sanction was laid or lifted at this moment
    raise SoldOut()


def _bought_for(holder_id: int, wish: Wish) -> _For:
    if wish.cause is not None:
        cause = require_cause(holder_id, wish.cause, wish.purpose, admitted=wish.admitted)
        return _For(cause.purpose, cause.id)
    if wish.purpose is None or PURPOSES[wish.purpose].cause is not None:
        raise ValueError("what is bought needs a purpose, or the cause that has it")
    return _For(wish.purpose, None)


def _require_product(bought_for: _For, lot: LotFacts) -> None:
    allowed = PURPOSES[bought_for.purpose].products
    if allowed is not None and lot.terms.product not in allowed:
        raise ProductNotForPurpose()


_FIELDS = {
    "code": "text",
    "holder_id": "bigint",
    "purpose": "text",
    "cause_id": "bigint",
    "kept": "boolean",
    "channel": "text",
    "lot_id": "bigint",
    "quantity_kg": "bigint",
    "amount_fen": "bigint",
    "description": "text",
    "beneficiary": "text",
    "certificate_number": "text",
    "reserved_at": "timestamptz",
    "expires_at": "timestamptz",
    "next_check_at": "timestamptz",
}


@cache
def _statement() -> str:
    """The one statement that places an order, so that a hot lot's row is held for one round trip.

    Settlement reads what is owed under a lock, so there must be an account to lock by then.
    """
    owes = "coalesce(%(cause_id)s::bigint, %(holder_id)s::bigint)"
    ids = [f"{owes} * {CODES} + {kind.code}" for kind in (DUE, CARRY)]
    values = ", ".join(f"%({name})s::{kind}" for name, kind in _FIELDS.items())
    taken = registry.reservation_from("%(lot_id)s", "%(quantity_kg)s::bigint", "%(restraint)s")
    return (
        f"WITH reserved AS ({taken}),"
        f" opened AS ({ledger.accounts_from(*ids)})"
        f" INSERT INTO orders ({', '.join(_FIELDS)}) SELECT {values} FROM reserved RETURNING id"
    )


def _reserve(
    holder_id: int,
    wish: Wish,
    bought_for: _For,
    lot: LotFacts,
    quantity_kg: int,
    amount_fen: int,
    reservation: timedelta,
) -> OrderFacts | None:
    """Write the order with its reservation; None when the lot does not hold as much any more.

    Locks come in one order: a lot's row, then the count of a limit over it. A reservation that came too
    late has waited for the lot's row and holds it, so it is taken back before another lot is tried: who
    holds one lot waits for no other, and nobody who has one waits for the table of sanctions, which
    whoever lays one locks before the lots. Raises `DailyLimitReached`.
    """
    if wish.lot_code is not None and lot.restraint != LIMITED:
        return _write(holder_id, wish, bought_for, lot, quantity_kg, amount_fen, reservation)
    with db.session.begin_nested() as attempt:
        order = _write(holder_id, wish, bought_for, lot, quantity_kg, amount_fen, reservation)
        if order is None:
            attempt.rollback()
        elif lot.restraint == LIMITED:
            registry.sanctions.count_sale(lot.id, quantity_kg)
    return order


def _write(
    holder_id: int,
    wish: Wish,
    bought_for: _For,
    lot: LotFacts,
    quantity_kg: int,
    amount_fen: int,
    reservation: timedelta,
) -> OrderFacts | None:
    now = clock.now()
    terms: dict[str, Any] = {
        "code": random_code(),
        "holder_id": holder_id,
        "purpose": bought_for.purpose,
        "cause_id": bought_for.cause_id,
        "kept": wish.keep,
        "channel": str(wish.channel),
        "lot_id": lot.id,
        "quantity_kg": quantity_kg,
        "amount_fen": amount_fen,
        "description": DESCRIPTION.format(
            product=t(f"registry.product_{lot.terms.product}", "zh"), quantity_kg=quantity_kg
        ),
        "beneficiary": wish.beneficiary,
        "reserved_at": now,
        "expires_at": now + reservation,
    }
    hidden = {
        "certificate_number": checked_code(16),
        "next_check_at": now + reservation,
        "restraint": lot.restraint,
    }
    row = run(_statement(), {**terms, **hidden}).fetchone()
    if row is None:
        return None
    if bought_for.cause_id is not None:
        db.session.add(CauseTurn(order_id=row[0]))
        db.session.flush()
    return OrderFacts(id=row[0], status=OrderStatus.RESERVED, **terms)


def _choose(wish: Wish, most_restraint: int = LIMITED) -> LotFacts:
    if wish.lot_code is not None:
        lot = registry_queries.find_lot(wish.lot_code)
        if lot is None:
            raise LotUnknown()
        if lot.restraint == HALTED:
            raise LotHalted()
        return lot
    lot = registry_queries.oldest_lot(
        wish.quantity_kg,
        wish.amount_fen,
        region=wish.region,
        product=wish.product,
        village=wish.village,
        most_restraint=most_restraint,
    )
    if lot is None:
        raise SoldOut()
    return lot


def expire_order(order_id: int) -> bool:
    """Let an unpaid order go and release its units; False when it was paid or has expired already.

    The provider must have been asked before: this only records that no payment can come any more.
    """
    order = db.session.get_one(Order, order_id, with_for_update=True)
    now = clock.now()
    if order.paid_at is not None or order.expired_at is not None or order.expires_at > now:
        return False
    order.expired_at = now
    registry.release(order.lot_id, order.quantity_kg)
    return True


@dataclass(frozen=True)
class Unpaid:
    """An order whose turn it is to be looked at, as it stood when it was claimed."""

    id: int
    code: str
    prepaid: bool
    overdue: bool


def claim_unpaid(limit: int) -> list[Unpaid]:
    """Orders whose turn it is to be looked at, each with its next turn set, so that no other takes them."""
    now = clock.now()
    waiting = db.session.scalars(
        select(Order)
        .where(Order.paid_at.is_(None), Order.expired_at.is_(None), Order.next_check_at <= now)
        .order_by(Order.next_check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for order in waiting:
        order.next_check_at = rules.next_check(now, order.prepaid_at or order.reserved_at, order.expires_at)
    return [Unpaid(o.id, o.code, o.prepaid_at is not None, o.expires_at <= now) for o in waiting]
