"""Planting together: a goal is set, pledged or bought in parts, and ends as it was told beforehand.

Whoever changes a planting holds its row; the cause, the lot and the books are locked after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts.services import notices
from app.kit import clock
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import Unreadable
from app.offsets.queries import OrderFacts
from app.offsets.services import attestations, causes, orders
from app.offsets.services.orders import Wish
from app.registry import queries as registry
from app.registry.errors import QuantityNotSold
from app.registry.queries import Listing
from app.rewards.errors.plantings import (
    ForestUnlike,
    PlantingBegun,
    PlantingClosed,
    PlantingFull,
    PlantingOrganiserOnly,
    TooManyPlantings,
)
from app.rewards.models.groups import Group
from app.rewards.models.plantings import Planting, PlantingPledge
from app.rewards.queries import groups
from app.rewards.queries import plantings as known
from app.rewards.queries.plantings import PURPOSE, PlantingFacts
from app.rewards.rules.plantings import (
    Share,
    Status,
    Way,
    faulty_days,
    outcome,
    pledge_room_kg,
)

MOST_OPEN = 5
"""How many of one group may be under way; of a day as many, whatever became of them: its members are told."""
_TURN = 200


@dataclass(frozen=True)
class NewPlanting:
    """What a member proposes to their group: how much, of which forest, how, until when."""

    group: str
    goal_kg: int
    lot: str
    way: Way
    last_day: date


def begin_planting(holder_id: int, wish: NewPlanting) -> PlantingFacts:
    """Begin a planting of a group of one's own, on terms that never change.

    Raises `GroupUnknown`, `LotUnknown`, `QuantityNotSold`, `Unreadable`, `TooManyPlantings`.
    """
    group = groups.get_own(holder_id, wish.group)
    lot = registry.get_lot(wish.lot)
    _require_steps(lot, wish.goal_kg)
    if faulty_days(clock.business_day(), wish.last_day):
        raise Unreadable(errors=[{"pointer": "#/last_day", "detail": t("rewards.planting_days_faulty")}])
    db.session.get_one(Group, group.id, with_for_update=True)
    now = clock.now()
    told = Planting.ended_at.is_(None) | (Planting.begun_at > now - timedelta(days=1))
    of_group = (Planting.group_id == group.id, told)
    if (db.session.scalar(select(func.count()).select_from(Planting).where(*of_group)) or 0) >= MOST_OPEN:
        raise TooManyPlantings(most=MOST_OPEN)
    cause = causes.open_cause(PURPOSE, None, t("rewards.planting_of", "zh", goal_kg=wish.goal_kg))
    planting = Planting(
        cause_id=cause.id,
        group_id=group.id,
        organiser_id=holder_id,
        goal_kg=wish.goal_kg,
        lot_code=lot.code,
        way=str(wish.way),
        last_day=wish.last_day,
        begun_at=now,
        ready_at=now if wish.way is Way.AT_ONCE else None,
    )
    db.session.add(planting)
    db.session.flush()
    others = {each.holder_id for each in groups.members(group.id)} - {holder_id}
    notices.tell(others, "rewards.notice_planting_begun", cause.code, goal_kg=wish.goal_kg)
    return known.get_planting(holder_id, cause.code)


def pledge(holder_id: int, code: str, quantity_kg: int) -> PlantingFacts:
    """Promise so many kilograms in all, none to take it back; costs nothing before the goal is covered.

    Raises `PlantingUnknown`, `PlantingClosed`, `QuantityNotSold`, `PlantingFull`.
    """
    row, planting = _lock(holder_id, code)
    if planting.status is not Status.PLEDGING:
        raise PlantingClosed()
    _require_steps(planting.lot, quantity_kg)
    own = planting.shares.get(holder_id, Share())
    room = pledge_room_kg(planting.status, planting.goal_kg, planting.pledged_kg, own)
    if quantity_kg > room:
        raise PlantingFull(room_kg=room)
    _keep_pledge(row.cause_id, holder_id, quantity_kg)
    if planting.pledged_kg - own.pledged_kg + quantity_kg == planting.goal_kg:
        row.ready_at = clock.now()
        db.session.flush()
        ready = known.get_planting(holder_id, code)
        promised = [each for each, share in ready.shares.items() if share.pledged_kg]
        _tell(ready, promised, "rewards.notice_planting_ready", until=str(ready.pay_until))
        return ready
    return known.get_planting(holder_id, code)


def _keep_pledge(planting_id: int, holder_id: int, quantity_kg: int) -> None:
    if not quantity_kg:
        mine = (PlantingPledge.planting_id == planting_id, PlantingPledge.holder_id == holder_id)
        db.session.execute(delete(PlantingPledge).where(*mine))
        return
    told = {"quantity_kg": quantity_kg, "pledged_at": clock.now()}
    db.session.execute(
        insert(PlantingPledge)
        .values(planting_id=planting_id, holder_id=holder_id, **told)
        .on_conflict_do_update(index_elements=["planting_id", "holder_id"], set_=told)
    )


def order_part(
    holder_id: int, code: str, quantity_kg: int, reservation: timedelta, most_unpaid: int
) -> OrderFacts:
    """Order one's part: paid as any order, retired at once under a certificate of one's own.

    Never more than the goal, however many order at once. Raises `PlantingUnknown`, `PlantingClosed`,
    `PlantingFull`, and what `place_order` and `require_few_unpaid` raise.
    """
    orders.require_few_unpaid(holder_id, most_unpaid)
    _, planting = _lock(holder_id, code)
    room = planting.room_of(holder_id)
    if not room and planting.status not in (Status.PAYING, Status.CATCHING_UP):
        raise PlantingClosed()
    if quantity_kg > room:
        raise PlantingFull(room_kg=room)
    asked = Wish(cause=code, quantity_kg=quantity_kg, lot_code=planting.lot.code, admitted=True)
    return orders.place_order(holder_id, asked, reservation)


def change_forest(holder_id: int, code: str, lot_code: str) -> PlantingFacts:
    """Buy what is still lacking from another forest, such as when the first has sold out.

    Of the same product and never dearer, since that was told beforehand; whoever has a part is told. Raises
    `PlantingUnknown`, `PlantingOrganiserOnly`, `PlantingClosed`, `LotUnknown`, `ForestUnlike`.
    """
    row, planting = _lock_own(holder_id, code)
    lot, terms = registry.get_lot(lot_code), planting.lot.terms
    if (lot.terms.product, lot.terms.step_kg) != (terms.product, terms.step_kg):
        raise ForestUnlike()
    if lot.terms.price_fen_per_step > terms.price_fen_per_step:
        raise ForestUnlike()
    row.lot_code = lot.code
    db.session.flush()
    named = {"village_zh": lot.project.village_zh, "village_en": lot.project.village_en}
    others = set(planting.shares) - {holder_id}
    message, reference = "rewards.notice_planting_forest", f"{planting.code}:{lot.id}"
    notices.tell(others, message, reference, goal_kg=planting.goal_kg, **named)
    return known.get_planting(holder_id, code)


def call_off(holder_id: int, code: str) -> PlantingFacts:
    """Call a planting off as long as nobody has ordered for it; nobody owes anything.

    Raises `PlantingUnknown`, `PlantingOrganiserOnly`, `PlantingClosed`, `PlantingBegun`.
    """
    row, planting = _lock_own(holder_id, code)
    if planting.taken_kg:
        raise PlantingBegun()
    _end(row, planting, Status.CALLED_OFF)
    return known.get_planting(holder_id, code)


def settle_part(planting_id: int) -> None:
    """Let a planting owe what was retired for it, and end it once its goal is reached; again does nothing."""
    row = _lock_row(planting_id)
    causes.owe_bought(planting_id, PURPOSE)
    _end_if_over(row)


def end_if_over(planting_id: int) -> bool:
    """End a planting whose last day is over and whose orders have all come to an end; whether it did."""
    return _end_if_over(_lock_row(planting_id))


def list_running(after: int) -> list[int]:
    """Plantings that have not ended, in the order they were begun, from behind `after` on."""
    running = (Planting.ended_at.is_(None), Planting.cause_id > after)
    wanted = select(Planting.cause_id).where(*running).order_by(Planting.cause_id).limit(_TURN)
    return list(db.session.scalars(wanted))


def _end_if_over(row: Planting) -> bool:
    if row.ended_at is not None:
        return False
    planting = known.get_by_id(row.cause_id)
    reached = planting.retired_kg >= planting.goal_kg
    waits = planting.status is not Status.ENDING or any(part.open_kg for part in planting.parts.values())
    if waits and not reached:
        return False
    _end(row, planting, outcome(planting.goal_kg, planting.retired_kg))
    return True


def _end(row: Planting, planting: PlantingFacts, how: Status) -> None:
    causes.close_cause(row.cause_id)
    row.ended_at, row.outcome = clock.now(), str(how)
    db.session.flush()
    ended = known.get_by_id(row.cause_id)
    if ended.retired_kg:
        attestations.attest(row.cause_id, PURPOSE, known.attested_facts(ended))
    concerned = {planting.organiser_id, *planting.shares}
    _tell(ended, concerned, f"rewards.notice_planting_{how}", planted_kg=ended.retired_kg)


def _tell(planting: PlantingFacts, holder_ids: Iterable[int], message: str, **details: object) -> None:
    notices.tell(holder_ids, message, planting.code, goal_kg=planting.goal_kg, **details)


def _require_steps(lot: Listing, quantity_kg: int) -> None:
    step, price = lot.terms.step_kg, lot.terms.price_fen_per_step
    if quantity_kg % step:
        raise QuantityNotSold(step_kg=step, price_fen=price)


def _lock_row(planting_id: int) -> Planting:
    return db.session.get_one(Planting, planting_id, with_for_update=True, populate_existing=True)


def _lock(holder_id: int, code: str) -> tuple[Planting, PlantingFacts]:
    """A planting that this holder may see, locked. Raises `PlantingUnknown`."""
    row = _lock_row(known.get_planting(holder_id, code).id)
    return row, known.get_planting(holder_id, code)


def _lock_own(holder_id: int, code: str) -> tuple[Planting, PlantingFacts]:
    """The same for its organiser, while it has not ended."""
    row, planting = _lock(holder_id, code)
    if planting.organiser_id != holder_id:
        raise PlantingOrganiserOnly()
    if row.ended_at is not None:
        raise PlantingClosed()
    return row, planting
