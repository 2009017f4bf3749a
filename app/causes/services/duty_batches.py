"""Sending duties to a greening office in batches, and taking back what it answers.

What leaves the house names people: one operator prepares a batch, another approves it. An answer is taken
line by line: what fits is recorded, what does not is named; the same file again changes nothing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select, text, update

from app.accounts.services import audit, notices
from app.causes.errors.duties import (
    DutyAnswersRefused,
    DutyBatchEmpty,
    DutyBatchPast,
    DutyBatchSamePerson,
    DutyBatchUnknown,
)
from app.causes.models.duties import Duty, DutyBatch, DutyLine
from app.causes.queries.duties import name_context, suffix_context
from app.causes.queries.duty_batches import BatchFacts, batch_facts, find_wanted
from app.causes.rules.duty_lists import ANSWERS, ENCODING, Answer, Outcome, Sent, office_file, read_answers
from app.causes.rules.lists import ListRefused, read_list
from app.causes.services.duties import fault_text
from app.causes.services.duty_purchases import VOUCHER
from app.kit import clock
from app.kit.codes import checked_code
from app.kit.database import db
from app.kit.messages import t
from app.kit.sealing import seal, unseal
from app.offsets.queries.attestations import find_standing

MOST_LINES = 2_000
"""Lines of one batch: what somebody reads through before they approve it."""
WITHDRAWN = "withdrawn"


def prepare_batch(operator_id: int, region: str, year: int) -> BatchFacts:
    """Gather who has enough trees and was not sent yet. Raises `DutyBatchEmpty`."""
    db.session.execute(text("LOCK TABLE duty_batch IN SHARE ROW EXCLUSIVE MODE"))
    wanted = list(islice(find_wanted(region, year), MOST_LINES))
    if not wanted:
        raise DutyBatchEmpty()
    batch = DutyBatch(
        number=checked_code(12),
        region=region,
        year=year,
        people=len(wanted),
        prepared_by=operator_id,
        prepared_at=clock.now(),
    )
    db.session.add(batch)
    db.session.flush()
    db.session.add_all(
        DutyLine(
            number=checked_code(12),
            batch_id=batch.id,
            duty_id=each.duty_id,
            kind=each.kind,
            trees=each.trees,
            amount_fen=each.amount_fen,
            quantity_kg=each.quantity_kg,
        )
        for each in wanted
    )
    db.session.flush()
    audit.record(operator_id, "duty_batch_prepared", batch.number, {"lines": len(wanted), "region": region})
    return batch_facts(batch)


def approve_batch(operator_id: int, number: str) -> BatchFacts:
    """Approve what another operator prepared; from here on its file exists, and stays as it is.

    Raises `DutyBatchUnknown`, `DutyBatchPast`, `DutyBatchSamePerson`.
    """
    batch = _open_batch(number)
    if batch.prepared_by == operator_id:
        raise DutyBatchSamePerson()
    content = office_file(_lines(batch))
    batch.approved_by, batch.approved_at = operator_id, clock.now()
    batch.file_sealed = seal(content, _file_of(batch))
    batch.file_sha256 = hashlib.sha256(content.encode(ENCODING)).hexdigest()
    db.session.flush()
    audit.record(operator_id, "duty_batch_approved", batch.number, {"sha256": batch.file_sha256})
    return batch_facts(batch)


def withdraw_batch(operator_id: int, number: str) -> BatchFacts:
    """Give up a batch that was not approved; its people may be sent with another.

    Raises `DutyBatchUnknown`, `DutyBatchPast`.
    """
    batch = _open_batch(number)
    now = clock.now()
    db.session.execute(
        update(DutyLine).where(DutyLine.batch_id == batch.id).values(ended_at=now, reason=WITHDRAWN)
    )
    batch.withdrawn_by, batch.withdrawn_at = operator_id, now
    db.session.flush()
    audit.record(operator_id, "duty_batch_withdrawn", batch.number)
    return batch_facts(batch)


def take_file(operator_id: int, number: str) -> bytes:
    """The file of an approved batch; taken again, it is the same bytes. Raises `DutyBatchPast`."""
    batch = _batch(number)
    if batch.file_sealed is None:
        raise DutyBatchPast()
    content = unseal(batch.file_sealed, _file_of(batch)).encode(ENCODING)
    if hashlib.sha256(content).hexdigest() != batch.file_sha256:
        raise RuntimeError(f"the file of batch {number} is not the one that was made")
    audit.record(operator_id, "duty_batch_file_taken", batch.number, {"sha256": batch.file_sha256})
    return content


@dataclass(frozen=True)
class Taken:
    """What became of an office's file: lines recorded, lines known before, and what is wrong with others."""

    recorded: int
    known: int
    faults: tuple[tuple[int, str], ...]


def take_answers(operator_id: int, content: bytes) -> Taken:
    """Take what an office answered. Raises `DutyAnswersRefused` for a file that cannot be read at all."""
    try:
        answers, unread = read_answers(read_list(content, ANSWERS))
    except ListRefused as refused:
        raise DutyAnswersRefused(why=fault_text(refused.reason, **refused.params)) from refused
    # Certificate numbers are unique across all lines: whoever takes answers does it alone.
    db.session.execute(text("LOCK TABLE duty_line IN SHARE ROW EXCLUSIVE MODE"))
    faults = [(each.line, fault_text(each.reason, column=each.column, **each.params)) for each in unread]
    recorded, known = 0, 0
    for answer in answers:
        fault = _take(answer)
        if fault is None:
            recorded += 1
        elif fault == _KNOWN:
            known += 1
        else:
            faults.append((answer.line, t(f"causes.{fault}")))
    digest = hashlib.sha256(content).hexdigest()
    counts = {"recorded": recorded, "known": known, "faults": len(faults), "sha256": digest}
    audit.record(operator_id, "duty_answers_taken", digest[:16], counts)
    return Taken(recorded, known, tuple(sorted(faults)))


_KNOWN = "known"


def _take(answer: Answer) -> str | None:
    """Record one answer; the name of what is wrong with it, `_KNOWN` when it stands already."""
    line = db.session.scalar(
        select(DutyLine)
        .join(DutyBatch, DutyBatch.id == DutyLine.batch_id)
        .where(DutyLine.number == answer.number, DutyBatch.approved_at.is_not(None))
        .execution_options(populate_existing=True)
    )
    if line is None:
        return "duty_answer_unknown"
    if answer.outcome is Outcome.RETURNED:
        if line.ended_at is not None and line.reason == answer.reason:
            return _KNOWN
        if line.ended_at is not None or line.office_number is not None:
            return "duty_answer_answered"
        line.ended_at = line.answered_at = clock.now()
        line.reason = answer.reason
        _tell(line, "causes.duty_told_returned", reason=answer.reason)
        return None
    if line.office_number == answer.office_number:
        return _KNOWN
    if line.ended_at is not None:
        return "duty_answer_answered"
    if (line.office_number is not None) != (answer.outcome is Outcome.CORRECTED):
        return "duty_answer_other" if line.office_number else "duty_answer_nothing"
    if db.session.scalar(select(DutyLine.id).where(DutyLine.office_number == answer.office_number)):
        return "duty_answer_taken"
    line.office_number, line.answered_at = answer.office_number, clock.now()
    _tell(line, "causes.duty_told_accepted", number=answer.office_number)
    return None


def _tell(line: DutyLine, message: str, **details: str | None) -> None:
    """Tell whoever looks after the duty what the office said."""
    db.session.flush()
    owner_id = db.session.scalar(select(Duty.owner_id).where(Duty.cause_id == line.duty_id))
    assert owner_id is not None
    answer = hashlib.sha256((line.office_number or "").encode()).hexdigest()
    reference = f"duty:{line.number}:{answer[:12]}"
    notices.tell([owner_id], message, reference, **details)


def _lines(batch: DutyBatch) -> Sequence[Sent]:
    rows = db.session.execute(
        select(DutyLine, Duty)
        .join(Duty, Duty.cause_id == DutyLine.duty_id)
        .where(DutyLine.batch_id == batch.id)
        .order_by(DutyLine.id)
    )
    return [_sent(line, duty) for line, duty in rows]


def _sent(line: DutyLine, duty: Duty) -> Sent:
    voucher = find_standing(duty.cause_id, VOUCHER)
    suffix = duty.id_suffix_sealed
    assert duty.name_sealed is not None
    return Sent(
        number=line.number,
        kind=line.kind,
        year=duty.year,
        name=unseal(duty.name_sealed, name_context(duty.code)),
        id_suffix=unseal(suffix, suffix_context(duty.code)) if suffix else "",
        region=duty.region,
        trees=line.trees,
        amount_fen=line.amount_fen,
        quantity_kg=line.quantity_kg,
        voucher=voucher.number if voucher else "",
    )


def _open_batch(number: str) -> DutyBatch:
    batch = _batch(number)
    if batch.approved_at is not None or batch.withdrawn_at is not None:
        raise DutyBatchPast()
    return batch


def _batch(number: str) -> DutyBatch:
    batch = db.session.scalar(
        select(DutyBatch)
        .where(DutyBatch.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if batch is None:
        raise DutyBatchUnknown()
    return batch


def _file_of(batch: DutyBatch) -> str:
    return f"duty_batch.file:{batch.number}"
