"""Refunds: by themselves and by two operators; partial, closed, abnormal, doubled, out of order."""

import time
from datetime import timedelta

import pytest
import requests
from flask import Flask
from refund_desk import Desk, refused
from shop import Shop, assert_books_prove, eventually
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs, queries
from app.offsets.services import payments, refunds
from app.offsets.services.words import PaidWord

MINUTE_S = 0.7
"""A minute at the simulator, whose clock runs a hundredfold."""


@pytest.fixture
def desk(app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk, in a world where nobody delivers by itself."""
    monkeypatch.setattr(announcements, "ring", lambda: None)
    return Desk(app, shop)


def test_a_courtesy_is_paid_from_the_fees_and_leaves_the_order_settled(desk: Desk) -> None:
    order = desk.settled(1000)  # a tenth of it is the platform's
    earned = accounts.get_balance(desk.shop.lot.village_id, chart.PAYABLE)
    code = desk.give(order, 30)
    announcements.deliver()
    eventually(lambda: desk.shop.read(order)["refunded_fen"] == 30)
    found = desk.shop.read(order)
    assert (found["status"], found["refunded_at"]) == ("settled", None)
    assert found["certificate_number"]
    assert accounts.get_balance(desk.shop.lot.village_id, chart.PAYABLE) == earned
    assert accounts.sum_boundary(chart.FEES) == 70
    assert queries.get_refund(code).status == "succeeded"
    assert_books_prove()


def test_nobody_approves_their_own_refund(desk: Desk) -> None:
    order = desk.settled(1000)
    with transaction():
        code = refunds.request_goodwill(desk.first, order["code"], 10, "a courtesy").code
    assert refused(lambda: refunds.approve(desk.first, code)) == "not_the_requester"
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("UPDATE refund SET approved_by = requested_by, opened_at = now()"))
    assert announcements.deliver() == 0 or queries.get_refund(code).opened_at is None


def test_the_platform_gives_no_more_than_it_has_earned(desk: Desk) -> None:
    order = desk.settled(1000)
    assert refused(lambda: refunds.request_goodwill(desk.first, order["code"], 101, "too much")) == (
        "fees_insufficient"
    )
    desk.give(order, 60)  # promised, not yet gone
    assert refused(lambda: refunds.request_goodwill(desk.first, order["code"], 41, "too much")) == (
        "fees_insufficient"
    )
    desk.give(order, 40)


def test_refunds_of_one_payment_together_are_never_more_than_it(desk: Desk) -> None:
    for _ in range(2):
        desk.settled(1000)
    small = desk.settled(100)
    desk.give(small, 60)
    assert refused(lambda: refunds.request_goodwill(desk.first, small["code"], 41, "more")) == "refund_beyond"
    with pytest.raises(IntegrityError, match="exceeds what was paid"), transaction() as session:
        session.execute(
            text(
                "INSERT INTO refund (code, order_id, trade_code, amount_fen, total_fen, source, channel,"
                " reason, requested_by, requested_at) SELECT 'X', order_id, trade_code, 41, total_fen,"
                " source, channel, reason, requested_by, requested_at FROM refund"
            )
        )


def test_the_terms_of_a_refund_are_frozen(desk: Desk) -> None:
    order = desk.settled(1000)
    code = desk.give(order, 10)
    for change in ("amount_fen = 11", "channel = 'bank'", "opened_at = now()", "code = 'other'"):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(f"UPDATE refund SET {change} WHERE code = :code"), {"code": code})
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("DELETE FROM refund"))


def test_two_refunds_of_one_payment_are_sent_a_minute_apart(desk: Desk) -> None:
    order = desk.settled(1000)
    first, second = desk.give(order, 10), desk.give(order, 20)
    announcements.deliver()
    assert queries.get_refund(first).accepted_at is not None
    assert queries.get_refund(second).accepted_at is None
    assert queries.get_refund(second).refusal is None
    time.sleep(MINUTE_S)
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        announcements.deliver()
    eventually(lambda: desk.shop.read(order)["refunded_fen"] == 30)
    assert_books_prove()


def test_the_provider_takes_fifty_refunds_of_a_payment_and_no_more(desk: Desk) -> None:
    order = desk.settled(5000)
    for _ in range(50):
        desk.give(order, 1)
    assert refused(lambda: refunds.request_goodwill(desk.first, order["code"], 1, "more")) == (
        "refund_too_many"
    )


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["ABNORMAL"], "abnormal"),
        (["CLOSED"], "closed"),
        (["ABNORMAL", "PROCESSING"], "abnormal"),
        (["ABNORMAL", "SUCCESS"], "succeeded"),
        (["SUCCESS", "ABNORMAL", "CLOSED", "PROCESSING", "SUCCESS"], "succeeded"),
        (["CLOSED", "ABNORMAL"], "closed"),
        (["CLOSED", "SUCCESS"], "succeeded"),
    ],
)
def test_words_on_a_refund_may_come_late_twice_and_out_of_order(
    desk: Desk, words: list[str], status: str
) -> None:
    order, code = desk.late()
    assert sum(desk.hear(code, word) for word in words) == (status == "succeeded")
    assert queries.get_refund(code).status == status
    assert desk.shop.read(order)["status"] == ("refunded" if status == "succeeded" else "refunding")
    assert queries.count_stuck_refunds() == len(queries.list_stuck_refunds()) == (status != "succeeded")
    assert_books_prove()


@pytest.mark.parametrize("end", ["refund_abnormal", "refund_closed"])
def test_a_refund_that_fails_is_announced_and_put_before_the_operators(desk: Desk, end: str) -> None:
    desk.shop.control("faults", kind=end, path="refund", count=1)
    order = desk.shop.order()
    desk.shop.sheet(order)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    desk.shop.control("pay_late", out_trade_no=order["code"])
    eventually(lambda: desk.shop.read(order)["status"] == "refunding")
    announcements.deliver()
    eventually(lambda: queries.count_stuck_refunds() == 1)
    [stuck] = queries.list_stuck_refunds()
    assert stuck.advice == end.removeprefix("refund_")
    assert_books_prove()


def test_a_closed_refund_goes_again_under_a_new_number(desk: Desk) -> None:
    desk.shop.control("faults", kind="refund_closed", path="refund", count=1)
    order = desk.shop.order()
    desk.shop.sheet(order)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        jobs.watch_unpaid()
    desk.shop.control("pay_late", out_trade_no=order["code"])
    eventually(lambda: desk.shop.read(order)["status"] == "refunding")
    announcements.deliver()
    [code] = eventually(lambda: [each.code for each in queries.list_stuck_refunds()])
    with transaction():
        again = refunds.request_again(desk.first, code, "closed by WeChat").code
    assert again != code
    assert refused(lambda: refunds.request_again(desk.first, code, "twice")) == "refund_moved"
    desk.approve(again)
    time.sleep(MINUTE_S)
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        announcements.deliver()
    eventually(lambda: desk.shop.read(order)["status"] == "refunded")
    told = requests.get(f"{desk.shop.phone.base_url}/control/state", timeout=5).json()["refunds"]
    ends = {each["out_refund_no"]: each["status"] for each in told if each["out_trade_no"] == order["code"]}
    assert ends == {code: "CLOSED", again: "SUCCESS"}
    assert queries.count_stuck_refunds() == 0
    assert_books_prove()


def test_an_abnormal_refund_can_be_returned_by_bank(desk: Desk) -> None:
    order, code = desk.late()
    desk.hear(code, "ABNORMAL")
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-1", "sent to her card").code
    assert refused(lambda: refunds.request_again(desk.second, code, "no")) == "refund_moved"
    desk.approve(instead)
    assert desk.shop.read(order)["status"] == "refunded"
    assert accounts.sum_entries(chart.REFUND_TRANSFER) == 100
    assert queries.count_stuck_refunds() == 0
    assert_books_prove()


def test_success_overtakes_a_return_that_was_only_asked_for(desk: Desk) -> None:
    order, code = desk.late()
    desk.hear(code, "ABNORMAL")
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-2", "sent to her card").code
    assert desk.hear(code, "SUCCESS")
    assert queries.get_refund(instead).status == "declined"
    assert refused(lambda: refunds.approve(desk.second, instead)) == "refund_moved"
    assert desk.shop.read(order)["refunded_fen"] == 100
    assert_books_prove()


def test_money_that_went_twice_is_told_and_borne_by_the_platform(desk: Desk) -> None:
    _, code = desk.late()
    desk.hear(code, "ABNORMAL")
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-3", "sent to her card").code
    desk.approve(instead)
    assert desk.hear(code, "SUCCESS")
    [stuck] = queries.list_stuck_refunds()
    assert (stuck.code, stuck.advice) == (code, "doubled")
    assert accounts.sum_boundary(chart.FEES) == -100
    assert_books_prove()


def test_one_transfer_at_the_bank_returns_one_refund(desk: Desk) -> None:
    _, first = desk.late()
    _, second = desk.late()
    for code in (first, second):
        desk.hear(code, "ABNORMAL")
    with transaction():
        refunds.request_return(desk.first, first, "BANK-6", "sent to her card")
    assert refused(lambda: refunds.request_return(desk.first, second, "BANK-6", "the same")) == (
        "bank_reference_used"
    )


def test_what_may_still_arrive_is_neither_returned_nor_sent_again(desk: Desk) -> None:
    _, code = desk.late()
    for act in (
        lambda: refunds.request_return(desk.first, code, "BANK-7", "impatient"),
        lambda: refunds.request_again(desk.first, code, "impatient"),
    ):
        assert refused(act) == "refund_moved"
        desk.hear(code, "PROCESSING")


def test_an_operator_can_have_the_provider_asked_at_once(desk: Desk) -> None:
    order = desk.settled(1000)
    code = desk.give(order, 10)
    desk.shop.control("faults", kind="drop_notice", path="notice", count=1)
    announcements.deliver()

    def ended() -> bool:
        told = requests.get(f"{desk.shop.phone.base_url}/control/state", timeout=5).json()["refunds"]
        return any(each["out_refund_no"] == code and each["status"] == "SUCCESS" for each in told)

    eventually(ended)
    assert queries.get_refund(code).status == "processing"
    with transaction():
        refunds.ask_now(desk.first, code)
    announcements.deliver()
    db.session.rollback()
    assert queries.get_refund(code).status == "succeeded"
    actions = db.session.scalars(text("SELECT action FROM audit_entry ORDER BY id")).all()
    assert [each for each in actions if each.startswith("refund")] == [
        "refund_requested",
        "refund_approved",
        "refund_asked",
    ]


def test_money_in_doubt_goes_back_whole_and_once(desk: Desk) -> None:
    desk.shop.control("faults", kind="wrong_amount", path="notice", count=1)
    order = desk.shop.order()
    desk.shop.pay(order)
    doubt_id = eventually(lambda: db.session.scalar(text("SELECT id FROM payment_doubt")))
    with transaction():
        code = refunds.request_doubt_refund(desk.first, doubt_id, "another amount").code
    assert refused(lambda: refunds.request_doubt_refund(desk.first, doubt_id, "twice")) == "refund_beyond"
    found = queries.get_refund(code)
    assert (found.source, found.amount_fen, found.trade_code) == ("suspense", 101, order["code"])
    desk.approve(code)
    assert desk.hear(code, "SUCCESS")
    assert accounts.get_balance(chart.PLATFORM, chart.SUSPENSE) == 0
    assert accounts.sum_entries(chart.REFUND_DOUBT) == 101
    assert desk.shop.read(order)["refunded_fen"] == 0
    assert_books_prove()


def test_money_in_doubt_that_wechat_cannot_return_goes_by_bank(desk: Desk) -> None:
    desk.shop.control("faults", kind="wrong_amount", path="notice", count=1)
    desk.shop.pay(desk.shop.order())
    doubt_id = eventually(lambda: db.session.scalar(text("SELECT id FROM payment_doubt")))
    with transaction():
        code = refunds.request_doubt_refund(desk.first, doubt_id, "another amount").code
    desk.approve(code)
    desk.hear(code, "CLOSED")
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-9", "sent to her card").code
    desk.approve(instead)
    assert accounts.sum_entries(chart.RETURN_DOUBT) == 101
    assert queries.count_stuck_refunds() == 0
    assert_books_prove()


def test_a_doubt_without_money_is_not_refunded(desk: Desk) -> None:
    with transaction():
        payments.record_payment(PaidWord("NOBODYS", "T1", 100, "CNY", clock.now()))
    doubt_id = db.session.scalar(text("SELECT id FROM payment_doubt"))
    assert refused(lambda: refunds.request_doubt_refund(desk.first, doubt_id, "no")) == "refund_moved"
    assert refused(lambda: refunds.request_doubt_refund(desk.first, 10**9, "no")) == "doubt_unknown"
