"""What does not match, and how it is called: bill, our records and the books held against each other.

A subject is one payment, one refund as it was asked for, or one refund's money as it moved; it is seen
once with everything that is known of it, and named by the first thing that is wrong in each respect:
the trade, the books, the fee, the flow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum


class Break(StrEnum):
    """Every kind of difference 差错. What to do about each stands in the message catalogue."""

    MISSING_HERE = "missing_here"
    """Paid at the provider, not recorded here. Asking the provider about the order may heal it."""
    MISSING_THERE = "missing_there"
    """Recorded here, on no bill."""
    AMOUNT = "amount_differs"
    STATE = "state_differs"
    ORDER = "order_differs"
    """The transaction belongs to another order than the bill says."""
    DUPLICATE = "duplicate"
    """A transaction or refund on the bills twice, or an order paid by two transactions."""
    CURRENCY = "currency_differs"
    MERCHANT = "other_merchant"
    REFUND_MISSING_HERE = "refund_missing_here"
    REFUND_MISSING_THERE = "refund_missing_there"
    REFUND_AMOUNT = "refund_amount_differs"
    BOOKS_MISSING = "books_missing"
    BOOKS = "books_differ"
    FEE = "fee_differs"
    """The fee is not the rate's, or the account was charged another."""
    FLOW_MISSING = "flow_missing"
    FLOW_ALONE = "flow_without_trade"
    FLOW_AMOUNT = "flow_differs"
    FLOW_KIND = "flow_unknown"
    SUMMARY = "summary_differs"
    BALANCE = "balance_differs"
    """The account's balance does not follow from its movements, or from the day before."""


TRADE, REFUND, FEE, FEE_BACK, WITHDRAWAL = "交易", "退款", "扣除交易手续费", "退还手续费", "提现"
INCOMING: Mapping[str, bool] = {TRADE: True, REFUND: False, FEE: False, FEE_BACK: True, WITHDRAWAL: False}
"""The provider's kinds of movement that we know, and whether they bring money."""

CURRENCY = "CNY"
GRACE = timedelta(minutes=10)
"""What happens this late in a day is judged with the next day, whose bill may hold its other half."""
PPM = 1_000_000
MILLI = 1000


@dataclass(frozen=True)
class Merchant:
    """Whose bills these are."""

    appid: str
    mchid: str


@dataclass(frozen=True)
class Found:
    """One difference; figures in fen where there are any, words where there are not."""

    kind: Break
    key: str
    order_code: str | None = None
    ours_fen: int | None = None
    theirs_fen: int | None = None
    ours: str | None = None
    theirs: str | None = None
    difference_fen: int = 0
    """By how much the provider's account stands above our books because of it."""

    @property
    def carries_money(self) -> bool:
        """Whether the two sides' money differs, so that two people must answer for it."""
        return (self.ours_fen or 0) != (self.theirs_fen or 0) or self.difference_fen != 0


@dataclass(frozen=True)
class Trade:
    """What the trade bills say of a subject: its newest row, and on how many rows it stands."""

    copies: int
    appid: str
    mchid: str
    order_code: str
    state: str
    currency: str
    amount_fen: int
    settled_fen: int
    fee_millifen: int
    rate_ppm: int

    @property
    def fee_fen(self) -> int:
        """The fee in whole fen, half a fen up, without its sign."""
        return rounded_fen(abs(self.fee_millifen))


@dataclass(frozen=True)
class Flow:
    """What the fund-flow bills say of a subject: the sums of its movements, without their signs."""

    amount_fen: int | None
    fee_fen: int


@dataclass(frozen=True)
class Ours:
    """What we recorded of a subject, and what the books hold of it."""

    order_code: str
    amount_fen: int
    state: str
    books_fen: int | None


@dataclass(frozen=True)
class Subject:
    """One payment or refund with all that is known of it.

    `rival` is another transaction by which the bill's order was paid here.
    """

    key: str
    trade: Trade | None = None
    flow: Flow | None = None
    ours: Ours | None = None
    rival: str | None = None


def rounded_fen(millifen: int) -> int:
    """Thousandths of a fen as fen, half a fen up."""
    return (millifen + MILLI // 2) // MILLI


def fee_fits(amount_fen: int, rate_ppm: int, fee_millifen: int) -> bool:
    """Whether a fee is the rate's, exactly or rounded half up to a fen. Signs are left aside."""
    over = abs(fee_millifen) * MILLI - abs(amount_fen) * rate_ppm
    return -PPM // 2 < over <= PPM // 2


def window(day: date, zone: tzinfo, day_before_done: bool) -> tuple[datetime, datetime]:
    """The span of which the subjects are judged with `day`: from the tail of the day before to its own.

    Where the day before was never reconciled, its tail is not ours to judge.
    """
    start = datetime.combine(day, time(), zone)
    return start - (GRACE if day_before_done else timedelta()), start + timedelta(days=1) - GRACE


def payment_breaks(seen: Subject, merchant: Merchant) -> list[Found]:
    """What is wrong with a payment."""
    trade, flow, ours = seen.trade, seen.flow, seen.ours
    if trade is None:
        found = [_named(seen, Break.MISSING_THERE if ours else Break.FLOW_ALONE), *_books(seen)]
        return _carrying(found, _moved(flow) - _booked(ours))
    fault = next((kind for kind, holds in _PAYMENT_FAULTS if holds(seen, trade, merchant)), None)
    found = [] if fault is None else [_named(seen, fault)]
    if fault not in _ALONE:
        found += _books(seen) + _fee(seen, trade) + _flow(seen, trade)
    return _carrying(found, _moved(flow) - _booked(ours))


def refund_breaks(seen: Subject, merchant: Merchant) -> list[Found]:
    """What is wrong with a refund as it was asked for; whether its money moved is another subject."""
    trade = seen.trade
    if trade is None:
        return [_named(seen, Break.REFUND_MISSING_THERE)]
    fault = next((kind for kind, holds in _REFUND_FAULTS if holds(seen, trade, merchant)), None)
    found = [] if fault is None else [_named(seen, fault)]
    return found if fault in _ALONE else found + _rate(seen, trade)


def return_breaks(seen: Subject) -> list[Found]:
    """What is wrong with a refund's money: `flow` is what left the account, `trade` its row on any bill."""
    trade, flow, ours = seen.trade, seen.flow, seen.ours
    moved = flow is not None and flow.amount_fen is not None
    found = []
    if not moved and ours is not None and ours.state == SUCCEEDED:
        found = [_named(seen, Break.FLOW_MISSING)]
    elif not moved or trade is None:
        found = [_named(seen, Break.FLOW_ALONE)]
    elif _moved(flow) != trade.settled_fen:
        found = [_named(seen, Break.FLOW_AMOUNT)]
    elif ours is None:
        found = [_named(seen, Break.REFUND_MISSING_HERE)]
    elif ours.amount_fen != trade.amount_fen:
        found = [_named(seen, Break.REFUND_AMOUNT)]
    elif ours.state != SUCCEEDED:
        found = [_named(seen, Break.STATE)]
    if ours is not None and ours.state == SUCCEEDED:
        found += _books(seen)
    if moved and trade is not None and flow is not None and flow.fee_fen != trade.fee_fen:
        found.append(Found(Break.FEE, seen.key, _order(seen), trade.fee_fen, flow.fee_fen))
    return _carrying(found, _booked(ours) - _moved(flow))


SUCCEEDED, OPEN, ABNORMAL, PAID, DOUBT = "succeeded", "open", "abnormal", "paid", "doubt"
"""Where our record of a subject stands; a doubt is a payment that fits no order and waits in suspense."""
_REFUND_STATES: Mapping[str, frozenset[str]] = {
    "SUCCESS": frozenset({SUCCEEDED}),
    "PROCESSING": frozenset({OPEN, SUCCEEDED, ABNORMAL}),
    "CHANGE": frozenset({ABNORMAL}),
    "ABNORMAL": frozenset({ABNORMAL}),
    "CLOSED": frozenset({ABNORMAL}),
    "REFUNDCLOSE": frozenset({ABNORMAL}),
}
"""The bill's word, which stays as it was on the day of acceptance, and what may have become of it here."""

_Fault = Callable[[Subject, Trade, Merchant], bool]
_ALONE = frozenset({Break.MERCHANT, Break.CURRENCY, Break.DUPLICATE})
"""Breaks that say all there is to say: nothing else on such a row can be judged."""
_COMMON: Sequence[tuple[Break, _Fault]] = (
    (Break.MERCHANT, lambda seen, trade, merchant: Merchant(trade.appid, trade.mchid) != merchant),
    (Break.CURRENCY, lambda seen, trade, _: trade.currency != CURRENCY),
    (Break.DUPLICATE, lambda seen, trade, _: trade.copies > 1 or bool(seen.rival and seen.ours is None)),
)
_PAYMENT_FAULTS: Sequence[tuple[Break, _Fault]] = (
    *_COMMON,
    (Break.MISSING_HERE, lambda seen, trade, _: seen.ours is None),
    (Break.ORDER, lambda seen, trade, _: trade.order_code != _ours(seen).order_code),
    (
        Break.AMOUNT,
        lambda seen, trade, _: (trade.amount_fen, trade.settled_fen) != (_ours(seen).amount_fen,) * 2,
    ),
    (Break.STATE, lambda seen, trade, _: trade.state != "SUCCESS"),
)
_REFUND_FAULTS: Sequence[tuple[Break, _Fault]] = (
    *_COMMON,
    (Break.REFUND_MISSING_HERE, lambda seen, trade, _: seen.ours is None),
    (Break.ORDER, lambda seen, trade, _: trade.order_code != _ours(seen).order_code),
    (Break.REFUND_AMOUNT, lambda seen, trade, _: trade.amount_fen != _ours(seen).amount_fen),
    (Break.STATE, lambda seen, trade, _: _ours(seen).state not in _REFUND_STATES.get(trade.state, ())),
)


def _ours(seen: Subject) -> Ours:
    """Our record, where the faults before have made sure that there is one."""
    if seen.ours is None:
        raise ValueError("no record of ours")
    return seen.ours


def _order(seen: Subject) -> str | None:
    return seen.trade.order_code if seen.trade else seen.ours.order_code if seen.ours else None


def _named(seen: Subject, kind: Break) -> Found:
    """The break with both sides' figures, and the words that differ where it is about words."""
    trade, flow, ours = seen.trade, seen.flow, seen.ours
    theirs_fen = trade.amount_fen * trade.copies if trade else None
    if theirs_fen is None or kind in (Break.FLOW_MISSING, Break.FLOW_ALONE, Break.FLOW_AMOUNT):
        theirs_fen = (flow.fee_fen if flow.amount_fen is None else flow.amount_fen) if flow else None
    ours_fen = ours.amount_fen if ours else None
    if kind is Break.FLOW_AMOUNT and trade:
        ours_fen = trade.settled_fen
    mine, told = _words(seen, kind)
    return Found(kind, seen.key, _order(seen), ours_fen, theirs_fen, mine, told)


def _words(seen: Subject, kind: Break) -> tuple[str | None, str | None]:
    """Ours and theirs, for breaks that are about words."""
    trade, ours = seen.trade, seen.ours
    words: dict[Break, tuple[str | None, str | None]] = {
        Break.STATE: (ours.state if ours else None, trade.state if trade else None),
        Break.ORDER: (ours.order_code if ours else None, trade.order_code if trade else None),
        Break.CURRENCY: (CURRENCY, trade.currency if trade else None),
        Break.MERCHANT: (None, f"{trade.mchid} {trade.appid}"[:80] if trade else None),
        Break.DUPLICATE: (seen.rival, None),
    }
    return words.get(kind, (None, None))


def _books(seen: Subject) -> list[Found]:
    """Whether the books hold what we recorded."""
    ours = seen.ours
    if ours is None or ours.books_fen == ours.amount_fen:
        return []
    kind = Break.BOOKS_MISSING if ours.books_fen is None else Break.BOOKS
    return [Found(kind, seen.key, ours.order_code, ours.books_fen, ours.amount_fen)]


def _rate(seen: Subject, trade: Trade) -> list[Found]:
    """Whether the fee follows from the rate."""
    if fee_fits(trade.settled_fen, trade.rate_ppm, trade.fee_millifen):
        return []
    expected_fen = rounded_fen(trade.settled_fen * trade.rate_ppm // MILLI)
    return [Found(Break.FEE, seen.key, _order(seen), expected_fen, trade.fee_fen)]


def _fee(seen: Subject, trade: Trade) -> list[Found]:
    """Whether the fee follows from the rate and was charged as told."""
    charged_fen = seen.flow.fee_fen if seen.flow else 0
    missing = seen.flow is None or seen.flow.amount_fen is None
    if not missing and charged_fen != trade.fee_fen:
        return [Found(Break.FEE, seen.key, _order(seen), trade.fee_fen, charged_fen)]
    return _rate(seen, trade)


def _flow(seen: Subject, trade: Trade) -> list[Found]:
    """Whether the account moved by what was traded."""
    moved_fen = seen.flow.amount_fen if seen.flow else None
    if moved_fen is None:
        return [_named(seen, Break.FLOW_MISSING)]
    return [_named(seen, Break.FLOW_AMOUNT)] if moved_fen != trade.settled_fen else []


def _moved(flow: Flow | None) -> int:
    return (flow.amount_fen or 0) if flow else 0


def _booked(ours: Ours | None) -> int:
    return (ours.books_fen or 0) if ours else 0


def _carrying(found: list[Found], difference_fen: int) -> list[Found]:
    """Put what the provider's account and the books differ by on the first of a subject's breaks."""
    if not found or not difference_fen:
        return found
    return [replace(found[0], difference_fen=difference_fen), *found[1:]]
