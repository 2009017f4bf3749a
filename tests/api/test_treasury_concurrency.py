"""Two people, or two machines, take the same step in the same moment: it happens once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from paying import MONTH, NOVEMBER, OCTOBER, Treasury, at, count, payable, paying
from shop import assert_books_prove
from sqlalchemy import text

from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.treasury import jobs
from app.treasury.queries.payouts import get_run
from app.treasury.rules.bank_files import Result
from app.treasury.rules.payouts import Outcome
from app.treasury.services import runs, transfers

TIMES = 4


@pytest.fixture
def treasury(app: Flask) -> Treasury:
    return Treasury(app)


def together(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Do all of `acts` at once, each in a thread and a transaction of its own; what each gave or raised."""
    barrier, outcomes = threading.Barrier(len(acts)), []

    def do(act: Callable[[], Any]) -> None:
        with app.app_context(), at(NOVEMBER):
            barrier.wait()
            try:
                with transaction():
                    outcomes.append(act())
            except Problem as problem:
                outcomes.append(problem.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=do, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(acts)
    return outcomes


def earned(treasury: Treasury, villages: int = 2) -> list[int]:
    with at(OCTOBER):
        lots = [treasury.village() for _ in range(villages)]
        for lot in lots:
            treasury.sell(lot, 5000)
            treasury.account(lot.village_id)
    return [lot.village_id for lot in lots]


def test_preparing_at_once_makes_one_run(app: Flask, treasury: Treasury) -> None:
    earned(treasury)
    made = together(app, *[lambda: runs.prepare_run(MONTH, 1, treasury.anna).id] * TIMES)
    assert len(set(made)) == 1
    assert (count("payout_run"), count("payout"), count("statement")) == (1, 2, 2)


def test_sweepers_and_people_preparing_at_once_make_one_run(app: Flask, treasury: Treasury) -> None:
    earned(treasury)

    def sweep() -> None:
        with app.app_context(), at(NOVEMBER):
            jobs.prepare_last_month()
            db.session.remove()

    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in sweepers:
        thread.start()
    together(app, *[lambda: runs.prepare_run(MONTH, 1, treasury.anna).id] * 2)
    for thread in sweepers:
        thread.join()
    assert (count("payout_run"), count("payout")) == (1, 2)


def test_approving_at_once_books_each_payout_once(app: Flask, treasury: Treasury) -> None:
    villages = earned(treasury)
    with at(NOVEMBER):
        treasury.prepare()
    people = [treasury.bao, treasury.chen] * 2
    outcomes = together(app, *[lambda who=who: runs.approve_run(who, MONTH, 1).code for who in people])
    assert sorted(outcomes) == [f"{MONTH}-1"] + ["run_past_this"] * (len(people) - 1)
    assert [(payable(each), paying(each)) for each in villages] == [(0, 5000)] * 2
    assert_books_prove()


def test_approving_and_withdrawing_at_once_does_one_of_them(app: Flask, treasury: Treasury) -> None:
    villages = earned(treasury)
    with at(NOVEMBER):
        treasury.prepare()
    outcomes = together(
        app,
        lambda: runs.approve_run(treasury.bao, MONTH, 1).code,
        lambda: runs.withdraw_run(treasury.chen, MONTH, 1).code,
    )
    assert sorted(outcomes) == [f"{MONTH}-1", "run_past_this"]
    assert sum(payable(each) + paying(each) for each in villages) == 10_000
    assert_books_prove()


def test_a_round_prepared_while_the_one_before_is_approved_promises_nothing_twice(
    app: Flask, treasury: Treasury
) -> None:
    villages = earned(treasury)
    with at(NOVEMBER):
        treasury.prepare()
    outcomes = together(
        app,
        lambda: runs.approve_run(treasury.bao, MONTH, 1).code,
        *[lambda: runs.prepare_run(MONTH, 2, treasury.anna).code] * 3,
    )
    assert sorted(outcomes) == [f"{MONTH}-1", *["nothing_to_pay"] * 3]
    assert [paying(each) for each in villages] == [5000, 5000]
    assert_books_prove()


def test_the_file_taken_at_once_is_one_file(app: Flask, treasury: Treasury) -> None:
    earned(treasury)
    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
    people = [treasury.anna, treasury.chen] * 2
    files = together(app, *[lambda who=who: transfers.export_run(who, MONTH, 1) for who in people])
    assert len(set(files)) == 1


def test_contradicting_results_at_once_leave_one_word(app: Flask, treasury: Treasury) -> None:
    villages = earned(treasury)
    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
        treasury.export()
    rows = [each.payout for each in get_run(MONTH, 1).payouts]

    def words(outcome: Outcome) -> Callable[[], int]:
        said = [Result(row.number, outcome, row.amount_fen, "B1", "原因") for row in rows]
        return lambda: transfers.record_results(treasury.anna, MONTH, 1, said)

    outcomes = together(app, words(Outcome.PAID), words(Outcome.FAILED), words(Outcome.PAID))
    assert sorted(map(str, outcomes)) == ["2", "results_refused", "results_refused"]
    db.session.rollback()
    paid = int(db.session.scalar(text("SELECT count(*) FROM posting WHERE kind = 44")) or 0)
    reported = int(db.session.scalar(text("SELECT count(*) FROM payout WHERE reported = 'failed'")) or 0)
    assert (paid, reported) in ((2, 0), (0, 2))
    assert sum(paying(each) for each in villages) == reported * 5000
    assert_books_prove()


def test_a_report_judged_by_several_at_once_is_judged_once(app: Flask, treasury: Treasury) -> None:
    (village,) = earned(treasury, villages=1)
    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
        treasury.export()
        row = treasury.run().payouts[0].payout
        with transaction():
            failed = Result(row.number, Outcome.FAILED, row.amount_fen, None, "账号有误")
            transfers.record_results(treasury.anna, MONTH, 1, [failed])
    judge = (treasury.bao, MONTH, 1, row.number)
    outcomes = together(
        app,
        lambda: transfers.confirm_report(*judge),
        lambda: transfers.confirm_report(*judge),
        lambda: transfers.dismiss_report(*judge),
    )
    assert sorted(map(str, outcomes)) == ["None", "run_past_this", "run_past_this"]
    assert payable(village) + paying(village) == 5000
    assert_books_prove()


def test_income_that_settles_while_a_run_is_paid_is_neither_lost_nor_paid_early(
    app: Flask, treasury: Treasury
) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 5000)
        treasury.account(lot.village_id)
    stop = threading.Event()

    def keep_selling() -> None:
        with app.app_context(), at(NOVEMBER):
            while not stop.is_set():
                treasury.sell(lot, 100)
            db.session.remove()

    seller = threading.Thread(target=keep_selling)
    seller.start()
    try:
        with at(NOVEMBER):
            treasury.prepare()
            treasury.pay()
    finally:
        stop.set()
        seller.join()
    assert treasury.run().summary.paid_fen == 5000
    assert_books_prove()
