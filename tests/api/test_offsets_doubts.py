"""Payments that do not fit: each has a name, one record, an alarm, and its money has a place in the books."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import Person, forest, operator, person
from flask import Flask
from flask.testing import FlaskClient
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import simulator
from app.accounts import chart
from app.accounts import queries as accounts
from app.clients.pay import ForeignRecord
from app.clients.pay_records import Transaction, transaction_from
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs, queries, services
from app.offsets.errors import DoubtResolved, DoubtUnknown
from app.offsets.rules import DoubtName, PaymentOutcome, WordSource
from app.offsets.services import doubts, orders
from app.offsets.services.orders import Wish
from app.offsets.services.words import PaidWord
from fuzz.letters import Letter, Pen, Target


@pytest.fixture(scope="module")
def pen(phone: simulator.Running) -> Pen:
    return Pen(phone.keys)


class Till:
    """A buyer with orders to pay, and the ear that WeChat Pay speaks to."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.buyer: Person = person(app)
        self.lot = forest(1000)

    def order(self) -> Target:
        wish = Wish("personal", quantity_kg=10, lot_code=self.lot.lot_code)
        with transaction():
            placed = orders.place_order(self.buyer.holder_id, wish, timedelta(minutes=15))
        return Target(placed.code, placed.amount_fen, self.buyer.openid)

    def hear(self, letter: Letter) -> int:
        answer = self.client.post("/v1/wechat-pay/notices", data=letter.body, headers=letter.headers)
        db.session.rollback()
        return answer.status_code

    def status(self, order: Target) -> str:
        db.session.rollback()
        return queries.get_order(self.buyer.holder_id, order.code).status


@pytest.fixture
def till(app: Flask) -> Till:
    return Till(app)


def suspense_fen() -> int:
    db.session.rollback()
    return accounts.get_balance(chart.PLATFORM, chart.SUSPENSE)


def names(**wish: Any) -> list[DoubtName]:
    db.session.rollback()
    return [doubt.name for doubt in queries.list_doubts(100, **wish)]


MISFITS = [
    ("mchid", {"mchid": "1900009999"}, "1900009999", 204, 0),
    ("appid", {"appid": "wx0000000000000000"}, "wx0000000000000000", 204, 0),
    ("currency", {"amount": {"total": 100, "currency": "USD"}}, "USD", 204, 0),
    ("amount", {"amount": {"total": 99, "currency": "CNY"}}, "99", 204, 99),
    ("amount", {"amount": {"total": 10**12, "currency": "CNY"}}, f"{10**12}", 204, 10**12),
    ("payer", {"payer": {"openid": "oSomebodyElse"}}, None, 204, 100),
    ("unknown_order", {"out_trade_no": "NOSUCHORDER"}, "NOSUCHORDER", 404, 0),
]


@pytest.mark.parametrize(("name", "changes", "told", "status", "held_fen"), MISFITS)
def test_each_misfit_has_a_name_a_record_and_an_alarm(
    till: Till,
    pen: Pen,
    capsys: pytest.CaptureFixture[str],
    name: str,
    changes: Any,
    told: str | None,
    status: int,
    held_fen: int,
) -> None:
    order = till.order()
    fitting = pen.paid(order)
    assert till.hear(pen.write(fitting | changes)) == status
    assert till.status(order) == "reserved"
    (doubt,) = queries.list_doubts(10)
    assert (doubt.name, doubt.transaction_id, doubt.source) == (name, fitting["transaction_id"], "notice")
    assert told in (None, doubt.told)
    assert order.openid not in f"{doubt}"
    assert "oSomebodyElse" not in f"{doubt}"
    assert (doubt.held_fen or 0) == held_fen == suspense_fen()
    assert doubts.ALARM in capsys.readouterr().out
    assert till.client.get("/readyz").json["doubts"] == 1
    assert_books_prove()


@pytest.mark.parametrize(("name", "changes", "told", "status", "held_fen"), MISFITS)
def test_hearing_a_misfit_again_counts_and_changes_nothing(
    till: Till, pen: Pen, name: str, changes: Any, told: Any, status: int, held_fen: int
) -> None:
    letter = pen.write(pen.paid(till.order()) | changes)
    for _ in range(3):
        assert till.hear(letter) == status
    (doubt,) = queries.list_doubts(10)
    assert (doubt.sightings, doubt.held_fen or 0, suspense_fen()) == (3, held_fen, held_fen)
    assert doubt.last_seen_at >= doubt.seen_at
    assert_books_prove()


def test_the_fitting_payment_is_credited_beside_a_doubt(till: Till, pen: Pen) -> None:
    order = till.order()
    till.hear(pen.write(pen.paid(order) | {"amount": {"total": 99, "currency": "CNY"}}))
    assert till.hear(pen.write(pen.paid(order))) == 204
    assert till.status(order) == "paid"
    assert suspense_fen() == 99
    assert_books_prove()


def test_everything_that_is_wrong_is_recorded_and_the_money_held_once(till: Till, pen: Pen) -> None:
    told = pen.paid(till.order()) | {"payer": {"openid": "oX"}, "amount": {"total": 7, "currency": "CNY"}}
    till.hear(pen.write(told))
    assert sorted(names()) == ["amount", "payer"]
    assert suspense_fen() == 7
    assert_books_prove()


def test_a_second_transaction_is_held_and_the_first_still_settles(till: Till, pen: Pen) -> None:
    order = till.order()
    first = pen.write(pen.paid(order))
    assert till.hear(first) == till.hear(pen.write(pen.paid(order))) == till.hear(first) == 204
    assert names() == ["second_transaction"]
    assert suspense_fen() == 100
    assert jobs.settle_paid() == 1
    assert till.status(order) == "settled"
    assert_books_prove()


def test_one_transaction_never_pays_two_orders(till: Till, pen: Pen) -> None:
    orders_ = [till.order(), till.order()]
    told = pen.paid(orders_[0])
    answers = [till.hear(pen.write(told | {"out_trade_no": order.code})) for order in orders_]
    assert answers == [204, 204]
    assert [till.status(order) for order in orders_] == ["paid", "reserved"]
    assert names() == ["reused_transaction"]
    assert suspense_fen() == 0
    assert_books_prove()


def test_one_transaction_never_pays_two_orders_at_the_same_moment(till: Till, pen: Pen, app: Flask) -> None:
    placed = [till.order() for _ in range(6)]
    told = pen.paid(placed[0])
    letters = [pen.write(told | {"out_trade_no": order.code}) for order in placed]
    answers: list[int] = []

    def hear(letter: Letter) -> None:
        answer = app.test_client().post("/v1/wechat-pay/notices", data=letter.body, headers=letter.headers)
        answers.append(answer.status_code)

    threads = [threading.Thread(target=hear, args=(letter,)) for letter in letters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [204] * 6
    assert [till.status(order) for order in placed].count("paid") == 1
    assert names() == ["reused_transaction"] * 5
    assert_books_prove()


def test_a_paid_transaction_told_with_another_amount_is_a_doubt_without_money(till: Till, pen: Pen) -> None:
    order = till.order()
    told = pen.paid(order)
    till.hear(pen.write(told))
    assert till.hear(pen.write(told | {"amount": {"total": 99, "currency": "CNY"}})) == 204
    assert (names(), suspense_fen()) == (["amount"], 0)
    assert_books_prove()


def test_money_in_suspense_cannot_be_credited_as_well(till: Till, pen: Pen) -> None:
    order = till.order()
    told = pen.paid(order)
    till.hear(pen.write(told | {"amount": {"total": 99, "currency": "CNY"}}))
    assert till.hear(pen.write(told)) == 204
    assert till.status(order) == "reserved"
    assert names() == ["held_transaction", "amount"]
    assert suspense_fen() == 99
    assert_books_prove()


def word(code: str, source: WordSource, transaction_id: str = "T1") -> PaidWord:
    return PaidWord(code, transaction_id, 100, "CNY", clock.now(), source=source)


def test_an_unknown_orders_money_is_held_on_the_bills_word(till: Till) -> None:
    with transaction():
        assert services.payments.record_payment(word("NOSUCH", WordSource.NOTICE)) is PaymentOutcome.UNKNOWN
    assert (suspense_fen(), names()) == (0, ["unknown_order"])
    for _ in range(2):
        with transaction():
            services.payments.record_payment(word("NOSUCH", WordSource.BILL))
    assert (suspense_fen(), names()) == (100, ["unknown_order"])
    assert_books_prove()


def answer(order: Target, state: str) -> Transaction:
    return Transaction(order.code, "T1", state, order.amount_fen, "CNY", order.openid, clock.now(), {})


def test_what_was_refunded_elsewhere_is_a_doubt_without_money_and_never_settles(
    till: Till, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = till.order()
    with transaction():
        services.payments.open_payment(till.buyer.holder_id, order.code)
    monkeypatch.setattr(app.extensions["wechat_pay"], "query", lambda _: answer(order, "REFUND"))
    monkeypatch.setattr(app.extensions["wechat_pay"], "close", lambda _: None)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert jobs.watch_unpaid() == 1
    assert (jobs.settle_paid(), till.status(order)) == (0, "expired")
    (doubt,) = queries.list_doubts(10)
    assert (doubt.name, doubt.told, doubt.held_fen) == ("refunded_elsewhere", "REFUND", None)
    assert suspense_fen() == 0
    assert_books_prove()


@pytest.mark.parametrize("code", [None, "NOSUCH"])
def test_what_was_refunded_elsewhere_is_not_held_on_the_bills_word(till: Till, code: str | None) -> None:
    told = replace(word(code or till.order().code, WordSource.BILL), refunded=True, amount_fen=99)
    with transaction():
        services.payments.record_payment(told)
    assert suspense_fen() == 0
    assert names()
    assert_books_prove()


def test_a_known_payment_that_was_refunded_is_no_news(till: Till) -> None:
    told = word(till.order().code, WordSource.QUERY)
    with transaction():
        assert services.payments.record_payment(told) is PaymentOutcome.PAID
    with transaction():
        outcome = services.payments.record_payment(replace(told, refunded=True))
    assert (outcome, names()) == (PaymentOutcome.DUPLICATE, [])


def test_held_money_that_went_back_raises_no_second_alarm(till: Till) -> None:
    told = replace(word(till.order().code, WordSource.QUERY), amount_fen=99)
    for refunded in (False, True):
        with transaction():
            services.payments.record_payment(replace(told, refunded=refunded))
    assert names() == ["amount"]


def test_money_that_is_being_held_is_not_credited_at_the_same_moment(till: Till, app: Flask) -> None:
    one, other = till.order(), till.order()
    held, heard = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context(), transaction():
            services.payments.record_payment(replace(word(one.code, WordSource.NOTICE), amount_fen=99))
            held.set()
            heard.wait(0.5)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with transaction():
        outcome = services.payments.record_payment(word(other.code, WordSource.NOTICE))
    heard.set()
    thread.join()
    assert outcome is PaymentOutcome.MISMATCH
    assert names() == ["held_transaction", "amount"]
    assert suspense_fen() == 99
    assert_books_prove()


def test_an_unknown_order_that_turns_up_is_paid_and_no_doubt_any_more(till: Till, pen: Pen) -> None:
    order = till.order()
    with transaction():
        services.doubts.keep(
            word(order.code, WordSource.NOTICE), [services.payments.Misfit(DoubtName.UNKNOWN_ORDER, "", "")]
        )
    assert names() == ["unknown_order"]
    with transaction():
        outcome = services.payments.record_payment(word(order.code, WordSource.NOTICE))
    assert outcome is PaymentOutcome.PAID
    assert names() == []
    assert names(open_only=False) == ["unknown_order"]
    assert queries.count_open_doubts() == 0


def test_an_answer_about_another_merchant_leaves_a_doubt_and_lets_the_order_go(
    till: Till, pen: Pen, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = till.order()
    with transaction():
        services.payments.open_payment(till.buyer.holder_id, order.code)
    told = pen.paid(order) | {"appid": "wx1"}

    def foreign(_: str) -> Any:
        return transaction_from(told, pen.keys.appid, pen.keys.mchid)

    client = app.extensions["wechat_pay"]
    monkeypatch.setattr(client, "query", foreign)
    monkeypatch.setattr(client, "close", lambda _: None)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert jobs.watch_unpaid() == 1
    assert till.status(order) == "expired"
    (doubt,) = queries.list_doubts(10)
    assert (doubt.name, doubt.source, doubt.sightings) == ("appid", "query", 2)
    with pytest.raises(ForeignRecord):
        foreign(order.code)


def test_a_refund_notice_of_another_merchant_is_a_doubt(till: Till, pen: Pen) -> None:
    told = {
        "mchid": "1900009999",
        "out_trade_no": "ORDER1",
        "transaction_id": "T1",
        "out_refund_no": "R1",
        "refund_id": "5030",
        "refund_status": "SUCCESS",
        "amount": {"total": 100, "refund": 40},
    }
    assert till.hear(pen.write(told, "REFUND.SUCCESS")) == 204
    assert names() == ["mchid"]


def test_an_operator_explains_a_doubt_once_and_it_is_in_the_log(
    till: Till, pen: Pen, app: Flask, client: FlaskClient
) -> None:
    letter = pen.write(pen.paid(till.order()) | {"amount": {"total": 99, "currency": "CNY"}})
    till.hear(letter)
    who = operator(app, client)
    (doubt,) = queries.list_doubts(10)
    with transaction():
        services.doubts.resolve(doubt.id, who, "a test payment of the bank")
    with pytest.raises(DoubtResolved), transaction():
        services.doubts.resolve(doubt.id, who, "again")
    with pytest.raises(DoubtUnknown), transaction():
        services.doubts.resolve(doubt.id + 999, who, "which?")
    till.hear(letter)
    assert (names(), queries.count_open_doubts()) == ([], 0)
    found = queries.get_doubt(doubt.id)
    assert (found.resolved_by, found.explanation, found.sightings) == (who, "a test payment of the bank", 2)
    entry = db.session.execute(
        text("SELECT operator_id, subject, details FROM audit_entry WHERE action = 'doubt_resolved'")
    ).one()
    details = {"name": "amount", "order": doubt.order_code, "explanation": found.explanation}
    assert entry == (who, str(doubt.id), details)
    assert suspense_fen() == 99
    assert_books_prove()


def test_doubts_are_listed_page_by_page_newest_first(till: Till) -> None:
    for number in range(5):
        with transaction():
            services.payments.record_payment(word(f"NOSUCH{number}", WordSource.NOTICE, f"T{number}"))
    first = queries.list_doubts(2)
    rest = queries.list_doubts(10, before=first[-1].id)
    assert [doubt.order_code for doubt in [*first, *rest]] == [f"NOSUCH{n}" for n in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    "change",
    ["told = 'x'", "amount_fen = 1", "held_fen = 1", "name = 'payer'", "resolved_at = now()"],
)
def test_the_database_keeps_a_doubt_as_it_was_seen(till: Till, pen: Pen, change: str) -> None:
    till.hear(pen.write(pen.paid(till.order()) | {"amount": {"total": 99, "currency": "CNY"}}))
    with pytest.raises(DBAPIError), transaction() as session:
        session.execute(text(f"UPDATE payment_doubt SET {change}"))
    with pytest.raises(DBAPIError), transaction() as session:
        session.execute(text("DELETE FROM payment_doubt"))


def test_a_doubt_held_without_books_does_not_prove(till: Till) -> None:
    with transaction():
        services.payments.record_payment(word("NOSUCH", WordSource.NOTICE))
        db.session.execute(text("UPDATE payment_doubt SET held_fen = amount_fen"))
    assert [proof.claim for proof in queries.prove() if not proof.holds] == ["offsets.prove_doubts"]
