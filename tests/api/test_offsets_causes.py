"""Causes: what is bought for an event, a duty, a case or a gift closes its due and nobody else's."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import person
from flask import Flask
from refund_desk import Desk
from shop import Shop, assert_books_prove, eventually, paid, wait_for_a_lock
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs
from app.offsets import queries as offsets
from app.offsets.errors import CauseClosed
from app.offsets.queries.attestations import find_standing, get_attestation, list_attestations
from app.offsets.queries.causes import CauseFacts, list_retirements, standing
from app.offsets.services import attestations, causes
from app.offsets.services.orders import Wish, place_order


def opened(shop: Shop, purpose: str = "event", due_g: int = 0, **told: Any) -> CauseFacts:
    with transaction():
        cause = causes.open_cause(purpose, told.pop("owner_id", shop.buyer.holder_id), "示例会议", **told)
        if due_g:
            causes.set_due(cause.id, due_g, "estimate")
    return cause


def bought(shop: Shop, cause: CauseFacts, quantity_kg: int) -> Any:
    order = shop.order(cause=cause.code, quantity_kg=quantity_kg)
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    return shop.read(order)


def test_what_is_bought_for_an_event_closes_its_due_and_not_the_buyers(shop: Shop, app: Flask) -> None:
    cause = opened(shop, due_g=25_000)
    order = bought(shop, cause, 20)
    assert (order["purpose"], order["due_g"], order["carry_g"]) == ("event", 20_000, 0)
    db.session.rollback()
    stands = standing(cause.id)
    assert (stands.due_g, stands.owed_g, stands.carry_g, stands.neutral) == (25_000, 5_000, 0, False)
    bought(shop, cause, 10)
    db.session.rollback()
    stands = standing(cause.id)
    assert (stands.owed_g, stands.carry_g, stands.retired_g, stands.neutral) == (0, 5_000, 30_000, True)
    assert (stands.paid_kg, stands.paid_fen, stands.reserved_kg) == (30, 300, 0)
    assert [each.quantity_kg for each in list_retirements(cause.id)] == [20, 10]
    own = shop.client.get("/v1/dues", headers=shop.buyer.auth).json
    assert (own["owed_g"], own["carry_g"]) == (0, 0)
    assert offsets.retired_g(shop.buyer.holder_id) == 0, "an event's units offset nothing of the buyer's"
    assert_books_prove()


def test_a_final_figure_corrects_the_estimate_in_both_directions(shop: Shop) -> None:
    cause = opened(shop, due_g=20_000)
    bought(shop, cause, 20)
    for due_g, owed_g, carry_g in (
        (15_000, 0, 5_000),
        (15_000, 0, 5_000),
        (32_000, 12_000, 0),
        (0, 0, 20_000),
    ):
        with transaction():
            causes.set_due(cause.id, due_g, "final")
        stands = standing(cause.id)
        assert (stands.due_g, stands.owed_g, stands.carry_g) == (due_g, owed_g, carry_g)
    db.session.rollback()
    assert_books_prove()


def test_a_due_by_money_is_what_was_bought(shop: Shop) -> None:
    cause = opened(shop, "gift")
    bought(shop, cause, 30)
    for _ in range(2):
        with transaction():
            causes.owe_bought(cause.id, "bought")
    stands = standing(cause.id)
    assert (stands.due_g, stands.owed_g, stands.carry_g, stands.neutral) == (30_000, 0, 0, True)
    db.session.rollback()
    assert_books_prove()


def test_only_the_owner_buys_until_it_is_shared(shop: Shop, app: Flask) -> None:
    cause = opened(shop, owner_id=person(app).holder_id)
    wish = {"cause": cause.code, "quantity_kg": 10}
    assert shop.client.post("/v1/orders", json=wish, headers=shop.buyer.auth).status_code == 404
    with transaction():
        causes.share_cause(cause.id, True)
    assert shop.client.post("/v1/orders", json=wish, headers=shop.buyer.auth).status_code == 201
    with transaction():
        assert causes.close_cause(cause.id)
        assert not causes.close_cause(cause.id)
    refused = shop.client.post("/v1/orders", json=wish, headers=shop.buyer.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "cause_closed")


def test_a_closing_waits_for_an_order_that_is_being_placed_and_the_next_is_refused(
    shop: Shop, app: Flask
) -> None:
    cause = opened(shop)
    wish = Wish(cause=cause.code, quantity_kg=10, lot_code=shop.lot.lot_code)

    def close() -> bool:
        with app.app_context(), transaction():
            return causes.close_cause(cause.id)

    def place() -> None:
        with app.app_context(), transaction():
            place_order(shop.buyer.holder_id, wish, timedelta(minutes=15))

    with ThreadPoolExecutor(1) as pool:
        with transaction():
            place_order(shop.buyer.holder_id, wish, timedelta(minutes=15))
            closing = pool.submit(close)
            wait_for_a_lock()
            assert not closing.done()
        assert closing.result()
        assert standing(cause.id).reserved_kg == 10
        db.session.rollback()
        other = opened(shop)
        wish = replace(wish, cause=other.code)
        with transaction():
            causes.close_cause(other.id)
            placing = pool.submit(place)
            wait_for_a_lock()
        with pytest.raises(CauseClosed):
            placing.result()


def test_what_is_bought_is_owed_however_settlement_and_dues_meet(shop: Shop, app: Flask) -> None:
    cause = opened(shop, "gift")
    orders = [shop.order(cause=cause.code, quantity_kg=10) for _ in range(4)]
    for order in orders:
        shop.pay(order)
    for order in orders:
        eventually(paid(shop, order))

    def act(turn: int) -> None:
        with app.app_context():
            if turn % 4 == 0:
                jobs.settle_paid()
                return
            with transaction():
                causes.owe_bought(cause.id, "bought")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(64)))
    act(0)
    act(1)
    stands = standing(cause.id)
    assert (stands.due_g, stands.owed_g, stands.carry_g, stands.retired_g) == (40_000, 0, 0, 40_000)
    assert_books_prove()


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({"cause": "NO-SUCH"}, 404, "cause_unknown"),
        ({"cause": "X" * 26}, 404, "cause_unknown"),
        ({"purpose": "event"}, 422, "unprocessable"),
        ({"purpose": "judicial"}, 422, "unprocessable"),
        ({"purpose": "organisation"}, 422, "unprocessable"),
        ({}, 422, "unprocessable"),
        ({"cause": 5}, 422, "unprocessable"),
    ],
)
def test_an_order_without_its_cause_is_refused(shop: Shop, told: Any, status: int, code: str) -> None:
    refused = shop.client.post("/v1/orders", json={"quantity_kg": 10, **told}, headers=shop.buyer.auth)
    assert (refused.status_code, refused.json["code"]) == (status, code), refused.text


def test_units_of_one_purpose_are_not_bought_for_another(shop: Shop) -> None:
    cause = opened(shop)
    wish = {"cause": cause.code, "purpose": "personal", "quantity_kg": 10}
    refused = shop.client.post("/v1/orders", json=wish, headers=shop.buyer.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "cause_other")


def test_the_database_keeps_an_order_to_its_cause(shop: Shop) -> None:
    cause = opened(shop)
    order = shop.order(cause=cause.code, quantity_kg=10)
    for change in ("cause_id = NULL", "purpose = 'gift'"):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(
                text(f"UPDATE orders SET {change} WHERE code = :code"), {"code": order["code"]}
            )
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE cause SET purpose = 'gift'"))


def test_the_end_of_every_order_is_announced_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[dict[str, Any]] = []
    monkeypatch.setattr("app.offsets.services.causes.announce", lambda topic, told: heard.append({**told}))
    cause = opened(shop, due_g=10_000)
    waits = shop.order(cause=cause.code, quantity_kg=10)
    done = bought(shop, cause, 10)
    shop.order(purpose="personal", quantity_kg=10)
    assert jobs.tell_causes() == 1
    assert jobs.tell_causes() == 0
    assert [(each["order_code"], each["settled"], each["cause_id"]) for each in heard] == [
        (done["code"], True, cause.id)
    ]
    with transaction():
        db.session.execute(text("UPDATE orders SET expired_at = now() WHERE code = :c"), {"c": waits["code"]})
    assert jobs.tell_causes() == 1
    assert (heard[1]["order_code"], heard[1]["settled"]) == (waits["code"], False)


def test_where_a_cause_stands_is_of_one_moment(shop: Shop, app: Flask) -> None:
    """What settles between two looks would be retired in one figure and still owed in another."""
    cause = opened(shop, due_g=20_000)
    order = shop.order(cause=cause.code, quantity_kg=20)
    shop.pay(order)
    eventually(paid(shop, order))
    looks: list[str] = []

    def settle() -> None:
        with app.app_context():
            assert jobs.settle_paid() == 1

    def settle_after_the_first_look(*told: Any) -> None:
        looks.append(told[2])
        if len(looks) == 1:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(settle).result()

    with counting(settle_after_the_first_look):
        stands = standing(cause.id)
    assert (stands.retired_g, stands.owed_g) == (0, 20_000)
    db.session.rollback()
    assert standing(cause.id).neutral


@contextmanager
def counting(hear: Callable[..., None]) -> Iterator[None]:
    event.listen(db.engine, "after_cursor_execute", hear)
    try:
        yield
    finally:
        event.remove(db.engine, "after_cursor_execute", hear)


def test_what_went_back_as_a_courtesy_is_not_counted_as_paid(shop: Shop, app: Flask) -> None:
    desk = Desk(app, shop)
    cause = opened(shop, due_g=100_000)
    order = bought(shop, cause, 100)
    code = desk.give(order, 30)
    stands = standing(cause.id)
    assert stands.paid_fen == 1_000, "it has not gone back yet"
    db.session.rollback()
    desk.hear(code, "SUCCESS")
    stands = standing(cause.id)
    assert (stands.paid_kg, stands.paid_fen, stands.neutral) == (100, 970, True)


def test_setting_a_due_from_many_sides_at_once_keeps_the_books(shop: Shop, app: Flask) -> None:
    cause = opened(shop, due_g=10_000)

    def change(due_g: int) -> None:
        with app.app_context(), transaction():
            causes.set_due(cause.id, due_g, "final")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(change, [1_000 * n for n in range(1, 33)]))
    stands = standing(cause.id)
    assert stands.owed_g == stands.due_g
    assert accounts.get_balance(cause.id, chart.CARRY) == 0
    db.session.rollback()
    assert_books_prove()


def test_an_attestation_is_revoked_and_reissued_when_its_facts_change(shop: Shop) -> None:
    cause = opened(shop)
    numbers = []
    for facts in ({"due_g": 1}, {"due_g": 1}, {"due_g": 2}):
        with transaction():
            numbers.append(attestations.attest(cause.id, "event_neutral", facts))
    assert numbers[0] == numbers[1] != numbers[2]
    first, last = get_attestation(numbers[0].lower()), get_attestation(numbers[2])
    assert (first.stands, first.revoked_reason, first.replaced_by) == (False, "changed", numbers[2])
    assert (last.stands, last.version, last.facts) == (True, 2, {"due_g": 2})
    with transaction():
        assert attestations.revoke(cause.id, "event_neutral", "withdrawn")
        assert not attestations.revoke(cause.id, "event_neutral", "withdrawn")
    assert find_standing(cause.id, "event_neutral") is None
    with transaction():
        attestations.attest(cause.id, "event_neutral", {"due_g": 2})
    assert [each.version for each in list_attestations(cause.id)] == [3, 2, 1]
    told = shop.client.get(f"/v1/attestations/{numbers[0]}").json
    assert (told["replaced_by"], told["facts"]) == (numbers[2], {"due_g": 1})
    assert shop.client.get("/v1/attestations/%00").status_code == 404
    for change in ("facts = '{}'", "revoked_at = NULL, revoked_reason = NULL"):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(f"UPDATE attestation SET {change}"))


@pytest.mark.parametrize("odd", [0.5, ("a",), {1: "a"}, 2**63, {"deep": [{"factor": 0.4211}]}])
def test_what_a_verifier_could_not_read_is_not_attested(shop: Shop, odd: Any) -> None:
    cause = opened(shop)
    with pytest.raises(ValueError, match="plain"), transaction():
        attestations.attest(cause.id, "event_neutral", {"said": odd})
    with transaction():
        attestations.attest(cause.id, "event_neutral", {"said": [2**63 - 1, True, None, "0.4211", {"a": -1}]})


def test_a_hundred_that_attest_at_once_leave_one(shop: Shop, app: Flask) -> None:
    cause = opened(shop)

    def attest(_: int) -> str:
        with app.app_context(), transaction():
            return attestations.attest(cause.id, "event_neutral", {"due_g": 1})

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(attest, range(100)))) == 1
