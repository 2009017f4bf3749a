"""Sanctions: what they stop, who may take which step, and what buyers, sellers and strangers see."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from builders import Forest, forest, person
from flask import Flask
from flask.testing import FlaskClient
from paying import NOVEMBER, OCTOBER, Treasury, at, colleague, holder_code
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from woods import act, free_forest, owner

from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.problems import Problem, Unreadable
from app.kit.transaction import transaction
from app.offsets.queries import OrderFacts
from app.offsets.services import orders, payments, settlement
from app.offsets.services.orders import Wish
from app.offsets.services.words import PaidWord
from app.registry import queries as registry
from app.registry import services
from app.registry.errors import (
    DailyLimitReached,
    LotHalted,
    NewLotsBarred,
    OtherOperatorNeeded,
    ProjectUnknown,
    Sanctioned,
    SanctionPastThis,
    SanctionStands,
    SoldOut,
    TargetUnknown,
)
from app.registry.jobs import end_sanctions
from app.registry.queries.sanctions import require_free
from app.registry.rules import Terms
from app.registry.rules.sanctions import NEXT, SanctionTerms
from app.registry.services import mandates, sanctions
from app.registry.services.mandates import MandateWish
from app.treasury.errors import HoldersSanctioned

TERMS = Terms("yiyuan", 10, 100)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Desk:
    """Two operators of the registry, and how they lay sanctions."""

    lin: int
    zhang: int

    def impose(self, target: str, kind: str = "suspend", **terms: Any) -> str:
        with transaction():
            told = SanctionTerms(kind, "investigation", "举报待查", **terms)
            return sanctions.impose(self.lin, target, told).code

    def lift(self, code: str) -> None:
        with transaction():
            sanctions.propose_lift(self.lin, code, "查无实据")
        with transaction():
            sanctions.confirm(self.zhang, code)


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(colleague("registry"), colleague("registry"))


def seller(lot: Forest) -> str:
    return f"holder.{holder_code(lot.village_id)}"


def order(app: Flask, quantity_kg: int = 10, lot: str | None = None) -> OrderFacts:
    buyer = person(app)
    with transaction():
        wish = Wish("personal", quantity_kg, lot_code=lot)
        return orders.place_order(buyer.holder_id, wish, timedelta(minutes=15))


def pay(placed: OrderFacts) -> None:
    with transaction():
        word = PaidWord(placed.code, f"T{placed.code}", placed.amount_fen, "CNY", clock.now())
        payments.record_payment(word)


def status(placed: OrderFacts) -> str:
    db.session.rollback()
    from app.offsets.queries import get_order

    return get_order(placed.holder_id, placed.code).status


@pytest.mark.parametrize("kind", ["suspend", "remove"])
@pytest.mark.parametrize("whom", ["holder", "project"])
def test_nothing_new_begins_while_it_stands_and_what_runs_goes_on(
    app: Flask, desk: Desk, client: FlaskClient, kind: str, whom: str
) -> None:
    lot = forest(1000)
    paid, unpaid, lapsing = (order(app, lot=lot.lot_code) for _ in range(3))
    pay(paid)
    code = desk.impose(seller(lot) if whom == "holder" else f"project.{lot.project_code}", kind)
    if kind == "remove":
        assert order(app, lot=lot.lot_code).code, "one person's proposal stops nothing"
        with transaction():
            sanctions.confirm(desk.zhang, code)
    with pytest.raises(LotHalted):
        order(app, lot=lot.lot_code)
    with pytest.raises(SoldOut):
        order(app)
    with pytest.raises(Sanctioned), transaction():
        require_free(lot.village_id, issuance_id=lot.issuance_id)
    project_id = registry.get_project(lot.project_code).project.id
    year = (date(2023, 1, 1), date(2023, 12, 31))
    with pytest.raises(Sanctioned), transaction():
        services.issue(project_id, year, 100, vintage=2023, verification="V")
    told = client.get(f"/v1/lots/{lot.lot_code}").json
    assert (told["remaining_kg"], told["purchase_available"]) == (0, False)
    assert client.get("/v1/lots").json["items"] == []
    assert client.get("/v1/lots?available=true").json["items"] == []
    assert len(client.get("/v1/lots?available=false").json["items"]) == 1
    marks = client.get(f"/v1/projects/{lot.project_code}").json["sanctions"]
    assert marks == [{"code": code, "kind": kind}]

    pay(unpaid)
    with transaction():
        assert settlement.settle_lot(lot.lot_id).settled == 2
    assert (status(paid), status(unpaid)) == ("settled", "settled")
    with clock.frozen(clock.now() + timedelta(minutes=16)), transaction():
        assert orders.expire_order(lapsing.id)
    with transaction():
        services.close_lot(lot.lot_id)
    with pytest.raises(Sanctioned), transaction():
        services.open_lot(_free_block(lot), 100, TERMS)
    desk.lift(code)
    with transaction():
        opened = services.open_lot(_free_block(lot), 100, TERMS)
    assert order(app, lot=opened.code).status == "reserved"


def _free_block(lot: Forest) -> int:
    found = text("SELECT id FROM block WHERE issuance_id = :id AND state = 'active' AND lot_id IS NULL")
    return int(db.session.scalars(found, {"id": lot.issuance_id}).one())


@pytest.mark.parametrize("whom", ["holder", "project"])
def test_a_gift_that_waits_is_no_way_around_it(
    app: Flask, desk: Desk, client: FlaskClient, whom: str
) -> None:
    woods = free_forest(1000)
    giver, serial = owner(app, woods)
    gift = act(client, giver, serial, "gifts", quantity_kg=1000, days=90).json["code"]
    target = {"holder": holder_code(giver.holder_id), "project": woods.project_code}[whom]
    code = desk.impose(f"{whom}.{target}")
    friend = person(app).auth
    refused = client.post(f"/v1/gifts/{gift}/redemption", headers=friend)
    assert (refused.status_code, refused.json["code"]) == (409, "sanctioned")
    desk.lift(code)
    assert client.post(f"/v1/gifts/{gift}/redemption", headers=friend).status_code == 201


def test_when_it_is_lifted_the_lots_are_on_sale_again(app: Flask, desk: Desk) -> None:
    lot = forest(100)
    first, second = desk.impose(seller(lot)), desk.impose(f"project.{lot.project_code}")
    desk.lift(first)
    with pytest.raises(LotHalted):
        order(app, lot=lot.lot_code)
    desk.lift(second)
    assert order(app, lot=lot.lot_code).status == "reserved"


def test_a_buyer_who_names_no_lot_gets_one_that_is_free(app: Flask, desk: Desk) -> None:
    old, new = forest(100, vintage=2020), forest(100, vintage=2022)
    desk.impose(seller(old))
    assert order(app).lot_id == new.lot_id
    desk.impose(seller(new), "limit", daily_kg=20)
    third = forest(100, vintage=2024)
    assert [order(app).lot_id for _ in range(3)] == [new.lot_id, new.lot_id, third.lot_id]


def test_a_daily_limit_holds_over_all_lots_of_a_seller_and_ends_with_the_day(app: Flask, desk: Desk) -> None:
    lot = forest(100)
    desk.impose(seller(lot), "limit", daily_kg=30)
    order(app, 20, lot.lot_code)
    with pytest.raises(DailyLimitReached):
        order(app, 20, lot.lot_code)
    order(app, 10, lot.lot_code)
    with clock.frozen(clock.now() + timedelta(days=1)):
        order(app, 30, lot.lot_code)
    with clock.frozen(clock.now() + timedelta(days=2)):
        order(app, 30, lot.lot_code)
    with pytest.raises(SoldOut), clock.frozen(clock.now() + timedelta(days=3)):
        order(app, 20, lot.lot_code)
    sold = db.session.execute(text("SELECT sum(quantity_kg) FROM sanction_sale")).scalar_one()
    assert sold == 90, "what could not be reserved is not counted"


@pytest.mark.parametrize("limit", [{"no_new_lots": True}, {"daily_kg": 10}], ids=["no_new_lots", "daily_kg"])
def test_what_is_limited_in_one_account_does_not_leave_it_for_another(
    app: Flask, desk: Desk, client: FlaskClient, limit: dict[str, Any]
) -> None:
    woods = free_forest(1000)
    giver, serial = owner(app, woods, 500)
    other = person(app)
    receiver = holder_code(other.holder_id)
    waiting = act(client, giver, serial, "gifts", quantity_kg=10).json["code"]
    code = desk.impose(f"holder.{holder_code(giver.holder_id)}", "limit", **limit)
    for what, wish in {"transfers": {"receiver": receiver}, "gifts": {}}.items():
        refused = act(client, giver, serial, what, quantity_kg=10, **wish)
        assert (refused.status_code, refused.json["code"]) == (409, "handing_over_barred"), what
        assert code in refused.json["detail"]
    refused = client.post(f"/v1/gifts/{waiting}/redemption", headers=other.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "handing_over_barred")
    kept = {
        "splits": {},
        "reservations": {"purpose": "p", "days": 1},
        "retirements": {"purpose": "event"},
        "pledges": {"pledgee": holder_code(woods.village_id)},
    }
    for what, wish in kept.items():
        assert act(client, giver, serial, what, quantity_kg=10, **wish).status_code == 201, what
    with transaction():  # back to where they came from: by two operators, with a document
        back = MandateWish("transfer", "退还", serial, 10, other=holder_code(woods.village_id))
        asked = mandates.request_mandate(desk.lin, back).code
    with transaction():
        mandates.approve_mandate(desk.zhang, asked)
    desk.lift(code)
    assert act(client, giver, serial, "transfers", quantity_kg=10, receiver=receiver).status_code == 201
    assert client.post(f"/v1/gifts/{waiting}/redemption", headers=other.auth).status_code == 201


def test_a_limit_on_a_project_goes_with_its_units_into_anybodys_hands(
    app: Flask, desk: Desk, client: FlaskClient
) -> None:
    woods = free_forest(1000)
    desk.impose(f"project.{woods.project_code}", "limit", no_new_lots=True)
    someone, serial = owner(app, woods, 500)
    other = person(app)
    handed = act(client, someone, serial, "transfers", quantity_kg=100, receiver=holder_code(other.holder_id))
    assert handed.status_code == 201
    for holder, whose in ((someone, serial), (other, handed.json["serial"])):
        refused = act(client, holder, whose, "offers", quantity_kg=10, price_fen_per_step=100)
        assert (refused.status_code, refused.json["code"]) == (409, "new_lots_barred")


def test_a_limit_on_new_lots_lets_the_old_ones_sell(app: Flask, desk: Desk) -> None:
    lot = forest(100)
    with transaction():
        services.close_lot(lot.lot_id)
        opened = services.open_lot(_free_block(lot), 50, TERMS)
    desk.impose(seller(lot), "limit", no_new_lots=True)
    assert order(app, lot=opened.code).status == "reserved"
    with pytest.raises(NewLotsBarred), transaction():
        services.open_lot(_free_block(lot), 50, TERMS)


def test_two_people_remove_and_two_people_lift(app: Flask, desk: Desk) -> None:
    lot = forest()
    code = desk.impose(seller(lot), "remove")
    with pytest.raises(OtherOperatorNeeded), transaction():
        sanctions.confirm(desk.lin, code)
    with pytest.raises(SanctionPastThis), transaction():
        sanctions.propose_lift(desk.lin, code, "还没有生效")
    with transaction():
        assert sanctions.confirm(desk.zhang, code) == "imposed"
    with pytest.raises(SanctionPastThis), transaction():
        sanctions.confirm(desk.zhang, code)
    with transaction():
        sanctions.propose_lift(desk.zhang, code, "申诉成立")
    with pytest.raises(OtherOperatorNeeded), transaction():
        sanctions.confirm(desk.zhang, code)
    with transaction():
        assert sanctions.decline(desk.zhang, code) == "lift_declined"
    assert registry.sanctions.get_sanction(code).standing
    desk.lift(code)
    assert not registry.sanctions.get_sanction(code).standing


def test_the_same_is_laid_once_and_nonsense_never(app: Flask, desk: Desk) -> None:
    lot = forest()
    desk.impose(seller(lot))
    with pytest.raises(SanctionStands):
        desk.impose(seller(lot))
    for target, refusal in (
        ("holder.PLATFORM", TargetUnknown),
        ("holder.nobody", TargetUnknown),
        ("holder.\x00", TargetUnknown),
        ("nothing", TargetUnknown),
        ("project.NOSUCH", ProjectUnknown),
    ):
        with pytest.raises(refusal):
            desk.impose(target)
    yesterday = clock.business_day() - timedelta(days=1)
    for kind, terms in (
        ("banish", {}),
        ("limit", {}),
        ("limit", {"daily_kg": 0}),
        ("suspend", {"daily_kg": 5}),
        ("suspend", {"last_day": yesterday}),
        ("remove", {"last_day": clock.business_day()}),
    ):
        with pytest.raises(Unreadable):
            desk.impose(seller(lot), kind, **terms)


def test_what_has_a_last_day_ends_by_itself_after_it(app: Flask, desk: Desk, client: FlaskClient) -> None:
    lot = forest()
    code = desk.impose(seller(lot), last_day=clock.business_day())
    assert end_sanctions() == 0
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert end_sanctions() == 1
        assert end_sanctions() == 0
        assert order(app, lot=lot.lot_code).status == "reserved"
    steps = [each["step"] for each in client.get(f"/v1/sanctions/{code}").json["history"]]
    assert steps == ["imposed", "expired"]


def test_the_database_itself_refuses_one_person_wrong_steps_and_changes(app: Flask, desk: Desk) -> None:
    lot = forest()
    removal, suspension = desk.impose(seller(lot), "remove"), desk.impose(seller(lot))
    ids = dict(db.session.execute(text("SELECT code, id FROM sanction")).all())
    step = "INSERT INTO sanction_step VALUES ({}, {}, '{}', {}, NULL, now())"
    for statement in (
        step.format(ids[removal], 2, "imposed", desk.lin),
        step.format(ids[removal], 2, "imposed", "NULL"),
        step.format(ids[removal], 3, "imposed", desk.zhang),
        step.format(ids[removal], 2, "lifted", desk.zhang),
        step.format(ids[suspension], 2, "lifted", desk.zhang),
        step.format(ids[suspension], 2, "expired", "NULL"),
        "UPDATE sanction SET reason = 'other'",
        "DELETE FROM sanction_step",
        "UPDATE sanction_step SET step = 'lifted'",
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(statement))


def test_a_sanctioned_seller_is_not_paid_until_it_has_ended(app: Flask, desk: Desk) -> None:
    treasury = Treasury(app)
    with at(OCTOBER):
        bad, good = treasury.village(), treasury.village()
        treasury.sell(bad, 2000)
        treasury.sell(good, 3000)
    with at(NOVEMBER):
        treasury.account(bad.village_id)
        treasury.account(good.village_id, "6222020000112233446")
        treasury.prepare()
        code = desk.impose(seller(bad))
        with pytest.raises(HoldersSanctioned):
            treasury.approve()
        from app.treasury.services import runs

        with transaction():
            runs.withdraw_run(treasury.bao, "2026-10", 1)
        facts = treasury.prepare(round_=2)
        assert [each.payout.holder_id for each in facts.payouts] == [good.village_id]
        assert [(each.skip.holder_id, each.skip.reason) for each in facts.skips] == [
            (bad.village_id, "sanctioned")
        ]
        treasury.pay(round_=2)
        desk.lift(code)
        held = treasury.prepare(round_=3).payouts
        assert [(each.payout.holder_id, each.payout.amount_fen) for each in held] == [(bad.village_id, 2000)]


def test_the_register_shows_what_took_effect_with_its_history(
    app: Flask, desk: Desk, client: FlaskClient
) -> None:
    lot = forest()
    lifted = desk.impose(f"project.{lot.project_code}")
    desk.lift(lifted)
    desk.impose(seller(lot), "remove")
    standing = desk.impose(seller(lot), "limit", daily_kg=500, no_new_lots=True)
    told = client.get("/v1/sanctions").json
    assert [each["code"] for each in told["items"]] == [standing, lifted], "a proposal names nobody"
    one = client.get(f"/v1/sanctions/{lifted}").json
    assert [each["step"] for each in one["history"]] == ["imposed", "lifted"]
    assert one["history"][1]["note"] == "查无实据"
    assert one["target"] == {
        "type": "project",
        "name": {"zh": "示例项目", "en": "Sample project"},
        "project": lot.project_code,
    }
    assert one["ground_text"]["en"] == "Under investigation"
    assert told["items"][0]["terms"] == {"no_new_lots": True, "daily_kg": 500, "last_day": None}
    assert [e["code"] for e in client.get("/v1/sanctions?standing=true").json["items"]] == [standing]
    assert [e["code"] for e in client.get("/v1/sanctions?standing=false").json["items"]] == [lifted]
    page = client.get("/v1/sanctions?limit=1").json
    after = client.get(f"/v1/sanctions?limit=1&after={page['next']}").json
    assert ([each["code"] for each in after["items"]], after["next"]) == ([lifted], None)
    for path in ("/v1/sanctions/none", "/v1/sanctions/%00", "/sanctions/none"):
        assert client.get(path).status_code == 404
    assert "operator" not in str(told)


def test_a_private_person_is_named_nowhere(app: Flask, desk: Desk, client: FlaskClient) -> None:
    code = desk.impose(f"holder.{holder_code(person(app).holder_id)}")
    target = client.get(f"/v1/sanctions/{code}").json["target"]
    assert target == {"type": "holder", "name": None, "project": None}


@pytest.mark.parametrize("kind", ["suspend", "limit"])
def test_of_orders_placed_while_a_sanction_is_laid_none_slips_through(
    app: Flask, desk: Desk, kind: str
) -> None:
    lot = forest(10_000)
    buyers = [person(app).holder_id for _ in range(24)]
    target, start = seller(lot), threading.Barrier(9)
    laid: list[Any] = []

    def buy(three: list[int]) -> list[str]:
        said = []
        start.wait(10)
        for buyer in three:
            with app.app_context():
                try:
                    with transaction():
                        wish = Wish("personal", 10, lot_code=lot.lot_code)
                        orders.place_order(buyer, wish, timedelta(minutes=15))
                    said.append("reserved")
                except Problem as problem:
                    said.append(problem.code)
        return said

    def lay() -> None:
        start.wait(10)
        with app.app_context():
            desk.impose(target, kind, **({"daily_kg": 40} if kind == "limit" else {}))
            with transaction() as session:
                laid.append(session.scalar(text("SELECT reserved_kg FROM lot")))

    with ThreadPoolExecutor(9) as pool:
        laying = pool.submit(lay)
        said = [word for each in pool.map(buy, [buyers[n::8] for n in range(8)]) for word in each]
        laying.result()
    assert set(said) <= {"reserved", "lot_halted", "daily_limit_reached", "sold_out"}
    reserved_kg = db.session.scalar(text("SELECT reserved_kg FROM lot"))
    assert reserved_kg == 10 * said.count("reserved")
    if kind == "suspend":
        assert reserved_kg == laid[0], "nothing was reserved after it was laid"
    else:
        counted = db.session.scalar(text("SELECT coalesce(sum(quantity_kg), 0) FROM sanction_sale"))
        assert counted <= 40
    with pytest.raises((LotHalted, DailyLimitReached)):
        order(app, 50, lot.lot_code)


def test_a_limit_gives_many_at_once_exactly_what_it_allows(app: Flask, desk: Desk) -> None:
    lot = forest(10_000)
    desk.impose(seller(lot), "limit", daily_kg=70)
    buyers = [person(app).holder_id for _ in range(20)]

    def buy(buyer: int) -> str:
        with app.app_context():
            try:
                with transaction():
                    wish = Wish("personal", 10, lot_code=lot.lot_code)
                    orders.place_order(buyer, wish, timedelta(minutes=15))
                return "reserved"
            except Problem as problem:
                return problem.code

    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(buy, buyers))
    assert (said.count("reserved"), said.count("daily_limit_reached")) == (7, 13)


def until_waiting(session: Any, count: int) -> None:
    """Return once so many others wait for a lock."""
    query = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                 " AND wait_event_type = 'Lock'")  # fmt: skip
    for _ in range(200):
        session.execute(text("SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)"))
        if (session.scalar(query) or 0) >= count:
            return
    raise AssertionError(f"not {count} wait")


def test_the_days_first_order_and_a_sanction_laid_meanwhile_wait_in_one_order(app: Flask, desk: Desk) -> None:
    lot = forest(1000)
    desk.impose(seller(lot), "limit", daily_kg=100)
    told = SanctionTerms("suspend", "investigation", "举报待查")

    def lay() -> None:
        with app.app_context(), transaction():
            sanctions.impose(desk.lin, seller(lot), told)

    buyer = person(app)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            session.execute(text("SELECT FROM lot WHERE id = :lot FOR UPDATE"), {"lot": lot.lot_id})
            laying = pool.submit(lay)
            until_waiting(session, 1)
            # Whoever lays it has the table and waits for the row that this order holds.
            orders.place_order(buyer.holder_id, Wish("personal", 10, lot_code=lot.lot_code), HOUR)
        laying.result(10)
    with pytest.raises(LotHalted):
        order(app, lot=lot.lot_code)


def test_an_order_that_came_too_late_waits_for_no_sanction_with_a_lot_in_its_hands(
    app: Flask, desk: Desk
) -> None:
    lot = forest(1000)
    told = SanctionTerms("suspend", "investigation", "举报待查")

    def buy() -> str:
        with app.app_context():
            return order(app, 10, lot.lot_code).status

    def lay() -> None:
        with app.app_context(), transaction():
            sanctions.impose(desk.lin, seller(lot), told)

    with ThreadPoolExecutor(2) as pool:
        with transaction() as session:
            sanctions.impose(desk.lin, seller(lot), SanctionTerms("limit", "other", "x", daily_kg=100))
            buying = pool.submit(buy)  # it saw the lot free, and will find it limited when it has its row
            until_waiting(session, 1)
            laying = pool.submit(lay)
            until_waiting(session, 2)
        assert (buying.result(10), laying.result(10)) == ("reserved", None)


def test_an_order_that_found_one_lot_empty_lets_it_go_before_it_tries_another(app: Flask) -> None:
    newer, older = forest(1000, 2021), forest(1000, 2019)

    def buy() -> int:
        with app.app_context():
            return order(app, 600).lot_id

    def lock_both() -> None:
        with app.app_context(), transaction() as session:
            session.execute(text("SELECT FROM lot ORDER BY id FOR UPDATE"))

    with ThreadPoolExecutor(2) as pool:
        with transaction() as session:
            services.reserve(older.lot_id, 1000)
            buying = pool.submit(buy)
            until_waiting(session, 1)
            locking = pool.submit(lock_both)
            until_waiting(session, 2)
        assert (buying.result(10), locking.result(10)) == (newer.lot_id, None)


def test_no_lot_opens_beside_a_sanction_that_it_did_not_see(app: Flask, desk: Desk) -> None:
    lot = forest(1000)
    with transaction():
        services.close_lot(lot.lot_id)
    block_id, checked = _free_block(lot), threading.Event()
    target = seller(lot)

    def lay() -> None:
        checked.wait(10)
        with app.app_context():
            desk.impose(target)

    with ThreadPoolExecutor(1) as pool:
        laying = pool.submit(lay)
        with transaction() as session:
            opened = services.open_lot(block_id, 100, TERMS)
            checked.set()
            session.execute(text("SELECT pg_sleep(0.3)"))
            assert not laying.done(), "it waits for whoever found the seller free"
        laying.result()
    with pytest.raises(LotHalted):
        order(app, lot=opened.code)


def test_the_trigger_and_the_rules_know_the_same_steps(app: Flask, desk: Desk) -> None:
    lot = forest()
    every = sorted({step for following in NEXT.values() for step in following})
    ways = {
        "proposed": ("remove", []),
        "declined": ("remove", ["declined"]),
        "imposed": ("suspend", []),
        "lift_proposed": ("suspend", ["lift_proposed"]),
        "lift_declined": ("suspend", ["lift_proposed", "lift_declined"]),
        "lifted": ("suspend", ["lift_proposed", "lifted"]),
        "expired": ("suspend", ["expired"]),
    }
    assert sorted(ways) == every
    insert = text("INSERT INTO sanction_step VALUES (:id, :place, :step, :by, NULL, now())")
    for last, (kind, way) in ways.items():
        for step in every:
            with transaction() as session:
                made = "INSERT INTO sanction (code, holder_id, kind, ground, reason, no_new_lots, last_day)"
                made += " VALUES (:code, :holder, :kind, 'other', 'x', false, :day) RETURNING id"
                day = clock.business_day() if kind == "suspend" else None
                told = {"code": random_code(), "holder": lot.village_id, "kind": kind, "day": day}
                number = session.scalar(text(made), told)
                taken = ["proposed" if kind == "remove" else "imposed", *way]
                for place, each in enumerate(taken, 1):
                    by = None if each == "expired" else (desk.lin, desk.zhang)[place % 2]
                    session.execute(insert, {"id": number, "place": place, "step": each, "by": by})
                by = None if step == "expired" else (desk.lin, desk.zhang)[(len(taken) + 1) % 2]
                values = {"id": number, "place": len(taken) + 1, "step": step, "by": by}
                allowed = step in NEXT.get(last, frozenset())
                try:
                    with session.begin_nested():
                        session.execute(insert, values)
                    assert allowed, (last, step)
                except IntegrityError:
                    assert not allowed, (last, step)
