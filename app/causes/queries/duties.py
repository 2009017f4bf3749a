"""Tree duties as those who look after them see them: whose, how far, what the office said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.causes.errors.duties import DutyUnknown
from app.causes.models.duties import Duty, DutyBatch, DutyGroup, DutyLine, DutyShare
from app.causes.queries.duty_tariffs import get_tariff
from app.causes.rules import duties as rules
from app.causes.rules.duties import Basis, Counted, Progress, Tariff
from app.kit.database import db
from app.kit.sealing import unseal


@dataclass(frozen=True)
class LineFacts:
    """One certificate that the office was asked for, and what it answered."""

    number: str
    kind: str
    trees: int
    sent_at: datetime | None
    office_number: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    reason: str | None

    @property
    def status(self) -> str:
        """`prepared`, `sent`, `accepted` or `returned`."""
        if self.ended_at is not None:
            return "returned"
        if self.office_number is not None:
            return "accepted"
        return "prepared" if self.sent_at is None else "sent"


@dataclass(frozen=True)
class DutyFacts:
    """One person's year; `id` is its cause's. `name` is None once it was withdrawn."""

    id: int
    code: str
    owner_id: int
    group_id: int | None
    year: int
    region: str
    tariff: Tariff
    name: str | None
    print_name: bool
    honour: bool
    opened_at: datetime
    withdrawn_at: datetime | None
    amount_fen: int
    quantity_kg: int
    lines: tuple[LineFacts, ...]

    @property
    def counted(self) -> Counted:
        """Trees that what was bought gives, and what is left over."""
        return rules.count_trees(self.tariff, self.amount_fen, self.quantity_kg)

    @property
    def progress(self) -> Progress:
        """Trees of the duty and trees beyond it."""
        return rules.progress(self.counted.trees, self.honour)

    @property
    def lacking(self) -> int:
        """Fen or kilograms, by the basis, that a year's trees still lack."""
        had = self.amount_fen if self.tariff.basis is Basis.YUAN else self.quantity_kg
        return max(0, self.tariff.amount_for(rules.NEEDED_TREES) - had)


@dataclass(frozen=True)
class GroupFacts:
    """Several persons' duties for whom one pays; `id` is the group's own cause."""

    id: int
    code: str
    owner_id: int
    kind: str
    title: str
    year: int
    region: str
    tariff: Tariff
    opened_at: datetime
    people: tuple[DutyFacts, ...]

    @property
    def lacking(self) -> int:
        """Fen or kilograms, by the basis, that all of them together still lack."""
        return sum(each.lacking for each in self.people)


def may_manage(holder_id: int, owner_id: int) -> bool:
    """Whether a holder looks after what is another's: now only after what is their own."""
    return holder_id == owner_id


def get_duty(holder_id: int, code: str) -> DutyFacts:
    """A duty that this holder looks after. Raises `DutyUnknown`, also for another's."""
    row = db.session.scalar(select(Duty).where(Duty.code == code))
    if row is None or not may_manage(holder_id, row.owner_id):
        raise DutyUnknown()
    return duty_facts([row])[0]


def get_group(holder_id: int, code: str) -> GroupFacts:
    """A group that this holder looks after. Raises `DutyUnknown`, also for another's."""
    row = db.session.scalar(select(DutyGroup).where(DutyGroup.code == code))
    if row is None or not may_manage(holder_id, row.owner_id):
        raise DutyUnknown()
    return group_facts(row)


def group_facts(row: DutyGroup) -> GroupFacts:
    """A group with its people, as they were entered."""
    members = select(Duty).where(Duty.group_id == row.cause_id, Duty.withdrawn_at.is_(None))
    return GroupFacts(
        id=row.cause_id,
        code=row.code,
        owner_id=row.owner_id,
        kind=row.kind,
        title=row.title,
        year=row.year,
        region=row.region,
        tariff=get_tariff(row.tariff_id),
        opened_at=row.opened_at,
        people=tuple(duty_facts(db.session.scalars(members.order_by(Duty.cause_id)).all())),
    )


def list_duties(owner_id: int, limit: int, before: int | None = None) -> Sequence[DutyFacts]:
    """A holder's duties outside of groups that were not withdrawn, newest first; `before` is an id."""
    wanted = select(Duty).where(
        Duty.owner_id == owner_id, Duty.group_id.is_(None), Duty.withdrawn_at.is_(None)
    )
    if before is not None:
        wanted = wanted.where(Duty.cause_id < before)
    return duty_facts(db.session.scalars(wanted.order_by(Duty.cause_id.desc()).limit(limit)).all())


def list_groups(owner_id: int, limit: int, before: int | None = None) -> Sequence[GroupFacts]:
    """A holder's groups, newest first; `before` is an id."""
    wanted = select(DutyGroup).where(DutyGroup.owner_id == owner_id)
    if before is not None:
        wanted = wanted.where(DutyGroup.cause_id < before)
    rows = db.session.scalars(wanted.order_by(DutyGroup.cause_id.desc()).limit(limit))
    return [group_facts(row) for row in rows]


def find_members(cause_id: int) -> Sequence[DutyFacts]:
    """Whom a purchase for this cause is split among, in order: one person's year, or a group's people."""
    alone = db.session.get(Duty, cause_id)
    if alone is not None:
        return duty_facts([alone])
    members = select(Duty).where(Duty.group_id == cause_id, Duty.withdrawn_at.is_(None))
    return duty_facts(db.session.scalars(members.order_by(Duty.cause_id)).all())


def find_group(cause_id: int) -> GroupFacts | None:
    """The group whose cause this is; None for one person's year."""
    row = db.session.get(DutyGroup, cause_id)
    return group_facts(row) if row else None


def duty_facts(rows: Sequence[Duty]) -> Sequence[DutyFacts]:
    """The facts in rows, with all that was bought and asked for."""
    ids = [row.cause_id for row in rows]
    bought, lines = _bought(ids), _lines(ids)
    tariffs = {each: get_tariff(each) for each in {row.tariff_id for row in rows}}
    return [
        DutyFacts(
            id=row.cause_id,
            code=row.code,
            owner_id=row.owner_id,
            group_id=row.group_id,
            year=row.year,
            region=row.region,
            tariff=tariffs[row.tariff_id],
            name=unseal(row.name_sealed, name_context(row.code)) if row.name_sealed else None,
            print_name=row.print_name,
            honour=row.honour,
            opened_at=row.opened_at,
            withdrawn_at=row.withdrawn_at,
            amount_fen=bought.get(row.cause_id, (0, 0))[0],
            quantity_kg=bought.get(row.cause_id, (0, 0))[1],
            lines=tuple(lines.get(row.cause_id, ())),
        )
        for row in rows
    ]


def name_context(code: str) -> str:
    """Where a name is sealed for."""
    return f"duty.name:{code}"


def suffix_context(code: str) -> str:
    """Where an id suffix is sealed for."""
    return f"duty.id_suffix:{code}"


def _bought(duty_ids: Iterable[int]) -> Mapping[int, tuple[int, int]]:
    rows = db.session.execute(
        select(DutyShare.duty_id, func.sum(DutyShare.amount_fen), func.sum(DutyShare.quantity_kg))
        .where(DutyShare.duty_id.in_(duty_ids))
        .group_by(DutyShare.duty_id)
    )
    return {duty_id: (int(amount_fen), int(quantity_kg)) for duty_id, amount_fen, quantity_kg in rows}


def _lines(duty_ids: Iterable[int]) -> Mapping[int, list[LineFacts]]:
    rows = db.session.execute(
        select(DutyLine, DutyBatch.approved_at)
        .join(DutyBatch, DutyBatch.id == DutyLine.batch_id)
        .where(DutyLine.duty_id.in_(duty_ids), DutyBatch.withdrawn_at.is_(None))
        .order_by(DutyLine.id)
    )
    found: dict[int, list[LineFacts]] = {}
    for line, sent_at in rows:
        facts = LineFacts(
            number=line.number,
            kind=line.kind,
            trees=line.trees,
            sent_at=sent_at,
            office_number=line.office_number,
            answered_at=line.answered_at,
            ended_at=line.ended_at,
            reason=line.reason,
        )
        found.setdefault(line.duty_id, []).append(facts)
    return found
