"""A giver's codes: taken whole, sealed, given to one person each, and paid after a week of rest."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from typing import Any

import pytest
from builders import person
from flask import Flask
from offices import at_once
from redeeming import Counter, Redeemer, remaining
from rewarding import assert_covered, balances
from sqlalchemy import text

from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.errors.items import CodesRefused
from app.rewards.jobs.redemptions import conclude_redemptions, tend_redemptions
from app.rewards.queries.items import count_codes, get_item
from app.rewards.queries.redemptions import get_any_redemption
from app.rewards.rules.items import Supply
from app.rewards.services import concluding as services
from app.rewards.services import items, returns


@pytest.fixture
def counter(app: Flask) -> Counter:
    return Counter(app)


@pytest.fixture
def buyer(app: Flask) -> Redeemer:
    return Redeemer(app, person(app))


def later(**time: float) -> Any:
    return clock.frozen(clock.now() + timedelta(**time))


def test_an_uploaded_code_rests_a_week_before_it_is_paid_and_a_complaint_stops_that(
    counter: Counter, buyer: Redeemer
) -> None:
    item = counter.codes("ABCD-1", "ABCD-2,2099-01-01")
    one, two = buyer.redeem(item), buyer.redeem(item)
    assert buyer.see(one)["voucher"] == {"code": "ABCD-2", "last_day": "2099-01-01", "link": None}
    buyer.ask("POST", f"/me/redemptions/{two['code']}/complaint", {"words": "券码打不开"}, 201)
    with later(days=8):
        assert conclude_redemptions() == 1
        assert counter.owed_fen() == 100
        with transaction():
            returns.request_return(counter.first, two["code"], "提供方确认券码无效")
            returns.answer_complaint(counter.first, two["code"], "已核实，退回积分")
        assert conclude_redemptions() == 0, "a proposed return waits for its second operator"
        with transaction(), pytest.raises(Exception, match="own_return"):
            returns.decide_return(counter.first, two["code"], approved=True)
        with transaction():
            returns.decide_return(counter.second, two["code"], approved=True)
    assert (counter.owed_fen(), remaining(item)) == (100, 0), "nobody else gets the bad code"
    assert balances(buyer.who.holder_id).active == 900
    assert_covered()


def test_what_is_proposed_to_be_returned_at_this_moment_is_not_paid(
    counter: Counter, buyer: Redeemer
) -> None:
    made = buyer.redeem(counter.codes("SOON-1"))
    redemption_id = get_any_redemption(made["code"]).row.id
    with later(days=8), ThreadPoolExecutor(1) as other:
        with transaction():
            returns.request_return(counter.first, made["code"], "券码无效")
            concluding = other.submit(copy_context().run, conclude, counter.app, redemption_id)
            wait_for_lock()
        assert not concluding.result()
    assert counter.owed_fen() == 0


def conclude(app: Flask, redemption_id: int) -> bool:
    with app.app_context(), transaction():
        return services.conclude(redemption_id)


def wait_for_lock() -> None:
    """Until another connection waits for a lock."""
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(500):
        db.session.execute(text("SELECT pg_stat_clear_snapshot()"))
        if db.session.execute(text(waiting)).first() is not None:
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_codes_whose_last_day_is_over_leave_the_stock(counter: Counter, buyer: Redeemer) -> None:
    soon = clock.business_day() + timedelta(days=1)
    item = counter.codes(f"OLD-1,{soon}", "KEEP-1")
    with later(days=3):
        assert tend_redemptions() == 1
        assert remaining(item) == 1
    assert buyer.see(buyer.redeem(item))["voucher"]["code"] == "KEEP-1"
    assert_covered()


def test_a_givers_code_stands_in_one_item_and_is_free_again_only_unseen(
    counter: Counter, buyer: Redeemer
) -> None:
    first = counter.codes("SAME-1", "SAME-2")
    given = buyer.see(buyer.redeem(first))["voucher"]["code"]
    second = counter.codes("OTHER-1")
    both = "SAME-1\nSAME-2\nOTHER-2"
    with pytest.raises(CodesRefused) as refused, transaction():
        items.upload_codes(counter.first, second, both)
    assert ["1" in error["detail"] for error in refused.value.errors] == [True, False], "both lines are named"
    with transaction():
        items.withdraw_item(counter.first, first, "换新价")
    assert (remaining(first), count_codes(get_item(first).item.id)) == (0, (2, 0))
    with pytest.raises(CodesRefused) as refused, transaction():
        items.upload_codes(counter.first, second, both)
    assert len(refused.value.errors) == 1, f"{given} is somebody's for ever, the other one nobody's"
    free = {"SAME-1", "SAME-2"} - {given}
    lists = [counter.offer(supply=Supply.UPLOADED, stock=None) for _ in range(3)]

    def upload(item: str) -> int:
        with counter.app.app_context():
            try:
                with transaction():
                    return items.upload_codes(counter.first, item, "\n".join(sorted(free))).taken
            except CodesRefused:
                return 0

    assert sorted(at_once([lambda item=item: upload(item) for item in lists], 3)) == [0, 0, 1]
    counter.move()
    counter.codes("SAME-1")  # another giver's code may read the same
    assert_covered()


def test_codes_are_taken_whole_once_and_sealed(counter: Counter) -> None:
    item = counter.codes("AAAA-1", "AAAA-2")
    with transaction():
        upload = items.upload_codes(counter.first, item, "code,last\nAAAA-2\nAAAA-3，2099-12-31\n")
    assert (upload.taken, upload.known, remaining(item)) == (1, 1, 3)
    for bad in ("AAAA-4\nno", "AAAA-4\nAAAA-4", "AAAA-4,yesterday", "AAAA-4,2020-01-01", "", "AAAA-4,,,"):
        with pytest.raises(Exception, match="codes_refused"), transaction():
            items.upload_codes(counter.first, item, bad)
    assert remaining(item) == 3
    stored = db.session.execute(
        text("SELECT string_agg(voucher_code::text, '') FROM voucher_code")
    ).scalar_one()
    assert "AAAA" not in stored
    assert b"AAAA".hex() not in stored
