"""Runs and payouts as operators see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from app.accounts import queries as accounts
from app.kit.database import db
from app.treasury import rules
from app.treasury.errors import RunUnknown
from app.treasury.models import Payout, PayoutRun, PayoutSkip, Statement
from app.treasury.queries.payees import list_payees
from app.treasury.rules.payouts import PayoutStatus, RunStatus, Source


@dataclass(frozen=True)
class RunSummary:
    """A run with its totals; `reported` counts payouts whose report waits for a second operator."""

    run: PayoutRun
    status: RunStatus
    payouts: int
    amount_fen: int
    paid_fen: int
    back_fen: int
    reported: int


@dataclass(frozen=True)
class PayoutFacts:
    """A payout, to whom, and where it stands. `before` counts this holder's transfers that came back."""

    payout: Payout
    status: PayoutStatus
    holder_code: str
    holder_name: str
    bank_name: str
    last_four: str
    before: int


@dataclass(frozen=True)
class SkipFacts:
    """Somebody a run does not pay."""

    skip: PayoutSkip
    holder_code: str
    holder_name: str


@dataclass(frozen=True)
class RunFacts:
    """A run with everybody in it; `last` when no later round of its month exists."""

    summary: RunSummary
    payouts: tuple[PayoutFacts, ...]
    skips: tuple[SkipFacts, ...]
    statements: tuple[tuple[str, str, int], ...]
    last: bool


def find_run(month: str, round_: int, *, lock: bool = False) -> PayoutRun | None:
    """One run, locked until the commit where asked; None when there is none."""
    wanted = select(PayoutRun).where(PayoutRun.month == month, PayoutRun.round == round_)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return db.session.scalar(wanted)


def run_status(run: PayoutRun) -> RunStatus:
    """Where a run stands."""
    still_open = db.session.scalar(
        select(func.count()).where(
            Payout.run_id == run.id, Payout.paid_at.is_(None), Payout.failed_at.is_(None)
        )
    )
    return rules.payouts.run_status(run.stamps, int(still_open or 0))


_PROMISED = text(
    "SELECT holder_id, source, sum(amount_fen)::bigint AS amount_fen"
    " FROM payout JOIN payout_run ON payout_run.id = run_id"
    " WHERE withdrawn_at IS NULL AND approved_at IS NULL"
    " GROUP BY holder_id, source"
)


def list_promised() -> dict[tuple[int, Source], int]:
    """What prepared payouts were promised of balances that they have not moved yet, by holder and source."""
    return {(row.holder_id, Source(row.source)): row.amount_fen for row in db.session.execute(_PROMISED)}


def list_runs(limit: int, before: int | None = None) -> list[RunSummary]:
    """Runs, newest first; `before` is a run's id."""
    wanted = select(PayoutRun).order_by(PayoutRun.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(PayoutRun.id < before)
    return _summaries(db.session.scalars(wanted).all())


def count_runs_waiting() -> int:
    """How many runs wait for a person: to be approved, or to be taken to the bank."""
    waiting = select(func.count()).where(PayoutRun.withdrawn_at.is_(None), PayoutRun.exported_at.is_(None))
    anybody = select(Payout.id).where(Payout.run_id == PayoutRun.id, Payout.failed_at.is_(None)).exists()
    return int(db.session.scalar(waiting.where(anybody)) or 0)


def count_reports_waiting() -> int:
    """How many reports that a payout failed or came back wait for a second operator."""
    waiting = select(func.count()).where(Payout.reported_at.is_not(None), Payout.confirmed_by.is_(None))
    return int(db.session.scalar(waiting) or 0)


_TOTALS = text(
    "SELECT run_id, count(*) AS payouts, sum(amount_fen)::bigint AS amount_fen,"
    " coalesce(sum(amount_fen) FILTER (WHERE paid_at IS NOT NULL AND returned_at IS NULL), 0)::bigint"
    "   AS paid,"
    " coalesce(sum(amount_fen) FILTER (WHERE failed_at IS NOT NULL OR returned_at IS NOT NULL), 0)::bigint"
    "   AS back,"
    " count(*) FILTER (WHERE paid_at IS NULL AND failed_at IS NULL) AS open,"
    " count(*) FILTER (WHERE reported_at IS NOT NULL AND confirmed_by IS NULL) AS reported"
    " FROM payout WHERE run_id = ANY(:runs) GROUP BY run_id"
)


def _summaries(runs: Sequence[PayoutRun]) -> list[RunSummary]:
    totals = {row.run_id: row for row in db.session.execute(_TOTALS, {"runs": [run.id for run in runs]})}
    found = []
    for run in runs:
        row = totals.get(run.id)
        status = rules.payouts.run_status(run.stamps, row.open if row else 0)
        figures = (row.payouts, row.amount_fen, row.paid, row.back, row.reported) if row else (0,) * 5
        found.append(RunSummary(run, status, *figures))
    return found


def get_run(month: str, round_: int) -> RunFacts:
    """One run with its payouts, skips and the statements of its month. Raises `RunUnknown`."""
    run = find_run(month, round_)
    if run is None:
        raise RunUnknown()
    rows = db.session.scalars(select(Payout).where(Payout.run_id == run.id).order_by(Payout.id)).all()
    skips = db.session.scalars(
        select(PayoutSkip).where(PayoutSkip.run_id == run.id).order_by(PayoutSkip.holder_id)
    ).all()
    statements = db.session.scalars(
        select(Statement).where(Statement.month == month).order_by(Statement.holder_id)
    ).all()
    return RunFacts(
        _summaries([run])[0],
        tuple(_facts(run, rows)),
        tuple(_skip_facts(skips)),
        tuple(_statement_links(statements)),
        find_run(month, round_ + 1) is None,
    )


def _facts(run: PayoutRun, rows: Sequence[Payout]) -> list[PayoutFacts]:
    holders = accounts.list_holders([row.holder_id for row in rows])
    accounts_by_id = list_payees([row.payee_id for row in rows])
    before = _came_back([row.holder_id for row in rows], run.id)
    return [
        PayoutFacts(
            row,
            rules.payouts.payout_status(run.stamps, row.stamps),
            holders[row.holder_id].code,
            holders[row.holder_id].name or "",
            accounts_by_id[row.payee_id].bank_name,
            accounts_by_id[row.payee_id].last_four,
            before.get((row.holder_id, row.source), 0),
        )
        for row in rows
    ]


def _came_back(holder_ids: Sequence[int], before_run: int) -> dict[tuple[int, str], int]:
    """How many of these holders' earlier transfers failed or were returned: approvers should know."""
    rows = db.session.execute(
        select(Payout.holder_id, Payout.source, func.count())
        .where(Payout.holder_id.in_(set(holder_ids)), Payout.run_id < before_run)
        .where(Payout.failed_at.is_not(None) | Payout.returned_at.is_not(None))
        .group_by(Payout.holder_id, Payout.source)
    )
    return {(holder_id, source): count for holder_id, source, count in rows}


def _skip_facts(skips: Sequence[PayoutSkip]) -> list[SkipFacts]:
    holders = accounts.list_holders([skip.holder_id for skip in skips])
    return [
        SkipFacts(skip, holders[skip.holder_id].code, holders[skip.holder_id].name or "") for skip in skips
    ]


def _statement_links(statements: Sequence[Statement]) -> list[tuple[str, str, int]]:
    """Code, holder's name and closing amount of each."""
    holders = accounts.list_holders([each.holder_id for each in statements])
    return [(each.code, holders[each.holder_id].name or "", each.closing_fen) for each in statements]


@dataclass(frozen=True)
class Arrival:
    """A payout as the one who is paid sees it."""

    number: str
    round: int
    amount_fen: int
    status: PayoutStatus
    bank_name: str
    last_four: str
    at: datetime | None
    reason: str | None


def list_arrivals(holder_id: int, month: str) -> list[Arrival]:
    """What became of a holder's income of a month: every payout of its runs that was not withdrawn."""
    rows = db.session.execute(
        select(Payout, PayoutRun)
        .join(PayoutRun, PayoutRun.id == Payout.run_id)
        .where(Payout.holder_id == holder_id, Payout.source == Source.PAYABLE.value)
        .where(PayoutRun.month == month, PayoutRun.withdrawn_at.is_(None))
        .order_by(Payout.id)
    ).all()
    accounts_by_id = list_payees([row.Payout.payee_id for row in rows])
    return [
        Arrival(
            payout.number,
            run.round,
            payout.amount_fen,
            rules.payouts.payout_status(run.stamps, payout.stamps),
            accounts_by_id[payout.payee_id].bank_name,
            accounts_by_id[payout.payee_id].last_four,
            payout.returned_at or payout.failed_at or payout.paid_at,
            None if payout.waits else payout.reason,
        )
        for payout, run in rows
    ]


def find_skip(holder_id: int, month: str) -> PayoutSkip | None:
    """Why the last run of a month left this holder's income where it is; None when it did not."""
    return db.session.scalar(
        select(PayoutSkip)
        .join(PayoutRun, PayoutRun.id == PayoutSkip.run_id)
        .where(PayoutSkip.holder_id == holder_id, PayoutSkip.source == Source.PAYABLE.value)
        .where(PayoutRun.month == month, PayoutRun.withdrawn_at.is_(None))
        .order_by(PayoutRun.round.desc())
        .limit(1)
    )


def get_amount_fen(month: str, round_: int, number: str) -> int:
    """The amount of one payout of a run. Raises `RunUnknown`."""
    amount = db.session.scalar(
        select(Payout.amount_fen)
        .join(PayoutRun, PayoutRun.id == Payout.run_id)
        .where(Payout.number == number, PayoutRun.month == month, PayoutRun.round == round_)
    )
    if amount is None:
        raise RunUnknown()
    return amount
