"""Starting and withdrawing tree duties: one person's year, a family's, a company's staff."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from app.accounts.services import audit, notices
from app.causes.errors.duties import (
    DutyAgeImpossible,
    DutyAgeOutside,
    DutyBought,
    DutyGroupFull,
    DutyListRefused,
    DutyOnItsWay,
    DutySent,
    DutyTaken,
    DutyTooMany,
    DutyUnknown,
    DutyYearOver,
    DutyYearToCome,
)
from app.causes.models.duties import Duty, DutyGroup, DutyLine, DutyShare
from app.causes.queries.duties import (
    DutyFacts,
    GroupFacts,
    duty_facts,
    group_facts,
    may_manage,
    name_context,
    suffix_context,
)
from app.causes.queries.duty_tariffs import require_tariff
from app.causes.rules import duties as rules
from app.causes.rules.duties import MOST_PEOPLE, Person, Standing
from app.causes.services.duty_purchases import revoke_released
from app.kit import clock
from app.kit.database import db, write
from app.kit.messages import t
from app.kit.sealing import keyed_digest, seal
from app.offsets.queries.causes import CauseFacts, list_open_ids, standing
from app.offsets.rules import GRAMS_PER_UNIT
from app.offsets.services import causes

PURPOSE = "tree_duty"
MOST_FAULTS = 50
"""Lines of a bad list that are named."""
MOST_WAITING = 5_000
"""Persons' years without a purchase that one holder may have at a time."""
UNBOUGHT_KEPT = timedelta(days=3)
"""How long a person's year stands for which nothing is bought: nobody keeps it from its person for long."""
_TITLE = "{year} 年全民义务植树"
_Row = TypeVar("_Row")


def start_duty(owner_id: int, person: Person, region: str, year: int | None = None) -> DutyFacts:
    """Open one person's year. Raises `DutyTaken` and what a region, year or age is refused for."""
    year = _require_year(year)
    tariff_id, _ = require_tariff(region, year)
    _require_age(person, region, year)
    _require_few_waiting(owner_id, 1)
    cause = causes.open_cause(PURPOSE, owner_id, _TITLE.format(year=year), region=region)
    duty = _insert(cause, person, None, year, region, tariff_id)
    if duty is None:
        raise DutyTaken()
    return duty_facts([duty])[0]


def start_group(
    owner_id: int, kind: str, title: str, region: str, people: Sequence[Person], year: int | None = None
) -> GroupFacts:
    """Open the year of several persons for whom one pays, all of them or none.

    Raises `DutyListRefused`, which names each line and why, `DutyGroupFull`, and what a region or year is
    refused for.
    """
    year = _require_year(year)
    tariff_id, _ = require_tariff(region, year)
    cause = causes.open_cause(PURPOSE, owner_id, _TITLE.format(year=year), region=region)
    group = DutyGroup(
        cause_id=cause.id,
        code=cause.code,
        owner_id=owner_id,
        kind=kind,
        title=title,
        year=year,
        region=region,
        tariff_id=tariff_id,
        opened_at=clock.now(),
    )
    db.session.add(group)
    db.session.flush()
    _enter(group, people)
    return group_facts(group)


def add_people(owner_id: int, code: str, people: Sequence[Person]) -> GroupFacts:
    """Enter more persons into a group while its year lasts, all of them or none. Raises as `start_group`."""
    group = _lock_group(owner_id, code)
    _require_year(group.year)
    _enter(group, people)
    return group_facts(group)


def _enter(group: DutyGroup, people: Sequence[Person]) -> None:
    present = db.session.scalars(
        select(Duty.cause_id).where(Duty.group_id == group.cause_id, Duty.withdrawn_at.is_(None))
    ).all()
    if not 1 <= len(people) <= MOST_PEOPLE - len(present):
        raise DutyGroupFull(most=MOST_PEOPLE)
    refuse_lines(_faults(people, group.region, group.year))
    _require_few_waiting(group.owner_id, len(people))
    title = _TITLE.format(year=group.year)
    opened = [causes.open_cause(PURPOSE, group.owner_id, title, region=group.region) for _ in people]
    taken = []
    # In one order for everybody, so that two lists with the same people wait for one another, not in a ring.
    for cause, person in sorted(zip(opened, people, strict=True), key=lambda each: each[1].identity):
        entered = _insert(cause, person, group.cause_id, group.year, group.region, group.tariff_id)
        if entered is None:
            taken.append((person.line, t("causes.duty_line_taken")))
    refuse_lines(taken)


def fault_text(reason: str, **params: object) -> str:
    """What is wrong with a file or a line, in words; `column` is a column's key."""
    column = params.pop("column", None)
    return t(f"causes.{reason}", column=t(f"causes.duty_column_{column}") if column else "", **params)


def refuse_lines(faults: Sequence[tuple[int, str]]) -> None:
    """Refuse a list for these lines, each with what is wrong with it. Raises `DutyListRefused`."""
    if faults:
        raise DutyListRefused(
            errors=[
                {"pointer": f"#/{line}", "detail": t("causes.duty_line", line=line, fault=fault)}
                for line, fault in sorted(faults)[:MOST_FAULTS]
            ]
        )


def _faults(people: Sequence[Person], region: str, year: int) -> list[tuple[int, str]]:
    faults, seen = [], set()
    for person in people:
        stands = rules.standing(region, person.birth_year, year, person.sex)
        if stands is Standing.IMPOSSIBLE:
            faults.append((person.line, t("causes.duty_line_birth_year")))
        elif stands is Standing.OUTSIDE and not person.honour:
            faults.append((person.line, t("causes.duty_line_age")))
        elif person.identity in seen:
            faults.append((person.line, t("causes.duty_line_twice")))
        seen.add(person.identity)
    return faults


def _require_few_waiting(owner_id: int, more: int) -> None:
    """Let nobody fill the books with years that nobody buys for. Raises `DutyTooMany`."""
    waiting = select(func.count()).where(
        Duty.owner_id == owner_id, Duty.withdrawn_at.is_(None), ~_bought(Duty.cause_id)
    )
    if (db.session.scalar(waiting) or 0) + more > MOST_WAITING:
        raise DutyTooMany(most=MOST_WAITING)


def _require_year(year: int | None) -> int:
    """The year that runs now. Raises `DutyYearOver`, `DutyYearToCome`."""
    running = clock.business_day().year
    if year is not None and year < running:
        raise DutyYearOver(year=running)
    if year is not None and year > running:
        raise DutyYearToCome(year=running)
    return running


def _require_age(person: Person, region: str, year: int) -> None:
    stands = rules.standing(region, person.birth_year, year, person.sex)
    if stands is Standing.IMPOSSIBLE:
        raise DutyAgeImpossible()
    if stands is Standing.OUTSIDE and not person.honour:
        ages = rules.ages_of(region)
        raise DutyAgeOutside(least=ages.least, men=ages.most_men, women=ages.most_women)


def _insert(
    cause: CauseFacts, person: Person, group_id: int | None, year: int, region: str, tariff_id: int
) -> Duty | None:
    """Write a person's year; None when it stands already, waiting for whoever writes it at this moment."""
    row = {
        "cause_id": cause.id,
        "code": cause.code,
        "owner_id": cause.owner_id,
        "group_id": group_id,
        "year": year,
        "region": region,
        "tariff_id": tariff_id,
        "person_digest": keyed_digest(person.identity, f"duty:{year}"),
        "honour": rules.standing(region, person.birth_year, year, person.sex) is not Standing.OWES,
        "print_name": person.print_name,
        "name_sealed": seal(person.name, name_context(cause.code)),
        "id_suffix_sealed": seal(person.id_suffix, suffix_context(cause.code)),
        "opened_at": clock.now(),
    }
    written = (
        insert(Duty)
        .values(row)
        .on_conflict_do_nothing(
            index_elements=["year", "person_digest"], index_where=Duty.withdrawn_at.is_(None)
        )
    )
    return db.session.scalar(written.returning(Duty))


def release_duty(operator_id: int, person: Person, year: int, reason: str) -> str:
    """Withdraw a person's year that somebody else entered in their name, also when something was bought.

    The operator has seen who the person is; whoever bought is told, the documents stand no more, the units
    stay used up. Returns its code. Raises `DutyUnknown`, `DutySent`, `DutyOnItsWay`.
    """
    # As whoever prepares a batch does it: nobody is sent to an office meanwhile.
    db.session.execute(text("LOCK TABLE duty_batch IN SHARE ROW EXCLUSIVE MODE"))
    digest = keyed_digest(person.identity, f"duty:{year}")
    named = (Duty.year == year, Duty.person_digest == digest, Duty.withdrawn_at.is_(None))
    duty = db.session.scalar(_locked(select(Duty).where(*named)))
    if duty is None:
        raise DutyUnknown()
    asked = select(DutyLine.id).where(DutyLine.duty_id == duty.cause_id, DutyLine.ended_at.is_(None))
    if db.session.scalar(asked.limit(1)) is not None:
        raise DutySent()
    if not _withdraw(duty, released_by=operator_id, released_reason=reason):
        raise DutyOnItsWay()
    revoke_released(duty.cause_id, duty.group_id)
    reference = f"duty:{duty.code}:released"
    notices.tell([duty.owner_id], "causes.duty_told_released", reference, year=str(year), code=duty.code)
    audit.record(operator_id, "duty_released", duty.code, {"year": year})
    return duty.code


def withdraw_duty(owner_id: int, code: str) -> None:
    """Take back a person's year for which nothing was bought, and forget who they are.

    Raises `DutyUnknown`, `DutyBought` also while an order is on its way.
    """
    duty = db.session.scalar(_locked(select(Duty).where(Duty.code == code)))
    if duty is None or not may_manage(owner_id, duty.owner_id) or duty.withdrawn_at is not None:
        raise DutyUnknown()
    if db.session.scalar(select(_bought(duty.cause_id))) or not _withdraw(duty):
        raise DutyBought()


def _withdraw(duty: Duty, **released: int | str) -> bool:
    """Withdraw a locked duty; False when something is on its way, for it or its group.

    Whoever is the last of a group takes the group along: nobody could have what is bought for it.
    """
    with db.session.begin_nested() as attempt:
        involved = [duty.cause_id]
        causes.close_cause(duty.cause_id)
        if duty.group_id is not None:
            involved.append(duty.group_id)
            if not _others(duty):
                causes.close_cause(duty.group_id)
        # Closed first: no order can be placed any more that this does not see.
        if any(_uncounted(each) for each in involved):
            attempt.rollback()
            return False
        duty.withdrawn_at = clock.now()
        duty.name_sealed = duty.id_suffix_sealed = None
        for name, value in released.items():
            setattr(duty, name, value)
        db.session.flush()
    return True


def _others(duty: Duty) -> bool:
    db.session.scalar(_locked(select(DutyGroup).where(DutyGroup.cause_id == duty.group_id)))
    others = select(Duty.cause_id).where(
        Duty.group_id == duty.group_id, Duty.withdrawn_at.is_(None), Duty.cause_id != duty.cause_id
    )
    return db.session.scalar(others.limit(1)) is not None


def _uncounted(cause_id: int) -> bool:
    """Whether something is on its way, or settled and not yet counted for its persons."""
    stands = standing(cause_id)
    return bool(stands.reserved_kg) or stands.paid_kg * GRAMS_PER_UNIT != stands.due_g


def list_unbought(after: int, limit: int = 200) -> Sequence[int]:
    """Persons' years that nothing was bought for within three days; `after` is the last id before."""
    return db.session.scalars(
        _unbought().where(Duty.cause_id > after).order_by(Duty.cause_id).limit(limit)
    ).all()


def lapse(duty_id: int) -> bool:
    """Withdraw what nothing was bought for in time; False when something was, or is on its way."""
    unbought = select(Duty).where(Duty.cause_id.in_(_unbought().where(Duty.cause_id == duty_id)))
    duty = db.session.scalar(_locked(unbought, skip=True))
    return duty is not None and _withdraw(duty)


def _unbought() -> Select[int]:
    return select(Duty.cause_id).where(
        Duty.withdrawn_at.is_(None),
        Duty.opened_at < clock.now() - UNBOUGHT_KEPT,
        ~_bought(Duty.cause_id),
    )


def _bought(duty_id: InstrumentedAttribute[int] | int) -> ColumnElement[bool]:
    return select(DutyShare.duty_id).where(DutyShare.duty_id == duty_id).exists()


def close_over(limit: int = 200) -> int:
    """Let nothing more be bought for years that are over; returns how many. For the sweeper."""
    began = datetime.combine(clock.business_day().replace(month=1, day=1), time(), clock.SHANGHAI)
    return sum(causes.close_cause(each) for each in list_open_ids(PURPOSE, began, limit))


def forget_suffixes() -> int:
    """Forget id suffixes that no office can ask for any more; returns how many. For the sweeper.

    Once the year is over and all that was asked for is answered, at the latest when the next year is over.
    """
    waiting = select(DutyLine.duty_id).where(
        DutyLine.office_number.is_(None), DutyLine.ended_at.is_(None), DutyLine.duty_id == Duty.cause_id
    )
    answered = select(DutyLine.duty_id).where(
        DutyLine.office_number.is_not(None), DutyLine.duty_id == Duty.cause_id
    )
    year = clock.business_day().year
    return write(
        update(Duty)
        .where(
            Duty.id_suffix_sealed.is_not(None),
            (Duty.year < year - 1) | (Duty.year < year) & answered.exists() & ~waiting.exists(),
        )
        .values(id_suffix_sealed=None)
        .execution_options(synchronize_session=False)
    )


def _lock_group(owner_id: int, code: str) -> DutyGroup:
    group = db.session.scalar(_locked(select(DutyGroup).where(DutyGroup.code == code)))
    if group is None or not may_manage(owner_id, group.owner_id):
        raise DutyUnknown()
    return group


def _locked(wanted: Select[_Row], skip: bool = False) -> Select[_Row]:
    return wanted.with_for_update(skip_locked=skip).execution_options(populate_existing=True)
