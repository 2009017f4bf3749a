"""Paying out in a story: bank accounts, months that end, runs from preparing to the bank's last word."""

import csv
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import text

from app.kit.database import db
from app.treasury.rules.bank_files import Result
from app.treasury.rules.payouts import Outcome
from app.treasury.services import payees, runs, transfers
from books.acts import Dice, act
from books.history import History, ModelBroken, Step, once
from books.ledger import PLATFORM
from books.payouts import (
    ACCOUNT_NAME,
    BANK_NAME,
    FITS,
    INCOME,
    BankAccount,
    Payout,
    PayoutKey,
    Run,
    RunKey,
    Word,
)
from books.world import World

_SHANGHAI = timedelta(hours=8)
_AT_THE_EDGE = (
    timedelta(seconds=-1),
    timedelta(0),
    timedelta(minutes=10, seconds=-1),
    *(timedelta(days=1, hours=12),) * 5,
)
"""When, seen from a month's end, the clock may be put: mostly on the second day."""
OUTCOMES = ("paid", "paid", "paid", "failed", "returned", "returned")
_NUMBERS = text("SELECT holder_id, source, number FROM payout WHERE run_id = :run")


Wanted = Callable[[Run, Collection[Payout]], Any]
"""Whether a run with its payouts is one to choose."""


def _undecided(run: Run, rows: Collection[Payout]) -> bool:
    """Whether somebody may approve or withdraw it."""
    return bool(rows) and not (run.approved_by or run.withdrawn_by)


def _unsent(run: Run, rows: Collection[Payout]) -> bool:
    """Whether the bank's file may be made."""
    return run.approved_by is not None and run.file is None and not all(row.failed for row in rows)


class Paydays(History):
    """What operators and the bank do."""

    numbers: "count[int]"
    operators: list[int]

    # -- time -------------------------------------------------------------------------------------

    @act(2)
    def month_ends(self, dice: Dice) -> None:
        """The clock comes to a month's end, or past it."""
        end = self._month_end()
        self.world.now = max(self.world.now, end + dice.of(_AT_THE_EDGE))

    def _month_end(self) -> datetime:
        local = self.world.now + _SHANGHAI
        year, month = divmod(local.year * 12 + local.month, 12)
        return local.replace(year=year, month=month + 1, day=1, hour=0, minute=0, second=0) - _SHANGHAI

    def _past(self, months: int) -> str:
        """The month that was `months` ago."""
        local = self.world.now + _SHANGHAI
        year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
        return f"{year}-{month + 1:02d}"

    # -- bank accounts ----------------------------------------------------------------------------

    @act(2, races=True)
    def enter_account(self, dice: Dice) -> Step:
        """Somebody writes an account down: a seller's, a village's, the platform's."""
        owed = sorted({holder for holder, account in self.world.books if account == "payable"} | {PLATFORM})
        return self._entering(dice.of(owed), dice.of(self.operators))

    def _entering(self, holder: int, by: int) -> Step:
        digits = f"6222020000{next(self.numbers):08d}"
        holder_code = self._holder_code(holder)
        ids = {"code": ""}

        def work() -> str:
            ids["code"] = payees.enter_payee(by, holder_code, ACCOUNT_NAME, digits, BANK_NAME).code
            return "entered"

        def change(world: World) -> str:
            return world.enter_account(BankAccount(ids["code"], holder, digits, by))

        return Step(f"operator {by} enters an account of {holder}", self.atomic(work), once(change))

    def _holder_code(self, holder: int) -> str:
        return str(db.session.scalar(text("SELECT code FROM holder WHERE id = :id"), {"id": holder}))

    @act(2, races=True)
    def confirm_account(self, dice: Dice) -> Step | None:
        """Somebody types the number again: perhaps wrongly, perhaps who entered it."""
        account = self._account_or(dice, "pending")
        if account is None:
            return None
        by, wrong = self._somebody(dice, account.entered_by), dice.upto(6) == 5
        return self._confirming(account, by, account.digits[:-1] if wrong else account.digits)

    def _confirming(self, account: BankAccount, by: int, digits: str) -> Step:
        def work() -> str:
            payees.confirm_payee(by, account.code, digits)
            return "confirmed"

        name = f"operator {by} confirms account {account.code[:6]} of {account.holder} as {digits}"
        change = once(lambda w: w.confirm_account(by, account.code, digits))
        return Step(name, self.atomic(work), change)

    @act(1, races=True)
    def end_account(self, dice: Dice) -> Step | None:
        """An account is stopped, or declined."""
        account = self._account_or(dice, "stands")
        if account is None:
            return None
        by = dice.of(self.operators)

        def work() -> str:
            payees.end_payee(by, account.code)
            return "ended"

        name = f"account {account.code[:6]} of {account.holder} ends"
        return Step(name, self.atomic(work), once(lambda w: w.end_account(account.code)))

    def _account_or(self, dice: Dice, wanted: str) -> BankAccount | None:
        """One of the accounts, of those that are as wanted mostly."""
        fitting = [each for each in self.world.accounts.values() if getattr(each, wanted)]
        if not fitting and dice.upto(6):
            return None
        found = fitting if fitting and dice.upto(8) else list(self.world.accounts.values())
        return dice.of(found) if found else None

    def _somebody(self, dice: Dice, *but: int | None) -> int:
        """An operator, mostly none of those who may not."""
        others = [each for each in self.operators if each not in but]
        return dice.of(others if others and dice.upto(3) else self.operators)

    # -- runs -------------------------------------------------------------------------------------

    @act(4, races=True)
    def prepare(self, dice: Dice) -> Step:
        """A month's next round, one that exists, one too far; by somebody or by the sweeper."""
        month = self._past(dice.of((1, 1, 1, 1, 1, 2, 0)))
        rounds = sum(1 for each in self.world.runs if each[0] == month)
        round_ = max(1, rounds + dice.of((1, 1, 1, 0, 2)))
        return self._preparing(month, round_, dice.of((*self.operators, None)))

    def _preparing(self, month: str, round_: int, by: int | None) -> Step:
        numbers: dict[tuple[int, str], str] = {}

        def work() -> str:
            run = runs.prepare_run(month, round_, by)
            rows = db.session.execute(_NUMBERS, {"run": run.id})
            numbers.update({(row.holder_id, row.source): row.number for row in rows})
            return "run"

        change = once(lambda w: w.prepare(month, round_, by, numbers))
        return Step(f"operator {by} prepares {month} round {round_}", self.atomic(work), change)

    @act(5, races=True)
    def approve(self, dice: Dice) -> Step | None:
        """A run is let be paid, perhaps by who prepared it."""
        key = self._run_or(dice, _undecided)
        return self._approving(key, self._somebody(dice, self.world.runs[key].prepared_by)) if key else None

    def _approving(self, key: RunKey, by: int) -> Step:
        def work() -> str:
            runs.approve_run(by, *key)
            return "approved"

        return Step(f"operator {by} approves {key}", self.atomic(work), once(lambda w: w.approve(by, key)))

    @act(1, races=True)
    def withdraw(self, dice: Dice) -> Step | None:
        """A run is given up."""
        key = self._run_or(dice, _undecided)
        return self._withdrawing(key, dice.of(self.operators)) if key else None

    def _withdrawing(self, key: RunKey, by: int) -> Step:
        def work() -> str:
            runs.withdraw_run(by, *key)
            return "withdrawn"

        return Step(f"operator {by} withdraws {key}", self.atomic(work), once(lambda w: w.withdraw(by, key)))

    @act(5, races=True)
    def export(self, dice: Dice) -> Step | None:
        """The file is taken to the bank, perhaps by who approved it, perhaps again."""
        key = self._run_or(dice, _unsent)
        return self._exporting(key, self._somebody(dice, self.world.runs[key].approved_by)) if key else None

    def _exporting(self, key: RunKey, by: int) -> Step:
        work = self.atomic(lambda: transfers.export_run(by, *key))
        return Step(f"operator {by} exports {key}", work, once(lambda w: w.export(by, key)))

    def _run_or(self, dice: Dice, fits: Wanted) -> RunKey | None:
        """One of the runs, of those that fit mostly."""
        fitting = [
            key for key, run in self.world.runs.items() if fits(run, self.world.payouts_of(key).values())
        ]
        if not fitting and dice.upto(6):
            return None
        found = fitting if fitting and dice.upto(8) else list(self.world.runs)
        return dice.of(found) if found else None

    # -- the bank's word --------------------------------------------------------------------------

    @act(8, races=True)
    def hear_bank(self, dice: Dice) -> Step | None:
        """Results of a run: of all its payouts or of some; sometimes of a wrong amount or number."""
        early = dice.upto(6) == 0
        key = self._run_or(
            dice,
            lambda run, rows: (
                (run.file or early) and any(self._likely(run, row, each) for row in rows for each in OUTCOMES)
            ),
        )
        rows = list(self.world.payouts_of(key).values()) if key else []
        if not key or not rows:
            return None
        run = self.world.runs[key]
        likely = [each for each in OUTCOMES if any(self._likely(run, row, each) for row in rows)]
        outcome = dice.of(likely if likely and dice.upto(8) else OUTCOMES)
        fitting = [row for row in rows if self._likely(run, row, outcome)]
        named = fitting if fitting and dice.upto(8) else rows
        named = dice.of((named, named[:1], named[-1:]))
        words = [self._word(row, outcome) for row in named]
        odd = dice.upto(9)
        if odd == 6:
            words[0] = words[0]._replace(fen=words[0].fen + 1)
        if odd == 7:
            words.append(Word("NOSUCHNUMBER", outcome, 1, "B"))
        if odd == 8:
            words = [self._word(row, dice.of(OUTCOMES)) for row in rows]
        return self._hearing_results(key, dice.of(self.operators), words)

    def _likely(self, run: Run, row: Payout, outcome: str) -> bool:
        return not row.waits and FITS[outcome](row, run)

    def _word(self, row: Payout, outcome: str) -> Word:
        return Word(row.number, outcome, row.fen, f"B{next(self.numbers)}")

    def _hearing_results(self, key: RunKey, by: int, words: list[Word]) -> Step:
        results = [Result(word.number, Outcome(word.outcome), *word[2:], "账号有误") for word in words]
        told = ", ".join(f"{word.number[:6]} {word.outcome}" for word in words)
        work = self.atomic(lambda: transfers.record_results(by, *key, results))
        change = once(lambda w: w.hear_results(by, key, words))
        return Step(f"operator {by} records {told} of {key}", work, change)

    @act(5, races=True)
    def judge(self, dice: Dice) -> Step | None:
        """A report is confirmed or dismissed, perhaps by who made it."""
        waiting = [key for key, row in self.world.payouts.items() if row.waits]
        if not waiting and dice.upto(6):
            return None
        found = waiting if waiting and dice.upto(8) else list(self.world.payouts)
        if not found:
            return None
        key = dice.of(found)
        by = self._somebody(dice, self.world.payouts[key].reported_by)
        return self._judging(key, by, confirmed=dice.upto(4) > 0)

    def _judging(self, key: PayoutKey, by: int, *, confirmed: bool) -> Step:
        run, number = (key.month, key.round), self.world.payouts[key].number
        do, word = (
            (transfers.confirm_report, "confirmed") if confirmed else (transfers.dismiss_report, "dismissed")
        )

        def work() -> str:
            do(by, *run, number)
            return word

        def change(world: World) -> str:
            return world.confirm(by, run, number) if confirmed else world.dismiss(run, number)

        return Step(f"operator {by}: report on {key} is {word}", self.atomic(work), once(change))

    # -- the beginning and the end ----------------------------------------------------------------

    def begin_paydays(self) -> None:
        """Whoever earned most and the platform have accounts, and the month has ended."""
        first, second, _ = self.operators
        owed = {holder: fen for (holder, name), fen in self.world.books.items() if name == "payable"}
        for holder in (max(owed, key=lambda each: owed[each]), PLATFORM):
            self.play(self._entering(holder, first))
            account = next(each for each in self.world.accounts.values() if each.pending)
            self.play(self._confirming(account, second, account.digits))
        self.world.now = self._month_end() + timedelta(days=1, hours=12)

    def rest_paydays(self) -> None:
        """One more month is paid out, and every run comes to its end."""
        self.world.now = self._month_end() + timedelta(days=1, hours=12)
        month = self._past(1)
        rounds = sum(1 for each in self.world.runs if each[0] == month)
        self.play(self._preparing(month, rounds + 1, None))
        for key in list(self.world.runs):
            self._end_reports(key)
            for step, wants in (
                (self._approving, _undecided),
                (self._withdrawing, _undecided),
                (self._exporting, _unsent),
            ):
                self._let(key, wants, step)
            run, rows = self.world.runs[key], self.world.payouts_of(key).values()
            left = [row for row in rows if run.approved_by and row.open]
            if left:
                sent, lost = (left[::2], left[1::2]) if run.file else ([], left)
                words = [self._word(row, "paid") for row in sent] + [
                    self._word(row, "failed") for row in lost
                ]
                self.play(self._hearing_results(key, self.operators[0], words))
                self._end_reports(key)
        self._prove_paid_out()

    def _let(self, key: RunKey, wants: Wanted, step: Callable[[RunKey, int], Step]) -> None:
        """Somebody who may takes this step with a run that wants it."""
        run = self.world.runs[key]
        if wants(run, self.world.payouts_of(key).values()):
            did = (run.prepared_by, run.approved_by)
            self.play(step(key, next(each for each in self.operators if each not in did)))

    def _end_reports(self, key: RunKey) -> None:
        for each, row in self.world.payouts_of(key).items():
            if row.waits:
                by = next(who for who in self.operators if who != row.reported_by)
                self.play(self._judging(each, by, confirmed=True))

    def _prove_paid_out(self) -> None:
        """What anybody ever earned arrived by the bank's own files or is owed; nothing is on its way."""
        arrived = dict.fromkeys((holder for holder, name in self.world.books if name == "payable"), 0)
        total = 0
        for key, run in self.world.runs.items():
            told = self._in_file(run.file or b"")
            for each, row in self.world.payouts_of(key).items():
                if row.paid and not row.returned:
                    total += told[row.number]
                    arrived[each.holder] = arrived.get(each.holder, 0) + told[row.number]
        earned = dict.fromkeys(arrived, 0)
        for move in self.world.moves:
            if move.entry in INCOME:
                earned[move.target[0]] += move.amount
        for holder in arrived:
            left = {name: self.world.books[holder, name] for name in ("payable", "paying")}
            if left["paying"] or (holder != PLATFORM and earned[holder] != arrived[holder] + left["payable"]):
                raise ModelBroken(f"{holder} earned {earned[holder]}, got {arrived[holder]}, has {left}")
        back = sum(self.world.entries[name] for name in ("reverse_payout", "reverse_fees"))
        if self.world.entries["complete_payout"] - back != total:
            raise ModelBroken(f"the bank was told to pay {total} fen that arrived, the books differ")

    def _in_file(self, file: bytes) -> dict[str, int]:
        """What the bank reads in a file: fen by a payout's number."""
        rows = csv.DictReader(file.decode("gb18030").splitlines())
        return {row["用途/附言"].split()[-1]: int(row["金额(元)"].replace(".", "")) for row in rows}
