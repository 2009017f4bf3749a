"""Redeeming: the stock, the limits, each way of handing out, and points that come back."""

from datetime import timedelta
from typing import Any

import pytest
from builders import person
from flask import Flask
from offices import CREDIT_CODES, Office, at_once
from redeeming import ADDRESS, Counter, Redeemer, remaining
from rewarding import assert_covered, balances, sponsor, with_points
from sqlalchemy import text

from app.accounts import services as accounts
from app.accounts.services.homes import choose_home
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry.services import sanctions
from app.registry.services.sanctions import SanctionTerms
from app.rewards.errors import PointsShort
from app.rewards.errors.items import SupplyMismatch
from app.rewards.jobs.fairness import look_for_signals
from app.rewards.jobs.redemptions import conclude_redemptions, tend_redemptions
from app.rewards.queries.redemptions import count_waiting
from app.rewards.rules.items import Kind, Period, Supply
from app.rewards.rules.redemptions import PARCEL_REST
from app.rewards.services import grants, items, redemptions, returns


@pytest.fixture
def counter(app: Flask) -> Counter:
    return Counter(app)


@pytest.fixture
def buyer(app: Flask) -> Redeemer:
    return Redeemer(app, person(app))


def later(**time: float) -> Any:
    return clock.frozen(clock.now() + timedelta(**time))


def test_a_coupon_of_ours_is_used_once_and_only_then_paid(counter: Counter, buyer: Redeemer) -> None:
    item = counter.offer()
    made = buyer.redeem(item)
    assert (made["status"], made["returnable"]) == ("fulfilled", True)
    assert "voucher" not in made, "an answer that is kept for its Idempotency-Key holds no code"
    voucher = buyer.see(made)["voucher"]
    assert (balances(buyer.who.holder_id).reserved, counter.owed_fen()) == (100, 0)
    shop, path = counter.shop, "/vouchers/uses"
    assert shop.post("/vouchers/look", {"code": voucher["link"]}, status=200)["status"] == "fulfilled"
    answers = at_once([lambda: shop.ask("POST", path, {"code": voucher["code"].lower()})] * 30, 30)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 29
    assert (counter.owed_fen(), remaining(item)) == (100, 9)
    assert balances(buyer.who.holder_id).spent == 100
    assert buyer.ask("POST", f"/me/redemptions/{made['code']}/return").status_code == 409
    assert_covered()


def test_only_its_shop_takes_a_coupon_by_whoever_may_there(
    app: Flask, counter: Counter, buyer: Redeemer
) -> None:
    code = buyer.see(buyer.redeem(counter.offer()))["voucher"]["code"]
    other = Office(app)
    assert other.ask("POST", "/vouchers/uses", {"code": code}).json["code"] == "voucher_unknown"
    cashier, viewer = counter.shop.member("cashier"), counter.shop.member("viewer")
    assert counter.shop.ask("POST", "/vouchers/uses", {"code": code}, viewer).status_code == 403
    till = counter.shop.key("vouchers")
    assert counter.shop.post("/vouchers/look", {"code": code}, till, 200)["points"] == 100
    assert (
        counter.shop.ask("POST", "/vouchers/uses", {"code": code}, counter.shop.key("read")).status_code
        == 403
    )
    counter.shop.post("/vouchers/uses", {"code": code}, cashier)


@pytest.mark.parametrize("uploaded", [False, True])
def test_of_many_at_once_exactly_the_stock_get_it(app: Flask, counter: Counter, uploaded: bool) -> None:
    item = counter.codes(*(f"CODE-{each}" for each in range(7))) if uploaded else counter.offer(stock=7)
    many = [Redeemer(app, person(app), 100) for _ in range(40)]
    answers = at_once(
        [lambda who=who: who.ask("POST", f"/rewards/{item}/redemptions", {}) for who in many], 40
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 7 + [409] * 33
    assert {a.json["code"] for a in answers if a.status_code == 409} == {"item_sold_out"}
    assert remaining(item) == 0
    codes = [
        who.see(a.json)["voucher"]["code"]
        for who, a in zip(many, answers, strict=True)
        if a.status_code == 201
    ]
    assert len(set(codes)) == 7
    assert sum(balances(who.who.holder_id).active for who in many) == 3300
    assert_covered()


def test_one_person_at_once_stays_within_the_limit_and_within_their_points(
    counter: Counter, buyer: Redeemer
) -> None:
    item = counter.offer(most_each=2, period=Period.MONTH, stock=None)
    answers = at_once([lambda: buyer.ask("POST", f"/rewards/{item}/redemptions", {})] * 20)
    assert [a.status_code for a in answers].count(201) == 2
    assert {a.json["code"] for a in answers if a.status_code == 409} == {"limit_reached"}
    dear = counter.offer(points=300, stock=None)
    answers = at_once([lambda: buyer.ask("POST", f"/rewards/{dear}/redemptions", {})] * 20)
    assert [a.status_code for a in answers].count(201) == 2, "800 points are two times 300"
    with later(days=32):
        buyer.redeem(item, status=401)  # the token is over; the service is asked instead
        with transaction():
            redemptions.redeem(buyer.who.holder_id, item)
    assert_covered()


def test_a_coupon_that_is_given_back_or_not_used_gives_points_and_stock_back(
    counter: Counter, buyer: Redeemer
) -> None:
    item = counter.offer(most_each=1, stock=1)
    first = buyer.redeem(item)
    answers = at_once([lambda: buyer.ask("POST", f"/me/redemptions/{first['code']}/return")] * 20)
    assert sorted(a.status_code for a in answers) == [200] + [409] * 19
    assert (remaining(item), balances(buyer.who.holder_id).active) == (1, 1000)
    second = buyer.redeem(item)
    code = buyer.see(second)["voucher"]["code"]
    with later(days=24):
        assert tend_redemptions() == 1
        assert tend_redemptions() == 0
    assert conclude_redemptions() == 0
    with later(days=31, hours=1):
        assert conclude_redemptions() == 1
        assert conclude_redemptions() == 0
    seen = buyer.see(second)
    assert (seen["status"], seen["return_reason"]) == ("returned", "lapsed")
    assert counter.shop.ask("POST", "/vouchers/uses", {"code": code}).json["code"] == "voucher_over"
    assert (remaining(item), balances(buyer.who.holder_id).active) == (1, 1000)
    assert_covered()


def test_whoever_changes_their_mind_keeps_no_points_beyond_their_time(counter: Counter, app: Flask) -> None:
    who, item = Redeemer(app, person(app), 0), counter.offer(points=1, use_days=60)
    programme_id = sponsor(5000, life_months=1)
    with transaction():
        grants.grant(programme_id, "test", [(7001, who.who.holder_id, 500)])
    made = who.redeem(item)
    with later(days=59):
        with transaction():
            redemptions.return_redemption(who.who.holder_id, made["code"])
        with pytest.raises(PointsShort), transaction():
            redemptions.redeem(who.who.holder_id, item)
        with transaction():
            grants.expire_due()
        assert balances(who.who.holder_id).expired == 500
    assert_covered()


def test_a_parcel_is_sent_to_a_sealed_address_that_is_erased(counter: Counter, buyer: Redeemer) -> None:
    item = counter.offer(kind=Kind.GOODS, supply=Supply.DELIVERY)
    assert buyer.redeem(item, 422)["code"] == "address_required"
    assert buyer.redeem(counter.offer(), 422, address=ADDRESS)["code"] == "address_not_needed"
    buyer.redeem(item, 422, address=ADDRESS | {"phone": "12345"})
    made, changed_mind = buyer.redeem(item, address=ADDRESS), buyer.redeem(item, address=ADDRESS)
    stored = db.session.execute(text("SELECT string_agg(dispatch::text, '') FROM dispatch")).scalar_one()
    assert ADDRESS["phone"] not in stored
    assert ADDRESS["phone"].encode().hex() not in stored
    buyer.ask("POST", f"/me/redemptions/{changed_mind['code']}/return", status=200)
    assert buyer.see(changed_mind)["parcel"]["place"] is None
    with transaction():
        returns.send_parcel(counter.first, made["code"], "示例速运", "SF0001")
    seen = buyer.see(made)
    assert (seen["status"], seen["parcel"]["tracking"], seen["returnable"]) == ("fulfilled", "SF0001", False)
    answers = at_once([lambda: buyer.ask("POST", f"/me/redemptions/{made['code']}/receipt")] * 20)
    assert sorted(a.status_code for a in answers) == [200] + [409] * 19
    assert counter.owed_fen() == 100
    with later(days=8):
        tend_redemptions()
    assert buyer.see(made)["parcel"] == dict.fromkeys(("name", "phone", "place", "tracking")) | {
        "carrier": "示例速运"
    }
    assert_covered()


def test_nothing_of_a_parcel_or_a_complaint_outlives_its_purpose(counter: Counter, buyer: Redeemer) -> None:
    item = counter.offer(kind=Kind.GOODS, supply=Supply.DELIVERY)
    broken, whole = buyer.redeem(item, address=ADDRESS), buyer.redeem(item, address=ADDRESS)
    for made in (broken, whole):
        with transaction():
            returns.send_parcel(counter.first, made["code"], "示例速运", "SF0009")
        buyer.ask("POST", f"/me/redemptions/{made['code']}/complaint", {"words": "箱子破了"}, 201)
    with transaction():
        returns.request_return(counter.first, broken["code"], "确认破损")
        returns.decide_return(counter.second, broken["code"], approved=True)
    buyer.ask("POST", f"/me/redemptions/{whole['code']}/receipt", status=200)
    assert (count_waiting("complained"), count_waiting("returning")) == (0, 0), "nobody waits for an answer"
    with later(days=8):
        tend_redemptions()
    with later(days=181):
        tend_redemptions()
    kept = text(
        "SELECT count(*) FROM redemption LEFT JOIN dispatch ON redemption_id = id WHERE complaint_sealed"
        " IS NOT NULL OR num_nulls(address_sealed, tracking_sealed, place_digest, phone_digest) < 4"
    )
    assert db.session.scalar(kept) == 0
    assert_covered()


def test_a_parcel_counts_as_received_by_itself(counter: Counter, buyer: Redeemer) -> None:
    made = buyer.redeem(counter.offer(kind=Kind.GOODS, supply=Supply.DELIVERY), address=ADDRESS)
    with transaction():
        returns.send_parcel(counter.first, made["code"], "示例速运", "SF0002")
    with clock.frozen(clock.now() + PARCEL_REST + timedelta(minutes=1)):
        assert conclude_redemptions() == 1
    assert counter.owed_fen() == 100


def test_one_address_of_five_people_is_looked_at_and_told_to_nobody(app: Flask, counter: Counter) -> None:
    item = counter.offer(kind=Kind.GOODS, supply=Supply.DELIVERY)
    five = [Redeemer(app, person(app)) for _ in range(5)]
    places = [ADDRESS["place"], " 福建省南平市顺昌县 示例路8号", *[ADDRESS["place"]] * 3]
    for number, (who, place) in enumerate(zip(five, places, strict=True)):
        if number == 4:
            assert look_for_signals() == 0, "four may be a family"
        who.redeem(item, address=ADDRESS | {"place": place, "phone": f"1380013800{number}"})
    with later(days=1):
        assert look_for_signals() == 1
    [inquiry] = db.session.execute(text("SELECT rule, found FROM fairness_inquiry")).all()
    assert tuple(inquiry) == ("same_address", 5)
    stored = db.session.execute(text("SELECT string_agg(fairness_party::text, '') FROM fairness_party"))
    assert "示例路" not in str(stored.scalar())
    five[0].redeem(counter.offer())


def test_what_is_given_is_done_at_once_and_names_its_numbers(counter: Counter, buyer: Redeemer) -> None:
    item = counter.charity(stock=None)
    charity = buyer.ask("GET", f"/rewards/{item}").json["charity"]
    assert charity["appeal_number"] == f"{CREDIT_CODES[0]}A26001"
    assert buyer.redeem(item)["status"] == "done"
    assert (counter.owed_fen(), balances(buyer.who.holder_id).spent) == (100, 100)


HINDRANCES: list[tuple[dict[str, Any], str]] = [
    ({"opens_on": 3}, "item_not_open"),
    ({"opens_on": -3, "closes_on": -1}, "item_not_open"),
    ({"region": "350721"}, "item_elsewhere"),
    ({"points": 1001}, "points_short"),
    ({"stock": 0}, "item_sold_out"),
]


def test_what_cannot_be_had_is_refused_by_name_and_takes_nothing(counter: Counter, buyer: Redeemer) -> None:
    today = clock.business_day()
    for wrong, code in HINDRANCES:
        days = {name: today + timedelta(days=by) for name, by in wrong.items() if name.endswith("_on")}
        assert buyer.redeem(counter.offer(**{**wrong, **days}), 409)["code"] == code
    halted = counter.offer()
    with transaction():
        terms = SanctionTerms("suspend", "investigation", "举报待查")
        sanctions.impose(counter.first, f"holder.{counter.giver}", terms)
    assert buyer.redeem(halted, 409)["code"] == "item_not_open"
    assert balances(buyer.who.holder_id).active == 1000
    assert buyer.redeem("000000000000", 404)["code"] == "item_unknown"


def test_whoever_is_at_home_there_may_redeem_and_only_points_that_pay_for_it(
    app: Flask, counter: Counter, buyer: Redeemer
) -> None:
    item = counter.offer(region="3507")
    with transaction():
        choose_home(buyer.who.holder_id, "350721")
    buyer.redeem(item)
    narrow = Redeemer(app, person(app), 0)
    programme_id = sponsor(5000, pays_for=["ticket"])
    with transaction():
        grants.grant(programme_id, "narrow", [(1, narrow.who.holder_id, 500)])
    assert narrow.redeem(counter.offer(), 409)["code"] == "points_short"
    narrow.redeem(counter.offer(kind=Kind.TICKET))
    with_points(narrow.who.holder_id, 100)


def test_a_key_redeems_once_and_another_persons_redemption_is_not_there(
    app: Flask, counter: Counter, buyer: Redeemer
) -> None:
    item = counter.offer()
    path, key = f"/rewards/{item}/redemptions", {"Idempotency-Key": "k1"}
    answers = at_once([lambda: buyer.ask("POST", path, {}, **key)] * 20)
    assert {a.status_code for a in answers} == {201}
    assert (len({a.json["code"] for a in answers}), remaining(item)) == (1, 9)
    made = answers[0].json["code"]
    stranger = Redeemer(app, person(app), 0)
    for method, rest in (("GET", ""), ("POST", "/return"), ("POST", "/receipt")):
        assert stranger.ask(method, f"/me/redemptions/{made}{rest}").status_code == 404
    words = {"words": "不是我的"}
    assert stranger.ask("POST", f"/me/redemptions/{made}/complaint", words).status_code == 404


def test_the_database_itself_keeps_what_was_published_and_what_was_given(
    counter: Counter, buyer: Redeemer
) -> None:
    item = counter.offer()
    made = buyer.redeem(item)
    for statement in (
        f"UPDATE reward_item SET points = 1 WHERE code = '{item}'",
        f"UPDATE reward_item SET published_at = now() - interval '1 day' WHERE code = '{item}'",
        f"UPDATE redemption SET points = 1 WHERE code = '{made['code']}'",
        f"UPDATE redemption SET fulfilled_at = now() WHERE code = '{made['code']}'",
        "UPDATE item_stock SET remaining = -1",
        "DELETE FROM redemption",
    ):
        with pytest.raises(Exception, match=r"(?i)check|never|once|change|violat"):
            db.session.execute(text(statement))
        db.session.rollback()


def test_a_draft_is_published_by_another_as_it_was_read(counter: Counter) -> None:
    facts = counter.draft()
    code = facts.item.code
    with pytest.raises(Exception, match="own_draft"), transaction():
        items.publish_item(counter.first, code, facts.terms)
    with pytest.raises(Exception, match="item_changed"), transaction():
        items.publish_item(counter.second, code, "0" * 16)
    with transaction():
        items.publish_item(counter.second, code, facts.terms)
    with pytest.raises(Exception, match="item_fixed"), transaction():
        items.publish_item(counter.second, code, facts.terms)


GIFT = {"kind": Kind.CHARITY, "supply": Supply.GIVEN}
MISFITS: list[tuple[dict[str, Any], set[str]]] = [
    ({"kind": Kind.GOODS, "supply": Supply.UPLOADED, "stock": None}, {"supply"}),
    ({"use_days": None}, {"use_days"}),
    ({"kind": Kind.CHARITY, "supply": Supply.GIVEN}, {"charity_code", "appeal_number"}),
    ({"charity_code": "53350000MJY0000000"}, {"charity_code"}),
    ({"supply": Supply.PARTNER}, {"partner", "product"}),
    ({**GIFT, "charity_code": CREDIT_CODES[0], "appeal_number": "12345678"}, {"appeal_number"}),
    (
        {**GIFT, "charity_code": CREDIT_CODES[1], "appeal_number": f"{CREDIT_CODES[1]}A26001"},
        {"charity_code"},
    ),
]


def test_what_does_not_fit_its_kind_is_named(counter: Counter) -> None:
    with transaction():
        village = accounts.open_holder("village", "示例村集体").code
    for wrong, names in [*MISFITS, ({"giver": village}, {"giver"})]:
        with pytest.raises(SupplyMismatch) as refused:
            counter.draft(**wrong)
        assert {error["pointer"][2:] for error in refused.value.errors} == names
