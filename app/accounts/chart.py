"""The chart of accounts (会计科目): every kind of account and of entry, on one page.

A posting moves a positive amount from one account to another in one asset, so unbalanced books
cannot be written. Which kind of entry may join which kinds of account is fixed here and, through a
CHECK made from this page, in the database: no entry joins avoided grams with forest grams, so an
avoided gram can never be sold as a forest unit.

An account's id is `holder_id * 100 + code`: it needs no look-up, and its asset and bounds follow
from the code. Codes from 90 on are boundary accounts: they carry no stored balance, because every
posting of a kind would queue behind that one row; their balance is the sum of their postings.
"""

from dataclasses import dataclass
from enum import StrEnum

PLATFORM = 1
"""The holder id of the platform itself, written by the first migration."""
BUFFER_POOL = 2
"""The holder id of the buffer pool 缓冲池, written by migration 0016; the platform owns it."""
BOUNDARY = 90
CODES = 100


class Asset(StrEnum):
    """What can stand on an account. The four never mix."""

    AVOIDED = "avoided_g"
    """Avoided emissions 减排量, grams CO2e."""
    FOREST = "forest_g"
    """Forest uptake 林业碳汇 and what it is owed for, grams CO2e; one unit is 1,000."""
    FEN = "fen"
    """Money, 0.01 yuan."""
    POINTS = "points"
    """A sponsor's promise 积分."""


@dataclass(frozen=True)
class AccountKind:
    """One kind of account: its code, asset and, where a balance is stored, what it may never pass."""

    code: int
    name: str
    asset: Asset
    floor: int | None = None
    ceiling: int | None = None

    @property
    def stored(self) -> bool:
        """Whether the balance is kept in the account's row."""
        return self.code < BOUNDARY

    def of(self, holder_id: int) -> int:
        """The account id of this kind for a holder."""
        return holder_id * CODES + self.code


REDUCTIONS = AccountKind(10, "reductions", Asset.AVOIDED, floor=0)
UNITS = AccountKind(20, "units", Asset.FOREST, floor=0)
DUE = AccountKind(21, "due", Asset.FOREST, ceiling=0)
CARRY = AccountKind(31, "carry", Asset.FOREST, floor=0)
PAYABLE = AccountKind(40, "payable", Asset.FEN, floor=0)
SUSPENSE = AccountKind(41, "suspense", Asset.FEN, floor=0)
PAYING = AccountKind(42, "paying", Asset.FEN, floor=0)
FUND = AccountKind(43, "fund", Asset.FEN, floor=0)
POINTS = AccountKind(60, "points", Asset.POINTS, floor=0)
PENDING_POINTS = AccountKind(61, "pending_points", Asset.POINTS, floor=0)
RESERVED_POINTS = AccountKind(62, "reserved_points", Asset.POINTS, floor=0)
POINTS_DEBT = AccountKind(63, "points_debt", Asset.POINTS, ceiling=0)
PROMISE = AccountKind(64, "promise", Asset.POINTS, floor=0)
ATMOSPHERE_AVOIDED = AccountKind(90, "atmosphere_avoided", Asset.AVOIDED)
FOREST_MINT = AccountKind(91, "forest_mint", Asset.FOREST)
ATMOSPHERE_EMITTED = AccountKind(92, "atmosphere_emitted", Asset.FOREST)
CANCELLED = AccountKind(93, "cancelled", Asset.FOREST)
PROVIDER = AccountKind(94, "provider", Asset.FEN)
CLEARING = AccountKind(95, "clearing", Asset.FEN)
FEES = AccountKind(96, "fees", Asset.FEN)
POINTS_MINT = AccountKind(97, "points_mint", Asset.POINTS)
BANK = AccountKind(98, "bank", Asset.FEN)
RETIRED = AccountKind(99, "retired", Asset.FOREST)

ACCOUNT_KINDS = {
    kind.code: kind
    for kind in (
        REDUCTIONS,
        UNITS,
        DUE,
        CARRY,
        PAYABLE,
        SUSPENSE,
        PAYING,
        FUND,
        POINTS,
        PENDING_POINTS,
        RESERVED_POINTS,
        POINTS_DEBT,
        PROMISE,
        ATMOSPHERE_AVOIDED,
        FOREST_MINT,
        ATMOSPHERE_EMITTED,
        CANCELLED,
        PROVIDER,
        CLEARING,
        FEES,
        POINTS_MINT,
        BANK,
        RETIRED,
    )
}


@dataclass(frozen=True)
class EntryKind:
    """One kind of entry: its code, its name, the account it takes from and the one it gives to.

    `reference` says whose id makes the entry once-only: `unique(kind, reference)`.
    """

    code: int
    name: str
    source: AccountKind
    target: AccountKind
    reference: str


RECORD_ACTION = EntryKind(1, "record_action", ATMOSPHERE_AVOIDED, REDUCTIONS, "action")
WITHDRAW_ACTION = EntryKind(2, "withdraw_action", REDUCTIONS, ATMOSPHERE_AVOIDED, "action")
ISSUE = EntryKind(10, "issue", FOREST_MINT, UNITS, "issuance")
OPEN_DUE = EntryKind(11, "open_due", DUE, ATMOSPHERE_EMITTED, "due")
RETIRE = EntryKind(12, "retire", UNITS, DUE, "order")
RETIRE_SURPLUS = EntryKind(13, "retire_surplus", UNITS, CARRY, "order")
CARRY_OVER = EntryKind(14, "carry_over", CARRY, DUE, "due")
CANCEL_UNITS = EntryKind(15, "cancel_units", UNITS, CANCELLED, "block")
REDUCE_DUE = EntryKind(16, "reduce_due", ATMOSPHERE_EMITTED, DUE, "due")
RETURN_TO_CARRY = EntryKind(17, "return_to_carry", DUE, CARRY, "due")
RECEIVE_PAYMENT = EntryKind(20, "receive_payment", PROVIDER, CLEARING, "order")
CREDIT_SELLER = EntryKind(21, "credit_seller", CLEARING, PAYABLE, "order")
CREDIT_VILLAGE = EntryKind(22, "credit_village", CLEARING, PAYABLE, "order")
TAKE_FEE = EntryKind(23, "take_fee", CLEARING, FEES, "order")
REFUND = EntryKind(24, "refund", CLEARING, PROVIDER, "refund")
HOLD_DOUBT = EntryKind(25, "hold_doubt", PROVIDER, SUSPENSE, "doubt")
REFUND_DOUBT = EntryKind(26, "refund_doubt", SUSPENSE, PROVIDER, "refund")
REFUND_GOODWILL = EntryKind(27, "refund_goodwill", FEES, PROVIDER, "refund")
PROVIDER_FEE = EntryKind(28, "provider_fee", FEES, PROVIDER, "bill")
PROVIDER_FEE_BACK = EntryKind(29, "provider_fee_back", PROVIDER, FEES, "bill")
GRANT_POINTS = EntryKind(30, "grant_points", POINTS_MINT, POINTS, "action")
TAKE_BACK_POINTS = EntryKind(31, "take_back_points", POINTS, POINTS_MINT, "action")
"""The last two are from before points had a sponsor (migration 0034); nothing writes them any more."""
PROMISE_POINTS = EntryKind(32, "promise_points", POINTS_MINT, PROMISE, "fund movement")
WITHDRAW_PROMISE = EntryKind(33, "withdraw_promise", PROMISE, POINTS_MINT, "fund movement")
THANK = EntryKind(34, "thank", PROMISE, PENDING_POINTS, "grant")
ACTIVATE_POINTS = EntryKind(35, "activate_points", PENDING_POINTS, POINTS, "grant")
TAKE_BACK_PENDING = EntryKind(36, "take_back_pending", PENDING_POINTS, PROMISE, "grant")
TAKE_BACK_ACTIVE = EntryKind(37, "take_back_active", POINTS, PROMISE, "grant")
OWE_POINTS = EntryKind(38, "owe_points", POINTS_DEBT, POINTS_MINT, "grant")
EXPIRE_POINTS = EntryKind(39, "expire_points", POINTS, PROMISE, "grant")
RECEIVE_TRANSFER = EntryKind(40, "receive_transfer", BANK, CLEARING, "order")
REFUND_TRANSFER = EntryKind(41, "refund_transfer", CLEARING, BANK, "refund")
MOVE_TO_BANK = EntryKind(42, "move_to_bank", BANK, PROVIDER, "bill")
START_PAYOUT = EntryKind(43, "start_payout", PAYABLE, PAYING, "payout")
COMPLETE_PAYOUT = EntryKind(44, "complete_payout", PAYING, BANK, "payout")
RETURN_PAYOUT = EntryKind(45, "return_payout", PAYING, PAYABLE, "payout")
REVERSE_PAYOUT = EntryKind(46, "reverse_payout", BANK, PAYABLE, "payout")
START_FEES_PAYOUT = EntryKind(47, "start_fees_payout", FEES, PAYING, "payout")
RETURN_FEES = EntryKind(48, "return_fees", PAYING, FEES, "payout")
REVERSE_FEES = EntryKind(49, "reverse_fees", BANK, FEES, "payout")
RETURN_GOODWILL = EntryKind(50, "return_goodwill", FEES, BANK, "refund")
RETURN_DOUBT = EntryKind(51, "return_doubt", SUSPENSE, BANK, "refund")
HOLD_TRANSFER_DOUBT = EntryKind(52, "hold_transfer_doubt", BANK, SUSPENSE, "doubt")
BUFFER_SHARE = EntryKind(53, "buffer_share", UNITS, UNITS, "act")
TRANSFER_UNITS = EntryKind(54, "transfer_units", UNITS, UNITS, "act")
GIVE_UNITS = EntryKind(55, "give_units", UNITS, UNITS, "act")
RETIRE_OWN = EntryKind(56, "retire_own", UNITS, RETIRED, "act")
RETIRE_OWN_DUE = EntryKind(57, "retire_own_due", UNITS, DUE, "act")
KEEP_SURPLUS = EntryKind(58, "keep_surplus", CARRY, CARRY, "surplus")
KEEP_SURPLUS_DUE = EntryKind(59, "keep_surplus_due", CARRY, DUE, "surplus")
HAND_OVER = EntryKind(60, "hand_over", UNITS, CANCELLED, "handover")
WORK_OFF = EntryKind(61, "work_off", POINTS, PROMISE, "use")
LESSEN_DEBT = EntryKind(62, "lessen_debt", POINTS_MINT, POINTS_DEBT, "use")
RESERVE_POINTS = EntryKind(63, "reserve_points", POINTS, RESERVED_POINTS, "spending")
GIVE_POINTS_BACK = EntryKind(64, "give_points_back", RESERVED_POINTS, POINTS, "spending")
SPEND_POINTS = EntryKind(65, "spend_points", RESERVED_POINTS, POINTS_MINT, "spending")
PAY_REWARD = EntryKind(66, "pay_reward", FUND, PAYABLE, "use")
DEPOSIT_FUND = EntryKind(67, "deposit_fund", BANK, FUND, "fund movement")
FUND_FROM_FEES = EntryKind(68, "fund_from_fees", FEES, FUND, "fund movement")
RETURN_FUND = EntryKind(69, "return_fund", FUND, BANK, "fund movement")
RETURN_FUND_FEES = EntryKind(70, "return_fund_fees", FUND, FEES, "fund movement")

ENTRY_KINDS = {
    kind.code: kind
    for kind in (
        RECORD_ACTION,
        WITHDRAW_ACTION,
        ISSUE,
        OPEN_DUE,
        RETIRE,
        RETIRE_SURPLUS,
        CARRY_OVER,
        CANCEL_UNITS,
        REDUCE_DUE,
        RETURN_TO_CARRY,
        RECEIVE_PAYMENT,
        CREDIT_SELLER,
        CREDIT_VILLAGE,
        TAKE_FEE,
        REFUND,
        HOLD_DOUBT,
        REFUND_DOUBT,
        REFUND_GOODWILL,
        PROVIDER_FEE,
        PROVIDER_FEE_BACK,
        GRANT_POINTS,
        TAKE_BACK_POINTS,
        PROMISE_POINTS,
        WITHDRAW_PROMISE,
        THANK,
        ACTIVATE_POINTS,
        TAKE_BACK_PENDING,
        TAKE_BACK_ACTIVE,
        OWE_POINTS,
        EXPIRE_POINTS,
        RECEIVE_TRANSFER,
        REFUND_TRANSFER,
        MOVE_TO_BANK,
        START_PAYOUT,
        COMPLETE_PAYOUT,
        RETURN_PAYOUT,
        REVERSE_PAYOUT,
        START_FEES_PAYOUT,
        RETURN_FEES,
        REVERSE_FEES,
        RETURN_GOODWILL,
        RETURN_DOUBT,
        HOLD_TRANSFER_DOUBT,
        BUFFER_SHARE,
        TRANSFER_UNITS,
        GIVE_UNITS,
        RETIRE_OWN,
        RETIRE_OWN_DUE,
        KEEP_SURPLUS,
        KEEP_SURPLUS_DUE,
        HAND_OVER,
        WORK_OFF,
        LESSEN_DEBT,
        RESERVE_POINTS,
        GIVE_POINTS_BACK,
        SPEND_POINTS,
        PAY_REWARD,
        DEPOSIT_FUND,
        FUND_FROM_FEES,
        RETURN_FUND,
        RETURN_FUND_FEES,
    )
}


def kind_of(account_id: int) -> AccountKind:
    """The kind of the account with this id. Raises KeyError for a code that the chart lacks."""
    return ACCOUNT_KINDS[account_id % CODES]


def holder_of(account_id: int) -> int:
    """The holder of the account with this id."""
    return account_id // CODES
