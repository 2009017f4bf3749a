"""What happens later: fetching the provider's bills and matching them, day by day; preparing payouts.

Bills are fetched and orders asked for between transactions, never inside one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import structlog

from app.clients import errors as outside
from app.kit import clock
from app.kit.transaction import transaction
from app.offsets.provider import paid_word, settings, wechat_pay
from app.offsets.rules import PaymentOutcome, WordSource
from app.offsets.services import payments
from app.treasury import rules
from app.treasury.errors import MonthNotOver, NothingToPay
from app.treasury.queries import bills as queries
from app.treasury.queries.payouts import find_run
from app.treasury.rules.breaks import Merchant
from app.treasury.rules.days import AGAIN_AFTER, Wait
from app.treasury.services import bills, days
from app.treasury.services.days import Matched
from app.treasury.services.runs import prepare_run

MOST_ASKED = 2_000
"""Orders asked for in one reconciliation; a day that misses more stays due."""
_NOT_NOW = (outside.Unreachable, outside.RateLimited)
"""Nothing else can be asked for either, for the moment."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reconciled:
    """What came of reconciling a day."""

    matched: Matched
    healed: int


def reconcile_day(day: date) -> Reconciled:
    """Fetch a day's bills, match them, and heal what asking the provider heals. Safe to repeat.

    Raises `OutsideError` where the bills cannot be had or read, or orders cannot be asked for now. The
    day then says so and is not settled: only a match after the last answer settles it.
    """
    try:
        trade, flow = wechat_pay().trade_bill(day), wechat_pay().fundflow_bill(day)
        with transaction():
            bills.take_bills(day, trade, flow)
        matched, missing = _match(day)
        healed = _heal(missing)
    except outside.OutsideError as error:
        _note(day, error)
        raise
    if missing:
        matched, _ = _match(day, missing)
    after = queries.find_day(day + timedelta(days=1))
    if after is not None and after.settled:
        _match(after.day)  # it judges this day's last minutes
    return Reconciled(matched, healed)


def reconcile_due() -> int:
    """Reconcile every day whose bills are out and that was not; returns how many. For the sweeper.

    A day in trouble holds up no other. Where the provider cannot be asked at all, the others wait for
    the next look, which leaves that day alone for a while.
    """
    with transaction():
        now = clock.now()
        due = queries.due_at(now)
        done = queries.settled_days(due[0], now - AGAIN_AFTER) if due else set()
    count = 0
    for day in due:
        if day in done:
            continue
        try:
            reconcile_day(day)
            count += 1
        except outside.NotReady:
            _log.info("bills are not out yet", day=str(day))
        except outside.OutsideError as error:
            _log.error("a day cannot be reconciled", day=str(day), reason=str(error))
            if isinstance(error, _NOT_NOW):
                break
    return count


def merchant() -> Merchant:
    """Whose bills we expect."""
    wechat = settings().wechat
    return Merchant(wechat.appid, wechat.mchid)


def _match(day: date, asked: Sequence[str] = ()) -> tuple[Matched, Sequence[str]]:
    """Match a day; it stays due while it misses orders that were not `asked` for. Returns those it misses."""
    with transaction():
        matched = days.match_day(day, merchant())
        missing = queries.list_missing_here(day, MOST_ASKED)
        if not set(missing) <= set(asked):
            days.note_trouble(day, Wait.UNASKED)
    return matched, missing


def _note(day: date, error: outside.OutsideError) -> None:
    """Write trouble down where a later look can end it, not on a day that the sweeper never comes to."""
    with transaction():
        if isinstance(error, outside.NotReady) or day in queries.due_at(clock.now()):
            days.note_trouble(day, error.code if isinstance(error, outside.Refused) else str(error))


def _heal(codes: Sequence[str]) -> int:
    """Ask the provider about what its bill calls paid and we do not know of; only its answer counts.

    Raises `Unreachable` or `RateLimited` where asking on is of no use now.
    """
    healed = 0
    for code in codes:
        try:
            answer = wechat_pay().query(code)
            if answer is None or answer.trade_state not in ("SUCCESS", "REFUND"):
                continue
            word = paid_word(answer, WordSource.BILL)
        except _NOT_NOW:
            raise
        except (outside.OutsideError, ValueError) as error:
            _log.warning("an order could not be asked for", order=code, reason=type(error).__name__)
            continue
        word = paid_word(answer, WordSource.BILL)
        with transaction():
            outcome = payments.record_payment(word)
        # Served, sent back, or held in suspense; what went back elsewhere is only known.
        healed += outcome is not PaymentOutcome.DUPLICATE and not word.refunded
    return healed


def prepare_last_month() -> int:
    """Prepare last month's run if its time has come and nobody did; returns how many were prepared.

    The database says whether it is done, so that any number of sweepers may look, as often as they like.
    """
    month = rules.payouts.month_due(clock.now())
    if month is None:
        return 0
    with transaction():
        if find_run(month, 1) is not None:
            return 0
        try:
            prepare_run(month)
        except (MonthNotOver, NothingToPay):
            return 0
    return 1
