"""What an organisation's members see: budgets and what is left of them, orders, uses, whole years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from app.accounts.queries import memberships
from app.causes.models.organisations import Budget, NamedUse, OrganisationOrder
from app.causes.rules.organisations import Spending, bounds
from app.kit import clock
from app.kit.database import db
from app.kit.proof import Proof, none
from app.offsets.queries.orders import OrderFacts, get_order, list_orders
from app.offsets.queries.spending import orders_relation
from app.registry.queries.own_retirements import own_retired_from


@dataclass(frozen=True)
class BudgetFacts:
    """One budget and what is gone of it in the year or month of a day."""

    member_id: int | None
    period: str
    since: date
    until: date
    spending: Spending


@dataclass(frozen=True)
class PlacedOrder:
    """An organisation's order with who placed it and what it is for; no member for what operators placed."""

    order: OrderFacts
    member_id: int | None = None
    by_key: bool = False
    use_name: str | None = None
    period: str | None = None


_SPENT = text(
    "SELECT coalesce(sum(amount_fen - refunded_fen)"
    "   FILTER (WHERE status IN ('paid', 'settled')), 0)::bigint AS spent,"
    " coalesce(sum(amount_fen) FILTER (WHERE status = 'reserved'), 0)::bigint AS reserved"
    f" FROM {orders_relation()} o WHERE holder_id = :organisation AND reserved_at >= :since"
    " AND reserved_at < :until AND (CAST(:member AS bigint) IS NULL OR EXISTS"
    " (SELECT FROM organisation_order oo WHERE oo.order_id = o.order_id AND oo.member_id = :member))"
)


def list_spending(organisation_id: int, day: date) -> list[BudgetFacts]:
    """An organisation's budgets with what is gone of them; the organisation's own before its members'."""
    wanted = select(Budget).where(Budget.organisation_id == organisation_id)
    rows = db.session.scalars(wanted.order_by(Budget.member_id.asc().nulls_first(), Budget.period.desc()))
    return [_budget(row, day) for row in rows]


def _budget(row: Budget, day: date) -> BudgetFacts:
    since, until = bounds(row.period, day)
    spent_fen, reserved_fen = sum_spent(row.organisation_id, since, until, row.member_id)
    return BudgetFacts(
        row.member_id, row.period, since, until, Spending(row.limit_fen, spent_fen, reserved_fen)
    )


def sum_spent(
    organisation_id: int, since: date, until: date, member_id: int | None = None
) -> tuple[int, int]:
    """Fen paid that did not go back, and fen promised, of orders placed from one day to before another."""
    values = {
        "organisation": organisation_id,
        "since": _midnight(since),
        "until": _midnight(until),
        "member": member_id,
    }
    row = db.session.execute(_SPENT, values).one()
    return row.spent, row.reserved


def _midnight(day: date) -> datetime:
    return clock.end_of_day(day - timedelta(days=1))


def list_placed(organisation_id: int, limit: int, before: int | None = None) -> list[PlacedOrder]:
    """All orders of an organisation, whoever placed them, newest first; `before` is an order's id."""
    return _placed(list_orders(organisation_id, limit, before))


def get_placed(organisation_id: int, order_code: str) -> PlacedOrder:
    """An organisation's order, whoever placed it. Raises `OrderUnknown` also for another's."""
    return _placed([get_order(organisation_id, order_code)])[0]


def _placed(orders: Sequence[OrderFacts]) -> list[PlacedOrder]:
    ids = [order.id for order in orders]
    rows = db.session.scalars(select(OrganisationOrder).where(OrganisationOrder.order_id.in_(ids)))
    told = {row.order_id: (row.member_id, row.key_id is not None, row.use_name, row.period) for row in rows}
    return [PlacedOrder(order, *told.get(order.id, ())) for order in orders]


def list_uses(organisation_id: int, limit: int, before: int | None = None) -> Sequence[NamedUse]:
    """What units were used up for, newest first."""
    wanted = select(NamedUse).where(NamedUse.organisation_id == organisation_id)
    if before is not None:
        wanted = wanted.where(NamedUse.id < before)
    return db.session.scalars(wanted.order_by(NamedUse.id.desc()).limit(limit)).all()


def find_use(number: str) -> NamedUse | None:
    """What an organisation used units up for, by the retirement's number."""
    return db.session.scalar(select(NamedUse).where(NamedUse.number == number))


def find_public_use(number: str) -> NamedUse | None:
    """What a public retirement was for: in the words of an organisation whose name was verified.

    Nobody else's words stand on a public page: they could be somebody's name.
    """
    use = find_use(number)
    return use if use and memberships.get_organisation(use.organisation_id).verified else None


def uses_of(numbers: Sequence[str]) -> Mapping[str, NamedUse]:
    """Named uses by the retirement's number."""
    rows: Any = db.session.scalars(select(NamedUse).where(NamedUse.number.in_(numbers)))
    return {row.number: row for row in rows}


_FOREIGN = text(
    f"SELECT count(*) FROM organisation_order oo LEFT JOIN {orders_relation()} o USING (order_id)"
    " WHERE o.holder_id IS DISTINCT FROM oo.organisation_id"
)
_UNUSED = text(
    f"SELECT count(*) FROM named_use u LEFT JOIN {own_retired_from()} r USING (number)"
    " WHERE r.holder_id IS DISTINCT FROM u.organisation_id"
)


def prove() -> list[Proof]:
    """Every order is the organisation's that it is listed under, every named use a retirement of its own."""
    foreign, unused = (int(db.session.scalar(each) or 0) for each in (_FOREIGN, _UNUSED))
    return [none("causes.prove_organisations", foreign_orders=foreign, unused=unused)]
