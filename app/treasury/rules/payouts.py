"""What is true of payouts 付款 and their monthly runs. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_SHANGHAI = ZoneInfo("Asia/Shanghai")

MINIMUM_FEN = 1_000
"""Less than 10 yuan waits for the next run: a bank takes some yuan for a transfer to another bank."""
SETTLED_AFTER = timedelta(minutes=10)
"""How long after its end a month is counted: whatever was begun before then is committed or gone.

A statement of the database may take 15 s and a transaction may idle for 30 s (kit.database)."""
PREPARED_HOUR = 10
"""The hour of the first day of a month, in Shanghai, from which the month before is prepared by itself."""


def is_month(written: str) -> bool:
    """Whether this names a month that can have been paid out: `2026-11`, from 2015 on."""
    return re.fullmatch(r"20(1[5-9]|[2-9][0-9])-(0[1-9]|1[0-2])", written) is not None


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """The first moment of a month `2026-11` in Shanghai and the first one after it, in UTC."""
    year, number = int(month[:4]), int(month[5:])
    following = (year + number // 12, number % 12 + 1)
    first, after = (datetime(*each, 1, tzinfo=_SHANGHAI) for each in ((year, number), following))
    return first.astimezone(UTC), after.astimezone(UTC)


def month_before(at: datetime) -> str:
    """The month before the one that `at` lies in, in Shanghai."""
    first = at.astimezone(_SHANGHAI).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


def countable(month: str, now: datetime) -> bool:
    """Whether `month` is over and nothing can be posted into it any more."""
    return now >= month_bounds(month)[1] + SETTLED_AFTER


def month_due(now: datetime) -> str | None:
    """The month whose run is prepared by itself now; None before the first day's hour."""
    local = now.astimezone(_SHANGHAI)
    return None if local.day == 1 and local.hour < PREPARED_HOUR else month_before(now)


class Source(StrEnum):
    """Which money of a holder is paid out."""

    PAYABLE = "payable"
    """A seller's or village's income."""
    FEES = "fees"
    """The platform's own fees."""


class SkipReason(StrEnum):
    """Why somebody is not paid by a run; nothing is lost, the money stays where it is."""

    NO_PAYEE = "no_payee"
    """No confirmed bank account."""
    BELOW_MINIMUM = "below_minimum"
    """Carried over to the next run."""
    SANCTIONED = "sanctioned"
    """Suspended or removed: paid by the first run after the sanction has ended."""


def free_fen(balance_fen: int, later_fen: int, promised_fen: int) -> int:
    """What may be paid out as of a month's end, never below nothing.

    Of the balance, what came in later waits for its own run, and what an open payout was promised is
    promised once.
    """
    return max(0, balance_fen - later_fen - promised_fen)


def skip_reason(
    amount_fen: int, minimum_fen: int, has_payee: bool, sanctioned: bool = False
) -> SkipReason | None:
    """Why `amount_fen` is not paid; None when it is."""
    if sanctioned:
        return SkipReason.SANCTIONED
    if amount_fen < minimum_fen:
        return SkipReason.BELOW_MINIMUM
    return None if has_payee else SkipReason.NO_PAYEE


class RunStatus(StrEnum):
    """Where a run stands; derived from its time stamps and its payouts."""

    PREPARED = "prepared"
    """Waits for somebody else's approval; nothing is booked."""
    WITHDRAWN = "withdrawn"
    """Not approved; what it would have paid is free again. Final."""
    APPROVED = "approved"
    """Booked as being paid; the bank's file may be taken."""
    EXPORTED = "exported"
    """The file was taken to the bank; results are awaited."""
    FINISHED = "finished"
    """Every payout arrived or came back, or there was nobody to pay."""


class PayoutStatus(StrEnum):
    """Where a payout stands; derived from its run's time stamps and its own."""

    PREPARED = "prepared"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    EXPORTED = "exported"
    PAID = "paid"
    """The bank says that it arrived."""
    FAILED = "failed"
    """It never arrived; owed again."""
    RETURNED = "returned"
    """The bank took it back after it had arrived 退票; owed again."""


@dataclass(frozen=True)
class RunStamps:
    """The time of each edge a run has passed."""

    approved_at: datetime | None = None
    exported_at: datetime | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class PayoutStamps:
    """The time of each edge a payout has passed by itself."""

    exported_at: datetime | None = None
    paid_at: datetime | None = None
    failed_at: datetime | None = None
    returned_at: datetime | None = None


def run_status(run: RunStamps, open_payouts: int) -> RunStatus:
    """The status that the time stamps say, with how many payouts have not ended yet."""
    if run.withdrawn_at is not None:
        return RunStatus.WITHDRAWN
    if not open_payouts:
        return RunStatus.FINISHED
    if run.approved_at is None:
        return RunStatus.PREPARED
    return RunStatus.APPROVED if run.exported_at is None else RunStatus.EXPORTED


_LATEST_FIRST = (
    ("returned_at", PayoutStatus.RETURNED),
    ("failed_at", PayoutStatus.FAILED),
    ("paid_at", PayoutStatus.PAID),
    ("exported_at", PayoutStatus.EXPORTED),
)


def payout_status(run: RunStamps, payout: PayoutStamps) -> PayoutStatus:
    """The status that the time stamps say."""
    for name, status in _LATEST_FIRST:
        if getattr(payout, name) is not None:
            return status
    if run.withdrawn_at is not None:
        return PayoutStatus.WITHDRAWN
    return PayoutStatus.PREPARED if run.approved_at is None else PayoutStatus.APPROVED


class Outcome(StrEnum):
    """What the bank says of a payout."""

    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"


FROM: Mapping[Outcome, frozenset[PayoutStatus]] = {
    Outcome.PAID: frozenset({PayoutStatus.EXPORTED}),
    Outcome.FAILED: frozenset({PayoutStatus.APPROVED, PayoutStatus.EXPORTED}),
    Outcome.RETURNED: frozenset({PayoutStatus.PAID}),
}
"""Where a payout must stand for the bank's word to make sense; migration 0011 holds the same as a trigger."""
