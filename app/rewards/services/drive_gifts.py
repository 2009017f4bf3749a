"""Giving to drives: points, a day's steps, or units of their forest; each gift is thanked once.

What a sponsor pays for points goes to whoever the drive is for. Money buys units that are retired for the
drive: nobody hands bare money over here. Locks come in the books' order, the drive's own row last.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts.services import notices
from app.footprint import queries as footprint
from app.kit import clock
from app.kit.codes import checked_code
from app.kit.database import db
from app.kit.messages import LANGUAGES, t
from app.offsets import queries as offsets
from app.offsets.queries import OrderFacts
from app.offsets.services import causes, orders
from app.offsets.services.orders import Wish
from app.registry import queries as registry
from app.registry.errors import SoldOut
from app.rewards.errors.drives import DriveNotOpen, DriveReached, DriveWithoutForest, StepsGivenAway
from app.rewards.models.drives import DriveGift
from app.rewards.queries import drive_gifts as known
from app.rewards.queries import drive_giving as giving
from app.rewards.queries.drive_gifts import GiftFacts
from app.rewards.queries.drives import DriveFacts, get_by_id, get_drive
from app.rewards.rules.drives import DriveStatus, Gift
from app.rewards.services import grants, spending
from app.rewards.services.fairness import require_free

MOST_LOTS = 100
_COUNT = text(
    "UPDATE drive SET points = points + :points, bought_kg = bought_kg + :kg, paid_fen = paid_fen + :fen,"
    " gifts = gifts + 1, given_at = greatest(given_at, :at), givers = givers + CASE WHEN EXISTS (SELECT"
    "   FROM drive_gift WHERE drive_id = :drive AND holder_id = :holder) THEN 0 ELSE 1 END"
    " WHERE cause_id = :drive AND (:bought OR (closed_at IS NULL"
    "   AND (goal_fen IS NULL OR points + :points <= goal_fen)"
    "   AND (goal_kg IS NULL OR bought_kg < goal_kg))) RETURNING gifts"
)
_COUNT_MONTH = text(
    "INSERT INTO drive_month AS known (drive_id, month, gifts, points, quantity_kg)"
    " VALUES (:drive, :month, 1, :points, :kg) ON CONFLICT (drive_id, month) DO UPDATE"
    " SET gifts = known.gifts + 1, points = known.points + excluded.points,"
    "   quantity_kg = known.quantity_kg + excluded.quantity_kg"
)
_LOCK = text("SELECT cause_id FROM drive WHERE cause_id = :drive FOR UPDATE")


def give_points(holder_id: int, code: str, points: int) -> GiftFacts:
    """Give points to a drive; its sponsor's money goes to whoever the drive is for.

    Raises `DriveUnknown`, `DriveNotOpen`, `DriveReached`, and what `spending.reserve` refuses.
    """
    drive = _open(code)
    spending.spend(spending.reserve(holder_id, points, drive.kind, drive.row.payee_id))
    return _thank(drive, holder_id, Gift.POINTS, points=points, amount_fen=points)


def give_steps(holder_id: int, code: str, day: date) -> GiftFacts:
    """Give what the steps of a day earned, active or not yet; what was spent or given before stays so.

    Raises `DriveUnknown`, `DriveNotOpen`, `DriveReached`, `StepsGivenAway`, `PointsShort` for who owes, and
    `RedeemingHeld`.
    """
    drive = _open(code)
    require_free(holder_id)  # before their points: who decides about them takes these two in that order
    grants.lock_points(holder_id)
    walks = giving.list_step_grants(holder_id, drive.kind, day, day)
    if not walks:
        raise StepsGivenAway()
    payee_id = drive.row.payee_id
    # Several sponsors may pay for one day: all funds before any is drawn on, so that none wait in a ring.
    funds = {chart.FUND.of(walk.programme_id) for walk in walks} | {chart.PAYABLE.of(payee_id)}
    ledger.lock_balances(list(funds))
    points = sum(
        spending.spend_grant(holder_id, grants.ACTION, walk.action_id, drive.kind, payee_id) for walk in walks
    )
    steps = footprint.list_steps(holder_id, 1, day + timedelta(days=1))[0].steps
    return _thank(drive, holder_id, Gift.STEPS, points=points, step_day=day, steps=steps, amount_fen=points)


def order_units(
    holder_id: int, code: str, wish: Wish, reservation: timedelta, most_unpaid: int
) -> OrderFacts:
    """Order units of the drive's forest, as many or for as much as `wish` says, the oldest vintage first.

    They are retired for the drive once they are paid. Raises `DriveUnknown`, `DriveNotOpen`,
    `DriveWithoutForest`, `DriveReached`, and what `place_order` and `require_few_unpaid` raise.
    """
    drive = _open(code)
    orders.require_few_unpaid(holder_id, most_unpaid)
    for lot_code in _lots(drive, wish):
        asked = replace(wish, purpose=None, lot_code=lot_code, cause=drive.code, admitted=True)
        try:
            with db.session.begin_nested():  # who came too late to a lot must not hold its row at the next
                order = orders.place_order(holder_id, asked, reservation)
        except SoldOut:
            continue
        _require_room(drive, order.quantity_kg)
        return order
    raise SoldOut()


def _lots(drive: DriveFacts, wish: Wish) -> Iterator[str]:
    """The lots of a drive's forest on which something is left, the oldest vintage first."""
    if drive.row.project_code is None:
        raise DriveWithoutForest()
    listed = registry.list_lots(MOST_LOTS, project=drive.row.project_code, available=True)
    for lot in sorted(listed, key=lambda each: (each.issuance.vintage, each.id)):
        if wish.lot_code in (None, lot.code) and lot.remaining_kg >= (wish.quantity_kg or 0):
            yield lot.code


def _require_room(drive: DriveFacts, ordered_kg: int) -> None:
    """Refuse the order just placed if it promises a drive more than it asks for. Raises `DriveReached`."""
    if drive.goal.kg is None:
        return
    db.session.execute(_LOCK, {"drive": drive.id})
    stands = offsets.causes.standing(drive.id)
    left = drive.goal.kg - stands.reserved_kg - stands.paid_kg + ordered_kg
    if ordered_kg > left:
        raise _reached(drive, left)


def count_order(cause_id: int, order_id: int) -> GiftFacts | None:
    """Thank for a settled order, and let the drive owe what was retired for it; again, it does nothing."""
    causes.owe_bought(cause_id, "drive")
    if known.list_of_order([order_id]):
        return None
    order = offsets.get_orders([order_id])[order_id]
    assert order.certificate_number is not None
    certificate = offsets.get_certificate(order.certificate_number)
    gift = _thank(
        get_by_id(cause_id),
        order.holder_id,
        Gift.UNITS,
        order_id=order_id,
        quantity_kg=order.quantity_kg,
        amount_fen=order.amount_fen,
        told={
            "certificate": certificate.number,
            "serial": certificate.serial,
            "seller": certificate.forest.seller,
            "project_name": certificate.forest.name._asdict(),
            "vintage": certificate.forest.vintage,
            "product": certificate.forest.product,
            "retired_at": certificate.retired_at.isoformat(timespec="seconds"),
            "sample": certificate.forest.sample,
        },
    )
    notices.tell([order.holder_id], "rewards.notice_drive_thanks", f"drive_gift:{gift.number}")
    return gift


def _open(code: str) -> DriveFacts:
    """The drive, which takes something now for whom nothing is said against.

    Raises `DriveUnknown`, `DriveReached`, `DriveNotOpen`, `Sanctioned` for a payee who is suspended or
    removed; nobody becomes so before the commit.
    """
    drive = get_drive(code)
    if drive.status is DriveStatus.REACHED:
        raise _reached(drive, 0)
    if drive.status is not DriveStatus.OPEN:
        raise DriveNotOpen()
    registry.sanctions.require_free(drive.row.payee_id)
    return drive


def _thank(
    drive: DriveFacts, holder_id: int, kind: Gift, *, told: dict[str, Any] | None = None, **given: Any
) -> GiftFacts:
    """Count a gift on the drive's row and freeze the thanks for it. Raises `DriveReached`, `DriveNotOpen`."""
    at, number = clock.now(), checked_code(16)
    _count(drive, holder_id, kind, given, at)
    facts = _facts(drive, kind, given, at) | (told or {})
    row = DriveGift(
        number=number,
        drive_id=drive.id,
        holder_id=holder_id,
        kind=str(kind),
        facts=facts,
        given_at=at,
        **given,
    )
    db.session.add(row)
    db.session.flush()
    return known.get_thanks(number)


def _count(drive: DriveFacts, holder_id: int, kind: Gift, given: Mapping[str, Any], at: datetime) -> None:
    """Count a gift where pages read it; the drive's row is held first, so that a giver is counted once."""
    bought = kind is Gift.UNITS
    counted = {
        "drive": drive.id,
        "holder": holder_id,
        "points": given.get("points", 0),
        "kg": given.get("quantity_kg", 0),
        "fen": given["amount_fen"] if bought else 0,
        "bought": bought,
        "at": at,
        "month": f"{clock.business_day(at):%Y-%m}",
    }
    db.session.execute(_LOCK, counted)
    if db.session.scalar(_COUNT, counted) is None:
        now = get_by_id(drive.id)
        raise DriveNotOpen() if now.status is DriveStatus.CLOSED else _reached(now, now.left)
    db.session.execute(_COUNT_MONTH, counted)


def _reached(drive: DriveFacts, left: int) -> DriveReached:
    unit = "points" if drive.goal.kg is None else "kg"
    return DriveReached(left=t(f"rewards.left_{unit}", left=f"{left:,}"))


_PLAIN = ("points", "steps", "quantity_kg", "amount_fen")


def _facts(drive: DriveFacts, kind: Gift, given: dict[str, Any], at: datetime) -> dict[str, Any]:
    """What the thanks say, in plain values and both languages; nobody is named but who receives."""
    row, charity = drive.row, drive.charity
    facts: dict[str, Any] = {
        "drive": {"code": row.code, "title": {"zh": row.title_zh, "en": row.title_en}},
        "payee": drive.payee,
        "use": {"zh": row.use_zh, "en": row.use_en},
        "manner": drive.manner,
        "given": str(kind),
        "given_on": clock.business_day(at).isoformat(),
        **{name: given[name] for name in _PLAIN if name in given},
        "notes": [_both(f"rewards.thanks_note_{kind}"), _both(f"rewards.thanks_note_{drive.manner}")],
    }
    if "step_day" in given:
        facts["step_day"] = given["step_day"].isoformat()
    if charity is not None:
        facts["charity"] = {
            "name": charity.name,
            "credit_code": charity.credit_code,
            "fundraising_number": charity.fundraising_number,
        }
    if drive.project is not None and drive.project.project.sample:
        facts["sample"] = True
    return facts


def _both(message: str) -> dict[str, str]:
    return {each: t(message, each) for each in LANGUAGES}
