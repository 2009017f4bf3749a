"""What is true of orders, settlement and asking the provider. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GRAMS_PER_UNIT = 1000
"""A unit is one kilogram CO2e."""

LEAST_PAY_TIME = timedelta(seconds=60)
"""WeChat Pay takes no `time_expire` nearer than this. Source: WeChat Pay API v3, JSAPI prepay."""


class OrderStatus(StrEnum):
    """Where an order 订单 stands; derived from its time stamps, never stored beside them."""

    RESERVED = "reserved"
    """Units are held for it until `expires_at`; it may be paid."""
    PAID = "paid"
    """A verified payment is in the books; settlement is waiting."""
    SETTLED = "settled"
    """Units retired, money allotted, certificate issued. Final."""
    EXPIRED = "expired"
    """Not paid in time; its units were released."""
    REFUNDING = "refunding"
    """Paid, but cannot be served; the money is on its way back."""
    REFUNDED = "refunded"
    """The money is back. Final."""


@dataclass(frozen=True)
class Stamps:
    """The time of each edge an order has passed, in the order the edges may be passed."""

    paid_at: datetime | None = None
    settled_at: datetime | None = None
    expired_at: datetime | None = None
    refunding_at: datetime | None = None
    refunded_at: datetime | None = None


_LATEST_FIRST = (
    ("refunded_at", OrderStatus.REFUNDED),
    ("refunding_at", OrderStatus.REFUNDING),
    ("settled_at", OrderStatus.SETTLED),
    ("paid_at", OrderStatus.PAID),
    ("expired_at", OrderStatus.EXPIRED),
)

NEXT: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.RESERVED: frozenset({OrderStatus.PAID, OrderStatus.EXPIRED}),
    OrderStatus.PAID: frozenset({OrderStatus.SETTLED, OrderStatus.REFUNDING}),
    OrderStatus.EXPIRED: frozenset({OrderStatus.REFUNDING}),
    OrderStatus.REFUNDING: frozenset({OrderStatus.REFUNDED}),
    OrderStatus.SETTLED: frozenset(),
    OrderStatus.REFUNDED: frozenset(),
}
"""Every legal step; migration 0004 holds the same table as a trigger."""


def order_status(stamps: Stamps) -> OrderStatus:
    """The status that the time stamps say."""
    for name, status in _LATEST_FIRST:
        if getattr(stamps, name) is not None:
            return status
    return OrderStatus.RESERVED


def is_plain(value: object) -> bool:
    """Whether it can be signed and read back as the same: text, whole numbers, truth, lists and objects.

    The verifier reads no fraction, which has more than one way to be written: a factor is attested as text.
    """
    if isinstance(value, dict):
        return all(isinstance(name, str) and is_plain(each) for name, each in value.items())
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, str) or (isinstance(value, int) and abs(value) < 2**63)


@dataclass(frozen=True)
class Closing:
    """What a retirement does to a holder's due: grams that close it, grams carried to the next."""

    due_g: int
    carry_g: int


def closings(
    holders: Sequence[int], quantities_kg: Sequence[int], owed_g: Mapping[int, int]
) -> list[Closing]:
    """Split each order's grams between its holder's due and carry account, in the order given.

    `owed_g` is what each holder owes before the first order; a holder's later orders see what the
    earlier ones left. Source: design, section 5 (what a step gives beyond the due is carried).
    """
    left = dict(owed_g)
    split = []
    for holder, quantity_kg in zip(holders, quantities_kg, strict=True):
        grams = quantity_kg * GRAMS_PER_UNIT
        owed = left.get(holder, 0)
        due = grams if grams < owed else owed
        left[holder] = owed - due
        split.append(Closing(due, grams - due))
    return split


@dataclass(frozen=True)
class DueStep:
    """What one change of a due does in the books; never both halves at once."""

    opened_g: int = 0
    from_carry_g: int = 0
    reduced_g: int = 0
    to_carry_g: int = 0


def due_steps(changes_g: Sequence[int], owed_g: int, carry_g: int) -> list[DueStep]:
    """The steps of a holder's due changes, in the order given, from what they owe and carry before.

    More owed is closed from the carry account first; less owed than was closed goes back to it. So a
    holder never owes and carries at the same time.
    """
    steps = []
    for change in changes_g:
        if change >= 0:
            step = DueStep(opened_g=change, from_carry_g=min(carry_g, change))
        else:
            step = DueStep(reduced_g=-change, to_carry_g=max(0, -change - owed_g))
        owed_g += change - step.from_carry_g + step.to_carry_g
        carry_g += step.to_carry_g - step.from_carry_g
        steps.append(step)
    return steps


ASK_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
)
"""When to ask the provider after a payment sheet was opened, should no notice come.

Source: WeChat Pay's advice for polling (facts on order query: 5 s, 30 s, 1 min, 5 min, 30 min)."""


def next_check(now: datetime, opened_at: datetime, expires_at: datetime) -> datetime:
    """When to look at an unpaid order again: by the table while it may be paid, every minute after."""
    for wait in ASK_AFTER:
        if opened_at + wait > now:
            return min(opened_at + wait, max(expires_at, now + timedelta(seconds=5)))
    return max(expires_at, now + timedelta(minutes=1))


class PaymentOutcome(StrEnum):
    """What a verified word of payment meant for us."""

    PAID = "paid"
    """The order waits for settlement now."""
    DUPLICATE = "duplicate"
    """We knew."""
    LATE = "late"
    """The order had expired; the money goes back."""
    MISMATCH = "mismatch"
    """Amount, currency, payer or transaction differ from the order: never credited, an operator looks."""
    UNKNOWN = "unknown"
    """No such order (yet)."""


class DoubtName(StrEnum):
    """What is wrong with a verified word of payment that is not credited; an operator looks at each."""

    MCHID = "mchid"
    """It speaks of another merchant."""
    APPID = "appid"
    """It speaks of another mini-program of this merchant."""
    UNKNOWN_ORDER = "unknown_order"
    """We have no such order."""
    SECOND_TRANSACTION = "second_transaction"
    """The order was paid by another transaction before."""
    REUSED_TRANSACTION = "reused_transaction"
    """The transaction has paid another order before."""
    HELD_TRANSACTION = "held_transaction"
    """The transaction was told otherwise before, and its money waits in suspense for an operator."""
    CURRENCY = "currency"
    """Other money than we asked for."""
    AMOUNT = "amount"
    """More or less than we asked for."""
    PAYER = "payer"
    """Somebody else than the order's holder."""
    REFUNDED_ELSEWHERE = "refunded_elsewhere"
    """The provider has sent back some or all of a payment that we never had in our books."""


class WordSource(StrEnum):
    """Where a word of payment reached us."""

    NOTICE = "notice"
    QUERY = "query"
    BILL = "bill"
    BANK = "bank"
    """Not the provider's: two operators have read it on the bank's statement."""


@dataclass(frozen=True)
class PaymentFacts:
    """What a payment is known by; an order expects some of it, the provider tells some of it."""

    currency: str
    amount_fen: int
    payer: str | None
    transaction_id: str | None


@dataclass(frozen=True)
class Misfit:
    """One thing that was told otherwise than expected; both sides in words, without personal data."""

    name: DoubtName
    expected: str
    told: str


_COMPARED = (
    ("transaction_id", DoubtName.SECOND_TRANSACTION),
    ("currency", DoubtName.CURRENCY),
    ("amount_fen", DoubtName.AMOUNT),
    ("payer", DoubtName.PAYER),
)


def misfits(expected: PaymentFacts, told: PaymentFacts) -> list[Misfit]:
    """Where the two differ. What either side does not know is not compared."""
    found = []
    for field, name in _COMPARED:
        ours, theirs = getattr(expected, field), getattr(told, field)
        if None not in (ours, theirs) and ours != theirs:
            shown = _fingerprint if name is DoubtName.PAYER else str
            found.append(Misfit(name, shown(ours), shown(theirs)))
    return found


def _fingerprint(openid: str) -> str:
    """Enough to tell two payers apart, too little to name either."""
    return hashlib.sha256(openid.encode()).hexdigest()[:16]


NEVER_HELD = frozenset({DoubtName.MCHID, DoubtName.APPID, DoubtName.REUSED_TRANSACTION})
"""Doubts whose money is not ours or is in the books already."""


def is_held(name: DoubtName, source: WordSource, currency: str | None, *, refunded: bool) -> bool:
    """Whether a doubt's money lies on our merchant account beyond question, and so belongs in suspense.

    An unknown order's is held on the bill's word only: its notice is repeated for a day, and the order
    may turn up meanwhile (a restored database); held money could not be credited any more. What was sent
    back elsewhere is not with us.
    """
    if refunded or name in NEVER_HELD or currency != "CNY":
        return False
    return name is not DoubtName.UNKNOWN_ORDER or source is WordSource.BILL


class RefundSource(StrEnum):
    """Whose money goes back."""

    CLEARING = "clearing"
    """Of an order that was never served: it still stands in clearing."""
    FEES = "fees"
    """The platform's own, as a courtesy on a settled order; what the village earned stays with it."""
    SUSPENSE = "suspense"
    """A payment that fits no order, held apart."""


class Channel(StrEnum):
    """The way money takes."""

    WECHAT = "wechat"
    BANK = "bank"


class OrderChannel(StrEnum):
    """How an order is paid."""

    WECHAT = "wechat"
    """At once, on a phone."""
    OFFLINE = "offline"
    """By bank transfer, within days; for organisations and courts."""


class RefundStatus(StrEnum):
    """Where a refund 退款 stands; derived from its time stamps."""

    REQUESTED = "requested"
    """Asked for by one operator; another one has to approve."""
    DECLINED = "declined"
    """Not approved, or overtaken by what it was to replace. Final."""
    OPEN = "open"
    """To be sent under our number; for a bank refund: an operator has to send it."""
    PROCESSING = "processing"
    """The provider has accepted it."""
    ABNORMAL = "abnormal"
    """The provider could not deliver it: an operator must act."""
    CLOSED = "closed"
    """The provider gave it up; its number is spent."""
    SUCCEEDED = "succeeded"
    """The money is back. Final."""


@dataclass(frozen=True)
class RefundStamps:
    """The time of each edge a refund has passed."""

    declined_at: datetime | None = None
    opened_at: datetime | None = None
    accepted_at: datetime | None = None
    abnormal_at: datetime | None = None
    closed_at: datetime | None = None
    succeeded_at: datetime | None = None


_REFUND_LATEST_FIRST = (
    ("succeeded_at", RefundStatus.SUCCEEDED),
    ("closed_at", RefundStatus.CLOSED),
    ("abnormal_at", RefundStatus.ABNORMAL),
    ("accepted_at", RefundStatus.PROCESSING),
    ("opened_at", RefundStatus.OPEN),
    ("declined_at", RefundStatus.DECLINED),
)


def refund_status(stamps: RefundStamps) -> RefundStatus:
    """The status that the time stamps say. Success is believed whenever it is heard."""
    for name, status in _REFUND_LATEST_FIRST:
        if getattr(stamps, name) is not None:
            return status
    return RefundStatus.REQUESTED


MOST_REFUNDS = 50
REFUNDS_APART = timedelta(minutes=1)
"""Source: WeChat Pay API v3, refunds: at most 50 partial refunds an order, a minute apart."""

CALL_IS_OVER = timedelta(minutes=2)
"""After this no call to the provider that was under way can still have an effect we do not know of:
a lease lasts one minute, a call a few seconds."""


def is_over(stopped_at: datetime | None, unknown_at: datetime | None) -> bool:
    """Whether a refund that was not asked for since `stopped_at` and unknown at `unknown_at` stays so."""
    return stopped_at is not None and unknown_at is not None and unknown_at >= stopped_at + CALL_IS_OVER


def replaceable(status: RefundStatus, channel: str, refused: bool, *, by_bank: bool) -> bool:
    """Whether a refund may be replaced: by a bank transfer, or by one under a new number.

    A new number is only for what the provider closed. A transfer is for what it cannot deliver, has
    closed or refuses, and for what has to go by bank anyway. One that it may still deliver never is.
    """
    if not by_bank:
        return status is RefundStatus.CLOSED and channel == Channel.WECHAT
    stuck = status in (RefundStatus.ABNORMAL, RefundStatus.CLOSED)
    return stuck or (status is RefundStatus.OPEN and (channel == Channel.BANK or refused))


def written(bank_reference: str) -> str:
    """A bank reference as we write it, so that one transfer has one name however it was typed."""
    return bank_reference.upper()


LARGEST_PROOF_BYTES = 2 * 1024 * 1024
PAID_AHEAD = timedelta(days=7)
"""How long before its order an organisation's transfer may have arrived."""
MOST_PROOFS = 5
"""Files that one side, the holder of the link or the operators, may send for an order."""
_MAGIC = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff"}
MEDIA_TYPES = {"pdf": "application/pdf", "png": "image/png", "jpeg": "image/jpeg"}


def media_of(content: bytes) -> str | None:
    """What a file is by its first bytes, whatever its name says; None for anything we do not take."""
    return next((media for media, magic in _MAGIC.items() if content.startswith(magic)), None)


def shipping_pause(attempts: int) -> timedelta:
    """How long to wait before a delivery that WeChat refused is reported again: 2 minutes to 6 hours."""
    return min(timedelta(minutes=2 ** min(attempts, 10)), timedelta(hours=6))
