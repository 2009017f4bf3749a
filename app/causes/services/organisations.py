"""What is done in an organisation's name: ordering within budgets, using units for named purposes.

Whoever orders locks the organisation's budgets first and is measured after the order stands, so that of a
hundred orders at once as many are placed as the budget holds, and the rest leave nothing behind.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from app.causes.errors.organisations import BudgetExceeded
from app.causes.models.organisations import Budget, NamedUse, OrganisationOrder
from app.causes.queries.organisations import list_spending
from app.causes.services.webhooks import notify
from app.kit import clock
from app.kit.database import db
from app.offsets.queries import OrderFacts
from app.offsets.rules import OrderChannel
from app.offsets.services import orders, transfers
from app.offsets.services.orders import Wish
from app.registry.queries.serials import Run
from app.registry.services import holdings

_LOCK = text("SELECT 1 FROM organisation WHERE holder_id = :id FOR NO KEY UPDATE")
"""No stronger: whoever writes a notice holds the feed, and its foreign key looks at the organisation."""


@dataclass(frozen=True)
class For:
    """Who acts for which organisation (for a key: whoever made it), and what it is for."""

    organisation_id: int
    member_id: int
    key_id: int | None = None
    use_name: str | None = None
    period: str | None = None


def place_order(told: For, wish: Wish, reservation: timedelta, most_unpaid: int) -> OrderFacts:
    """Order units for an organisation, to be paid by whoever acts for it or by bank.

    Raises `BudgetExceeded`, `TooManyUnpaid`, and what placing an order refuses.
    """
    db.session.execute(_LOCK, {"id": told.organisation_id})
    orders.require_few_unpaid(told.organisation_id, most_unpaid)
    if wish.channel == OrderChannel.OFFLINE:
        order = transfers.place_transfer_order(None, told.organisation_id, wish, reservation)
    else:
        order = orders.place_order(told.organisation_id, wish, reservation)
    db.session.add(
        OrganisationOrder(
            order_id=order.id,
            order_code=order.code,
            organisation_id=told.organisation_id,
            member_id=told.member_id,
            key_id=told.key_id,
            use_name=told.use_name,
            period=told.period,
            placed_at=order.reserved_at,
            told="reserved",
        )
    )
    db.session.flush()
    for each in list_spending(told.organisation_id, clock.business_day(order.reserved_at)):
        if each.member_id in (None, told.member_id) and not each.spending.allows():
            left_fen = max(0, (each.spending.left_fen or 0) + order.amount_fen)
            raise BudgetExceeded(left=f"{left_fen / 100:.2f}", amount=f"{order.amount_fen / 100:.2f}")
    notify(told.organisation_id, "order.placed", order_data(order))
    return order


def set_budget(
    organisation_id: int, member_id: int | None, period: str, limit_fen: int | None, set_by: int
) -> None:
    """Limit what an organisation, or one member, orders for in any year or month; None lifts it.

    What was ordered before stays, also beyond a limit that comes later.
    """
    db.session.execute(_LOCK, {"id": organisation_id})
    if limit_fen is None:
        same = (Budget.organisation_id == organisation_id, Budget.period == period)
        whose = Budget.member_id.is_(None) if member_id is None else Budget.member_id == member_id
        db.session.execute(delete(Budget).where(*same, whose))
        return
    row = {"limit_fen": limit_fen, "set_by": set_by, "set_at": clock.now()}
    key = {"organisation_id": organisation_id, "member_id": member_id, "period": period}
    statement = insert(Budget).values(**key, **row)
    db.session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=row))


def use_units(told: For, run: Run, quantity_kg: int, beneficiary: str | None) -> str:
    """Retire a part of what an organisation holds for a named purpose and period; gives its public number.

    Raises what retiring one's own units refuses.
    """
    retired = holdings.retire_units(told.organisation_id, run, quantity_kg, "organisation", beneficiary)
    db.session.add(
        NamedUse(
            number=retired.number,
            organisation_id=told.organisation_id,
            member_id=told.member_id,
            use_name=told.use_name or "",
            period=told.period,
            used_at=retired.retired_at,
        )
    )
    db.session.flush()
    data = {"number": retired.number, "quantity_kg": quantity_kg, "use": told.use_name, "period": told.period}
    notify(told.organisation_id, "units.retired", data)
    return retired.number


def transfer_units(told: For, run: Run, quantity_kg: int, receiver: str) -> str:
    """Hand units over to another holder; gives their serials. Raises what transferring refuses."""
    done = holdings.transfer_units(told.organisation_id, run, quantity_kg, receiver)
    serial = run.series.text(done.block.serials)
    notify(told.organisation_id, "units.transferred", {"serial": serial, "quantity_kg": quantity_kg})
    return serial


def order_data(order: OrderFacts) -> dict[str, object]:
    """What a notice says of an order: nothing that its own page does not show."""
    return {
        "order": order.code,
        "status": str(order.status),
        "quantity_kg": order.quantity_kg,
        "amount_fen": order.amount_fen,
        "certificate": order.certificate_number,
    }
