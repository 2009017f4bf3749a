"""What operators do with blocks, with four eyes; reversals and whom they concern; the buffer pool."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from builders import Forest, forest, person
from flask import Flask
from flask.testing import FlaskClient
from shop import Shop, eventually
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from woods import act, broken, free_forest, owner, serial_of

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts import services as holders
from app.kit import announcements
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets.jobs import settle_paid
from app.offsets.services.causes import open_cause
from app.registry import queries, rules, services
from app.registry.errors import (
    HoldEnded,
    HoldingUnknown,
    MandateDecided,
    MandateOwn,
    NotEnoughFree,
    NothingOwed,
    ReceiverUnknown,
    UnitsBound,
)
from app.registry.models import Mandate
from app.registry.queries import mandates as known
from app.registry.queries import reversals as losses
from app.registry.services import Issued, holdings, mandates, reversals
from app.registry.services.mandates import MandateWish


@pytest.fixture
def desk(app: Flask) -> tuple[int, int]:
    """Two operators of the registry."""
    names = [f"op-{random_code(8)}" for _ in range(2)]
    with transaction():
        enrolled = [
            holders.operators.enrol(each, "a long enough password", ["registry"])[0].id for each in names
        ]
    return enrolled[0], enrolled[1]


def ordered(desk: tuple[int, int], **wish: Any) -> Mandate:
    """A mandate that one asked for and the other approved."""
    with transaction():
        code = mandates.request_mandate(desk[0], MandateWish(note="文书 1", **wish)).code
    with transaction():
        return mandates.approve_mandate(desk[1], code)


def buffered(buffer_bp: int, quantity_kg: int = 1000, vintage: int = 2022) -> tuple[Forest, Issued]:
    """A forest that puts a share into the buffer pool, with one issuance more than its lot."""
    made = forest(10)
    with transaction():
        db.session.execute(text("UPDATE project SET buffer_bp = :bp"), {"bp": buffer_bp})
        project = queries.get_project(made.project_code).project
        db.session.refresh(project)
        period = (date(vintage - 1, 1, 1), date(vintage - 1, 12, 31))
        issued = services.issue(project.id, period, quantity_kg, vintage=vintage - 1, verification="V")
    return made, issued


def lost(made: Forest, quantity_kg: int, **more: Any) -> dict[str, Any]:
    serial = more.pop("serial", serial_of(made, 1, 1))
    return {"kind": "reversal", "serial": serial, "quantity_kg": quantity_kg, "reason": "fire", **more}


def test_a_share_of_every_issuance_goes_into_the_pool_rounded_up(app: Flask) -> None:
    made, issued = buffered(1234, 1001)
    assert issued.buffer_kg == 124
    assert losses.pool_kg() == 124
    assert issued.serials.quantity_kg == 877
    assert accounts.get_balance(chart.BUFFER_POOL, chart.UNITS) == 124_000
    assert accounts.get_balance(made.village_id, chart.UNITS) == (10 + 877) * 1000
    assert broken() == set()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE block SET holder_id = 1000 WHERE holder_id = 2",
        "UPDATE block SET lot_id = (SELECT max(id) FROM lot) WHERE holder_id = 2",
        "UPDATE block SET state = 'retired' WHERE holder_id = 2",
        "UPDATE block SET state = 'pledged' WHERE holder_id = 2",
        "UPDATE lot SET seller_holder_id = 2",
        "UPDATE project SET buffer_bp = 5001",
        "UPDATE project SET buffer_bp = -1",
    ],
)
def test_the_pool_is_never_sold_used_or_pledged(app: Flask, statement: str) -> None:
    buffered(1000)
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(statement))
    assert broken() == set()


def test_a_reversal_takes_unsold_units_then_the_pool_and_the_rest_is_owed(
    app: Flask, client: FlaskClient, desk: tuple[int, int]
) -> None:
    buffered(2000, 1500, vintage=2020)  # 300 kg in the pool
    woods = free_forest(2000)
    me, serial = owner(app, woods)
    made = act(client, me, serial, "retirements", quantity_kg=400, purpose="event").json
    done = ordered(desk, **lost(woods, 1500))
    assert (done.unsold_kg, done.buffer_kg) == (1000, 300)
    listed = client.get("/v1/reversals").json["items"][0]
    assert (listed["unsold_kg"], listed["buffer_kg"], listed["owed_kg"]) == (1000, 300, 200)
    units = queries.conservation(woods.issuance_id)
    assert (units.active_kg, units.retired_kg, units.cancelled_kg) == (600, 400, 1000)
    assert client.get(f"/v1/retirements/{made['number']}").status_code == 200
    assert losses.sum_owed_kg() == 200
    assert broken() == set()


def test_what_is_owed_is_covered_by_what_comes_later(app: Flask, desk: tuple[int, int]) -> None:
    woods = free_forest(100)
    owner(app, woods, 100)
    done = ordered(desk, **lost(woods, 80))
    assert (done.unsold_kg, done.buffer_kg) == (0, 0)
    with pytest.raises(NothingOwed), transaction():
        reversals.cover(desk[0], done.code)
    buffered(1000, 500, vintage=2019)
    with transaction():
        assert reversals.cover(desk[0], done.code) == 50
    buffered(1000, 500, vintage=2018)
    with transaction():
        assert reversals.cover(desk[0], done.code) == 30
    with pytest.raises(NothingOwed), transaction():
        reversals.cover(desk[0], done.code)
    assert (losses.sum_owed_kg(), losses.pool_kg()) == (0, 20)
    assert broken() == set()


def test_the_oldest_units_of_the_pool_go_first(app: Flask, desk: tuple[int, int]) -> None:
    _, young = buffered(1000, 500, vintage=2021)
    _, old = buffered(1000, 500, vintage=2015)
    woods = free_forest(100)
    owner(app, woods, 100)
    ordered(desk, **lost(woods, 50))
    assert queries.conservation(old.issuance_id).cancelled_kg == 50
    assert queries.conservation(young.issuance_id).cancelled_kg == 0


def test_a_reversal_ends_what_was_set_aside_before_it_takes_what_orders_wait_for(
    app: Flask, desk: tuple[int, int]
) -> None:
    made = forest(1000)
    with transaction():
        services.reserve(made.lot_id, 300)
        services.close_lot(made.lot_id)
    run = queries.find_run(serial_of(made, 301, 1000))
    with transaction():
        services.hold_units("reserve", made.village_id, run, 500, services.NOBODY, days=9, purpose="p")
    done = ordered(desk, **lost(made, 600))
    assert (done.unsold_kg, done.buffer_kg) == (600, 0)
    row = db.session.execute(text("SELECT reserved_kg, short_kg FROM lot"))
    assert row.one() == (300, 0)
    assert db.session.scalar(text("SELECT ended_as FROM hold")) == "cancelled"
    assert queries.conservation(made.issuance_id).active_kg == 400
    assert broken() == set()


def test_everyone_concerned_is_told(app: Flask, client: FlaskClient, desk: tuple[int, int]) -> None:
    woods = free_forest(2000)
    keeper, serial = owner(app, woods)
    act(client, keeper, serial, "retirements", quantity_kg=10, purpose="event")
    user, used = owner(app, woods, 100)
    act(client, user, used, "retirements", quantity_kg=100, purpose="event")
    with transaction():
        bank = holders.open_holder("organisation", "示例银行")
    act(client, keeper, serial, "pledges", quantity_kg=100, pledgee=bank.code)
    done = ordered(desk, **lost(woods, 100))
    announcements.deliver()
    told = {
        row.holder_id: row.message
        for row in db.session.execute(
            text("SELECT holder_id, message FROM notice WHERE reference = :code"), {"code": done.code}
        )
    }
    assert told == {
        woods.village_id: "registry.notice_reversal_issuer",
        keeper.holder_id: "registry.notice_reversal_holder",
        user.holder_id: "registry.notice_reversal_holder",
        bank.id: "registry.notice_reversal_pledgee",
    }
    latest = client.get("/v1/me/notices", headers=keeper.auth).json["items"][0]["text"]
    assert "100 千克" in latest["zh"] and woods.project_code in latest["en"]  # noqa: PT018


def test_what_is_pledged_outlives_a_reversal(app: Flask, desk: tuple[int, int]) -> None:
    woods = free_forest(1000)
    with transaction():
        bank = holders.open_holder("organisation", "示例银行").code
    ordered(desk, kind="pledge", serial=serial_of(woods, 1, 1000), quantity_kg=600, other=bank)
    done = ordered(desk, **lost(woods, 500))
    assert (done.unsold_kg, done.buffer_kg) == (400, 0)
    assert queries.conservation(woods.issuance_id).pledged_kg == 600
    assert broken() == set()


def test_a_pledge_is_released_by_two_operators_for_the_pledgee(
    app: Flask, client: FlaskClient, desk: tuple[int, int]
) -> None:
    woods = free_forest(2000)
    me, serial = owner(app, woods)
    with transaction():
        bank = holders.open_holder("organisation", "示例银行").code
    hold = act(client, me, serial, "pledges", quantity_kg=700, pledgee=bank).json
    done = ordered(desk, kind="release", hold=hold["code"])
    assert (done.quantity_kg, done.holder_id) == (700, me.holder_id)
    with pytest.raises(HoldEnded), transaction():
        mandates.request_mandate(desk[0], MandateWish("release", "again", hold=hold["code"]))
    assert act(client, me, serial, "retirements", quantity_kg=700, purpose="event").status_code == 201
    assert broken() == set()


def test_whoever_asks_does_not_approve_and_what_is_decided_stays(app: Flask, desk: tuple[int, int]) -> None:
    woods = free_forest(100)
    with transaction():
        code = mandates.request_mandate(desk[0], MandateWish(note="n", **lost(woods, 10))).code
    with pytest.raises(MandateOwn), transaction():
        mandates.approve_mandate(desk[0], code)
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(
            text(
                "UPDATE mandate SET approved_by = requested_by, approved_at = now(),"
                " unsold_kg = 0, buffer_kg = 0"
            )
        )
    with transaction():
        mandates.decline_mandate(desk[1], code)
    for step in (mandates.approve_mandate, mandates.decline_mandate):
        with pytest.raises(MandateDecided), transaction():
            step(desk[1], code)
    for statement in (
        "UPDATE mandate SET declined_at = NULL, declined_by = NULL",
        "UPDATE mandate SET quantity_kg = 1",
        "DELETE FROM mandate",
    ):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(statement))
    assert queries.conservation(woods.issuance_id).cancelled_kg == 0


def test_judicial_units_are_used_up_and_never_move_again(
    app: Flask, client: FlaskClient, desk: tuple[int, int]
) -> None:
    woods = free_forest(1000)
    me = person(app)
    code = accounts.get_holder(me.holder_id).code
    serial = serial_of(woods, 1, 1000)
    ordered(desk, kind="transfer", serial=serial, quantity_kg=500, other=code, bound=rules.JUDICIAL)
    with transaction():
        bank = holders.open_holder("organisation", "示例银行").code
    for what, wish in {
        "offers": {"price_fen_per_step": 100},
        "transfers": {"receiver": bank},
        "gifts": {},
        "reservations": {"purpose": "p", "days": 1},
        "pledges": {"pledgee": bank},
    }.items():
        refused = act(client, me, serial, what, quantity_kg=10, **wish)
        assert (refused.status_code, refused.json["code"]) == (409, "units_bound"), what
    assert act(client, me, serial, "splits", quantity_kg=200).status_code == 201
    for statement in (
        "UPDATE block SET bound = NULL WHERE bound IS NOT NULL",
        "UPDATE block SET holder_id = 1000 WHERE bound IS NOT NULL",
        "UPDATE block SET state = 'pledged' WHERE bound IS NOT NULL",
        "UPDATE block SET lot_id = 1 WHERE bound IS NOT NULL",
    ):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(statement))
    refused = act(client, me, serial, "retirements", quantity_kg=300, purpose="personal")
    assert (refused.status_code, refused.json["code"]) == (422, "purpose_unfit")
    assert [each["pointer"] for each in refused.json["errors"]] == ["#/purpose"]
    made = act(client, me, serial, "retirements", quantity_kg=300, purpose="judicial")
    assert (made.status_code, made.json["purpose_name"]["zh"]) == (201, "司法裁判（履行生效裁判）")
    held = client.get("/v1/holdings", headers=me.auth).json["items"]
    assert [(each["quantity_kg"], each["bound"]) for each in held] == [(200, "judicial")]
    with pytest.raises(UnitsBound), transaction():
        mandates.approve_mandate(desk[1], _asked(desk, serial, bank))
    assert broken() == set()


def test_units_are_used_up_for_a_ruling_only_where_they_were_handed_over_for_one(
    app: Flask, client: FlaskClient, desk: tuple[int, int]
) -> None:
    woods = free_forest(1000)
    me, serial = owner(app, woods, 400)
    refused = act(client, me, serial, "retirements", quantity_kg=100, purpose="judicial")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "#/purpose")
    with transaction():
        made = holdings.retire_units(me.holder_id, queries.find_run(serial), 100, "event")
    forged = (
        "INSERT INTO own_retirement (number, holder_id, issuance_id, first_serial, last_serial, purpose,"
        " due_g, retired_at) SELECT 'X', holder_id, issuance_id, last_serial + 1, last_serial + 1,"
        " 'judicial', 0, now() FROM own_retirement WHERE number = :number"
    )
    with pytest.raises(IntegrityError, match="ruling"), transaction() as session:
        session.execute(text(forged), {"number": made.number})
    code = accounts.get_holder(me.holder_id).code
    rest = serial_of(woods, 401, 1000)
    ordered(desk, kind="transfer", serial=rest, quantity_kg=600, other=code, bound=rules.JUDICIAL)
    everything = serial_of(woods, 1, 1000)
    for purpose, quantity_kg in {"personal": 300, "judicial": 600}.items():
        done = act(client, me, everything, "retirements", quantity_kg=quantity_kg, purpose=purpose)
        assert done.status_code == 201, "each purpose finds the units that fit it"
    assert broken() == set()


def test_whoever_has_judicial_units_too_sells_and_hands_over_the_others(
    app: Flask, client: FlaskClient, desk: tuple[int, int]
) -> None:
    woods = free_forest(1000)
    me, village = person(app), accounts.get_holder(woods.village_id).code
    code, serial = accounts.get_holder(me.holder_id).code, serial_of(woods, 1, 1000)
    ordered(desk, kind="transfer", serial=serial, quantity_kg=100, other=code, bound=rules.JUDICIAL)
    offering = {"project": woods.project_code, "vintage": 2022, "price_fen_per_step": 100}
    nothing = client.post("/v1/lots", json={**offering, "quantity_kg": 50}, headers=me.auth)
    assert (nothing.status_code, nothing.json["code"]) == (409, "block_not_free")
    ordered(desk, kind="transfer", serial=serial, quantity_kg=500, other=code)
    listed = client.get("/v1/lots/sellable", headers=me.auth).json["items"]
    assert [each["free_kg"] for each in listed] == [500]
    opened = client.post("/v1/lots", json={**offering, "quantity_kg": 50}, headers=me.auth)
    assert opened.status_code == 201
    moved = act(client, me, serial, "transfers", quantity_kg=10, receiver=village)
    assert moved.status_code == 201
    assert broken() == set()


def _asked(desk: tuple[int, int], serial: str, other: str) -> str:
    db.session.rollback()
    wish = MandateWish("transfer", "n", serial=serial, quantity_kg=200, other=other)
    return mandates.request_mandate(desk[0], wish).code


def test_a_fault_is_cancelled_and_its_holder_told(app: Flask, desk: tuple[int, int]) -> None:
    woods = free_forest(2000)
    me, serial = owner(app, woods)
    ordered(desk, kind="cancellation", serial=serial, quantity_kg=70, reason="fault")
    assert accounts.get_balance(me.holder_id, chart.UNITS) == 930_000
    assert queries.conservation(woods.issuance_id).cancelled_kg == 70
    messages = {each.message for each in accounts.notices.list_notices(me.holder_id, 10)}
    assert messages == {"registry.notice_units_received", "registry.notice_units_cancelled"}
    assert broken() == set()


def test_a_mandate_that_cannot_be_done_is_not(app: Flask, client: FlaskClient, desk: tuple[int, int]) -> None:
    woods = free_forest(2000)
    me, serial = owner(app, woods)
    other = accounts.get_holder(person(app).holder_id).code
    with transaction():
        wish = MandateWish("transfer", "n", serial=serial, quantity_kg=1000, other=other)
        code = mandates.request_mandate(desk[0], wish).code
    act(client, me, serial, "retirements", quantity_kg=1, purpose="event")
    with pytest.raises(NotEnoughFree), transaction():
        mandates.approve_mandate(desk[1], code)
    assert known.get_mandate(code).mandate.status == "requested"
    with pytest.raises(NotEnoughFree), transaction():
        mandates.request_mandate(desk[0], MandateWish(note="n", **lost(woods, 2001)))
    mine = accounts.get_holder(me.holder_id).code
    with transaction():
        event = open_cause("event", me.holder_id, "示例会议", shared=True).code
    for receiver in ("NOBODY", mine, event, "PLATFORM", "BUFFERPOOL", "1'--"):
        with pytest.raises(ReceiverUnknown), transaction():
            mandates.request_mandate(
                desk[0], MandateWish("transfer", "n", serial=serial, quantity_kg=1, other=receiver)
            )
    assert broken() == set()


def test_two_approvals_at_once_act_once(app: Flask, desk: tuple[int, int]) -> None:
    woods = free_forest(1000)
    with transaction():
        code = mandates.request_mandate(desk[0], MandateWish(note="n", **lost(woods, 100))).code

    def approve(_: int) -> bool:
        with app.app_context():
            try:
                with transaction():
                    mandates.approve_mandate(desk[1], code)
            except MandateDecided:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, range(4))) == [False, False, False, True]
    assert queries.conservation(woods.issuance_id).cancelled_kg == 100
    assert broken() == set()


def test_no_more_of_an_issuance_is_ever_lost_than_was_issued(app: Flask, desk: tuple[int, int]) -> None:
    made, _ = buffered(1000)
    held_kg = losses.pool_kg()
    with transaction():
        waiting = mandates.request_mandate(desk[0], MandateWish(note="n", **lost(made, 6))).code
    ordered(desk, **lost(made, 6))
    with pytest.raises(NotEnoughFree), transaction():
        mandates.approve_mandate(desk[1], waiting)
    with pytest.raises(NotEnoughFree), transaction():
        mandates.request_mandate(desk[0], MandateWish(note="n", **lost(made, 5)))
    ordered(desk, **lost(made, 4))
    assert losses.pool_kg() == held_kg
    assert broken() == set()


def test_of_two_reversals_approved_at_once_only_what_was_issued_is_lost(
    app: Flask, desk: tuple[int, int]
) -> None:
    woods = free_forest(100)
    with transaction():
        wish = MandateWish(note="n", **lost(woods, 60))
        codes = [mandates.request_mandate(desk[0], wish).code for _ in range(4)]

    def approve(code: str) -> bool:
        with app.app_context():
            try:
                with transaction():
                    mandates.approve_mandate(desk[1], code)
            except NotEnoughFree:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, codes)) == [False, False, False, True]
    assert queries.conservation(woods.issuance_id).cancelled_kg == 60
    assert broken() == set()


@pytest.mark.parametrize("kind", ["transfer", "pledge"])
def test_the_pools_units_are_cancelled_for_a_fault_and_moved_for_nothing(
    app: Flask, desk: tuple[int, int], kind: str
) -> None:
    made, issued = buffered(1000)
    serial = f"SH-350721-{made.project_code}-2021-{issued.serials.quantity_kg + 1}-1000"
    other = accounts.get_holder(made.village_id).code
    with pytest.raises(HoldingUnknown), transaction():
        mandates.request_mandate(desk[0], MandateWish(kind, "n", serial=serial, quantity_kg=10, other=other))
    ordered(desk, kind="cancellation", serial=serial, quantity_kg=10, reason="fault")
    assert losses.pool_kg() == 100 - 10
    assert broken() == set()


_EVERY = [(before, after) for before in rules.STATES for after in rules.STATES if before != after]


@pytest.mark.parametrize(("before", "after"), _EVERY)
def test_the_database_lets_a_block_take_the_steps_of_the_table_and_no_other(
    app: Flask, before: str, after: str
) -> None:
    free_forest(1000)
    reason = {"cancelled": ", reason = 'fault'"}
    if before != "active":
        with transaction():
            db.session.execute(text(f"UPDATE block SET state = '{before}'{reason.get(before, '')}"))
    step = text(f"UPDATE block SET state = '{after}'{reason.get(after, ', reason = NULL')}")
    if (before, after) in rules.EDGES:
        with transaction():
            db.session.execute(step)
    else:
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(step)


_PIECE = (
    "WITH rest AS (UPDATE block SET first_serial = first_serial + 10 RETURNING *)"
    " INSERT INTO block (issuance_id, holder_id, state, first_serial, last_serial, created_at, changed_at)"
    " SELECT issuance_id, {holder}, '{state}', first_serial - 10, first_serial - 1, now(), now() FROM rest"
)


@pytest.mark.parametrize(
    ("holder", "state", "from_state"),
    [
        ("1", "active", "active"),
        ("holder_id", "reserved", "active"),
        ("holder_id", "pledged", "active"),
        ("holder_id", "active", "pledged"),
        ("holder_id", "retired", "pledged"),
    ],
)
def test_no_piece_changes_hands_or_state_unseen(app: Flask, holder: str, state: str, from_state: str) -> None:
    free_forest(1000)
    if from_state != "active":
        with transaction():
            db.session.execute(text(f"UPDATE block SET state = '{from_state}'"))
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(_PIECE.format(holder=holder, state=state)))


@pytest.mark.parametrize("table", ["block_act", "hold", "own_retirement"])
def test_what_was_done_is_never_rewritten(app: Flask, client: FlaskClient, table: str) -> None:
    woods = free_forest(2000)
    me, serial = owner(app, woods)
    act(client, me, serial, "gifts", quantity_kg=10)
    act(client, me, serial, "retirements", quantity_kg=10, purpose="event")
    for statement in (
        f"UPDATE {table} SET first_serial = first_serial + 1",
        f"UPDATE {table} SET last_serial = last_serial - 1",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(statement))


@pytest.mark.parametrize(
    "change",
    [
        {"act": "'steal'"},
        {"state_before": "'retired'"},
        {"to_holder_id": "1"},
        {"by_holder_id": "1", "operator_id": "1"},
    ],
)
def test_an_act_that_is_in_no_table_is_not_written(app: Flask, change: dict[str, str]) -> None:
    free_forest(1000)
    columns = "act issuance_id first_serial last_serial from_holder_id to_holder_id state_before state_after"
    taken = {**{name: name for name in columns.split()}, **change}
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(
            text(
                f"INSERT INTO block_act ({', '.join(taken)}, acted_at)"
                f" SELECT {', '.join(taken.values())}, now() FROM block_act WHERE act = 'offer'"
            )
        )


def test_whoever_bought_is_told_that_theirs_stays_retired(
    app: Flask, shop: Shop, desk: tuple[int, int]
) -> None:
    organiser = person(app).holder_id
    with transaction():
        event = open_cause("event", organiser, "示例会议", shared=True)
    order = shop.order(cause=event.code, amount_fen=100)
    shop.pay(order)
    eventually(lambda: settle_paid() or shop.read(order)["status"] == "settled")
    row = db.session.execute(text("SELECT id, first_serial FROM issuance")).one()
    serial = queries.certificate_facts(row.id).serial_text(row.first_serial, row.first_serial)
    done = ordered(desk, kind="reversal", serial=serial, quantity_kg=100, reason="storm")
    announcements.deliver()
    latest = accounts.notices.list_notices(shop.buyer.holder_id, 1)[0]
    assert (latest.message, latest.reference) == ("registry.notice_reversal_retired", done.code)
    [told] = accounts.notices.list_notices(organiser, 9)
    assert (told.message, told.reference) == ("offsets.notice_reversal_cause", done.code)
    assert {"project", "vintage", "kg"} <= told.details.keys()
    assert broken() == set()
