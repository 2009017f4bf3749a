"""Whatever happens to income and payouts, in whatever order: the books prove and nobody is paid twice.

Random histories over months on real PostgreSQL, through the very services that pages and jobs call, with
crashes between the steps. All examples share one database; each history gets villages of its own.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import Forest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paying import OCTOBER, Treasury, at
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit import announcements
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.treasury.queries import payees as known
from app.treasury.queries import payouts
from app.treasury.rules.bank_files import Result
from app.treasury.rules.payouts import Outcome, month_before
from app.treasury.services import payees, runs, transfers
from app.web.queries import proofs_of_all_rooms

STEPS = st.sampled_from(
    ["sell"] * 4
    + ["account"] * 2
    + ["prepare"] * 3
    + ["approve"] * 3
    + ["export"] * 3
    + ["paid"] * 3
    + ["whole-month"] * 2
    + ["confirm"] * 2
    + ["again", "withdraw", "failed", "returned", "dismiss", "end-account", "next-month", "crash"]
)


class Crash(Exception):
    """A process that dies before it commits."""


class History:
    """Two villages, the platform's fees, three people of finance, and a calendar."""

    def __init__(self, app: Flask) -> None:
        self.treasury = Treasury(app)
        self.now = OCTOBER
        self.lots: list[Forest] = []

    def begin(self) -> None:
        self.lots = [self.treasury.village(fee_bp=1500), self.treasury.village()]

    def do(self, step: str, dice: int) -> None:
        if step == "whole-month":
            for each in ("sell", "account", "next-month", "prepare", "approve", "export", "paid"):
                self.do(each, dice)
            return
        acts: dict[str, Callable[[int], Any]] = {
            "sell": lambda dice: self.treasury.sell(self.lots[dice % 2], 100 * (1 + dice % 40)),
            "account": self.account,
            "prepare": lambda _: runs.prepare_run(self.month, 1, self.treasury.anna),
            "approve": lambda _: self.latest(runs.approve_run, self.treasury.bao),
            "withdraw": lambda _: self.latest(runs.withdraw_run, self.treasury.anna),
            "export": lambda _: self.latest(transfers.export_run, self.treasury.chen),
            "again": self.again,
            "paid": lambda dice: self.word(Outcome.PAID, dice),
            "failed": lambda dice: self.word(Outcome.FAILED, dice),
            "returned": lambda dice: self.word(Outcome.RETURNED, dice),
            "confirm": lambda _: self.judge(transfers.confirm_report),
            "dismiss": lambda _: self.judge(transfers.dismiss_report),
            "end-account": self.end_account,
            "next-month": self.next_month,
            "crash": self.crash,
        }
        alone = step in ("sell", "account", "next-month", "crash")  # these open transactions themselves
        with at(self.now):
            try:
                if alone:
                    acts[step](dice)
                else:
                    with transaction():
                        acts[step](dice)
            except (Problem, Crash):
                db.session.rollback()

    @property
    def month(self) -> str:
        return month_before(self.now)

    def latest(self, step: Callable[[int, str, int], object], who: int) -> None:
        for summary in payouts.list_runs(1):
            step(who, summary.run.month, summary.run.round)

    def again(self, dice: int) -> None:
        for summary in payouts.list_runs(1):
            runs.prepare_run(summary.run.month, summary.run.round + 1, self.treasury.anna)

    def account(self, dice: int) -> None:
        holder = chart.PLATFORM if dice % 5 == 0 else self.lots[dice % 2].village_id
        self.treasury.account(holder, f"{10**10 + dice}")

    def end_account(self, dice: int) -> None:
        standing = known.list_standing()
        account = standing.get(self.lots[dice % 2].village_id)
        if account is not None:
            payees.end_payee(self.treasury.bao, account.code)

    def word(self, outcome: Outcome, dice: int) -> None:
        for summary in payouts.list_runs(2):
            month, round_ = summary.run.month, summary.run.round
            rows = [each.payout for each in payouts.get_run(month, round_).payouts]
            for row in rows[dice % 2 :: 2]:
                word = Result(row.number, outcome, row.amount_fen, f"B{dice}", "原因")
                try:
                    transfers.record_results(self.treasury.anna, month, round_, [word])
                except Problem:
                    continue

    def judge(self, do: Callable[[int, str, int, str], object]) -> None:
        for summary in payouts.list_runs(2):
            month, round_ = summary.run.month, summary.run.round
            for each in payouts.get_run(month, round_).payouts:
                if each.payout.waits:
                    do(self.treasury.bao, month, round_, each.payout.number)

    def next_month(self, dice: int) -> None:
        self.now += timedelta(days=31)

    def crash(self, dice: int) -> None:
        """Everything of a run, and then death before the commit."""
        with transaction():
            for step in (
                lambda: runs.prepare_run(self.month, 1, self.treasury.anna),
                lambda: self.latest(runs.approve_run, self.treasury.bao),
                lambda: self.latest(transfers.export_run, self.treasury.chen),
                lambda: self.word(Outcome.PAID, dice),
            ):
                try:
                    step()
                except Problem:
                    continue
            raise Crash


@pytest.fixture
def history(app: Flask, monkeypatch: pytest.MonkeyPatch) -> History:
    monkeypatch.setattr(announcements, "ring", lambda: None)
    return History(app)


def paid_and_earned() -> dict[int, tuple[int, int]]:
    """What arrived at each holder's bank, and what was ever credited to them, in fen."""
    rows = db.session.execute(
        text(
            "SELECT holder_id, sum(amount_fen) FILTER (WHERE paid_at IS NOT NULL AND returned_at IS NULL),"
            " (SELECT sum(amount) FROM posting WHERE kind IN (21, 22) AND target = holder_id * 100 + 40)"
            " FROM payout WHERE source = 'payable' GROUP BY holder_id"
        )
    )
    return {holder_id: (int(paid or 0), int(earned or 0)) for holder_id, paid, earned in rows}


def test_every_history_leaves_books_that_prove_and_nobody_paid_twice(history: History) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.tuples(STEPS, st.integers(0, 1000)), min_size=10, max_size=40))
    def run(steps: list[tuple[str, int]]) -> None:
        history.begin()
        for step, dice in steps:
            history.do(step, dice)
        db.session.rollback()
        assert [proof for proof in proofs_of_all_rooms() if not proof.holds] == [], steps
        for holder_id, (paid, earned) in paid_and_earned().items():
            balances = accounts.get_balances(holder_id)
            assert paid + balances.get("paying", 0) + balances.get("payable", 0) == earned
        db.session.rollback()

    run()
    paid = paid_and_earned()
    assert sum(amount for amount, _ in paid.values()) > 0, "no history paid anybody: the test sees nothing"
