"""Batches for greening offices as operators see them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.causes.errors.duties import DutyBatchUnknown
from app.causes.models.duties import Duty, DutyBatch, DutyLine, DutyShare, DutyTariff
from app.causes.queries.duties import duty_facts, name_context
from app.causes.rules.duties import NEEDED_TREES, behind_trees
from app.kit.database import db
from app.kit.sealing import unseal

CHUNK = 500


@dataclass(frozen=True)
class BatchFacts:
    """A batch and how much of it was answered."""

    id: int
    number: str
    region: str
    year: int
    people: int
    prepared_by: int
    prepared_at: datetime
    approved_by: int | None
    approved_at: datetime | None
    withdrawn_by: int | None
    withdrawn_at: datetime | None
    file_sha256: str | None
    accepted: int
    returned: int

    @property
    def status(self) -> str:
        """`prepared`, `withdrawn`, `sent` or `answered`."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        if self.approved_at is None:
            return "prepared"
        return "answered" if self.accepted + self.returned == self.people else "sent"


@dataclass(frozen=True)
class BatchLine:
    """One line of a batch: whose, what for, and the office's word."""

    number: str
    kind: str
    name: str | None
    trees: int
    amount_fen: int
    quantity_kg: int
    office_number: str | None
    ended_at: datetime | None
    reason: str | None


@dataclass(frozen=True)
class Wanted:
    """A certificate that a person's year has come to and no office was asked for yet."""

    duty_id: int
    kind: str
    trees: int
    amount_fen: int
    quantity_kg: int


def list_batches(limit: int, before: int | None = None) -> Sequence[BatchFacts]:
    """Batches, newest first; `before` is an id."""
    wanted = select(DutyBatch).order_by(DutyBatch.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(DutyBatch.id < before)
    return [batch_facts(row) for row in db.session.scalars(wanted)]


def get_batch(number: str) -> BatchFacts:
    """One batch. Raises `DutyBatchUnknown`."""
    row = db.session.scalar(select(DutyBatch).where(DutyBatch.number == number))
    if row is None:
        raise DutyBatchUnknown()
    return batch_facts(row)


def batch_facts(row: DutyBatch) -> BatchFacts:
    """The facts in a row."""
    accepted, returned = db.session.execute(
        select(func.count(DutyLine.office_number), func.count(DutyLine.ended_at)).where(
            DutyLine.batch_id == row.id
        )
    ).one()
    return BatchFacts(
        id=row.id,
        number=row.number,
        region=row.region,
        year=row.year,
        people=row.people,
        prepared_by=row.prepared_by,
        prepared_at=row.prepared_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        withdrawn_by=row.withdrawn_by,
        withdrawn_at=row.withdrawn_at,
        file_sha256=row.file_sha256,
        accepted=accepted,
        returned=returned,
    )


def list_lines(batch_id: int, limit: int, after: int = 0) -> Sequence[tuple[int, BatchLine]]:
    """A batch's lines in their order, each with its id; `after` is an id."""
    rows = db.session.execute(
        select(DutyLine, Duty.code, Duty.name_sealed)
        .join(Duty, Duty.cause_id == DutyLine.duty_id)
        .where(DutyLine.batch_id == batch_id, DutyLine.id > after)
        .order_by(DutyLine.id)
        .limit(limit)
    )
    return [
        (
            line.id,
            BatchLine(
                number=line.number,
                kind=line.kind,
                name=unseal(sealed, name_context(code)) if sealed else None,
                trees=line.trees,
                amount_fen=line.amount_fen,
                quantity_kg=line.quantity_kg,
                office_number=line.office_number,
                ended_at=line.ended_at,
                reason=line.reason,
            ),
        )
        for line, code, sealed in rows
    ]


def find_wanted(region: str, year: int) -> Iterator[Wanted]:
    """Certificates of a tariff's region and a year that no office was asked for yet."""
    ids = db.session.scalars(
        select(Duty.cause_id)
        .join(DutyTariff, DutyTariff.id == Duty.tariff_id)
        .where(
            DutyTariff.region == region,
            Duty.year == year,
            Duty.withdrawn_at.is_(None),
            select(DutyShare.order_id).where(DutyShare.duty_id == Duty.cause_id).exists(),
        )
        .order_by(Duty.cause_id)
    ).all()
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        lines = select(DutyLine.duty_id, DutyLine.kind).where(
            DutyLine.duty_id.in_(chunk), DutyLine.ended_at.is_(None)
        )
        standing = {(duty_id, kind) for duty_id, kind in db.session.execute(lines)}
        rows = db.session.scalars(select(Duty).where(Duty.cause_id.in_(chunk)).order_by(Duty.cause_id)).all()
        for duty in duty_facts(rows):
            reached = duty.progress
            trees = (reached.duty_trees, reached.honour_trees)
            enough = (reached.reached, reached.honour_trees >= (NEEDED_TREES if duty.honour else 1))
            parts = behind_trees(duty.tariff, duty.amount_fen, duty.quantity_kg, trees)
            for kind, count, is_enough, part in zip(("duty", "honour"), trees, enough, parts, strict=True):
                if is_enough and (duty.id, kind) not in standing:
                    yield Wanted(duty.id, kind, count, part.amount_fen, part.quantity_kg)


def count_reached() -> Sequence[tuple[str, int, int]]:
    """Regions and years of which something was bought, with how many persons: where a batch may be due."""
    rows = db.session.execute(
        select(DutyTariff.region, Duty.year, func.count(func.distinct(Duty.cause_id)))
        .join(DutyTariff, DutyTariff.id == Duty.tariff_id)
        .join(DutyShare, DutyShare.duty_id == Duty.cause_id)
        .where(Duty.withdrawn_at.is_(None))
        .group_by(DutyTariff.region, Duty.year)
        .order_by(Duty.year.desc(), DutyTariff.region)
    )
    return [(region, year, people) for region, year, people in rows]


def count_waiting_batches() -> int:
    """Batches that wait for a second person."""
    waiting = select(func.count()).where(DutyBatch.approved_at.is_(None), DutyBatch.withdrawn_at.is_(None))
    return db.session.scalar(waiting.select_from(DutyBatch)) or 0
