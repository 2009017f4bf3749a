"""A day's bills against our records and the books: every difference found and named, nothing else."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from builders import operator
from business_day import BusinessDay, attach, serve_provider
from flask import Flask
from shop import assert_books_prove
from sqlalchemy import text

import simulator
from app.accounts import chart, queries
from app.clients import errors as outside
from app.clients.pay_bills import BillMalformed
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets.provider import wechat_pay
from app.treasury import jobs
from app.treasury.queries import bills
from app.treasury.rules.breaks import Break
from app.treasury.rules.days import Wait
from app.treasury.services.days import match_again, note_trouble

NAME = f"provider-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"


@pytest.fixture(scope="module")
def provider(root: Path) -> Iterator[simulator.Running]:
    yield from serve_provider(root, NAME)


@pytest.fixture
def day(app: Flask, provider: simulator.Running, root: Path, monkeypatch: pytest.MonkeyPatch) -> BusinessDay:
    monkeypatch.setattr(announcements, "ring", lambda: None)
    attach(app, provider, root / NAME, monkeypatch)
    return BusinessDay(app, provider)


def found(day: BusinessDay) -> dict[str, int]:
    db.session.rollback()
    return {kind.value: standing for kind, (standing, _) in bills.count_breaks(day.date).items()}


def test_a_day_of_payments_refunds_and_a_withdrawal_matches_to_the_fen(day: BusinessDay) -> None:
    for _ in range(3):
        day.paid()
    day.refunded()
    day.control("withdrawals", amount_fen=150)
    day.next_morning()
    done = day.reconcile()
    assert (done.healed, done.matched.broken, done.matched.subjects) == (0, 0, 4 + 1 + 1)
    assert found(day) == {}
    assert bills.get_day(day.date).closed
    assert bills.get_day(day.date).matched_bp == 10_000
    assert queries.sum_entries(chart.PROVIDER_FEE) == 3
    assert queries.sum_entries(chart.MOVE_TO_BANK) == 150
    assert_books_prove()


EVERY_FAULT = {
    "missing": ["missing_there"],
    "stranger": ["missing_here"],
    "amount": ["amount_differs"],
    "state": ["state_differs"],
    "order": ["order_differs"],
    "duplicate": ["duplicate"],
    "currency": ["currency_differs"],
    "merchant": ["other_merchant"],
    "fee": ["fee_differs"],
    "fee_flow": ["fee_differs"],
    "flow_missing": ["flow_missing"],
    "flow_amount": ["flow_differs"],
    "flow_alone": ["flow_without_trade"],
    "flow_kind": ["flow_unknown"],
    "refund_missing": ["refund_missing_there", "flow_missing"],
    "refund_stranger": ["refund_missing_here"],
    "refund_amount": ["refund_amount_differs"],
    "refund_state": ["state_differs"],
    "summary": ["summary_differs"],
    "balance": ["balance_differs"],
}


def test_a_day_with_every_kind_of_break_shows_each_of_them_and_none_else(
    day: BusinessDay, app: Flask
) -> None:
    for _ in range(20):
        day.paid()
    for _ in range(5):
        day.refunded()
    day.spoil(*EVERY_FAULT)
    tampered = sorted(db.session.scalars(text("SELECT order_id FROM payment ORDER BY order_id DESC LIMIT 2")))
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM posting WHERE kind = 20 AND reference = :id"), {"id": tampered[0]})
        session.execute(
            text("UPDATE posting SET amount = 99 WHERE kind = 20 AND reference = :id"), {"id": tampered[1]}
        )
    day.next_morning()
    with day.present():
        result = app.test_cli_runner().invoke(
            args=["reconcile", "--date", day.date.isoformat(), "--lang", "en"]
        )
    assert result.exit_code == 1, result.output
    wanted: dict[str, int] = {"books_missing": 1, "books_differ": 1}
    for kinds in EVERY_FAULT.values():
        for kind in kinds:
            wanted[kind] = wanted.get(kind, 0) + 1
    assert found(day) == wanted
    assert set(wanted) == {kind.value for kind in Break}
    assert f"breaks={sum(wanted.values())}" in result.output


def test_a_payment_that_nobody_heard_of_is_healed_by_asking(day: BusinessDay, app: Flask) -> None:
    day.paid()
    code = day.paid(heard=False)
    day.next_morning()
    done = day.reconcile()
    assert done.healed == 1
    assert found(day) == {}
    paid = db.session.scalar(
        text("SELECT count(*) FROM payment JOIN orders ON orders.id = order_id WHERE code = :code"),
        {"code": code},
    )
    assert paid == 1
    assert_books_prove()


def test_money_for_an_order_that_nobody_knows_is_held_in_suspense(day: BusinessDay) -> None:
    day.paid()
    day.pay_at_provider("RESTORED0001", 700)
    day.next_morning()
    assert day.reconcile().healed == 1
    assert found(day) == {}, "the books hold it, and somebody looks at the doubt"
    assert queries.get_balance(chart.PLATFORM, chart.SUSPENSE) == 700
    assert_books_prove()


def test_a_bill_that_is_not_out_is_asked_for_later(day: BusinessDay) -> None:
    day.paid()
    with pytest.raises(outside.NotReady):
        day.reconcile()
    facts = bills.get_day(day.date)
    assert (facts.matched_at, facts.trouble, facts.closed) == (None, "STATEMENT_CREATING", False)
    day.next_morning()
    day.reconcile()
    assert bills.get_day(day.date).closed


def test_a_bill_that_cannot_be_read_is_refused_whole(day: BusinessDay) -> None:
    day.paid()
    day.spoil("malformed")
    day.next_morning()
    with pytest.raises(BillMalformed, match="line 2"):
        day.reconcile()
    assert db.session.scalar(text("SELECT count(*) FROM bill")) == 0
    assert "line 2" in str(bills.get_day(day.date).trouble)
    assert not bills.get_day(day.date).closed


def test_the_same_bill_again_changes_nothing_and_another_replaces_it(day: BusinessDay) -> None:
    for _ in range(2):
        day.paid()
    day.spoil("fee")
    day.next_morning()
    day.reconcile()
    assert found(day) == {"fee_differs": 1}
    ids = list(db.session.scalars(text("SELECT id FROM bill ORDER BY id")))
    day.reconcile()
    assert list(db.session.scalars(text("SELECT id FROM bill ORDER BY id"))) == ids
    requests.delete(f"{day.url}/control/bill_faults", timeout=5)
    day.reconcile()
    assert found(day) == {}
    versions = [(bill.kind, bill.version, bill.replaced_at is None) for bill in bills.list_versions(day.date)]
    assert versions == [("trade", 1, False), ("trade", 2, True), ("flow", 1, False), ("flow", 2, True)]
    assert queries.sum_entries(chart.PROVIDER_FEE) - queries.sum_entries(chart.PROVIDER_FEE_BACK) == 2
    assert_books_prove()


def test_payments_around_midnight_raise_no_alarm(day: BusinessDay) -> None:
    day.move_to(23, 55)
    late = day.paid(heard=False)
    day.move_to(0, 5, days=1)
    day.hear(late)
    day.paid()
    day.next_morning()
    day.reconcile()
    assert found(day) == {}
    first = day.date
    day.date = clock.business_day(day.now())
    day.next_morning()
    assert day.reconcile().matched.subjects == 2, "the late one and the early one"
    assert found(day) == {}
    assert bills.get_day(first).closed


def test_the_sweeper_catches_up_with_every_missed_day_once(day: BusinessDay, monkeypatch: Any) -> None:
    day.paid()
    day.move_to(12, days=1)
    day.paid()
    day.move_to(10, 30, days=3)
    with day.present():
        assert jobs.reconcile_due() == 3
        assert [facts.closed for facts in bills.list_days(10)] == [True] * 3
        monkeypatch.setattr(jobs, "reconcile_day", lambda day: pytest.fail("it was done"))
        assert jobs.reconcile_due() == 0


class Altered:
    """The provider, with one way of asking it replaced."""

    def __init__(self, **ways: Any) -> None:
        self._ways = ways

    def __getattr__(self, name: str) -> Any:
        return self._ways.get(name) or getattr(wechat_pay(), name)


def alter(monkeypatch: pytest.MonkeyPatch, **ways: Any) -> None:
    monkeypatch.setattr(jobs, "wechat_pay", lambda: Altered(**ways))


NOT_NOW = [outside.Unreachable("no answer in time"), outside.RateLimited("FREQUENCY_LIMITED")]


@pytest.mark.parametrize(
    "error",
    [outside.Unverified("the bill is not the one announced"), outside.Refused("NO_AUTH"), *NOT_NOW],
    ids=lambda error: type(error).__name__,
)
def test_a_day_in_trouble_says_so_and_holds_up_no_other(
    day: BusinessDay, app: Flask, monkeypatch: pytest.MonkeyPatch, error: outside.OutsideError
) -> None:
    day.paid()
    day.move_to(10, 30, days=3)

    def trade_bill(wanted: Any) -> bytes | None:
        if wanted == day.date:
            raise error
        return wechat_pay().trade_bill(wanted)

    alter(monkeypatch, trade_bill=trade_bill)
    with day.present():
        assert jobs.reconcile_due() == (0 if error in NOT_NOW else 2)
        jobs.reconcile_due()
        told = error.code if isinstance(error, outside.Refused) else str(error)
        facts = {facts.day: facts for facts in bills.list_days(10)}
        assert (facts.pop(day.date).trouble, [each.closed for each in facts.values()]) == (told, [True] * 2)
        result = app.test_cli_runner().invoke(args=["reconcile", "--date", day.date.isoformat()])
        assert (result.exit_code, told in result.output) == (2, True), result.output
        monkeypatch.undo()


def test_a_day_whose_bills_the_provider_keeps_no_longer_stays_as_it_was(
    day: BusinessDay, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    day.paid()
    day.next_morning()
    day.reconcile()

    def trade_bill(wanted: Any) -> bytes | None:
        raise outside.Refused("INVALID_REQUEST")

    alter(monkeypatch, trade_bill=trade_bill)
    with clock.frozen(day.now() + timedelta(days=100)):
        for wanted in (day.date, day.date - timedelta(days=3_650)):
            result = app.test_cli_runner().invoke(args=["reconcile", "--date", wanted.isoformat()])
            assert (result.exit_code, "INVALID_REQUEST" in result.output) == (2, True)
    assert [(facts.day, facts.closed) for facts in bills.list_days(10)] == [(day.date, True)]


def test_a_day_whose_bills_were_not_had_is_not_matched_with_the_day_before(day: BusinessDay) -> None:
    day.paid()
    day.move_to(12, days=1)
    day.paid()
    with transaction():
        note_trouble(day.date + timedelta(days=1), "STATEMENT_CREATING")
    day.reconcile()
    facts = bills.get_day(day.date + timedelta(days=1))
    assert (facts.matched_at, facts.trouble) == (None, "STATEMENT_CREATING")


def test_an_answer_that_lacks_its_facts_leaves_the_other_orders_to_be_healed(
    day: BusinessDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [day.paid(heard=False) for _ in range(2)]

    def query(code: str) -> Any:
        answer = wechat_pay().query(code)
        assert answer is not None
        return replace(answer, transaction_id=None) if code == codes[0] else answer

    day.next_morning()
    alter(monkeypatch, query=query)
    assert day.reconcile().healed == 1
    assert found(day) == {"missing_here": 1}
    assert bills.get_day(day.date).settled


def test_a_day_whose_orders_could_not_be_asked_for_is_healed_by_the_next_look(
    day: BusinessDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    day.paid()
    day.paid(heard=False)
    day.next_morning()

    def query(code: str) -> Any:
        raise outside.Unreachable("no answer in time")

    with monkeypatch.context() as altered:
        alter(altered, query=query)
        with pytest.raises(outside.Unreachable):
            day.reconcile()
    assert bills.get_day(day.date).trouble == "no answer in time"
    day.move_to(11, 30, days=1)
    with day.present():
        jobs.reconcile_due()
    assert bills.get_day(day.date).closed


def test_a_crash_between_matching_and_healing_leaves_the_day_due(
    day: BusinessDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    day.paid()
    day.paid(heard=False)
    day.next_morning()

    def query(code: str) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as altered:
        alter(altered, query=query)
        with pytest.raises(KeyboardInterrupt):
            day.reconcile()
    facts = bills.get_day(day.date)
    assert (facts.settled, facts.wait) == (False, Wait.UNASKED)
    day.move_to(11, 30, days=1)
    with day.present():
        jobs.reconcile_due()
    assert bills.get_day(day.date).closed


def test_a_day_that_misses_more_orders_than_are_asked_for_at_once_stays_due(
    day: BusinessDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        day.paid(heard=False)
    day.next_morning()
    monkeypatch.setattr(jobs, "MOST_ASKED", 2)
    assert day.reconcile().healed == 2
    assert bills.get_day(day.date).wait is Wait.UNASKED
    assert day.reconcile().healed == 1
    assert bills.get_day(day.date).closed


def test_a_day_that_an_operator_wants_again_is_matched_by_the_next_sweep(
    day: BusinessDay, app: Flask
) -> None:
    day.paid()
    day.spoil("fee")
    day.next_morning()
    day.reconcile()
    assert found(day) == {"fee_differs": 1}
    requests.delete(f"{day.url}/control/bill_faults", timeout=5)
    finance = operator(app, app.test_client(), "finance")
    with day.present():
        assert jobs.reconcile_due() == 0
        with transaction():
            match_again(finance, day.date)
        assert jobs.reconcile_due() == 1
    assert found(day) == {}
    assert bills.get_day(day.date).closed
