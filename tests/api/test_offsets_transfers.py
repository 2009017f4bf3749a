"""The offline channel: an organisation's order, its proof, two readings of one bank statement."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import Forest, forest, operator
from flask import Flask
from rewarding import sponsor
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts import services as holders
from app.kit import announcements, clock
from app.kit.codes import read_code
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import jobs, queries
from app.offsets.errors import TransferMoved
from app.offsets.services import payments, refunds, transfers
from app.offsets.services.orders import Wish
from app.offsets.services.transfers import Statement
from app.registry import services as registry
from app.rewards.queries import prove as prove_rewards
from app.rewards.services import funding

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


class Office:
    """An organisation, a village, and two operators at the bank's statement."""

    def __init__(self, app: Flask) -> None:
        self.first, self.second = (operator(app, app.test_client(), "finance") for _ in range(2))
        self.lot: Forest = forest(1000, fee_bp=1000)
        with transaction():
            self.holder_id = holders.open_organisation(self.first, "顺昌县人民法院（示例）").id

    def order(self, quantity_kg: int = 100) -> Any:
        wish = Wish("organisation", quantity_kg, lot_code=self.lot.lot_code, beneficiary="示例法院")
        with transaction():
            return transfers.place_transfer_order(self.first, self.holder_id, wish, timedelta(days=7))

    def read(self, operator_id: int, code: str, reference: str = "B1", **other: Any) -> bool:
        told = {"amount_fen": 1000, "received_on": clock.business_day(), **other}
        with transaction():
            read = Statement(bank_reference=reference, **told)
            return transfers.confirm_transfer(operator_id, code, read) is not None

    def receive(self, code: str, reference: str = "B1", amount_fen: int = 1000) -> None:
        assert not self.read(self.first, code, reference, amount_fen=amount_fen)
        assert self.read(self.second, code, reference, amount_fen=amount_fen)


@pytest.fixture
def office(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office whose announcements wait until they are delivered."""
    monkeypatch.setattr(announcements, "ring", lambda: None)
    return Office(app)


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(Problem) as caught:
        act()
    db.session.rollback()
    return caught.value.code


def test_two_operators_who_read_the_same_make_it_paid_and_it_settles(office: Office) -> None:
    code = office.order().code
    assert read_code(queries.get_transfer(code).remittance_code)
    office.receive(code)
    assert jobs.settle_paid() == 1
    found = queries.get_transfer(code).order
    assert (found.status, found.channel) == ("settled", "offline")
    assert accounts.sum_entries(chart.RECEIVE_TRANSFER) == 1000
    certificate = queries.get_certificate(found.certificate_number or "")
    assert (certificate.purpose, certificate.beneficiary) == ("organisation", "示例法院")
    assert_books_prove()


def test_one_operator_alone_makes_nothing_paid(office: Office) -> None:
    code = office.order().code
    assert not office.read(office.first, code)
    assert not office.read(office.first, code)
    assert queries.get_transfer(code).order.status == "reserved"
    assert queries.count_waiting_transfers() == len(queries.list_waiting_transfers()) == 1
    with pytest.raises(IntegrityError, match="two operators"), transaction() as session:
        session.execute(
            text("INSERT INTO payment SELECT id, 'bank', 'bank:B1', amount_fen, now(), now() FROM orders")
        )


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"amount_fen": 999}, "transfer_differs"),
        ({"reference": "B2"}, "transfer_differs"),
        ({"received_on": clock.business_day() - timedelta(days=1)}, "transfer_differs"),
    ],
)
def test_readings_that_differ_are_refused_until_the_one_who_was_wrong_reads_again(
    office: Office, other: dict[str, Any], code: str
) -> None:
    order = office.order().code
    office.read(office.first, order)
    assert refused(lambda: office.read(office.second, order, **other)) == code
    assert queries.get_transfer(order).order.status == "reserved"
    assert office.read(office.second, order)


def test_a_slip_of_the_pen_can_be_taken_back(office: Office) -> None:
    code = office.order().code
    office.read(office.first, code, "WRONG")
    with transaction():
        transfers.take_back(office.first, code)
    office.receive(code, "RIGHT")
    with pytest.raises(TransferMoved), transaction():
        transfers.take_back(office.first, code)
    assert refused(lambda: office.read(office.first, code, "RIGHT")) == "bank_reference_used"


@pytest.mark.parametrize("days", [1, 400, -9])
def test_a_transfer_is_received_neither_tomorrow_nor_long_before_its_order(office: Office, days: int) -> None:
    code = office.order().code
    day = clock.business_day() + timedelta(days=days)
    assert refused(lambda: office.read(office.first, code, received_on=day)) == "transfer_day"
    assert queries.get_transfer(code).confirmations == []


def test_a_transfer_may_have_arrived_a_few_days_before_its_order(office: Office) -> None:
    code = office.order().code
    day = clock.business_day() - timedelta(days=5)
    assert not office.read(office.first, code, received_on=day)
    assert office.read(office.second, code, received_on=day)


def test_one_transfer_pays_one_order(office: Office) -> None:
    one, other = office.order().code, office.order().code
    office.read(office.first, one)
    assert refused(lambda: office.read(office.first, other)) == "bank_reference_used"
    office.read(office.second, one)
    assert refused(lambda: office.read(office.first, other)) == "bank_reference_used"


def test_a_bank_reference_is_the_same_however_it_is_typed(office: Office) -> None:
    one, other = office.order().code, office.order().code
    office.read(office.first, one, "b1x")
    assert refused(lambda: office.read(office.first, other, "B1X")) == "bank_reference_used"
    assert office.read(office.second, one, "B1x")
    [[reference]] = db.session.execute(text("SELECT DISTINCT bank_reference FROM transfer_confirmation"))
    assert reference == "B1X"
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            text(
                "INSERT INTO transfer_confirmation (order_id, operator_id, amount_fen, bank_reference,"
                " received_on, confirmed_at) SELECT orders.id, :who, 1, 'b1x', now(), now() FROM orders"
            ),
            {"who": office.first},
        )


def test_a_returned_transfer_cannot_be_returned_again_in_small_letters(office: Office) -> None:
    code = office.order().code
    office.receive(code)
    jobs.settle_paid()
    ask_courtesy(office, code, "OUT-9")
    assert refused(lambda: ask_courtesy(office, code, "out-9")) == "bank_reference_used"


@pytest.mark.parametrize(
    "change",
    ["UPDATE transfer_confirmation SET received_on = '2026-01-01'", "DELETE FROM transfer_confirmation"],
)
def test_what_was_read_of_a_received_transfer_stays(office: Office, change: str) -> None:
    office.receive(office.order().code)
    with pytest.raises(IntegrityError, match="are kept"), transaction() as session:
        session.execute(text(change))


def test_a_second_transfer_is_held_in_doubt_and_returned_by_bank(office: Office) -> None:
    code = office.order().code
    office.receive(code)
    office.read(office.first, code, "B2", amount_fen=700)
    assert queries.count_waiting_transfers() == len(queries.list_waiting_transfers()) == 1
    assert office.read(office.second, code, "B2", amount_fen=700)
    assert queries.count_waiting_transfers() == 0
    assert jobs.settle_paid() == 1
    held, amount = queries.list_doubts(10)
    assert {held.name, amount.name} == {"second_transaction", "amount"}
    [doubt] = [each for each in (held, amount) if each.held_fen]
    assert (doubt.held_fen, doubt.source, accounts.sum_entries(chart.HOLD_TRANSFER_DOUBT)) == (
        700,
        "bank",
        700,
    )
    assert refused(lambda: office.read(office.first, code, "B2", amount_fen=700)) == "bank_reference_used"
    assert_books_prove()
    return_doubt(office, doubt.id)


def test_a_transfer_of_another_amount_is_held_and_the_right_one_still_pays(office: Office) -> None:
    code = office.order().code
    office.receive(code, "B1", amount_fen=999)
    assert queries.get_transfer(code).order.status == "reserved"
    [doubt] = queries.list_doubts(10)
    assert (doubt.name, doubt.held_fen, doubt.expected, doubt.told) == ("amount", 999, "1000", "999")
    assert_books_prove()
    office.receive(code, "B2")
    assert jobs.settle_paid() == 1
    return_doubt(office, doubt.id)


def return_doubt(office: Office, doubt_id: int) -> None:
    """What came by bank goes back by bank, with the reference of the transfer that returned it."""
    assert refused(lambda: ask_doubt(office, doubt_id, None)) == "refund_moved"
    code = ask_doubt(office, doubt_id, "OUT-3")
    with transaction():
        refunds.approve(office.second, code)
    assert accounts.get_balance(chart.PLATFORM, chart.SUSPENSE) == 0
    assert_books_prove()


def ask_doubt(office: Office, doubt_id: int, reference: str | None) -> str:
    with transaction():
        return refunds.request_doubt_refund(office.first, doubt_id, "fits no order", reference).code


def test_no_transfer_is_held_that_two_have_not_read(office: Office) -> None:
    office.read(office.first, office.order().code)
    with pytest.raises(IntegrityError, match="two operators"), transaction() as session:
        session.execute(
            text(
                "INSERT INTO payment_doubt (name, expected, told, order_code, transaction_id, amount_fen,"
                " source, sightings, seen_at, last_seen_at) SELECT 'amount', '', '', code, 'bank:B1', 1000,"
                " 'bank', 1, now(), now() FROM orders"
            )
        )


def test_an_unpaid_transfer_order_expires_without_asking_wechat(
    office: Office, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "wechat_pay", None)
    code = office.order().code
    with clock.frozen(clock.now() + timedelta(days=6)):
        assert jobs.watch_unpaid() == 0
    with clock.frozen(clock.now() + timedelta(days=7, seconds=1)):
        assert jobs.watch_unpaid() == 1
    assert queries.get_transfer(code).order.status == "expired"
    assert_books_prove()


def test_a_transfer_that_comes_too_late_is_returned_by_two_operators(office: Office) -> None:
    code = office.order().code
    with clock.frozen(clock.now() + timedelta(days=8)):
        jobs.watch_unpaid()
    office.receive(code)
    assert queries.get_transfer(code).order.status == "refunding"
    assert_books_prove()
    return_by_bank(office, code, "bank")


def test_a_transfer_for_units_that_burned_is_returned_by_two_operators(office: Office) -> None:
    code = office.order(1000).code
    office.receive(code, amount_fen=10_000)
    with transaction():
        registry.cancel_units(office.lot.issuance_id, 500, "fire")
    assert jobs.settle_paid() == 1
    return_by_bank(office, code, "bank")
    assert accounts.sum_entries(chart.REFUND_TRANSFER) == 10_000


def return_by_bank(office: Office, code: str, advice: str) -> None:
    announcements.deliver()
    [stuck] = queries.list_stuck_refunds()
    assert (stuck.advice, stuck.channel, stuck.may_be_asked) == (advice, "bank", False)
    with transaction():
        instead = refunds.request_return(office.first, stuck.code, "OUT-1", "sent back").code
    with transaction():
        refunds.approve(office.second, instead)
    assert queries.get_transfer(code).order.status == "refunded"
    assert queries.count_stuck_refunds() == 0
    assert_books_prove()


def test_a_courtesy_on_a_transfer_order_goes_by_bank_from_the_fees(office: Office) -> None:
    code = office.order().code
    office.receive(code)
    jobs.settle_paid()
    assert refused(lambda: ask_courtesy(office, code, None)) == "refund_moved"
    refund = ask_courtesy(office, code, "OUT-2")
    with transaction():
        refunds.approve(office.second, refund)
    assert queries.get_transfer(code).order.refunded_fen == 50
    assert accounts.sum_entries(chart.RETURN_GOODWILL) == 50
    assert_books_prove()


def ask_courtesy(office: Office, code: str, reference: str | None) -> str:
    with transaction():
        return refunds.request_goodwill(office.first, code, 50, "a courtesy", reference).code


def test_a_transfer_order_opens_no_payment_sheet(office: Office) -> None:
    code = office.order().code

    def open_sheet() -> None:
        with transaction():
            payments.open_payment(office.holder_id, code)

    assert refused(open_sheet) == "order_not_payable"


def test_a_proof_is_kept_once_sealed_and_by_its_first_bytes(office: Office) -> None:
    code = office.order().code
    with transaction():
        first = transfers.keep_proof(code, PNG).id
    with transaction():
        assert transfers.keep_proof(code, PNG).id == first
    assert queries.get_proof(code, first) == ("png", PNG)
    sealed = db.session.scalar(text("SELECT content_sealed FROM transfer_proof"))
    assert sealed is not None
    assert PNG[:8] not in bytes(sealed)
    for content in (b"<html>", b"", b"MZ\x90\x00", PNG + bytes(2 * 1024 * 1024)):
        assert refused(lambda content=content: keep(code, content)) == "proof_refused"  # type: ignore[misc]
    for number in range(4):
        keep(code, b"%PDF-" + bytes([number]))
    assert refused(lambda: keep(code, b"%PDF-one more")) == "too_many_proofs"
    for number in range(5):
        keep(code, b"%PDF-ours" + bytes([number]), office.first)
    assert refused(lambda: keep(code, b"%PDF-one more", office.first)) == "too_many_proofs"
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("DELETE FROM transfer_proof"))


def keep(code: str, content: bytes, operator_id: int | None = None) -> None:
    with transaction():
        transfers.keep_proof(code, content, operator_id)


def test_a_transfer_at_the_bank_is_an_orders_or_a_sponsors_and_never_both(office: Office) -> None:
    programme_id = sponsor(fen=0)

    def deposit(reference: str) -> int:
        with transaction():
            return funding.record(office.first, programme_id, "deposit", 1000, reference).id

    def confirm(movement_id: int) -> None:
        with transaction():
            funding.confirm(office.second, movement_id)

    office.receive(office.order().code, "same-1")
    assert refused(lambda: deposit("Same-1")) == "bank_reference_used"
    second, third = deposit("same-2"), deposit("same-3")
    office.receive(office.order().code, "same-2")
    assert refused(lambda: confirm(second)) == "bank_reference_used"
    confirm(third)
    office.receive(office.order().code, "SAME-3")
    failing = [proof.claim for proof in prove_rewards() if not proof.holds]
    assert failing == ["rewards.prove_transfers"], "what an order takes afterwards is found"
