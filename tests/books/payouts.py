"""The model's payouts: bank accounts, monthly runs, what each pays to whom, and everybody's month.

What may be paid as of a month's end is told from history alone: all that was ever earned before that end,
less every payout that is alive. What the application keeps (balances, promises, what came in later) is
not asked for.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from books.ledger import PLATFORM, Books, Move

ACCOUNT_NAME = "示例村集体"
BANK_NAME = "示例银行顺昌支行"
HEADER = "序号,收款方户名,收款方账号,开户行,金额(元),用途/附言\r\n"
MINIMUM_FEN = 1_000
INCOME = ("credit_seller", "credit_village")
FEE_INCOME = ("take_fee", "provider_fee_back")
FEES_GIVEN = ("refund_goodwill", "return_goodwill", "provider_fee")
_SHANGHAI = timedelta(hours=8)
_COUNTED_AFTER = timedelta(minutes=10)

RunKey = tuple[str, int]
"""A month and a round."""


def month_of(at: datetime) -> str:
    """The month of a moment, in Shanghai."""
    return f"{at + _SHANGHAI:%Y-%m}"


class PayoutKey(NamedTuple):
    """Which payout, or which skip: a run's of one holder's money from one source."""

    month: str
    round: int
    holder: int
    source: str


class Skip(NamedTuple):
    """What a run does not pay, and why."""

    fen: int
    reason: str


class Statement(NamedTuple):
    """What a holder was owed before a month and after it, and why the two differ."""

    opening: int
    income: int
    paid: int
    returned: int

    @property
    def closing(self) -> int:
        """What is owed after it."""
        return self.opening + self.income - self.paid + self.returned


class Word(NamedTuple):
    """The bank's word on one payout."""

    number: str
    outcome: str
    fen: int
    reference: str


@dataclass(frozen=True)
class BankAccount:
    """An account of a holder: who entered it and who confirmed it."""

    code: str
    holder: int
    digits: str
    entered_by: int
    confirmed_by: int | None = None
    ended: bool = False

    @property
    def stands(self) -> bool:
        """Whether money may be sent to it."""
        return self.confirmed_by is not None and not self.ended

    @property
    def pending(self) -> bool:
        """Whether it waits for its second person."""
        return self.confirmed_by is None and not self.ended


@dataclass(frozen=True)
class Run:
    """Who did what to a run, and the file that the bank got."""

    prepared_by: int | None
    approved_by: int | None = None
    withdrawn_by: int | None = None
    exported_by: int | None = None
    file: bytes | None = None


@dataclass(frozen=True)
class Payout:
    """One transfer and what became of it."""

    number: str
    account: str
    fen: int
    exported: bool = False
    paid: bool = False
    failed: bool = False
    returned: bool = False
    reference: str | None = None
    reported: str | None = None
    reported_by: int | None = None
    confirmed_by: int | None = None

    @property
    def open(self) -> bool:
        """Whether it neither arrived nor failed."""
        return not (self.paid or self.failed)

    @property
    def waits(self) -> bool:
        """Whether a report on it waits for its second person."""
        return self.reported is not None and self.confirmed_by is None


FITS: Mapping[str, Callable[[Payout, Run], bool]] = {
    "paid": lambda payout, run: payout.exported and payout.open,
    "failed": lambda payout, run: run.approved_by is not None and payout.open,
    "returned": lambda payout, run: payout.paid and not payout.returned,
}
"""When the bank's word on a payout makes sense."""
_BACK = {
    ("failed", "payable"): ("return_payout", "paying"),
    ("failed", "fees"): ("return_fees", "paying"),
    ("returned", "payable"): ("reverse_payout", "bank"),
    ("returned", "fees"): ("reverse_fees", "bank"),
}
"""What a confirmed report is in the books, and where the money comes back from."""


@dataclass
class Payouts(Books):
    """Every bank account, run, payout, skip and statement."""

    accounts: dict[str, BankAccount] = field(default_factory=dict)
    runs: dict[RunKey, Run] = field(default_factory=dict)
    payouts: dict[PayoutKey, Payout] = field(default_factory=dict)
    skips: dict[PayoutKey, Skip] = field(default_factory=dict)
    statements: dict[tuple[int, str], Statement] = field(default_factory=dict)

    def fees_promised_fen(self) -> int:
        """What refunds asked for or on their way will take from the fees: no refund of the model's does."""
        return 0

    # -- bank accounts ----------------------------------------------------------------------------

    def enter_account(self, account: BankAccount) -> str:
        """Somebody writes an account down; one at a time waits."""
        if any(other.holder == account.holder and other.pending for other in self.accounts.values()):
            return "PayeePending"
        self.accounts[account.code] = account
        return "entered"

    def confirm_account(self, by: int, code: str, digits: str) -> str:
        """Somebody else reads the paper again; the account before it ends."""
        account = self.accounts[code]
        if not account.pending:
            return "PayeeEnded"
        if account.entered_by == by:
            return "SamePerson"
        if account.digits != digits:
            return "PayeeDiffers"
        for other in list(self.accounts.values()):
            if other.holder == account.holder and other.stands:
                self.accounts[other.code] = replace(other, ended=True)
        self.accounts[code] = replace(account, confirmed_by=by)
        return "confirmed"

    def end_account(self, code: str) -> str:
        """Nothing more is sent to it."""
        if self.accounts[code].ended:
            return "PayeeEnded"
        self.accounts[code] = replace(self.accounts[code], ended=True)
        return "ended"

    # -- runs -------------------------------------------------------------------------------------

    def payouts_of(self, key: RunKey) -> dict[PayoutKey, Payout]:
        """A run's payouts, in the order of the bank's file: fees last."""
        keys = sorted((e for e in self.payouts if e[:2] == key), key=lambda e: (e.source == "fees", e.holder))
        return {each: self.payouts[each] for each in keys}

    def free_fen(self, month: str) -> dict[tuple[int, str], int]:
        """What may be paid as of a month's end: ever earned before it, and in no payout that is alive."""
        free: Counter[tuple[int, str]] = Counter()
        for move in self.moves:
            if move.entry in (*INCOME, *FEE_INCOME) and month_of(move.at) <= month:
                free[move.target] += move.amount
            if move.entry in FEES_GIVEN:
                free[move.source] -= move.amount
        free[PLATFORM, "fees"] -= self.fees_promised_fen()
        for key, payout in self.payouts.items():
            gone = self.runs[key[:2]].withdrawn_by is not None
            if not (gone or payout.failed or payout.returned):
                free[key.holder, key.source] -= payout.fen
        return {owner: fen for owner, fen in free.items() if fen > 0}

    def prepare(self, month: str, round_: int, by: int | None, numbers: Mapping[tuple[int, str], str]) -> str:
        """Prepare a round, or find it. `numbers` are what its payouts came to be called."""
        if month_of(self.now - _COUNTED_AFTER) <= month:
            return "MonthNotOver"
        if (month, round_) in self.runs:
            return "run"
        if round_ > 1 and (month, round_ - 1) not in self.runs:
            return "RunUnknown"
        fresh = {
            (holder, month): statement
            for holder, statement in self._months(month).items()
            if (holder, month) not in self.statements
        }
        standing = {account.holder: account for account in self.accounts.values() if account.stands}
        paid, skipped = {}, {}
        for (holder, source), fen in self.free_fen(month).items():
            key = PayoutKey(month, round_, holder, source)
            if fen < MINIMUM_FEN:
                skipped[key] = Skip(fen, "below_minimum")
            elif holder not in standing:
                skipped[key] = Skip(fen, "no_payee")
            else:
                number = numbers.get((holder, source), "")
                paid[key] = Payout(number, standing[holder].code, fen)
        if not paid and (round_ > 1 or not (skipped or fresh)):
            return "NothingToPay"
        self.runs[month, round_] = Run(by)
        self.payouts.update(paid)
        self.skips.update(skipped)
        self.statements.update(fresh)
        return "run"

    def _months(self, month: str) -> dict[int, Statement]:
        """The month of everybody who was owed something before it or whose account moved in it."""
        legs: dict[int, list[Move]] = {}
        for move in self.moves:
            for holder, account in (move.source, move.target):
                if account == "payable" and month_of(move.at) <= month:
                    legs.setdefault(holder, []).append(move)
        found = {}
        for holder, moves in legs.items():
            within = [move for move in moves if month_of(move.at) == month]
            gain = lambda move, own=(holder, "payable"): (  # noqa: E731
                move.amount if move.target == own else -move.amount
            )
            opening = sum(gain(move) for move in moves if month_of(move.at) < month)
            income = sum(move.amount for move in within if move.entry in INCOME)
            paid = -sum(gain(move) for move in within if gain(move) < 0)
            returned = sum(gain(move) for move in within if gain(move) > 0) - income
            if opening or within:
                found[holder] = Statement(opening, income, paid, returned)
        return found

    def approve(self, by: int, key: RunKey) -> str:
        """Somebody else lets a run be paid: what it pays is neither owed nor anybody's fees any more."""
        refusal = self._not_prepared(key)
        if refusal:
            return refusal
        run, rows = self.runs[key], self.payouts_of(key)
        if run.prepared_by == by:
            return "SamePerson"
        if not all(self.accounts[payout.account].stands for payout in rows.values()):
            return "PayeesChanged"
        fees = sum(payout.fen for each, payout in rows.items() if each.source == "fees")
        if fees and fees > self.books[PLATFORM, "fees"] - self.fees_promised_fen():
            return "FeesPromised"
        self.runs[key] = replace(run, approved_by=by)
        for each, payout in rows.items():
            entry = "start_payout" if each.source == "payable" else "start_fees_payout"
            self.move(entry, (each.holder, each.source), (each.holder, "paying"), payout.fen)
        return "approved"

    def withdraw(self, by: int, key: RunKey) -> str:
        """A prepared run is given up."""
        refusal = self._not_prepared(key)
        if not refusal:
            self.runs[key] = replace(self.runs[key], withdrawn_by=by)
        return refusal or "withdrawn"

    def _not_prepared(self, key: RunKey) -> str:
        """Why a run cannot be approved or withdrawn; nothing when it can."""
        run = self.runs.get(key)
        if run is None:
            return "RunUnknown"
        begun = run.approved_by or run.withdrawn_by
        return "RunPastThis" if begun or not self.payouts_of(key) else ""

    def export(self, by: int, key: RunKey) -> bytes | str:
        """The bank's file: made once, by somebody who did not approve."""
        run = self.runs.get(key)
        if run is None:
            return "RunUnknown"
        if run.file is not None:
            return run.file
        rows = {each: payout for each, payout in self.payouts_of(key).items() if not payout.failed}
        if run.approved_by is None or not rows:
            return "RunPastThis"
        if run.approved_by == by:
            return "SamePerson"
        if any(payout.waits for payout in rows.values()):
            return "ReportsWaiting"
        if not all(self.accounts[payout.account].stands for payout in rows.values()):
            return "PayeesChanged"
        file = self._file(rows.values())
        self.runs[key] = replace(run, exported_by=by, file=file)
        self.payouts.update({each: replace(payout, exported=True) for each, payout in rows.items()})
        return file

    def _file(self, rows: Iterable[Payout]) -> bytes:
        lines = [
            f"{place},{ACCOUNT_NAME},{self.accounts[row.account].digits},{BANK_NAME},"
            f"{row.fen // 100}.{row.fen % 100:02d},森惠结算款 {row.number}\r\n"
            for place, row in enumerate(rows, 1)
        ]
        return "".join([HEADER, *lines]).encode("gb18030")

    # -- the bank's word --------------------------------------------------------------------------

    def hear_results(self, by: int, key: RunKey, words: Iterable[Word]) -> int | str:
        """What the bank says of a run's payouts: all of it fits, or none is taken."""
        run = self.runs.get(key)
        if run is None:
            return "RunUnknown"
        rows = {payout.number: (each, payout) for each, payout in self.payouts_of(key).items()}
        heard = [(word, *rows.get(word.number, (None, None))) for word in words]
        for word, _, payout in heard:
            if payout is None or payout.fen != word.fen or payout.waits:
                return "ResultsRefused"
            if not FITS[word.outcome](payout, run):
                return "ResultsRefused"
        for word, each, payout in heard:
            assert each is not None
            assert payout is not None
            if word.outcome == "paid":
                self.payouts[each] = replace(payout, paid=True, reference=word.reference)
                self.move("complete_payout", (each.holder, "paying"), (PLATFORM, "bank"), payout.fen)
            else:
                reference = payout.reference or word.reference
                self.payouts[each] = replace(
                    payout, reported=word.outcome, reported_by=by, reference=reference
                )
        return len(heard)

    def confirm(self, by: int, key: RunKey, number: str) -> str:
        """A second person says so too: the money is owed again."""
        found = self._waiting(key, number)
        if isinstance(found, str):
            return found
        payout = self.payouts[found]
        if payout.reported_by == by:
            return "SamePerson"
        assert payout.reported is not None
        self.payouts[found] = replace(payout, confirmed_by=by, **{payout.reported: True})
        entry, place = _BACK[payout.reported, found.source]
        source = (PLATFORM if place == "bank" else found.holder, place)
        self.move(entry, source, (found.holder, found.source), payout.fen)
        return "confirmed"

    def dismiss(self, key: RunKey, number: str) -> str:
        """A report is turned down or taken back."""
        found = self._waiting(key, number)
        if isinstance(found, str):
            return found
        payout = self.payouts[found]
        reference = payout.reference if payout.paid else None
        self.payouts[found] = replace(payout, reported=None, reported_by=None, reference=reference)
        return "dismissed"

    def _waiting(self, key: RunKey, number: str) -> PayoutKey | str:
        """The payout with this number, whose report waits; or why there is none."""
        rows = {payout.number: each for each, payout in self.payouts_of(key).items()}
        if number not in rows:
            return "RunUnknown"
        return rows[number] if self.payouts[rows[number]].waits else "RunPastThis"
