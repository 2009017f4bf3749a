"""Reconciling a day 对账: what does not match is written down, what has come right is let go."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app.accounts.services import audit
from app.kit import clock
from app.kit.clock import SHANGHAI
from app.kit.database import copy_rows, db
from app.treasury.errors import DayBusy, DayNotDue
from app.treasury.models import Bill, Reconciliation
from app.treasury.queries import bills as queries
from app.treasury.queries import subjects
from app.treasury.rules.breaks import (
    Break,
    Found,
    Merchant,
    payment_breaks,
    refund_breaks,
    return_breaks,
    window,
)
from app.treasury.rules.days import Wait
from app.treasury.rules.totals import account_breaks, summary_breaks
from app.treasury.services.bills import lock_day

_COLUMNS = (
    "kind",
    "key",
    "order_code",
    "ours_fen",
    "theirs_fen",
    "ours",
    "theirs",
    "difference_fen",
    "carries_money",
)
_LIST = ", ".join(_COLUMNS)
_FIGURES = ", ".join(f"{{side}}.{column}" for column in _COLUMNS[2:])
_KEEP = text(f"""
INSERT INTO bill_break (day, {_LIST}, found_at) SELECT :day, {_LIST}, :now FROM found_break
ON CONFLICT (day, kind, key) DO UPDATE
   SET ({", ".join(_COLUMNS[2:])}, found_at) = ROW ({_FIGURES.format(side="excluded")}, excluded.found_at),
       resolved_at = NULL, explanation = NULL, explained_at = NULL, explained_by = NULL,
       confirmed_at = NULL, confirmed_by = NULL
 WHERE bill_break.resolved_at IS NOT NULL
    OR ({_FIGURES.format(side="bill_break")}) IS DISTINCT FROM ({_FIGURES.format(side="excluded")})
""")
_LET_GO = text("""
UPDATE bill_break SET resolved_at = :now
 WHERE day = :day AND resolved_at IS NULL
   AND NOT EXISTS (SELECT FROM found_break found
                    WHERE (found.kind, found.key) = (bill_break.kind, bill_break.key))
""")


@dataclass(frozen=True)
class Matched:
    """What came of matching a day: its subjects, how many are broken, and what was found, by kind."""

    subjects: int
    broken: int
    found: dict[Break, int]


def match_day(day: date, merchant: Merchant) -> Matched:
    """Hold the day's bills, records and books against each other and keep what differs.

    A break that was found before keeps its explanation as long as its figures stand; one that is found
    no more is resolved. May be repeated at any time.
    """
    lock_day(day)
    _note(day)
    span = _span(day)
    found = {(each.kind, each.key): each for each in _breaks(day, span, merchant)}
    _keep(day, found.values())
    count = subjects.count_subjects(span)
    ours_only = (Break.MISSING_THERE, Break.REFUND_MISSING_THERE)
    count += sum(kind in ours_only for kind, _ in found)
    broken = len({key for _, key in found})
    row = db.session.get_one(Reconciliation, day)
    row.matched_at, row.subjects, row.broken, row.trouble = clock.now(), count, broken, None
    kinds = [kind for kind, _ in found]
    return Matched(count, broken, {kind: kinds.count(kind) for kind in Break if kind in kinds})


def note_trouble(day: date, trouble: str) -> None:
    """Write down why a day could not be matched; it is looked at again later."""
    _note(day)
    db.session.get_one(Reconciliation, day).trouble = trouble[:200]


def match_again(operator_id: int, day: date) -> None:
    """Have the sweeper fetch and match a day again; wanting it twice is wanting it once.

    Raises `DayUnknown`, `DayNotDue`, or `DayBusy` rather than wait for a match under way.
    """
    if queries.get_day(day).day not in queries.due_at(clock.now()):
        raise DayNotDue()
    row = db.session.scalar(
        select(Reconciliation).where(Reconciliation.day == day).with_for_update(skip_locked=True)
    )
    if row is None:
        raise DayBusy()
    if row.trouble != Wait.AGAIN:
        row.trouble = Wait.AGAIN
        audit.record(operator_id, "day_match_wanted", day.isoformat())


def _note(day: date) -> None:
    now = clock.now()
    db.session.execute(
        insert(Reconciliation)
        .values(day=day, looked_at=now, subjects=0, broken=0)
        .on_conflict_do_update(index_elements=["day"], set_={"looked_at": now})
    )


def _span(day: date) -> subjects.Span:
    """The span that is judged with `day`, and the bills that may hold the halves of its subjects."""
    before = queries.find_day(day - timedelta(days=1))
    start, end = window(day, SHANGHAI, before is not None and before.matched_at is not None)
    ids: dict[str, list[int]] = {"trade": [], "flow": []}
    for kind, held in ids.items():
        for offset in (-1, 0):
            bill = queries.find_current(kind, day + timedelta(days=offset))
            if bill is not None:
                held.append(bill.id)
    return subjects.Span(tuple(ids["trade"]), tuple(ids["flow"]), start, end)


def _breaks(day: date, span: subjects.Span, merchant: Merchant) -> Iterator[Found]:
    for payment in subjects.payment_suspects(span, merchant):
        yield from payment_breaks(payment, merchant)
    for refund in subjects.refunds(span):
        yield from refund_breaks(refund, merchant)
    for money_back in subjects.returns(span):
        yield from return_breaks(money_back)
    for number, kind, fen in subjects.strange_flows(span):
        yield Found(Break.FLOW_KIND, number, theirs_fen=fen, theirs=kind, difference_fen=fen)
    for kind in ("trade", "flow"):
        bill = queries.find_current(kind, day)
        if bill is not None:
            yield from summary_breaks(kind, bill.announced, bill.counted)
    flow = queries.find_current("flow", day)
    if flow is not None:
        yield from _account(flow)


def _account(flow: Bill) -> Iterator[Found]:
    booked = queries.booked_of_day(flow.day)
    yield from account_breaks(
        queries.closing_before(flow.day),
        (flow.opening_fen, flow.closing_fen),
        flow.counted,
        {
            "fees": (booked.fee_fen, flow.fee_fen),
            "withdrawals": (booked.withdrawn_fen, flow.withdrawn_fen),
        },
    )


def _keep(day: date, found: Iterable[Found]) -> None:
    """Write what was found beside what stood there before."""
    db.session.execute(text("DROP TABLE IF EXISTS pg_temp.found_break"))
    db.session.execute(
        text(
            "CREATE TEMPORARY TABLE found_break ON COMMIT DROP AS"
            f" SELECT {_LIST} FROM bill_break WITH NO DATA"
        )
    )
    rows = ([getattr(each, column) for column in _COLUMNS] for each in found)
    copy_rows("found_break", _COLUMNS, rows)
    values = {"day": day, "now": clock.now()}
    db.session.execute(_KEEP, values)
    db.session.execute(_LET_GO, values)
    db.session.expire_all()
