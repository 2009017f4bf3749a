"""Transfers 转账: the file that goes to the bank, and the bank's word on what became of each payout.

That money arrived is believed as it is told. That it did not, or went back, makes it payable once more:
one operator reports it, another confirms it.
"""

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import TextClause, text

from app.accounts import chart
from app.accounts.chart import EntryKind
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.messages import t
from app.treasury import rules
from app.treasury.errors import ReportsWaiting, ResultsRefused, RunPastThis, RunUnknown, SamePerson
from app.treasury.models import Payout, PayoutRun
from app.treasury.queries import payees, payouts
from app.treasury.rules.bank_files import ENCODING, LineFault, Result, Transfer, bank_file
from app.treasury.rules.payouts import FROM, Outcome, PayoutStatus, RunStatus, Source
from app.treasury.services.runs import book, lock_payouts, lock_run, record, require_payees

MOST_FAULTS = 50
"""Lines of a bad file that are named; whoever has more has another file."""

_ENTRIES: Mapping[Outcome, Mapping[Source, EntryKind]] = {
    Outcome.PAID: {Source.PAYABLE: chart.COMPLETE_PAYOUT, Source.FEES: chart.COMPLETE_PAYOUT},
    Outcome.FAILED: {Source.PAYABLE: chart.RETURN_PAYOUT, Source.FEES: chart.RETURN_FEES},
    Outcome.RETURNED: {Source.PAYABLE: chart.REVERSE_PAYOUT, Source.FEES: chart.REVERSE_FEES},
}
"""What each word of the bank's writes in the books, by the source of the money."""
_STATUS_FAULTS = {
    PayoutStatus.PREPARED: "line_early",
    PayoutStatus.WITHDRAWN: "line_early",
    PayoutStatus.APPROVED: "line_early",
    PayoutStatus.EXPORTED: "line_not_paid",
}
_EXPORT = text("UPDATE payout SET exported_at = :at WHERE id = ANY(CAST(:ids AS bigint[]))")
_PAID = text(
    "UPDATE payout SET paid_at = :at, bank_reference = reference"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:references AS text[])) AS word(id, reference)"
    " WHERE payout.id = word.id"
)
_REPORT = text(
    "UPDATE payout SET reported = outcome, reported_by = :by, reported_at = :at, reason = word.reason,"
    "  bank_reference = coalesce(payout.bank_reference, reference)"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:references AS text[]), CAST(:outcomes AS text[]),"
    "  CAST(:reasons AS text[])) AS word(id, reference, outcome, reason) WHERE payout.id = word.id"
)


def export_run(operator_id: int, month: str, round_: int) -> bytes:
    """The bank's file of a run. The first time it is made and kept; again, it is the same bytes.

    Raises `RunUnknown`, `RunPastThis` before approval, `SamePerson` for whoever approved, `PayeesChanged`,
    `ReportsWaiting` when a report that a payout failed waits for its confirmation.
    """
    run = lock_run(month, round_)
    if run.exported_at is None:
        _make_file(operator_id, run)
    assert run.file_sealed is not None
    content = sealing.unseal(run.file_sealed, _file_of(run)).encode(ENCODING)
    if hashlib.sha256(content).hexdigest() != run.file_sha256:
        raise RuntimeError(f"the file of run {run.code} is not the one that was made")
    record(operator_id, "payout_file_taken", run, sha256=run.file_sha256)
    return content


def _make_file(operator_id: int, run: PayoutRun) -> None:
    if payouts.run_status(run) is not RunStatus.APPROVED:
        raise RunPastThis()
    if run.approved_by == operator_id:
        raise SamePerson()
    rows = [row for row in lock_payouts(run) if row.failed_at is None]
    if any(row.waits for row in rows):
        raise ReportsWaiting()
    accounts_by_id = require_payees(rows)
    written = bank_file(
        Transfer(
            payees.get_account_name(accounts_by_id[row.payee_id]),
            payees.get_account_number(accounts_by_id[row.payee_id]),
            accounts_by_id[row.payee_id].bank_name,
            row.amount_fen,
            row.number,
        )
        for row in rows
    )
    run.exported_by, run.exported_at = operator_id, clock.now()
    run.file_sealed = sealing.seal(written, _file_of(run))
    run.file_sha256 = hashlib.sha256(written.encode(ENCODING)).hexdigest()
    db.session.flush()
    values = {"ids": [row.id for row in rows], "at": run.exported_at}
    db.session.execute(_EXPORT, values)
    db.session.expire_all()  # what the statement wrote, these objects do not know


def record_results(operator_id: int, month: str, round_: int, results: Sequence[Result]) -> int:
    """Take the bank's word on payouts of a run, all of it or none; returns how many.

    What arrived leaves the books; what did not waits for `confirm_report`. Raises `RunUnknown`, and
    `ResultsRefused` naming each line that does not fit.
    """
    run = lock_run(month, round_)
    by_number = {row.number: row for row in lock_payouts(run)}
    faults = [fault for result in results if (fault := _misfit(run, by_number.get(result.number), result))]
    refuse_lines(faults)
    arrived = [result for result in results if result.outcome is Outcome.PAID]
    others = [result for result in results if result.outcome is not Outcome.PAID]
    _write(_PAID, by_number, arrived)
    _write(
        _REPORT,
        by_number,
        others,
        by=operator_id,
        outcomes=[result.outcome.value for result in others],
        reasons=[result.reason for result in others],
    )
    book(_ENTRIES[Outcome.PAID], [by_number[result.number] for result in arrived])
    counts = {each.value: sum(result.outcome is each for result in results) for each in Outcome}
    single = {"number": results[0].number} if len(results) == 1 else {}
    record(operator_id, "payout_results_recorded", run, **counts, **single)
    db.session.expire_all()  # what the statements wrote, these objects do not know
    return len(results)


def refuse_lines(faults: Sequence[LineFault]) -> None:
    """Refuse a file for these lines; with none, do nothing. Raises `ResultsRefused`."""
    if faults:
        named = sorted(faults, key=lambda fault: fault.line)[:MOST_FAULTS]
        raise ResultsRefused(
            errors=[
                {
                    "pointer": f"#/{fault.line}",
                    "detail": t("treasury.line", line=fault.line, fault=t(f"treasury.{fault.fault}")),
                }
                for fault in named
            ]
        )


def _misfit(run: PayoutRun, row: Payout | None, result: Result) -> LineFault | None:
    """What is wrong with one result for the payout it names."""
    if row is None:
        return LineFault(result.line, "line_unknown")
    if row.amount_fen != result.amount_fen:
        return LineFault(result.line, "line_differs")
    if row.waits:
        return LineFault(result.line, "line_reported")
    status = rules.payouts.payout_status(run.stamps, row.stamps)
    if status not in FROM[result.outcome]:
        return LineFault(result.line, _STATUS_FAULTS.get(status, "line_known"))
    return None


def _write(
    statement: TextClause, by_number: Mapping[str, Payout], results: Sequence[Result], **more: object
) -> None:
    if results:
        ids = [by_number[result.number].id for result in results]
        references = [result.bank_reference for result in results]
        values = {"at": clock.now(), "ids": ids, "references": references, **more}
        db.session.execute(statement, values)


def confirm_report(operator_id: int, month: str, round_: int, number: str) -> None:
    """Make true what another operator reported: the payout failed or came back, and is owed again.

    Raises `RunUnknown`, `RunPastThis` when no report waits, and `SamePerson` for whoever reported.
    """
    run, row = _lock_reported(month, round_, number)
    if row.reported_by == operator_id:
        raise SamePerson()
    assert row.reported is not None
    outcome = Outcome(row.reported)
    setattr(row, f"{outcome}_at", clock.now())
    row.confirmed_by = operator_id
    db.session.flush()
    book(_ENTRIES[outcome], [row])
    record(operator_id, "payout_report_confirmed", run, number=number, outcome=outcome.value)


def dismiss_report(operator_id: int, month: str, round_: int, number: str) -> None:
    """Turn a report down; whoever made it may take it back so too. Raises `RunUnknown`, `RunPastThis`."""
    run, row = _lock_reported(month, round_, number)
    outcome = row.reported
    row.reported = row.reported_by = row.reported_at = row.reason = None
    if row.paid_at is None:
        row.bank_reference = None
    db.session.flush()
    record(operator_id, "payout_report_dismissed", run, number=number, outcome=outcome)


def _lock_reported(month: str, round_: int, number: str) -> tuple[PayoutRun, Payout]:
    run = lock_run(month, round_)
    row = next((each for each in lock_payouts(run) if each.number == number), None)
    if row is None:
        raise RunUnknown()
    if not row.waits:
        raise RunPastThis()
    return run, row


def _file_of(run: PayoutRun) -> str:
    return f"payout_run.file:{run.code}"
