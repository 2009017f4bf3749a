"""Transfers 转账: the file that goes to the bank, and the bank's word on what became of each payout."""

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import text

from app.accounts import chart
from app.accounts.chart import EntryKind
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.messages import t
from app.treasury import rules
from app.treasury.errors import ResultsRefused, RunPastThis, SamePerson
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
_END = {
    outcome: text(
        f"UPDATE payout SET {outcome}_at = :at, reason = word.reason,"
        "  bank_reference = coalesce(payout.bank_reference, word.reference)"
        " FROM unnest(CAST(:ids AS bigint[]), CAST(:references AS text[]), CAST(:reasons AS text[]))"
        "  AS word(id, reference, reason) WHERE payout.id = word.id"
    )
    for outcome in Outcome
}


def export_run(operator_id: int, month: str, round_: int) -> bytes:
    """The bank's file of a run. The first time it is made and kept; again, it is the same bytes.

    Raises `RunUnknown`, `RunPastThis` before approval, `SamePerson` for whoever approved, `PayeesChanged`.
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

    What arrived leaves the books, what did not is owed again. Raises `RunUnknown`, and `ResultsRefused`
    naming each line that does not fit.
    """
    run = lock_run(month, round_)
    by_number = {row.number: row for row in lock_payouts(run)}
    faults = [fault for result in results if (fault := _misfit(run, by_number.get(result.number), result))]
    refuse_lines(faults)
    steps = []
    for outcome, kinds in _ENTRIES.items():
        named = [result for result in results if result.outcome is outcome]
        rows = [by_number[result.number] for result in named]
        if named:
            _end(outcome, rows, named)
        steps.append((kinds, rows))
    book(*steps)
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
    status = rules.payouts.payout_status(run.stamps, row.stamps)
    if status not in FROM[result.outcome]:
        return LineFault(result.line, _STATUS_FAULTS.get(status, "line_known"))
    return None


def _end(outcome: Outcome, rows: Sequence[Payout], results: Sequence[Result]) -> None:
    values = {
        "at": clock.now(),
        "ids": [row.id for row in rows],
        "references": [result.bank_reference for result in results],
        "reasons": [None if outcome is Outcome.PAID else result.reason for result in results],
    }
    db.session.execute(_END[outcome], values)


def _file_of(run: PayoutRun) -> str:
    return f"payout_run.file:{run.code}"
