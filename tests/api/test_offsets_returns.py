"""Refunds that the provider does not take go back by bank, and never twice: first it must deny them."""

from datetime import timedelta

import pytest
import requests
from flask import Flask
from refund_desk import Desk, refused
from shop import Shop, assert_books_prove

from app.clients import errors as outside
from app.kit import announcements, clock
from app.kit.transaction import transaction
from app.offsets import jobs, queries
from app.offsets.services import refunds


@pytest.fixture
def desk(app: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk, in a world where nobody delivers by itself."""
    monkeypatch.setattr(announcements, "ring", lambda: None)
    return Desk(app, shop)


def test_what_wechat_refuses_is_shown_asked_again_and_never_returned_while_a_call_may_run(
    desk: Desk,
) -> None:
    _, code = desk.late()
    announcements.deliver()  # WeChat knows no such payment
    [stuck] = queries.list_stuck_refunds()
    assert (stuck.advice, stuck.refusal) == ("refused", "RESOURCE_NOT_EXISTS")
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-4", "sent to her card").code
    assert refused(lambda: refunds.approve(desk.second, instead)) == "refund_too_soon"
    before = _asked(desk)
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert refused(lambda: refunds.approve(desk.second, instead)) == "refund_too_soon", "nobody asked"
        announcements.deliver()
        assert _asked(desk) <= before, "a refund that is being returned by bank is not asked for"
        desk.approve(instead)
    assert queries.count_stuck_refunds() == 0
    assert_books_prove()


def test_a_return_that_was_declined_lets_the_provider_be_asked_again(desk: Desk) -> None:
    _, code = desk.late()
    announcements.deliver()
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-5", "sent to her card").code
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        announcements.deliver()
        before = _asked(desk)
        with transaction():
            refunds.decline(desk.second, instead)
        announcements.deliver()
        assert len(_asked(desk) - before) == 1


def taken_unheard(desk: Desk) -> tuple[str, str]:
    """A refund once refused, then taken by the provider without our hearing it, and its return by bank."""
    order = desk.settled(1000)
    with transaction():
        code = refunds.request_goodwill(desk.first, order["code"], 40, "a courtesy").code
    desk.approve(code)
    with transaction():
        refunds.record_refusal(queries.get_refund(code).id, "NOT_ENOUGH")
    desk.shop.control("faults", kind="drop_notice", path="notice", count=5)
    terms = queries.get_refund_terms(queries.get_refund(code).id)
    assert terms is not None
    desk.client.refund(
        out_refund_no=code,
        out_trade_no=terms.trade_code,
        amount_fen=terms.amount_fen,
        total_fen=terms.total_fen,
        reason="taken, and its answer lost",
    )
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-8", "sent to her card").code
    return code, instead


def test_a_refund_that_was_taken_unheard_is_found_before_it_goes_back_by_bank_as_well(desk: Desk) -> None:
    code, instead = taken_unheard(desk)
    with clock.frozen(clock.now() + timedelta(minutes=3)):
        assert refused(lambda: refunds.approve(desk.second, instead)) == "refund_too_soon"
        announcements.deliver()
        assert queries.get_refund(code).accepted_at is not None
        assert refused(lambda: refunds.approve(desk.second, instead)) == "refund_moved"
    assert queries.get_refund(code).doubled_at is None
    assert_books_prove()


def test_a_denial_from_before_the_calls_were_over_counts_for_nothing(desk: Desk) -> None:
    _, code = desk.late()
    announcements.deliver()
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-10", "sent to her card").code
    refund_id = queries.get_refund(code).id
    record = jobs.check_refund({"refund_id": refund_id})
    assert record is not None
    with transaction():
        record()
    with clock.frozen(clock.now() + timedelta(minutes=3)):
        assert refused(lambda: refunds.approve(desk.second, instead)) == "refund_too_soon"
        announcements.deliver()
        desk.approve(instead)


def test_a_provider_that_does_not_answer_denies_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    _, code = desk.late()
    announcements.deliver()
    with transaction():
        instead = refunds.request_return(desk.first, code, "BANK-11", "sent to her card").code

    def away(_: str) -> None:
        raise outside.Unreachable("away")

    with clock.frozen(clock.now() + timedelta(minutes=3)):
        with monkeypatch.context() as patch:
            patch.setattr(desk.client, "query_refund", away)
            announcements.deliver()
        assert refused(lambda: refunds.approve(desk.second, instead)) == "refund_too_soon"
    with clock.frozen(clock.now() + timedelta(minutes=4)):
        announcements.deliver()
        desk.approve(instead)


def _asked(desk: Desk) -> set[str]:
    """The ids of the calls for refunds that the simulator remembers; queries are none."""
    told = requests.get(f"{desk.shop.phone.base_url}/control/state", timeout=5).json()["requests"]
    return {
        each["request_id"]
        for each in told
        if (each["method"], each["path"]) == ("POST", "/v3/refund/domestic/refunds")
    }
