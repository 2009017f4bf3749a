"""Programmes of sponsors 赞助计划: opened, funded, announcing tariffs, stopped and closed.

A fund always holds a fen for each point that its programme may still promise or that people hold, so what
is promised is covered by construction: a thank that it does not cover cannot be written.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import select, update

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.accounts.services import audit, open_holder
from app.kit import clock
from app.kit.database import db, write
from app.rewards.errors import (
    FundShort,
    MovementDecided,
    MovementUnknown,
    ProgrammeClosed,
    ProgrammeUnknown,
    SameOperator,
    TariffTooSoon,
)
from app.rewards.models import FundMovement, Programme, ProgrammeTariff
from app.rewards.rules.tariffs import NOTICE_DAYS, PENDING_DAYS, RESUME_POINTS

_MONEY = {
    "deposit": (chart.DEPOSIT_FUND, chart.PROMISE_POINTS),
    "sample": (chart.DEPOSIT_FUND, chart.PROMISE_POINTS),
    "fees": (chart.FUND_FROM_FEES, chart.PROMISE_POINTS),
    "return": (chart.RETURN_FUND, chart.WITHDRAW_PROMISE),
}
"""The two entries that each kind of movement writes: the money, and what may be promised of it."""


def open_programme(
    operator_id: int | None,
    sponsor_id: int,
    name: str,
    begins_on: date,
    *,
    ends_on: date | None = None,
    region: str | None = None,
    pays_for: Sequence[str] | None = None,
) -> Programme:
    """Open the books of a sponsor's programme; it earns nobody anything until it has a tariff and a fund."""
    holder = open_holder("programme", name, region)
    programme = Programme(
        holder_id=holder.id,
        code=holder.code,
        sponsor_id=sponsor_id,
        name=name,
        region=region,
        begins_on=begins_on,
        ends_on=ends_on,
        pays_for=list(pays_for) if pays_for is not None else None,
        opened_at=clock.now(),
    )
    db.session.add(programme)
    db.session.flush()
    ledger.open_accounts([chart.FUND.of(holder.id), chart.PROMISE.of(holder.id)])
    audit.record(operator_id, "programme_opened", programme.code, {"name": name})
    return programme


def announce_tariff(
    operator_id: int | None,
    programme_id: int,
    valid_from: date,
    grams_per_point: int,
    *,
    scenes: Mapping[str, int] | None = None,
    pending_days: Mapping[str, int] = PENDING_DAYS,
    life_months: int = 24,
) -> ProgrammeTariff:
    """Announce the next version of a tariff. Raises `TariffTooSoon`, `ProgrammeClosed`.

    The first may be in force since the programme began; a later one `NOTICE_DAYS` from now at the earliest,
    after the one before it. What was earned stays earned, and a version never changes.
    """
    programme = lock_programme(programme_id)
    if programme.closed_at is not None:
        raise ProgrammeClosed()
    known = db.session.scalars(
        select(ProgrammeTariff)
        .where(ProgrammeTariff.programme_id == programme_id)
        .order_by(ProgrammeTariff.version.desc())
        .limit(1)
    ).first()
    earliest = programme.begins_on
    if known is not None:
        told = clock.business_day() + timedelta(days=NOTICE_DAYS)
        earliest = max(told, known.valid_from + timedelta(days=1))
    if valid_from < earliest:
        raise TariffTooSoon(earliest=earliest.isoformat())
    tariff = ProgrammeTariff(
        programme_id=programme_id,
        version=known.version + 1 if known else 1,
        valid_from=valid_from,
        grams_per_point=grams_per_point,
        scenes=dict(scenes or {}),
        pending_days=dict(pending_days),
        life_months=life_months,
        announced_at=clock.now(),
    )
    db.session.add(tariff)
    db.session.flush()
    audit.record(operator_id, "tariff_announced", programme.code, {"version": tariff.version})
    return tariff


def record_movement(
    operator_id: int, programme_id: int, kind: str, amount_fen: int, bank_reference: str | None
) -> FundMovement:
    """Record money that came in or shall go out; it moves when another operator confirms it.

    Raises `ProgrammeClosed`.
    """
    programme = lock_programme(programme_id)
    if programme.closed_at is not None and kind != "return":
        raise ProgrammeClosed()
    movement = FundMovement(
        programme_id=programme_id,
        kind=kind,
        amount_fen=amount_fen,
        bank_reference=bank_reference,
        recorded_by=operator_id,
        recorded_at=clock.now(),
    )
    db.session.add(movement)
    db.session.flush()
    told = {"movement": movement.id, "kind": kind, "amount_fen": amount_fen}
    audit.record(operator_id, "fund_movement_recorded", programme.code, told)
    return movement


def confirm_movement(operator_id: int, movement_id: int) -> FundMovement:
    """Confirm what another operator recorded, and book it.

    Raises `MovementUnknown`, `MovementDecided`, `SameOperator`, `FundShort` for money that is promised.
    """
    movement = lock_movement(movement_id)
    if movement.recorded_by == operator_id:
        raise SameOperator()
    movement.confirmed_by, movement.confirmed_at = operator_id, clock.now()
    db.session.flush()
    _book(movement)
    told = {"movement": movement.id, "amount_fen": movement.amount_fen}
    audit.record(operator_id, "fund_movement_confirmed", _code_of(movement), told)
    return movement


def drop_movement(operator_id: int, movement_id: int) -> FundMovement:
    """Give a recorded movement up. Raises `MovementUnknown`, `MovementDecided`."""
    movement = lock_movement(movement_id)
    movement.dropped_by, movement.dropped_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "fund_movement_dropped", _code_of(movement), {"movement": movement.id})
    return movement


def _code_of(movement: FundMovement) -> str:
    return db.session.get_one(Programme, movement.programme_id).code


def lock_movement(movement_id: int) -> FundMovement:
    """A movement that nobody has decided yet, kept as it is until the commit."""
    movement = db.session.get(FundMovement, movement_id, with_for_update=True, populate_existing=True)
    if movement is None:
        raise MovementUnknown()
    if movement.confirmed_at is not None or movement.dropped_at is not None:
        raise MovementDecided()
    return movement


def fund_sample(programme_id: int, amount_fen: int) -> None:
    """Fund a sample programme; for machines that serve nobody."""
    now = clock.now()
    movement = FundMovement(
        programme_id=programme_id, kind="sample", amount_fen=amount_fen, recorded_at=now, confirmed_at=now
    )
    db.session.add(movement)
    db.session.flush()
    _book(movement)


def _book(movement: FundMovement) -> None:
    # What may be promised is locked before the money, as everywhere, so that nobody waits in a circle.
    left = lock_promises([movement.programme_id])[movement.programme_id]
    money, promise = _MONEY[movement.kind]
    leaves = movement.kind == "return"
    if leaves and left < movement.amount_fen:
        raise FundShort(free_fen=left)
    ends = (movement.programme_id, PLATFORM) if leaves else (PLATFORM, movement.programme_id)
    ledger.post([Posting(kind, movement.id, *ends, movement.amount_fen) for kind in (money, promise)])
    if not leaves:
        db.session.execute(
            update(Programme).where(Programme.holder_id == movement.programme_id).values(stopped_at=None)
        )


def close_programme(operator_id: int, programme_id: int) -> Programme:
    """End a programme for good: it thanks for nothing any more. What people hold stays covered and good.

    Raises `ProgrammeUnknown`, `ProgrammeClosed`.
    """
    programme = lock_programme(programme_id)
    if programme.closed_at is not None:
        raise ProgrammeClosed()
    programme.closed_at = clock.now()
    db.session.flush()
    audit.record(operator_id, "programme_closed", programme.code)
    return programme


def stop_programmes(programme_ids: Iterable[int]) -> None:
    """Let programmes that can no longer cover a thank earn nobody anything, and say so."""
    db.session.execute(
        update(Programme)
        .where(Programme.holder_id.in_(sorted(programme_ids)), Programme.stopped_at.is_(None))
        .values(stopped_at=clock.now())
    )


def resume_covered() -> int:
    """Let programmes go on that can promise enough again, since points expired or were taken back."""
    stopped = db.session.scalars(
        select(Programme.holder_id).where(Programme.stopped_at.is_not(None)).order_by(Programme.holder_id)
    ).all()
    left = lock_promises(stopped)
    able = [programme_id for programme_id in stopped if left.get(programme_id, 0) >= RESUME_POINTS]
    return (
        write(update(Programme).where(Programme.holder_id.in_(able)).values(stopped_at=None)) if able else 0
    )


def lock_programme(programme_id: int) -> Programme:
    """A programme, kept as it is until the commit. Raises `ProgrammeUnknown`.

    Whoever also locks what it can promise does that before: `stop_programmes` comes after it.
    """
    only = {"key_share": True}  # who grants its points meanwhile refers to it and need not wait
    found = db.session.get(Programme, programme_id, with_for_update=only, populate_existing=True)
    if found is None:
        raise ProgrammeUnknown()
    return found


def lock_promises(programme_ids: Iterable[int]) -> dict[int, int]:
    """What these programmes can still promise, locked until the commit.

    Whoever changes it locks it before any account of a person.
    """
    held = ledger.lock_balances([chart.PROMISE.of(each) for each in programme_ids])
    return {chart.holder_of(account): balance for account, balance in held.items()}
