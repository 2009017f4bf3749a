"""Payout runs 付款批次: prepared by one person or the sweeper, approved by another, or withdrawn.

Each step is one transaction of a few set-based statements, and each can be sent twice: what a step has
written already is found and left. Approval moves the money from where it is owed to paying, so that no
second run and no refund can promise it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from app.accounts import chart, ledger
from app.accounts import queries as accounts
from app.accounts.chart import PLATFORM, EntryKind
from app.accounts.ledger import Part
from app.accounts.services import audit
from app.kit import clock
from app.kit.codes import checked_code
from app.kit.database import array, db
from app.offsets import queries as offsets
from app.offsets.services.claims import lock_free_fees
from app.registry import queries as registry
from app.treasury import rules
from app.treasury.errors import (
    FeesPromised,
    HoldersSanctioned,
    MonthNotOver,
    NothingToPay,
    PayeesChanged,
    RunPastThis,
    RunUnknown,
    SamePerson,
)
from app.treasury.models import PayeeAccount, Payout, PayoutRun
from app.treasury.queries import payees, payouts
from app.treasury.rules.payouts import RunStatus, SkipReason, Source
from app.treasury.services.statements import make_statements

NUMBER_LENGTH = 12
"""Random characters of a payout's number, 60 bits, and a check character: short enough for a remark."""
MOST_NAMED = 50
"""Payouts that a refusal names."""

_ROWS = (
    "unnest(CAST(:holders AS bigint[]), CAST(:sources AS text[]), CAST(:amounts AS bigint[]),"
    " CAST(:lasts AS {kind}[]){more})"
)
_PAY = text(
    "INSERT INTO payout (run_id, holder_id, source, amount_fen, payee_id, number) SELECT :run, * FROM "
    + _ROWS.format(kind="bigint", more=", CAST(:numbers AS text[])")
)
_SKIP = text(
    "INSERT INTO payout_skip (run_id, holder_id, source, amount_fen, reason) SELECT :run, * FROM "
    + _ROWS.format(kind="text", more="")
)


STARTS: Mapping[Source, EntryKind] = {
    Source.PAYABLE: chart.START_PAYOUT,
    Source.FEES: chart.START_FEES_PAYOUT,
}
"""What an approved payout is in the books, by the source of its money."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What one holder may be paid from one source."""

    holder_id: int
    source: Source
    amount_fen: int


def prepare_run(month: str, round_: int = 1, operator_id: int | None = None) -> PayoutRun:
    """Prepare round `round_` of a month's run, or find it: what everybody is owed as of the month's end.

    Raises `MonthNotOver`, `NothingToPay`, and `RunUnknown` for a round that does not follow on.
    """
    if not rules.payouts.countable(month, clock.now()):
        raise MonthNotOver()
    # A month's books may be long to read; and preparing waits for preparing, approving and withdrawing.
    db.session.execute(text("SET LOCAL statement_timeout = '10min'"))
    db.session.execute(text("LOCK TABLE payout_run IN SHARE ROW EXCLUSIVE MODE"))
    known = payouts.find_run(month, round_)
    if known is not None:
        return known
    if round_ > 1 and payouts.find_run(month, round_ - 1) is None:
        raise RunUnknown()
    statements = make_statements(month)
    claims = _claims(month)
    standing = payees.list_standing()
    halted = registry.sanctions.lock_halted_holders()
    judged = [
        (claim, _judge(claim, claim.holder_id in standing, claim.holder_id in halted)) for claim in claims
    ]
    paid = [claim for claim, reason in judged if reason is None]
    if not paid and (round_ > 1 or not (claims or statements)):
        raise NothingToPay()
    run = PayoutRun(
        month=month,
        round=round_,
        minimum_fen=rules.payouts.MINIMUM_FEN,
        prepared_by=operator_id,
        prepared_at=clock.now(),
    )
    db.session.add(run)
    db.session.flush()
    _insert_payouts(run, paid, [standing[claim.holder_id].id for claim in paid])
    skipped = [(claim, reason) for claim, reason in judged if reason is not None]
    _insert_skips(run, skipped)
    amount_fen = sum(claim.amount_fen for claim in paid)
    record(operator_id, "payouts_prepared", run, payouts=len(paid), amount_fen=amount_fen)
    return run


def _claims(month: str) -> list[Claim]:
    """Everything that is owed as of a month's end and promised to no other payout, nor the fees to a refund.

    Promises are read before balances: one that is kept in between is seen twice, never not at all.
    """
    after = rules.payouts.month_bounds(month)[1]
    promised = payouts.list_promised()
    fees = (chart.PLATFORM, Source.FEES)
    promised[fees] = promised.get(fees, 0) + offsets.sum_fees_promised()
    owed = [(each, Source.PAYABLE) for each in accounts.payables.list_owed(after)]
    owed.append((accounts.payables.get_fees(after), Source.FEES))
    found = [
        Claim(
            each.holder_id,
            source,
            rules.payouts.free_fen(
                each.balance_fen, each.later_fen, promised.get((each.holder_id, source), 0)
            ),
        )
        for each, source in owed
    ]
    return [claim for claim in found if claim.amount_fen]


def _judge(claim: Claim, has_payee: bool, sanctioned: bool) -> SkipReason | None:
    return rules.payouts.skip_reason(claim.amount_fen, rules.payouts.MINIMUM_FEN, has_payee, sanctioned)


def _insert_payouts(run: PayoutRun, paid: Sequence[Claim], payee_ids: Sequence[int]) -> None:
    if paid:
        numbers = array(checked_code(NUMBER_LENGTH) for _ in paid)
        values = {"run": run.id, **_columns(paid), "lasts": array(payee_ids), "numbers": numbers}
        db.session.execute(_PAY, values)


def _insert_skips(run: PayoutRun, skipped: Sequence[tuple[Claim, SkipReason]]) -> None:
    if skipped:
        reasons = [reason.value for _, reason in skipped]
        values = {"run": run.id, **_columns([claim for claim, _ in skipped]), "lasts": reasons}
        db.session.execute(_SKIP, values)


def _columns(claims: Sequence[Claim]) -> dict[str, str]:
    return {
        "holders": array(claim.holder_id for claim in claims),
        "sources": array(claim.source.value for claim in claims),
        "amounts": array(claim.amount_fen for claim in claims),
    }


def approve_run(operator_id: int, month: str, round_: int) -> PayoutRun:
    """Let a run be paid: every payout's money is booked as being paid, so that it is paid once.

    Raises `RunUnknown`, `RunPastThis`, `SamePerson` for whoever prepared it, and `PayeesChanged`,
    `HoldersSanctioned` or `FeesPromised` when an account was ended, a holder suspended or the fees spent
    meanwhile: then the run is withdrawn and prepared again.
    """
    run = lock_run(month, round_)
    if payouts.run_status(run) is not RunStatus.PREPARED:
        raise RunPastThis()
    if run.prepared_by == operator_id:
        raise SamePerson()
    rows = lock_payouts(run)
    require_none_sanctioned(rows)
    require_payees(rows)
    _require_fees(rows)
    run.approved_by, run.approved_at = operator_id, clock.now()
    db.session.flush()
    book(STARTS, rows)
    record(operator_id, "payouts_approved", run, amount_fen=sum(row.amount_fen for row in rows))
    return run


def _require_fees(rows: Sequence[Payout]) -> None:
    """Fees stand at the boundary without a floor of their own: what they may lose is counted here."""
    asked = sum(row.amount_fen for row in rows if row.source == Source.FEES)
    if asked and asked > lock_free_fees():
        raise FeesPromised()


def withdraw_run(operator_id: int, month: str, round_: int) -> PayoutRun:
    """Give a prepared run up; what it would have paid is free for the next round.

    Raises `RunUnknown` and `RunPastThis`.
    """
    run = lock_run(month, round_)
    if payouts.run_status(run) is not RunStatus.PREPARED:
        raise RunPastThis()
    run.withdrawn_by, run.withdrawn_at = operator_id, clock.now()
    db.session.flush()
    record(operator_id, "payouts_withdrawn", run)
    return run


def book(kinds: Mapping[Source, EntryKind], rows: Sequence[Payout]) -> None:
    """Write one entry for each payout, by the source of its money.

    All of them are one statement, so that it locks accounts in the books' one order.
    """
    ledger.post_columns(
        *(_part(kind, [row for row in rows if row.source == source]) for source, kind in kinds.items())
    )


def _part(kind: EntryKind, rows: Sequence[Payout]) -> Part:
    sources, targets = ([_end(end, row) for row in rows] for end in (kind.source, kind.target))
    return kind, [row.id for row in rows], sources, targets, [row.amount_fen for row in rows]


def _end(account: chart.AccountKind, row: Payout) -> int:
    """Whose account an entry touches: the holder's own where it is stored, the platform's at the boundary."""
    return row.holder_id if account.stored else PLATFORM


def lock_run(month: str, round_: int) -> PayoutRun:
    """The run, locked until the commit: what is done to one run is done one after the other.

    Raises `RunUnknown`.
    """
    run = payouts.find_run(month, round_, lock=True)
    if run is None:
        raise RunUnknown()
    return run


def lock_payouts(run: PayoutRun) -> list[Payout]:
    """A run's payouts, locked until the commit."""
    wanted = select(Payout).where(Payout.run_id == run.id).order_by(Payout.id).with_for_update()
    return list(db.session.scalars(wanted.execution_options(populate_existing=True)))


def require_payees(rows: Sequence[Payout]) -> dict[int, PayeeAccount]:
    """The accounts of these payouts. Raises `PayeesChanged` naming payouts whose account does not stand."""
    found = payees.list_payees([row.payee_id for row in rows])
    gone = [row.number for row in rows if not found[row.payee_id].stands]
    if gone:
        raise PayeesChanged(numbers=", ".join(gone[:MOST_NAMED]))
    return found


def require_none_sanctioned(rows: Sequence[Payout]) -> None:
    """Refuse to pay who was suspended or removed since. Raises `HoldersSanctioned` naming their payouts."""
    halted = registry.sanctions.lock_halted_holders()
    held = [row.number for row in rows if row.holder_id in halted]
    if held:
        raise HoldersSanctioned(numbers=", ".join(held[:MOST_NAMED]))


def record(operator_id: int | None, action: str, run: PayoutRun, **details: object) -> None:
    """Write into the audit log what was done to a run."""
    audit.record(operator_id, action, run.code, details)
