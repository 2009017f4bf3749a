"""Drives: points, a day's steps and units given by many, to what two operators opened, each thanked once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from builders import Person, person
from crowd import at_once
from drives import charity, foundation, opened, read, walk, wish
from flask import Flask
from flask.testing import FlaskClient
from giving import settle_all
from paying import colleague, holder_code
from rewarding import balances, giver, sponsor, with_points
from shop import Shop, assert_books_prove, eventually, paid
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.queries import audit
from app.footprint import services as footprint
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.offsets.services.orders import Wish
from app.registry import services as registry
from app.registry.errors import Sanctioned
from app.registry.rules.sanctions import SanctionTerms
from app.rewards.errors.drives import DriveDecided, DriveFaulty, DriveNeedsAnother
from app.rewards.queries.drive_gifts import list_months
from app.rewards.queries.drives import list_reports
from app.rewards.rules.drives import Goal
from app.rewards.services import drive_gifts, drives, fairness, grants
from app.rewards.services.drives import NewReport
from senhui_verify.attestation import check_attestation
from senhui_verify.jws import Keys
from senhui_verify.qr import check_qr


@pytest.fixture
def donor(app: Flask) -> Person:
    """Somebody with three hundred points."""
    someone = person(app)
    with_points(someone.holder_id, 300)
    return someone


def give(client: FlaskClient, someone: Person, code: str, what: str, /, **body: Any) -> Any:
    return client.post(f"/v1/drives/{code}/{what}", json=body, headers=someone.auth)


def test_points_become_what_a_sponsor_pays_and_are_thanked(client: FlaskClient, donor: Person) -> None:
    village = giver()
    drive = opened(village)
    told = give(client, donor, drive.code, "points", points=120)
    assert told.status_code == 201, told.text
    thanks = told.json
    assert (thanks["given"], thanks["points"], thanks["amount_fen"]) == ("points", 120, 120)
    assert accounts.get_balance(village, chart.PAYABLE) == 120
    assert balances(donor.holder_id).active == 180
    stands = client.get(f"/v1/drives/{drive.code}").json
    assert (stands["points"], stands["gifts"], stands["givers"], stands["status"]) == (120, 1, 1, "open")
    [own] = client.get("/v1/me/drive-gifts", headers=donor.auth).json["items"]
    assert own["number"] == thanks["number"]
    assert "holder" not in client.get(f"/v1/thanks/{thanks['number']}").text
    assert_books_prove()


def test_the_thanks_are_checked_offline_and_cannot_be_changed(client: FlaskClient, donor: Person) -> None:
    drive = opened(giver())
    number = give(client, donor, drive.code, "points", points=5).json["number"]
    keys = Keys(client.get("/v1/keys").text)
    claims, digest = check_attestation(keys, client.get(f"/v1/thanks/{number}/file").text)
    assert (claims["number"], claims["kind"], claims["facts"]["points"]) == (number, "drive_thanks", 5)
    assert check_attestation(keys, client.get(f"/v1/thanks/{number}").text) == (claims, digest)
    from app.rewards.queries.drive_gifts import get_thanks
    from app.rewards.routes.drives import thanks_qr

    assert check_qr(keys, thanks_qr(get_thanks(number)))["facts_sha256"] == digest
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE drive_gift SET points = 6"))


def test_a_day_of_steps_is_given_once_and_what_it_earned_goes_with_it(
    client: FlaskClient, donor: Person
) -> None:
    sponsor(grams_per_point=2, scenes={"metro": 0})
    village, today = giver(), clock.business_day()
    drive = opened(village)
    walk(donor.holder_id, (today, 4000), (today - timedelta(days=1), 6000))
    announcements.deliver()
    pending = balances(donor.holder_id).pending
    day = today.isoformat()
    first = give(client, donor, drive.code, "steps", day=day)
    assert first.status_code == 201, first.text
    assert (first.json["steps"], first.json["step_day"]) == (4000, day)
    assert balances(donor.holder_id).pending == pending - first.json["points"] > 0
    again = give(client, donor, drive.code, "steps", day=day)
    assert (again.status_code, again.json["code"]) == (409, "steps_given_away")
    with clock.frozen(clock.now() + timedelta(seconds=1)):
        walk(donor.holder_id, (today, 5000))
        announcements.deliver()
    grown = give(client, donor, drive.code, "steps", day=day)
    assert (grown.status_code, grown.json["steps"]) == (201, 5000)
    assert balances(donor.holder_id).active == 300, "points that the day had not earned are untouched"
    assert accounts.get_balance(village, chart.PAYABLE) == first.json["points"] + grown.json["points"]
    [month] = list_months(drive.id)
    assert (month.gifts, month.points) == (2, first.json["points"] + grown.json["points"])
    assert (read(drive).row.gifts, read(drive).row.givers) == (2, 1)
    assert_books_prove()


def test_steps_that_were_given_and_then_taken_back_are_owed_and_the_village_keeps_its_money(
    client: FlaskClient, donor: Person
) -> None:
    sponsor(grams_per_point=2)
    village, today = giver(), clock.business_day()
    walk(donor.holder_id, (today, 4000))
    announcements.deliver()
    drive = opened(village)
    points = give(client, donor, drive.code, "steps", day=today.isoformat()).json["points"]
    code = db.session.scalar(text("SELECT code FROM action WHERE scene = 'walking'"))
    with transaction():
        footprint.withdraw_action(donor.holder_id, str(code))
    announcements.deliver()
    assert accounts.get_balance(village, chart.PAYABLE) == points
    assert balances(donor.holder_id).debt == points
    assert read(drive).row.points == points
    assert_books_prove()


def test_units_are_retired_for_the_drive_and_thanked_once(shop: Shop) -> None:
    drive = opened(shop.lot.village_id, project=shop.lot.project_code, goal=Goal(None, 100))
    order = give(shop.client, shop.buyer, drive.code, "orders", quantity_kg=30)
    assert order.status_code == 201, order.text
    shop.pay(order.json)
    eventually(paid(shop, order.json))
    settle_all()
    [thanks] = shop.client.get("/v1/me/drive-gifts", headers=shop.buyer.auth).json["items"]
    assert (thanks["given"], thanks["quantity_kg"], thanks["amount_fen"]) == ("units", 30, 300)
    certificate = shop.client.get(f"/v1/certificates/{thanks['facts']['certificate']}").json
    assert (certificate["purpose"], certificate["serial"]) == ("drive", thanks["facts"]["serial"])
    stands = offsets.causes.standing(drive.id)
    assert (stands.due_g, stands.owed_g, stands.carry_g) == (30_000, 0, 0)
    assert accounts.get_balance(shop.buyer.holder_id, chart.CARRY) == 0
    order_id = next(iter(offsets.causes.list_cause_orders(drive.id, 1))).id
    with transaction():
        assert drive_gifts.count_order(drive.id, order_id) is None, "twice is once"
    assert (read(drive).row.bought_kg, read(drive).row.gifts) == (30, 1)
    notices = accounts.notices.list_notices(shop.buyer.holder_id, 5)
    assert [each.message for each in notices] == ["rewards.notice_drive_thanks"]
    assert_books_prove()


def test_units_come_from_the_drives_forest_alone_and_never_beyond_its_goal(shop: Shop) -> None:
    drive = opened(shop.lot.village_id, project=shop.lot.project_code, goal=Goal(None, 50))
    beside = shop.client.post(
        "/v1/orders", json={"cause": drive.code, "quantity_kg": 10}, headers=shop.buyer.auth
    )
    assert beside.status_code == 404, "another forest's units would be bought past the drive"
    assert give(shop.client, shop.buyer, drive.code, "orders", quantity_kg=40).status_code == 201
    beyond = give(shop.client, shop.buyer, drive.code, "orders", quantity_kg=20)
    assert (beyond.status_code, beyond.json["code"]) == (409, "drive_reached")
    assert give(shop.client, shop.buyer, drive.code, "orders", quantity_kg=15).status_code == 422
    assert give(shop.client, shop.buyer, drive.code, "orders", quantity_kg=10).status_code == 201
    bare = opened(giver())
    refused = give(shop.client, shop.buyer, bare.code, "orders", quantity_kg=10)
    assert (refused.status_code, refused.json["code"]) == (409, "drive_without_forest")


def test_of_forty_at_once_a_drive_takes_what_it_asks_for_and_no_point_more(app: Flask) -> None:
    village = giver()
    drive = opened(village, goal=Goal(100, None))
    people = [person(app) for _ in range(40)]
    for each in people:
        with_points(each.holder_id, 10)
    told = at_once(app, [partial(_given, each.holder_id, drive.code) for each in people], 20)
    assert sorted(told) == ["drive_reached"] * 30 + ["given"] * 10
    assert accounts.get_balance(village, chart.PAYABLE) == 100
    assert (read(drive).row.points, read(drive).status) == (100, "reached")
    assert read(drive).row.givers == 10
    assert sum(balances(each.holder_id).active for each in people) == 300
    assert_books_prove()


def test_of_twelve_orders_at_once_no_kilogram_more_than_the_goal_is_promised(shop: Shop) -> None:
    drive = opened(shop.lot.village_id, project=shop.lot.project_code, goal=Goal(None, 50))
    people = [person(shop.client.application) for _ in range(12)]
    acts = [partial(_ordered, each.holder_id, drive.code) for each in people]
    told = at_once(shop.client.application, acts, 12)
    assert sorted(told) == ["drive_reached"] * 7 + ["ordered"] * 5
    db.session.rollback()
    assert offsets.causes.standing(drive.id).reserved_kg == 50


def _ordered(holder_id: int, code: str) -> str:
    wish = Wish(quantity_kg=10)
    try:
        with db.session.begin_nested():
            drive_gifts.order_units(holder_id, code, wish, timedelta(minutes=15), 5)
    except Problem as problem:
        return problem.code
    return "ordered"


def test_a_day_that_is_given_ten_times_at_once_is_given_once(app: Flask, donor: Person) -> None:
    sponsor(grams_per_point=2)
    drive, today = opened(giver()), clock.business_day()
    walk(donor.holder_id, (today, 4000))
    announcements.deliver()
    act = partial(_steps_given, donor.holder_id, drive.code)
    assert sorted(at_once(app, [act] * 10, 10)) == ["given"] + ["steps_given_away"] * 9
    assert read(drive).row.gifts == 1


def test_who_decides_about_a_giver_of_steps_and_the_giver_do_not_wait_for_each_other(
    app: Flask, donor: Person
) -> None:
    sponsor(grams_per_point=2)
    drive = opened(giver())
    walk(donor.holder_id, (clock.business_day(), 4000))
    announcements.deliver()

    def given() -> str:
        with app.app_context(), transaction():
            return _steps_given(donor.holder_id, drive.code)

    with ThreadPoolExecutor(1) as pool:
        with transaction():
            fairness.begin_turn(donor.holder_id)
            giving = pool.submit(given)
            with pytest.raises(TimeoutError):
                giving.result(0.2)
            grants.lock_points(donor.holder_id)
        assert giving.result(5) == "given"


def _steps_given(holder_id: int, code: str) -> str:
    try:
        with db.session.begin_nested():
            drive_gifts.give_steps(holder_id, code, clock.business_day())
    except Problem as problem:
        return problem.code
    return "given"


def _given(holder_id: int, code: str) -> str:
    try:
        with db.session.begin_nested():
            drive_gifts.give_points(holder_id, code, 10)
    except Problem as problem:
        return problem.code
    return "given"


@pytest.mark.parametrize(
    ("what", "body", "code"),
    [
        ("points", {"points": 301}, "points_short"),
        ("points", {"points": 0}, "unprocessable"),
        ("points", {"points": "5"}, "unprocessable"),
        ("steps", {"day": "2026-02-30"}, "unprocessable"),
        ("steps", {"day": "2026-01-01"}, "steps_given_away"),
        ("orders", {}, "unprocessable"),
        ("orders", {"quantity_kg": 10, "amount_fen": 100}, "unprocessable"),
    ],
)
def test_what_cannot_be_given_is_refused_and_moves_nothing(
    client: FlaskClient, donor: Person, what: str, body: dict[str, Any], code: str
) -> None:
    drive = opened(giver())
    refused = give(client, donor, drive.code, what, **body)
    assert (refused.json["code"], refused.status_code < 500) == (code, True), refused.text
    assert (balances(donor.holder_id).active, read(drive).row.gifts) == (300, 0)


def test_a_sponsor_who_pays_for_coupons_only_pays_no_village(app: Flask, client: FlaskClient) -> None:
    someone = person(app)
    sponsor(grams_per_point=2, pays_for=["coupon"])
    walk(someone.holder_id, (clock.business_day(), 4000))
    announcements.deliver()
    drive = opened(giver())
    refused = give(client, someone, drive.code, "steps", day=clock.business_day().isoformat())
    assert refused.json["code"] == "steps_given_away"


def test_the_same_key_gives_once(client: FlaskClient, donor: Person) -> None:
    drive = opened(giver())
    headers = donor.auth | {"Idempotency-Key": "once"}
    asked = [
        client.post(f"/v1/drives/{drive.code}/points", json={"points": 7}, headers=headers) for _ in range(2)
    ]
    assert [each.status_code for each in asked] == [201, 201]
    assert (asked[0].json["number"], read(drive).row.points) == (asked[1].json["number"], 7)


def test_a_drive_is_written_by_one_and_opened_by_another_and_then_stays(
    client: FlaskClient, donor: Person
) -> None:
    anna, bao, asked = colleague("rewards"), colleague("rewards"), wish(giver())
    with transaction():
        draft = drives.draft_drive(anna, asked)
    assert client.get(f"/v1/drives/{draft.code}").status_code == 404
    assert give(client, donor, draft.code, "points", points=1).status_code == 404
    with pytest.raises(DriveNeedsAnother), transaction():
        drives.publish_drive(anna, draft.code)
    with transaction():
        drives.publish_drive(bao, draft.code)
    with pytest.raises(DriveDecided), transaction():
        drives.publish_drive(bao, draft.code)
    for change in ("use_zh = ''", "goal_fen = 2", "gifts = -1"):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(f"UPDATE drive SET {change}"))
    with transaction():
        drives.close_drive(anna, draft.code, "石料已由县里送来")
    refused = give(client, donor, draft.code, "points", points=1)
    assert (refused.status_code, refused.json["code"]) == (409, "drive_not_open")
    assert client.get(f"/v1/drives/{draft.code}").json["closed_reason"] == "石料已由县里送来"
    told = [each.action for each in audit.list_entries(10)]
    assert {"drive_drafted", "drive_published", "drive_closed"} <= set(told)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"payee": "NOBODY"}, "#/payee"),
        ({"project": "NONE"}, "#/project"),
        ({"goal": Goal(None, 20)}, "#/project"),
        ({"charity": charity(clock.business_day()), "payee": "foundation"}, "#/fundraising_until"),
        ({"charity": charity()}, "#/payee"),
        ({"charity": replace(charity(), name="另一个基金会"), "payee": "foundation"}, "#/payee"),
    ],
)
def test_a_drive_that_cannot_be_is_refused_by_its_field(
    app: Flask, terms: dict[str, Any], field: str
) -> None:
    anna, village = colleague("rewards"), giver()
    if terms.get("payee") == "foundation":
        terms = terms | {"payee": holder_code(foundation())}
    with pytest.raises(DriveFaulty) as refused, transaction():
        drives.draft_drive(anna, wish(village, **terms))
    assert [each["pointer"] for each in refused.value.errors] == [field]
    db.session.rollback()
    assert db.session.scalar(text("SELECT count(*) FROM cause")) == 0


def test_nothing_is_called_a_donation_without_a_qualified_charity(client: FlaskClient, donor: Person) -> None:
    plain, named = opened(giver()), opened(foundation(), charity=charity())
    for drive, said in ((plain, False), (named, True)):
        told = give(client, donor, drive.code, "points", points=3).json
        assert ("charity" in told["facts"], told["facts"]["manner"] == "charity") == (said, said)
    shown = client.get(f"/v1/drives/{named.code}").json["charity"]
    assert shown["fundraising_number"] == "53990000MJ0000001RA26007"
    kinds = db.session.scalars(text("SELECT kind FROM spending ORDER BY id")).all()
    assert kinds == ["village", "charity"]


def test_nothing_goes_to_who_is_suspended(client: FlaskClient, donor: Person) -> None:
    village, anna, bao = giver(), colleague("rewards"), colleague("rewards")
    drive, waiting = opened(village), wish(village)
    with transaction():
        draft = drives.draft_drive(anna, waiting)
        told = SanctionTerms("suspend", "investigation", "正在核查")
        registry.sanctions.impose(anna, f"holder.{holder_code(village)}", told)
    for what, body in (("points", {"points": 1}), ("steps", {"day": "2026-01-01"})):
        refused = give(client, donor, drive.code, what, **body)
        assert (refused.status_code, refused.json["code"]) == (409, "sanctioned")
    assert "正受处罚" in client.get(f"/drives/{drive.code}").text
    with pytest.raises(Sanctioned), transaction():
        drives.publish_drive(bao, draft.code)
    assert balances(donor.holder_id).active == 300


def test_a_report_is_shown_by_another_and_tells_what_was_used(client: FlaskClient, donor: Person) -> None:
    drive = opened(giver())
    anna, bao = colleague("rewards"), colleague("rewards")
    report = NewReport(clock.business_day(), "路基已平。", "The bed is level.", 400)
    with transaction():
        number = drives.write_report(anna, drive.code, report)
    assert list_reports(drive.id) == []
    with pytest.raises(DriveNeedsAnother), transaction():
        drives.decide_report(anna, drive.code, number, shown=True)
    with transaction():
        drives.decide_report(bao, drive.code, number, shown=True)
    [told] = client.get(f"/v1/drives/{drive.code}", headers={"Accept-Language": "en"}).json["reports"]
    assert (told["words"], told["used_fen"]) == ("The bed is level.", 400)
    with pytest.raises(DriveFaulty), transaction():
        drives.write_report(anna, drive.code, NewReport(clock.business_day() + timedelta(days=1), "x", "x"))
