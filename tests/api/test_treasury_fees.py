"""The platform's fees are given away once: to a refund or to its own bank account, whoever comes first."""

import threading

import psycopg
import pytest
from flask import Flask
from paying import MONTH, NOVEMBER, OCTOBER, Treasury, at
from shop import assert_books_prove
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets.errors import FeesInsufficient
from app.offsets.services import refunds
from app.offsets.services.words import RefundWord
from app.treasury.errors import FeesPromised
from app.treasury.queries import payouts, prove
from app.treasury.rules.bank_files import Result
from app.treasury.rules.payouts import Outcome, Source
from app.treasury.services import runs, transfers


@pytest.fixture
def treasury(app: Flask) -> Treasury:
    """A village and the platform, each with 25 yuan of one order and a bank account."""
    found = Treasury(app)
    with at(OCTOBER):
        lot = found.village(fee_bp=5000)
        found.sell(lot, 5000)
        found.account(chart.PLATFORM)
        found.account(lot.village_id, "6222020000112233446")
    return found


def fees() -> int:
    db.session.rollback()
    return accounts.sum_boundary(chart.FEES)


def paying_of_platform() -> int:
    db.session.rollback()
    return accounts.get_balance(chart.PLATFORM, chart.PAYING)


def order_code() -> str:
    found = str(db.session.scalar(text("SELECT code FROM orders")))
    db.session.rollback()
    return found


def goodwill(treasury: Treasury, amount_fen: int) -> str:
    """A courtesy that is approved and on its way."""
    code = order_code()
    with transaction():
        asked = refunds.request_goodwill(treasury.anna, code, amount_fen, "补偿")
    with transaction():
        refunds.approve(treasury.bao, asked.code)
    return asked.code


def word_on_fees(outcome: Outcome, reference: str = "B1") -> list[Result]:
    """The bank's word on the latest payout of fees."""
    row = db.session.execute(
        text("SELECT number, amount_fen FROM payout WHERE source = 'fees' ORDER BY id DESC LIMIT 1")
    ).one()
    return [Result(row.number, outcome, row.amount_fen, reference, "账号有误")]


def test_fees_that_are_being_paid_out_are_no_longer_there_for_a_refund(treasury: Treasury) -> None:
    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
        assert (fees(), paying_of_platform()) == (0, 2500)
        with pytest.raises(FeesInsufficient):
            goodwill(treasury, 1)
        treasury.export()
        treasury.result(Outcome.PAID)
    assert (fees(), paying_of_platform()) == (0, 0)
    assert_books_prove()


def test_a_run_pays_no_fees_that_a_refund_was_promised_meanwhile(treasury: Treasury) -> None:
    with at(NOVEMBER):
        treasury.prepare()
        code = goodwill(treasury, 1000)
        assert_books_prove()
        with pytest.raises(FeesPromised):
            treasury.approve()
        assert (fees(), paying_of_platform()) == (2500, 0)
        with transaction():
            runs.withdraw_run(treasury.anna, MONTH, 1)
        second = treasury.prepare(round_=2)
        assert {each.payout.source: each.payout.amount_fen for each in second.payouts} == {
            "payable": 2500,
            "fees": 1500,
        }
        treasury.approve(round_=2)
        with transaction():
            refunds.record_refund(RefundWord(code, "P1", "SUCCESS", 1000))
        treasury.export(round_=2)
        treasury.result(Outcome.PAID, round_=2)
    assert (fees(), paying_of_platform()) == (0, 0)
    assert_books_prove()


@pytest.mark.parametrize("outcomes", [[Outcome.FAILED], [Outcome.PAID, Outcome.RETURNED]])
def test_fees_that_come_back_from_the_bank_are_fees_again(
    treasury: Treasury, outcomes: list[Outcome]
) -> None:
    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
        treasury.export()
        for outcome in outcomes:
            treasury.result(outcome)
        assert (fees(), paying_of_platform()) == (2500, 0)
        assert_books_prove()
        assert treasury.prepare(round_=2).summary.amount_fen == 5000
        treasury.pay(round_=2)
    assert fees() == 0
    assert_books_prove()


def test_approving_fees_and_promising_them_at_once_does_one_of_them(app: Flask, treasury: Treasury) -> None:
    with at(NOVEMBER):
        treasury.prepare()
    barrier, given = threading.Barrier(2), []
    code = order_code()

    def do(approving: bool) -> None:
        with app.app_context(), at(NOVEMBER):
            barrier.wait()
            try:
                with transaction():
                    if approving:
                        runs.approve_run(treasury.bao, MONTH, 1)
                    else:
                        refunds.request_goodwill(treasury.anna, code, 2500, "补偿")
                given.append(approving)
            except (FeesInsufficient, FeesPromised):
                pass
            finally:
                db.session.remove()

    threads = [threading.Thread(target=do, args=(approving,)) for approving in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 1
    assert_books_prove()


def test_a_word_of_the_bank_between_two_looks_of_a_new_round_promises_nothing_twice(
    app: Flask, treasury: Treasury, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = payouts.list_promised

    def word_arrives() -> dict[tuple[int, Source], int]:
        def tell() -> None:
            with app.app_context(), at(NOVEMBER):
                with transaction():
                    transfers.record_results(treasury.chen, MONTH, 1, word_on_fees(Outcome.PAID))
                db.session.remove()

        telling = threading.Thread(target=tell)
        telling.start()
        telling.join()
        return known()

    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
        treasury.export()
        lot = treasury.village()
        with at(OCTOBER):  # so that a new round has something to pay
            treasury.sell(lot, 3000)
        treasury.account(lot.village_id, "6222020000112233447")
        monkeypatch.setattr(payouts, "list_promised", word_arrives)
        second = treasury.prepare(round_=2)
    assert [(each.payout.holder_id, each.payout.amount_fen) for each in second.payouts] == [
        (lot.village_id, 3000)
    ]
    assert_books_prove()


def test_what_the_provider_charges_beyond_the_fees_is_shown_and_breaks_no_promise(treasury: Treasury) -> None:
    from app.accounts import ledger
    from app.accounts.ledger import Posting

    def proof() -> tuple[dict[str, int], bool]:
        db.session.rollback()
        return next(
            (each.figures, each.holds) for each in prove() if each.claim == "treasury.prove_fees_kept"
        )

    with at(NOVEMBER):
        goodwill(treasury, 2000)
        with transaction():
            ledger.post([Posting(chart.PROVIDER_FEE, 1, chart.PLATFORM, chart.PLATFORM, 3000)])
        assert proof() == ({"fees": -500, "unasked": 3000, "funded": 0, "promised": 2000}, True)
        with transaction() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text("UPDATE refund SET amount_fen = 2501, total_fen = 5000"))
        assert proof() == ({"fees": -500, "unasked": 3000, "funded": 0, "promised": 2501}, False)


def test_results_lock_accounts_in_the_order_of_everybody_else(app: Flask) -> None:
    treasury = Treasury(app)
    with at(OCTOBER):
        lots = [treasury.village(), treasury.village()]
        for lot, digits in zip(lots, ("6222020000112233445", "6222020000112233446"), strict=True):
            treasury.sell(lot, 5000)
            treasury.account(lot.village_id, digits)
    low, high = sorted(lot.village_id for lot in lots)
    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
        treasury.export()
        numbers = {each.payout.holder_id: each.payout.number for each in treasury.run().payouts}
    words = [
        Result(numbers[high], Outcome.PAID, 5000, "B1"),
        Result(numbers[low], Outcome.PAID, 5000, "B2"),
    ]
    raised: list[BaseException] = []

    def tell() -> None:
        with app.app_context(), at(NOVEMBER):
            try:
                with transaction():
                    transfers.record_results(treasury.chen, MONTH, 1, words)
            except Exception as error:
                raised.append(error)
            finally:
                db.session.remove()

    url = app.extensions["settings"].database_url.replace("+psycopg", "")
    with psycopg.connect(url) as other:
        lock = "SELECT 1 FROM account WHERE id = %s FOR UPDATE"
        other.execute(lock, (chart.PAYING.of(low),))
        telling = threading.Thread(target=tell)
        telling.start()
        _until_somebody_waits(url)
        other.execute(lock, (chart.PAYING.of(high),))
        other.rollback()
    telling.join()
    assert raised == []
    assert_books_prove()


def _until_somebody_waits(url: str) -> None:
    """Until another session waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True) as look:
        for _ in range(1000):
            if look.execute(waiting).fetchone() != (0,):
                return
    raise AssertionError("nobody waits")
