"""What holders do with their own units over HTTP: nothing is lost, doubled or taken from another."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from builders import Forest, Person, person
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from woods import act, broken, free_forest, owner, serial_of

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts import services as holders
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import jobs, queries, services
from app.registry.rules import Terms
from app.registry.services import holdings


@pytest.fixture
def woods(app: Flask) -> Forest:
    """A village with 2,000 kg, nothing of it on sale."""
    return free_forest(2000)


def at_once(app: Flask, count: int, ask: Any) -> list[int]:
    """The statuses of `count` requests that start together."""
    start = threading.Barrier(count)

    def one(number: int) -> int:
        caller = app.test_client()
        start.wait(20)
        return int(ask(caller, number).status_code)

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def test_of_three_retirements_of_600_of_1000_exactly_one_succeeds(app: Flask, woods: Forest) -> None:
    me, serial = owner(app, woods)
    wish = {"quantity_kg": 600, "purpose": "public_good"}
    found = at_once(app, 3, lambda caller, _: act(caller, me, serial, "retirements", **wish))
    assert found == [201, 409, 409]
    assert accounts.get_balance(me.holder_id, chart.UNITS) == 400_000
    assert queries.conservation(woods.issuance_id).retired_kg == 600
    assert broken() == set()


def test_a_split_of_250_of_1000_gives_250_and_750(app: Flask, client: FlaskClient, woods: Forest) -> None:
    me, serial = owner(app, woods)
    answer = act(client, me, serial, "splits", quantity_kg=250)
    assert answer.status_code == 201
    assert [piece["quantity_kg"] for piece in answer.json["pieces"]] == [250, 750]
    assert answer.json["pieces"][0]["serial"] == serial_of(woods, 1, 250)
    assert answer.json["pieces"][1]["serial"] == serial_of(woods, 251, 1000)
    held = client.get(f"/v1/holdings/{serial}", headers=me.auth).json
    assert [(each["serial"], each["state"]) for each in held] == [
        (serial_of(woods, 1, 250), "active"),
        (serial_of(woods, 251, 1000), "active"),
    ]
    assert broken() == set()


def test_of_a_hundred_who_want_the_last_units_as_many_win_as_there_are(app: Flask, woods: Forest) -> None:
    me, serial = owner(app, woods, 37)
    wish = {"quantity_kg": 1, "purpose": "public_good"}
    found = at_once(app, 80, lambda caller, _: act(caller, me, serial, "retirements", **wish))
    assert found == [201] * 37 + [409] * 43
    assert accounts.get_balance(me.holder_id, chart.UNITS) == 0
    assert broken() == set()


def test_acts_of_every_kind_at_once_lose_nothing(app: Flask, woods: Forest) -> None:
    me, serial = owner(app, woods, 200)
    other = person(app)
    code = accounts.get_holder(other.holder_id).code
    wishes: list[tuple[str, dict[str, Any]]] = [
        ("retirements", {"purpose": "event"}),
        ("transfers", {"receiver": code}),
        ("reservations", {"purpose": "p", "days": 3}),
        ("gifts", {}),
        ("splits", {}),
    ]

    def ask(caller: FlaskClient, number: int) -> Any:
        what, wish = wishes[number % len(wishes)]
        return act(caller, me, serial, what, quantity_kg=7, **wish)

    found = at_once(app, 50, ask)
    assert set(found) <= {201, 409}
    assert found.count(201) >= 28
    assert broken() == set()


def test_what_is_pledged_is_not_sold_moved_or_used(app: Flask, client: FlaskClient, woods: Forest) -> None:
    me, serial = owner(app, woods)
    with transaction():
        bank = holders.open_holder("organisation", "示例银行").code
    pledged = act(client, me, serial, "pledges", quantity_kg=1000, pledgee=bank)
    assert (pledged.status_code, pledged.json["other"]) == (201, "示例银行")
    for what, wish in {
        "offers": {"price_fen_per_step": 100},
        "transfers": {"receiver": accounts.get_holder(person(app).holder_id).code},
        "gifts": {},
        "retirements": {"purpose": "event"},
        "splits": {},
        "reservations": {"purpose": "p", "days": 1},
        "pledges": {"pledgee": bank},
    }.items():
        refused = act(client, me, serial, what, quantity_kg=10, **wish)
        assert (refused.status_code, refused.json["code"]) == (409, "not_enough_free"), what
    code = pledged.json["code"]
    refused = client.post(f"/v1/holds/{code}/release", headers=me.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "hold_not_yours")
    assert broken() == set()


def test_a_gift_is_redeemed_once_by_whoever_has_its_code(
    app: Flask, client: FlaskClient, woods: Forest
) -> None:
    me, serial = owner(app, woods)
    gift = act(client, me, serial, "gifts", quantity_kg=30, message="生日快乐").json
    assert gift["link"].endswith(f"/gifts/{gift['code']}")
    offered = client.get(f"/v1/gifts/{gift['code']}").json
    assert (offered["quantity_kg"], offered["message"], offered["giver"]) == (30, "生日快乐", None)
    path = f"/v1/gifts/{gift['code']}/redemption"
    assert client.post(path, headers=me.auth).status_code == 409
    others = [person(app) for _ in range(8)]
    found = at_once(app, 8, lambda caller, number: caller.post(path, headers=others[number].auth))
    assert found == [201] + [409] * 7
    assert sum(accounts.get_balance(each.holder_id, chart.UNITS) for each in others) == 30_000
    assert accounts.get_balance(me.holder_id, chart.UNITS) == 970_000
    told = client.get("/v1/me/notices", headers=me.auth).json["items"]
    assert told[0]["text"]["en"].startswith("Your gift of 30 kg was redeemed")
    assert broken() == set()


def test_what_has_a_time_falls_back_by_itself(app: Flask, client: FlaskClient, woods: Forest) -> None:
    me, serial = owner(app, woods)
    gift = act(client, me, serial, "gifts", quantity_kg=30, days=2).json
    kept = act(client, me, serial, "reservations", quantity_kg=50, purpose="年会", days=3).json
    assert jobs.lapse_holds() == 0
    with clock.frozen(clock.now() + timedelta(days=2, minutes=1)):
        late = client.post(f"/v1/gifts/{gift['code']}/redemption", headers=person(app).auth)
        assert (late.status_code, late.json["code"]) == (409, "hold_ended")
        assert jobs.lapse_holds() == 1
        assert jobs.lapse_holds() == 0
    ended = {each["code"]: each["ended_as"] for each in holds(client, me)}
    assert ended == {gift["code"]: "lapsed", kept["code"]: None}
    with clock.frozen(clock.now() + timedelta(days=4)):
        assert jobs.lapse_holds() == 1
    assert act(client, me, serial, "retirements", quantity_kg=900, purpose="event").status_code == 201
    assert broken() == set()


def holds(client: FlaskClient, who: Person) -> list[dict[str, Any]]:
    return list(client.get("/v1/holds", headers=who.auth).json["items"])


def test_what_was_set_aside_can_be_let_go_by_its_holder_only(
    app: Flask, client: FlaskClient, woods: Forest
) -> None:
    me, serial = owner(app, woods)
    kept = act(client, me, serial, "reservations", quantity_kg=1000, purpose="年会", days=3).json
    path = f"/v1/holds/{kept['code']}/release"
    assert client.post(path, headers=person(app).auth).status_code == 404
    assert act(client, me, serial, "splits", quantity_kg=1).status_code == 409
    assert client.post(path, headers=me.auth).json["ended_as"] == "released"
    assert client.post(path, headers=me.auth).json["code"] == "hold_ended"
    assert act(client, me, serial, "splits", quantity_kg=1).status_code == 201


def test_a_personal_retirement_closes_the_holders_due_first(
    app: Flask, client: FlaskClient, woods: Forest
) -> None:
    me, serial = owner(app, woods)
    client.post(
        "/v1/dues",
        json={
            "month": f"{clock.business_day():%Y-%m}",
            "entries": [{"kind": "electricity", "quantity": 100}],
        },
        headers=me.auth,
    )
    owed = client.get("/v1/dues", headers=me.auth).json["owed_g"]
    assert 0 < owed < 500_000
    wish = {"quantity_kg": 500, "purpose": "personal", "beneficiary": "小林", "beneficiary_consent": True}
    made = act(client, me, serial, "retirements", **wish).json
    assert client.get("/v1/dues", headers=me.auth).json["owed_g"] == 0
    public = client.get(f"/v1/retirements/{made['number']}").json
    assert (public["beneficiary"], public["serial"]) == ("小林", serial_of(woods, 1, 500))
    mine = client.get("/v1/retirements", headers=me.auth).json["items"]
    assert [each["number"] for each in mine] == [made["number"]]
    assert client.delete(f"/v1/retirements/{made['number']}/beneficiary", headers=me.auth).status_code == 204
    assert client.get(f"/v1/retirements/{made['number']}").json["beneficiary"] is None
    assert broken() == set()


def test_nobody_is_named_without_consent(app: Flask, client: FlaskClient, woods: Forest) -> None:
    me, serial = owner(app, woods)
    for consent in ({}, {"beneficiary_consent": False}):
        wish = {"quantity_kg": 10, "purpose": "event", "beneficiary": "某人", **consent}
        refused = act(client, me, serial, "retirements", **wish)
        assert refused.status_code == 422
        assert refused.json["errors"][0]["pointer"] == "#/beneficiary_consent"


def test_units_are_offered_again_and_taken_off_sale(app: Flask, client: FlaskClient, woods: Forest) -> None:
    me, serial = owner(app, woods)
    odd = act(client, me, serial, "offers", quantity_kg=15, price_fen_per_step=120)
    assert (odd.status_code, odd.json["code"]) == (422, "quantity_not_sold")
    offer = act(client, me, serial, "offers", quantity_kg=300, price_fen_per_step=120).json
    assert (offer["offered_kg"], offer["step_kg"], offer["fee_bp"]) == (300, 10, 1000)
    lot = client.get(f"/v1/lots/{offer['lot']}").json
    assert (lot["remaining_kg"], lot["terms"]["price_fen_per_step"]) == (300, 120)
    assert act(client, me, serial, "retirements", quantity_kg=800, purpose="event").status_code == 409
    assert act(client, me, serial, "withdrawals").json == {"withdrawn_kg": 300}
    assert act(client, me, serial, "withdrawals").status_code == 404
    assert broken() == set()


def test_the_same_key_acts_once(app: Flask, client: FlaskClient, woods: Forest) -> None:
    me, serial = owner(app, woods)
    headers = {**me.auth, "Idempotency-Key": "k-1"}
    path = f"/v1/holdings/{serial}/retirements"
    wish = {"quantity_kg": 10, "purpose": "event"}
    first, again = (client.post(path, json=wish, headers=headers) for _ in range(2))
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert client.post(path, json={**wish, "quantity_kg": 20}, headers=headers).status_code == 409
    assert queries.conservation(woods.issuance_id).retired_kg == 10


@pytest.mark.parametrize(
    "wish",
    [
        {"quantity_kg": 0},
        {"quantity_kg": -5},
        {"quantity_kg": 2**63},
        {"quantity_kg": 2**70},
        {"quantity_kg": 1.5},
        {"quantity_kg": "10"},
        {"quantity_kg": True},
        {"quantity_kg": None},
        {},
        {"quantity_kg": 1, "serial": "x"},
    ],
)
@pytest.mark.parametrize("what", ["splits", "retirements", "gifts", "offers", "reservations", "transfers"])
def test_absurd_quantities_are_refused_by_name(
    app: Flask, client: FlaskClient, woods: Forest, wish: dict[str, Any], what: str
) -> None:
    me, serial = owner(app, woods)
    rest: dict[str, dict[str, Any]] = {
        "retirements": {"purpose": "event"},
        "offers": {"price_fen_per_step": 100},
        "reservations": {"purpose": "p", "days": 1},
        "transfers": {"receiver": "NOBODY"},
    }
    answer = act(client, me, serial, what, **rest.get(what, {}), **wish)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("serial", "status"),
    [
        ("SH-350721-NONE-2022-1-10", 404),
        ("SH-350721-{code}-2021-1-10", 404),
        ("SH-350722-{code}-2022-1-10", 404),
        ("SH-350721-{code}-2022-1001-1100", 404),
        ("SH-350721-{code}-2022-1-2001", 404),
        ("SH-350721-{code}-2022-0-10", 404),
        ("SH-350721-{code}-2022-20-10", 404),
        ("SH-350721-{code}-2022-1-999999999999999999", 404),
        ("nothing", 404),
        ("%00", 404),
        ("SH-350721-{code}-2022-1-10", 409),
        ("SH-350721-{code}-2022-1-2000", 201),
        ("SH-350721-{code}-2022-1-1000", 201),
    ],
)
def test_only_what_one_holds_is_found(
    app: Flask, client: FlaskClient, woods: Forest, serial: str, status: int
) -> None:
    me, _ = owner(app, woods)
    named = serial.replace("{code}", woods.project_code)
    assert act(client, me, named, "splits", quantity_kg=10).status_code == status


def test_anothers_units_look_like_none(app: Flask, client: FlaskClient, woods: Forest) -> None:
    _, serial = owner(app, woods)
    stranger = person(app)
    assert client.get(f"/v1/holdings/{serial}", headers=stranger.auth).status_code == 404
    assert act(client, stranger, serial, "retirements", quantity_kg=1, purpose="event").status_code == 404
    assert act(client, stranger, serial, "withdrawals").status_code == 404
    assert client.get("/v1/holdings", headers=stranger.auth).json == {"items": [], "next": None}
    assert client.get("/v1/holdings").status_code == 401


def test_the_history_of_a_serial_leads_from_its_issuance_to_its_end(
    app: Flask, client: FlaskClient, woods: Forest
) -> None:
    me, serial = owner(app, woods)
    gift = act(client, me, serial, "gifts", quantity_kg=30, message="m").json
    other = person(app)
    client.post(f"/v1/gifts/{gift['code']}/redemption", headers=other.auth)
    made = act(client, other, serial, "retirements", quantity_kg=30, purpose="event").json
    told = client.get(f"/v1/serials/{serial_of(woods, 7, 7)}")
    history = told.json
    acts = [moment["act"] for moment in history["moments"]]
    assert acts == ["issue", "offer", "withdraw", "transfer", "give", "redeem", "retire"]
    assert [(piece["state"], piece["serial"]) for piece in history["pieces"]] == [
        ("retired", serial_of(woods, 1, 30))
    ]
    assert history["moments"][0]["to_holder"] == "示例村集体"
    assert history["moments"][3]["to_holder"] is None
    assert history["moments"][-1]["reference"] == made["number"]
    assert gift["code"] not in told.text
    for holder in (me, other):
        assert accounts.get_holder(holder.holder_id).code not in told.text
    assert client.get("/v1/serials/SH-350721-NONE-2022-1-1").status_code == 404


def test_holdings_are_listed_page_by_page(app: Flask, client: FlaskClient, woods: Forest) -> None:
    me, serial = owner(app, woods)
    for _ in range(4):
        act(client, me, serial, "splits", quantity_kg=10)
    act(client, me, serial, "offers", quantity_kg=100, price_fen_per_step=90)
    seen, after = [], ""
    while True:
        page = client.get(f"/v1/holdings?limit=2{after}", headers=me.auth).json
        seen += page["items"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert sum(each["quantity_kg"] for each in seen) == 1000
    assert len(seen) == len({each["serial"] for each in seen})
    assert [each["quantity_kg"] for each in seen if each["on_sale"]] == [100]


def test_the_plan_of_a_partial_retirement_reads_no_whole_table(app: Flask, woods: Forest) -> None:
    me, _ = owner(app, woods)
    with transaction():
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(
            db.session.scalars(
                text(
                    "EXPLAIN SELECT id FROM block WHERE state IN ('active') AND holder_id = :holder"
                    " AND lot_id IS NULL AND first_serial >= 1 AND last_serial <= 1000"
                    " AND last_serial - first_serial + 1 >= 10 ORDER BY first_serial LIMIT 1 FOR UPDATE"
                ),
                {"holder": me.holder_id},
            )
        )
    assert "ix_block_free" in plan


def test_whoever_takes_several_lots_off_sale_locks_their_blocks_in_the_order_of_ids(app: Flask) -> None:
    woods = free_forest(1000)
    first = db.session.scalar(text("SELECT id FROM block WHERE state = 'active'"))
    for quantity_kg in (400, 600):  # the piece is a younger block in the older lot
        with transaction():
            services.open_lot(first, quantity_kg, Terms("yiyuan", 10, 100))

    def withdraw() -> int:
        with app.app_context(), transaction():
            return holdings.withdraw_units(woods.village_id, queries.find_run(serial_of(woods, 1, 1000)))

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            session.execute(text("SELECT id FROM block WHERE id = :first FOR UPDATE"), {"first": first})
            withdrawing = pool.submit(withdraw)
            session.execute(text("SELECT pg_sleep(0.5)"))
            assert not withdrawing.done()
            free = session.scalars(text("SELECT id FROM block FOR UPDATE SKIP LOCKED")).all()
            assert len(free) == 2, "while it waits for the older block, it keeps nobody from the younger"
        assert withdrawing.result(10) == 1000
    assert broken() == set()
