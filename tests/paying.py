"""A treasury for tests: operators, villages with income, bank accounts, and months that pass."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from builders import Forest, Person, forest, person
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts import services as holders
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets.services import orders, payments, settlement
from app.offsets.services.orders import Wish
from app.offsets.services.words import PaidWord
from app.treasury.queries import payouts
from app.treasury.queries.payouts import RunFacts
from app.treasury.rules.bank_files import Result
from app.treasury.rules.payouts import Outcome
from app.treasury.services import payees, runs, transfers

OCTOBER = datetime(2026, 10, 15, 4, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 2, 4, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 2, 4, tzinfo=UTC)
MONTH = "2026-10"


def colleague(*roles: str) -> int:
    """A new operator's id, without a session."""
    with transaction():
        enrolled, _ = holders.operators.enrol(
            f"op-{random_code(8)}", "a long enough password", list(roles or ("finance",))
        )
    return enrolled.id


def holder_code(holder_id: int) -> str:
    return accounts.list_holders([holder_id])[holder_id].code


class Treasury:
    """Three people of finance and a buyer; time stands where `at` put it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.anna, self.bao, self.chen = colleague(), colleague(), colleague()
        self.buyer: Person = person(app)

    def village(self, **terms: int) -> Forest:
        return forest(100_000, **terms)

    def sell(self, lot: Forest, *amounts_fen: int) -> None:
        """Orders that are placed, paid and settled at this moment."""
        for amount_fen in amounts_fen:
            wish = Wish("personal", amount_fen=amount_fen, lot_code=lot.lot_code)
            with transaction():
                order = orders.place_order(self.buyer.holder_id, wish, timedelta(minutes=15))
            with transaction():
                word = PaidWord(order.code, f"T{order.code}", amount_fen, "CNY", clock.now())
                payments.record_payment(word)
        with transaction():
            settlement.settle_lot(lot.lot_id)

    def account(self, holder_id: int, digits: str = "6222020000112233445", name: str = "示例村集体") -> str:
        """A confirmed bank account; its code."""
        with transaction():
            entered = payees.enter_payee(self.anna, holder_code(holder_id), name, digits, "示例银行顺昌支行")
        with transaction():
            payees.confirm_payee(self.bao, entered.code, digits)
        return entered.code

    def prepare(self, month: str = MONTH, round_: int = 1) -> RunFacts:
        with transaction():
            runs.prepare_run(month, round_, self.anna)
        return self.run(month, round_)

    def approve(self, month: str = MONTH, round_: int = 1) -> None:
        with transaction():
            runs.approve_run(self.bao, month, round_)

    def export(self, month: str = MONTH, round_: int = 1) -> bytes:
        with transaction():
            return transfers.export_run(self.chen, month, round_)

    def result(
        self, outcome: Outcome, month: str = MONTH, round_: int = 1, holder_id: int | None = None
    ) -> None:
        """The same word of the bank for every payout of a run, or one holder's, confirmed where needed."""
        rows = [each.payout for each in self.run(month, round_).payouts]
        words = [
            Result(row.number, outcome, row.amount_fen, f"B{row.number}", "账号有误")
            for row in rows
            if holder_id in (None, row.holder_id)
        ]
        with transaction():
            transfers.record_results(self.anna, month, round_, words)
        for word in words if outcome is not Outcome.PAID else ():
            with transaction():
                transfers.confirm_report(self.bao, month, round_, word.number)

    def pay(self, month: str = MONTH, round_: int = 1) -> None:
        """From a prepared run to the bank's last word."""
        self.approve(month, round_)
        self.export(month, round_)
        self.result(Outcome.PAID, month, round_)

    def run(self, month: str = MONTH, round_: int = 1) -> RunFacts:
        db.session.rollback()
        return payouts.get_run(month, round_)


def payable(holder_id: int) -> int:
    db.session.rollback()
    return accounts.get_balance(holder_id, chart.PAYABLE)


def paying(holder_id: int) -> int:
    db.session.rollback()
    return accounts.get_balance(holder_id, chart.PAYING)


def count(table: str) -> int:
    db.session.rollback()
    return int(db.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Time stands at `moment`."""
    with clock.frozen(moment):
        yield


def console_client(app: Flask, *roles: str) -> tuple[FlaskClient, int]:
    """A browser of a new operator, and their id."""
    from builders import operator

    client = app.test_client()
    return client, operator(app, client, *roles)
