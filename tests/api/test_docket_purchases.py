"""What a case is bought for: instalments, the letter that a court checks by itself, what is over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from builders import forest, operator, person
from court import EVERYWHERE, Court, T, bought, buy, heard, loss, money
from flask import Flask
from refund_desk import refused
from shop import Shop, assert_books_prove, eventually, paid
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.accounts import queries as accounts
from app.causes.jobs.dockets import remind_dockets
from app.causes.queries.docket_proofs import prove_dockets
from app.causes.queries.dockets import (
    count_dockets_waiting,
    list_reminders,
)
from app.causes.services import docket_letters, docket_orders, dockets
from app.causes.services.docket_orders import Purchase
from app.kit import clock
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import jobs
from app.offsets.queries.attestations import get_attestation
from app.offsets.services import causes, refunds
from app.offsets.services.causes import require_cause


@pytest.fixture
def court(app: Flask) -> Court:
    return Court(app)


def letter(court: Court, code: str) -> str:
    with transaction():
        return docket_letters.issue_letter(court.overseer, EVERYWHERE, code)


def test_a_loss_is_bought_in_instalments_and_attested(court: Court, shop: Shop) -> None:
    today = clock.business_day()
    parts = [(today + timedelta(days=days), 60_000) for days in (10, 40, 70)]
    code = court.ruled(loss(90_000, "2", parts=parts))
    link = court.link(code)
    seen = shop.client.get(f"/v1/dockets/{link}").json
    assert (seen["ordered"], seen["done"], seen["open_now"], seen["open_part"]) == (
        180_000,
        0,
        60_000,
        180_000,
    )
    assert (seen["parties"], seen["case_number"]) == ("张某", "（2022）闽0627刑初321号")
    order = bought(shop, link, part="now")
    assert (order["purpose"], order["quantity_kg"], order["due_g"]) == ("judicial", 60, 60_000)
    assert [each.state for each in court.read(code).stands] == ["done", "later", "later"]
    assert refused(lambda: docket_letters.issue_letter(court.overseer, EVERYWHERE, code)) == "not_fulfilled"
    bought(shop, link, part="all")
    found = court.read(code)
    assert (found.state, found.done, found.standing.owed_g) == ("fulfilled", 180_000, 0)
    assert count_dockets_waiting() == 1
    number = letter(court, code)
    assert letter(court, code) == number, "the court has this number"
    attested = shop.client.get(f"/v1/attestations/{number}").json
    facts = attested["facts"]
    assert (facts["ordered_g"], facts["retired_g"], facts["paid_fen"]) == (180_000, 180_000, 1_800)
    assert [each["quantity_kg"] for each in facts["retirements"]] == [60, 120]
    assert "张三" not in str(attested)
    seen = shop.client.get(f"/v1/dockets/{link}").json
    assert (seen["letter"], seen["state"]) == (number, "attested")
    assert buy(shop, link, quantity_kg=10).status_code == 409
    assert_books_prove()


def test_nanjing_is_bought_and_retired_as_it_was_published(court: Court, shop: Shop) -> None:
    """47.07 t times two came to 96 t (platforms: J2)."""
    shop.lot = forest(200_000, fee_bp=1000)
    code = court.ruled(loss(47_070_000, "2", "loss_tonne"))
    order = bought(shop, court.link(code), part="all")
    assert (order["quantity_kg"], order["amount_fen"]) == (96_000, 960_000)
    found = court.read(code)
    assert (found.ordered, found.done, found.fulfilled) == (96 * T, 96 * T, True)
    assert_books_prove()


def test_changyang_is_bought_and_retired_as_it_was_published(court: Court, shop: Shop) -> None:
    """1,500 yuan came to 16.18 t (platforms: J6); its price is what the two figures say."""
    shop.lot = forest(20_000, fee_bp=1000)
    code = court.ruled(money(150_000, 9_271))
    order = bought(shop, court.link(code), part="all")
    assert order["quantity_kg"] == 16_180
    found = court.read(code)
    assert (found.ordered, found.done, found.fulfilled) == (16_180_000, 16_180_000, True)
    facts = get_attestation(letter(court, code)).facts
    assert (facts["amount_fen"], facts["ordered_g"], facts["price_fen_per_t"]) == (150_000, 16_180_000, 9_271)
    assert_books_prove()


def test_money_without_a_price_is_owed_as_it_is_spent(court: Court, shop: Shop) -> None:
    today = clock.business_day()
    code = court.ruled(money(1_000, parts=[(today, 300), (today + timedelta(30), 700)]))
    bought(shop, court.link(code), part="now")
    found = court.read(code)
    assert (found.measure, found.done, found.open_part) == ("fen", 300, 700)
    assert (found.standing.due_g, found.standing.owed_g, found.standing.carry_g) == (30_000, 0, 0)
    bought(shop, court.link(code), part="all")
    found = court.read(code)
    assert (found.fulfilled, found.standing.due_g) == (True, 100_000)
    letter(court, code)
    assert_books_prove()


def test_a_party_may_pay_by_bank_on_the_clerks_word(court: Court, shop: Shop) -> None:
    code = court.ruled(loss(90_000))
    wish = Purchase(shop.lot.lot_code, part="all")
    with transaction():
        order = docket_orders.order_by_bank(court.clerk, court.scope, code, wish, timedelta(days=5))
    found = court.read(code)
    assert (order.quantity_kg, order.cause_id, order.holder_id) == (90, found.docket.cause_id, order.cause_id)
    assert found.open_part == 0, "what waits for its transfer is not bought twice"
    assert buy(shop, court.link(code), part="all").status_code == 409
    with clock.frozen(clock.now() + timedelta(days=6)):
        jobs.watch_unpaid()
        heard()
    assert court.read(code).open_part == 90_000


def test_a_letter_needs_its_papers_and_is_revoked_by_another_ruling(court: Court, shop: Shop) -> None:
    code = court.docket()
    court.papers(code, ["undertaking", "measurement_notice", "commission", "opinion"])
    court.confirm(code, court.record(code, loss(90_000)))
    bought(shop, court.link(code), part="all")
    assert refused(lambda: docket_letters.issue_letter(court.overseer, EVERYWHERE, code)) == "papers_lacking"
    court.papers(code, ["payment_notice"])
    number = letter(court, code)
    ruling_id = court.record(code, loss(120_000))
    assert get_attestation(number).stands, "nothing counts before it is confirmed"
    court.confirm(code, ruling_id)
    db.session.rollback()
    assert (get_attestation(number).stands, court.read(code).state) == (False, "running")
    assert shop.client.get(f"/attestations/{number}").status_code == 200
    bought(shop, court.link(code), part="all")
    fresh = letter(court, code)
    db.session.rollback()
    assert get_attestation(number).replaced_by == fresh
    assert_books_prove()


def test_units_of_another_product_or_region_do_not_serve_the_case(court: Court, shop: Shop) -> None:
    code = court.ruled(product="carbon_ticket")
    assert buy(shop, court.link(code), part="all").json["code"] == "lot_unfit"
    second = court.ruled(case_number="（2022）闽0627刑初322号", region="35")
    assert buy(shop, court.link(second), part="all").status_code == 201
    third = court.ruled(case_number="（2022）闽0627刑初323号", region="42")
    assert buy(shop, court.link(third), part="all").json["code"] == "lot_unfit"


def test_units_of_a_case_are_not_bought_for_another_purpose(court: Court, shop: Shop) -> None:
    code = court.ruled()
    body = {"cause": code, "purpose": "personal", "quantity_kg": 10}
    answer = shop.client.post("/v1/orders", json=body, headers=shop.buyer.auth)
    assert answer.status_code == 404
    buyer_id = shop.buyer.holder_id
    assert refused(lambda: require_cause(buyer_id, code, "event", admitted=True)) == "cause_other"


@pytest.mark.parametrize("wish", [{"quantity_kg": 110}, {"quantity_kg": 10}, {"amount_fen": 100}])
def test_a_case_is_bought_for_by_its_link_alone(court: Court, shop: Shop, wish: Any) -> None:
    """Past the link nobody looks at what was ordered, nor of which product and region."""
    code = court.ruled(loss(90_000), product="carbon_ticket")
    answer = shop.client.post("/v1/orders", json={"cause": code, **wish}, headers=shop.buyer.auth)
    assert (answer.status_code, answer.json["code"]) == (404, "cause_unknown")
    assert "示例县人民法院" not in shop.client.get(f"/forest?cause={code}").text


def test_what_was_bought_for_a_case_never_moves_again_and_earns_nothing(court: Court, shop: Shop) -> None:
    code = court.ruled()
    bought(shop, court.link(code), part="all")
    db.session.rollback()
    retired = "block JOIN retirement r ON r.first_serial BETWEEN block.first_serial AND block.last_serial"
    states = db.session.scalars(text(f"SELECT DISTINCT state FROM {retired}")).all()
    assert states == ["retired"]
    points = "SELECT count(*) FROM posting WHERE kind = 30"
    assert db.session.scalar(text(points)) == 0
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text("UPDATE block SET state = 'active' WHERE state = 'retired'"))


def test_more_than_was_ordered_is_not_sold(court: Court, shop: Shop) -> None:
    code = court.ruled(loss(95_000))
    link = court.link(code)
    assert buy(shop, link, quantity_kg=110).json["code"] == "beyond_ruling"
    assert buy(shop, link, quantity_kg=60).status_code == 201
    assert buy(shop, link, quantity_kg=50).json["code"] == "beyond_ruling"
    assert buy(shop, link, part="all").json["quantity_kg"] == 40
    for wrong in ({}, {"part": "all", "quantity_kg": 10}, {"quantity_kg": -1}, {"part": "most"}):
        assert buy(shop, link, **wrong).status_code == 422
    for lost in ("x", "0" * 32, "…"):
        assert shop.client.get(f"/v1/dockets/{lost}").status_code == 404


def test_everybody_who_pays_at_once_pays_for_the_case_once(court: Court, shop: Shop, app: Flask) -> None:
    shop.lot = forest(100_000, fee_bp=1000)
    link = court.link(court.ruled(loss(90_000)))
    payers = [person(app).holder_id for _ in range(40)]

    def attempt(holder_id: int) -> str:
        with app.app_context():
            try:
                with transaction():
                    wish = Purchase(shop.lot.lot_code, part="all")
                    docket_orders.buy_for_docket(holder_id, link, wish, timedelta(minutes=15), 5)
            except Problem as problem:
                return problem.code
            finally:
                db.session.remove()
            return "reserved"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, payers))
    assert (outcomes.count("reserved"), outcomes.count("docket_moved")) == (1, 39)


def test_the_proof_sees_a_due_that_is_not_the_rulings(court: Court) -> None:
    code = court.ruled(loss(90_000))
    assert all(proof.holds for proof in prove_dockets())
    with transaction():
        causes.set_due(court.read(code).docket.cause_id, 1_000, "slip")
    assert [proof.claim for proof in prove_dockets() if not proof.holds] == ["causes.prove_dockets"]


def test_the_proof_sees_a_letter_that_says_too_much(court: Court, shop: Shop) -> None:
    code = court.ruled(loss(90_000))
    bought(shop, court.link(code), quantity_kg=10)
    with transaction():
        db.session.execute(text("UPDATE docket SET fulfilled_at = now(), letter_number = 'X'"))
    [proof] = [proof for proof in prove_dockets() if not proof.holds]
    assert (proof.claim, proof.figures) == (
        "causes.prove_letters",
        {"letters": 1, "attested": 0, "unreached": 1},
    )


def test_a_deadline_is_reminded_of_once_a_kind_and_passed_on(court: Court, shop: Shop) -> None:
    today = clock.business_day()
    parts = [(today + timedelta(days=days), 50_000) for days in (7, 40)]
    code = court.ruled(loss(100_000, parts=parts))
    bought(shop, court.link(code), quantity_kg=10)
    assert [remind_dockets(), remind_dockets()] == [1, 0]
    noon = clock.now()
    for days, raised in ((7, 1), (8, 1), (9, 0)):
        with clock.frozen(noon + timedelta(days=days)):
            assert remind_dockets() == raised
            if days == 8:
                assert court.read(code).state == "overdue"
    db.session.rollback()
    told = list_reminders(court.scope)
    assert [(each.kind, each.number, each.open_part) for each in told] == [
        ("ahead", 1, 40_000),
        ("last_day", 1, 40_000),
        ("overdue", 1, 40_000),
    ]
    assert len(accounts.notices.list_notices(shop.buyer.holder_id, 10)) == 3
    with transaction():
        docket_letters.deliver_reminder(court.clerk, court.scope, code, told[0].id)
    deliver = docket_letters.deliver_reminder
    assert refused(lambda: deliver(court.clerk, court.scope, code, told[0].id)) == "docket_moved"
    assert len(list_reminders(court.scope)) == 2


def test_a_docket_opened_by_mistake_is_withdrawn_and_its_number_used_again(court: Court, shop: Shop) -> None:
    code = court.ruled()
    link = court.link(code)
    assert buy(shop, link, quantity_kg=10).status_code == 201
    withdraw = dockets.withdraw_docket
    assert refused(lambda: withdraw(court.clerk, court.scope, code, "写错")) == "docket_moved"
    with clock.frozen(clock.now() + timedelta(hours=1)):
        jobs.watch_unpaid()
        heard()
    with transaction():
        dockets.withdraw_docket(court.clerk, court.scope, code, "写错")
    assert court.read(code).state == "withdrawn"
    assert shop.client.get(f"/v1/dockets/{link}").status_code == 404
    court.docket()
    assert_books_prove()


def test_what_a_letter_says_was_paid_does_not_go_back_as_a_courtesy(
    court: Court, shop: Shop, app: Flask
) -> None:
    asking = operator(app, app.test_client(), "finance")
    code = court.ruled(money(1_000))
    order = bought(shop, court.link(code), part="all")
    facts = get_attestation(letter(court, code)).facts
    ask = refunds.request_goodwill
    assert refused(lambda: ask(asking, order["code"], 10, "a courtesy")) == "courtesy_barred"
    assert facts["paid_fen"] == court.read(code).standing.paid_fen == 1_000


def test_what_ends_after_a_docket_was_withdrawn_owes_nothing_again(court: Court, shop: Shop) -> None:
    code = court.ruled(loss(90_000))
    assert buy(shop, court.link(code), quantity_kg=10).status_code == 201
    with clock.frozen(clock.now() + timedelta(hours=1)):
        jobs.watch_unpaid()
    with transaction():
        dockets.withdraw_docket(court.clerk, court.scope, code, "写错")
    heard()
    found = court.read(code)
    assert (found.standing.due_g, found.standing.owed_g) == (0, 0)
    assert_books_prove()


def test_units_that_do_not_serve_a_case_keep_it_from_being_withdrawn(court: Court, shop: Shop) -> None:
    code = court.ruled(product="carbon_ticket")
    with transaction():
        causes.share_cause(court.read(code).docket.cause_id, True)
    order = shop.order(cause=code, quantity_kg=10)
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    heard()
    assert (court.read(code).done, court.read(code).standing.retired_g) == (0, 10_000)
    withdraw = dockets.withdraw_docket
    assert refused(lambda: withdraw(court.clerk, court.scope, code, "写错")) == "docket_moved"


def test_nothing_waits_at_the_desk_for_a_withdrawn_docket(court: Court) -> None:
    code = court.docket()
    court.record(code, loss(90_000))
    assert count_dockets_waiting() == 1
    with transaction():
        dockets.withdraw_docket(court.clerk, court.scope, code, "写错")
    assert count_dockets_waiting() == 0


def test_nobody_is_reminded_of_what_is_over(court: Court, shop: Shop) -> None:
    soon = [(clock.business_day() + timedelta(days=3), 90_000)]
    code = court.ruled(loss(90_000, parts=soon))
    replaced = court.ruled(loss(90_000, parts=soon), case_number="（2022）闽0627刑初322号")
    assert remind_dockets() == 2
    db.session.rollback()
    assert len(list_reminders(court.scope)) == 2
    assert [each.docket for each in list_reminders(court.scope, of=code)] == [code]
    bought(shop, court.link(code), part="all")
    court.confirm(replaced, court.record(replaced, loss(90_000)))
    assert list_reminders(court.scope) == []
    assert count_dockets_waiting() == 1, "the letter"
