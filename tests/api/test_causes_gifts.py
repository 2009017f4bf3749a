"""Gifts: bought for others with one order, claimed card by card, once, by whoever has the link."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from crowd import at_once
from flask import Flask
from giving import Giving, secret
from shop import Shop, assert_books_prove
from sqlalchemy import event, text

import simulator
from app.accounts import chart
from app.accounts import queries as accounts
from app.causes.errors.gifts import GiftTaken
from app.causes.rules.gifts import CLAIM_LIFE
from app.causes.services import gifts as services
from app.kit import clock
from app.kit.database import db
from app.kit.problems import Problem
from app.offsets import jobs
from app.offsets import queries as offsets


@pytest.fixture
def giving(app: Flask, phone: simulator.Running, shop: Shop) -> Giving:
    """A giver before a village with a tonne on sale."""
    return Giving(app, phone, shop)


def test_a_gift_is_paid_and_claimed_by_its_link(giving: Giving) -> None:
    gift = giving.make(words="生日快乐", giver="外婆", recipients=["小明"])
    [card] = gift["cards"]
    assert (gift["status"], card["status"], card["link"]) == ("unpaid", "pending", None)
    giving.pay(gift)
    gift = giving.read(gift)
    [card] = gift["cards"]
    assert (gift["status"], card["status"], card["recipient"]) == ("ready", "open", "小明")
    seen = giving.look(card["link"])
    assert (seen["words"], seen["giver"], seen["recipient"]) == ("生日快乐", "外婆", "小明")
    claimed = giving.claim(giving.guest(), card["link"])
    assert claimed.status_code == 201, claimed.text
    assert claimed.json["words"] == "生日快乐"
    number = claimed.json["certificate_number"]
    assert giving.client.get(f"/v1/certificates/{number}").json["serial"] == claimed.json["serial"]
    assert giving.read(gift)["cards"][0]["status"] == "claimed"
    notices = accounts.notices.list_notices(giving.giver.holder_id, 5)
    assert [notice.message for notice in notices] == ["causes.notice_gift_claimed"]
    assert_books_prove()


def test_a_gift_closes_nobody_elses_due_and_carries_nothing(giving: Giving) -> None:
    due = {"month": "2026-10", "entries": [{"kind": "electricity", "quantity": 100}]}
    assert giving.post("/v1/dues", **due).status_code == 201
    owed_g = accounts.get_balance(giving.giver.holder_id, chart.DUE)
    gift = giving.given(card_kg=20)
    assert accounts.get_balance(giving.giver.holder_id, chart.DUE) == owed_g < 0
    cause = offsets.causes.find_cause(gift["code"])
    assert cause is not None
    stands = offsets.causes.standing(cause.id)
    assert (stands.due_g, stands.owed_g, stands.carry_g, stands.retired_g) == (20_000, 0, 0, 20_000)
    assert_books_prove()


def test_one_payment_makes_cards_for_many_whose_serials_tile_the_certificate(giving: Giving) -> None:
    gift = giving.given(occasion="wedding", card_kg=7, recipients=["甲", None, *"丙丁戊己庚辛壬癸"])
    assert gift["amount_fen"] == 700
    certificate = giving.client.get(f"/v1/certificates/{gift['certificate_number']}").json
    assert certificate["quantity_kg"] == 70
    guests = [giving.claim(giving.guest(), card["link"]).json for card in gift["cards"]]
    assert [each["recipient"] for each in guests][:3] == ["甲", None, "丙"]
    runs = [tuple(map(int, each["serial"].rsplit("-", 2)[1:])) for each in guests]
    first, last = map(int, certificate["serial"].rsplit("-", 2)[1:])
    assert [run[0] for run in runs] == list(range(first, last, 7))
    assert all(end - start == 6 for start, end in runs)
    assert runs[-1][1] == last


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"card_kg": 3, "cards": 3}, "quantity_not_sold"),
        ({"card_kg": 0}, "#/card_kg"),
        ({"card_kg": 1.5}, "#/card_kg"),
        ({"card_kg": 10, "cards": 51}, "#/cards"),
        ({"card_kg": 10, "cards": -1}, "#/cards"),
        ({"card_kg": 10, "cards": 2, "recipients": ["a"]}, "#/cards"),
        ({"card_kg": 10, "recipients": []}, "#/recipients"),
        ({"card_kg": 10, "recipients": ["名"] * 51}, "#/recipients"),
        ({"card_kg": 10, "occasion": "divorce"}, "#/occasion"),
        ({"card_kg": 10, "shown": "yes"}, "#/shown"),
        ({"card_kg": 10, "beneficiary": "小明"}, "#/beneficiary"),
        ({"card_kg": 10, "region": "35"}, "#/lot"),
    ],
)
def test_a_gift_that_cannot_be_is_refused_and_leaves_nothing(
    giving: Giving, wish: dict[str, Any], pointer: str
) -> None:
    told = {"occasion": "birthday", "lot": giving.shop.lot.lot_code, **wish}
    answer = giving.post("/v1/me/gifts", **told)
    assert answer.status_code == 422, answer.text
    pointers = [error["pointer"] for error in answer.json.get("errors", ())] or [answer.json["code"]]
    assert pointers[0] == pointer, answer.text
    left = "SELECT count(*) FROM (SELECT 1 FROM cause UNION ALL SELECT 1 FROM orders) AS left_over"
    assert db.session.scalar(text(left)) == 0


def test_the_same_key_makes_one_gift(giving: Giving) -> None:
    told = {"occasion": "school", "card_kg": 10, "lot": giving.shop.lot.lot_code}
    headers = giving.giver.auth | {"Idempotency-Key": "once"}
    first, again = (giving.client.post("/v1/me/gifts", json=told, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["code"] == again.json["code"]
    assert len(giving.client.get("/v1/me/gifts", headers=giving.giver.auth).json["items"]) == 1


def test_nothing_more_is_bought_for_a_gift_and_nobody_is_named_by_its_order(giving: Giving) -> None:
    gift = giving.given()
    told = {"cause": gift["code"], "quantity_kg": 10, "beneficiary": "小明"}
    assert giving.post("/v1/orders", **told).json["code"] == "cause_closed"
    assert giving.post("/v1/orders", giving.guest(), **told).status_code == 404
    purpose = {"purpose": "gift", "quantity_kg": 10}
    assert giving.post("/v1/orders", **purpose).status_code == 422


def test_a_card_is_claimed_by_one_person_and_again_by_the_same(giving: Giving) -> None:
    [card] = giving.given()["cards"]
    first, second = giving.guest(), giving.guest()
    codes = {giving.claim(first, card["link"]).json["code"] for _ in range(2)}
    assert len(codes) == 1
    late = giving.claim(second, card["link"])
    assert (late.status_code, late.json["code"]) == (409, "gift_taken")
    seen = giving.look(card["link"])
    assert (seen["status"], seen["words"], seen["serial"], seen["certificate_number"]) == (
        "claimed",
        None,
        None,
        None,
    )


def test_of_a_hundred_at_once_one_has_it(app: Flask, giving: Giving) -> None:
    [card] = giving.given()["cards"]
    people = [giving.person() for _ in range(100)]
    told = at_once(app, [partial(_claimed, each.holder_id, secret(card["link"])) for each in people], 25)
    assert sorted(told) == ["gift_taken"] * 99 + ["had"]
    assert giving.read({"code": giving.codes()[0]})["cards"][0]["status"] == "claimed"


def _claimed(holder_id: int, link: str) -> str:
    try:
        services.claim_card(holder_id, link)
    except GiftTaken as taken:
        return taken.code
    return "had"


def test_a_card_that_nobody_claimed_in_time_stays_the_givers_certificate(giving: Giving) -> None:
    gift = giving.given()
    [card] = gift["cards"]
    guest = giving.guest()
    with clock.frozen(clock.now() + CLAIM_LIFE + timedelta(seconds=1)):
        with pytest.raises(Problem) as refused:
            services.claim_card(guest.holder_id, secret(card["link"]))
        assert refused.value.code == "gift_over"
        again = services.resend_card(giving.giver.holder_id, gift["code"], 1)
        db.session.commit()
        fresh = again.cards[0].secret
        assert services.claim_card(guest.holder_id, fresh).card.claimed_by == guest.holder_id
        db.session.rollback()
    assert giving.claim(guest, card["link"]).status_code == 404
    number = giving.read(gift)["certificate_number"]
    own = giving.client.get("/v1/orders", headers=giving.giver.auth).json["items"]
    assert [order["certificate_number"] for order in own] == [number]


def test_a_card_is_taken_back_and_handed_out_again(giving: Giving) -> None:
    gift = giving.given()
    [card] = gift["cards"]
    path = f"/v1/me/gifts/{gift['code']}/cards/1"
    assert giving.post(f"{path}/withdrawal").json["cards"][0]["status"] == "withdrawn"
    over = giving.claim(giving.guest(), card["link"])
    assert (over.status_code, over.json["code"]) == (409, "gift_over")
    [fresh] = giving.post(f"{path}/link").json["cards"]
    assert (fresh["status"], fresh["link"] == card["link"]) == ("open", False)
    assert giving.claim(giving.guest(), card["link"]).status_code == 404
    assert giving.claim(giving.guest(), fresh["link"]).status_code == 201
    for act in ("withdrawal", "link"):
        assert giving.post(f"{path}/{act}").json["code"] == "gift_taken"


def test_a_link_is_handed_out_anew_as_often_as_its_giver_likes(giving: Giving) -> None:
    gift = giving.given()
    db.session.execute(text("UPDATE gift_card SET issue = 32767"))
    db.session.commit()
    assert giving.post(f"/v1/me/gifts/{gift['code']}/cards/1/link").status_code == 201


def test_however_many_cards_one_has_received_they_are_read_by_as_many_questions(giving: Giving) -> None:
    guest = giving.guest()
    asked: list[list[str]] = []
    for count in (1, 3):
        for _ in range(count):
            giving.claim(guest, giving.given()["cards"][0]["link"])
        asked.append([])
        event.listen(db.engine, "before_cursor_execute", listener := lambda *args: asked[-1].append(args[2]))
        received = giving.client.get("/v1/me/gift-cards", headers=guest.auth).json["items"]
        event.remove(db.engine, "before_cursor_execute", listener)
    assert len({card["serial"] for card in received}) == 4
    assert len(asked[0]) == len(asked[1])


def test_a_gift_that_is_not_paid_cannot_be_claimed_and_lapses(giving: Giving) -> None:
    gift = giving.make()
    facts = giving.facts(gift)
    waiting = giving.claim(giving.guest(), facts.cards[0].secret)
    assert (waiting.status_code, waiting.json["code"]) == (409, "gift_not_ready")
    assert giving.look(facts.cards[0].secret)["status"] == "pending"
    giving.shop.control("clock", advance_seconds=0)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        jobs.watch_unpaid()
        giving.settle()
        assert giving.facts(gift).status == "lapsed"
        with pytest.raises(Problem) as refused:
            services.resend_card(giving.giver.holder_id, gift["code"], 1)
        assert refused.value.code == "gift_fixed"
    assert_books_prove()


def test_nobody_gives_to_themselves(giving: Giving) -> None:
    [card] = giving.given()["cards"]
    answer = giving.claim(giving.giver, card["link"])
    assert (answer.status_code, answer.json["code"]) == (409, "gift_own")


def test_anothers_gift_and_card_are_not_found(giving: Giving) -> None:
    gift = giving.given(words="生日快乐")
    stranger, guest = giving.guest(), giving.guest()
    code = giving.claim(guest, gift["cards"][0]["link"]).json["code"]
    path = f"/v1/me/gifts/{gift['code']}"
    for person in (stranger, guest):
        assert giving.client.get(path, headers=person.auth).status_code == 404
        for act in ("cards/1/link", "cards/1/withdrawal"):
            assert giving.post(f"{path}/{act}", person).status_code == 404
        for part, body in (("words", {"words": "别的"}), ("shown", {"shown": True})):
            assert giving.client.put(f"{path}/{part}", json=body, headers=person.auth).status_code == 404
    card = f"/v1/me/gift-cards/{code}"
    for person in (stranger, giving.giver):
        assert giving.client.get(card, headers=person.auth).status_code == 404
        named = giving.client.put(f"{card}/name", json={"name": "我"}, headers=person.auth)
        assert named.status_code == 404
        assert giving.post(f"{card}/thanks", person, thanks="谢谢").status_code == 404


@pytest.mark.parametrize("link", ["x", "A" * 32, "A" * 64, "_-" * 16, "%F0%9F%8E%82"])
def test_a_link_that_was_never_given_out_is_not_found(giving: Giving, link: str) -> None:
    assert giving.client.get(f"/v1/gift-links/{link}").status_code == 404
    assert giving.claim(giving.giver, link).status_code == 404


@pytest.mark.parametrize("place", ["0", "2", "50", "51", "99999999999999999999", "-1", "x"])
def test_a_card_that_is_not_there_is_not_found(giving: Giving, place: str) -> None:
    gift = giving.make()
    assert giving.post(f"/v1/me/gifts/{gift['code']}/cards/{place}/link").status_code == 404


def test_the_secret_is_kept_nowhere(giving: Giving) -> None:
    gift = giving.given()
    told = secret(gift["cards"][0]["link"])
    assert len(told) == 32
    rows = db.session.scalars(text("SELECT gift_card::text FROM gift_card")).all()
    rows += db.session.scalars(text("SELECT payload::text FROM announcement")).all()
    assert not any(told in row for row in rows)
