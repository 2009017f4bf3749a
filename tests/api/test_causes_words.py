"""Words on gifts: judged by rule, by WeChat, by a person; seen by nobody before; named only by consent."""

from typing import Any

import pytest
from builders import operator
from flask import Flask
from giving import Giving, secret
from markupsafe import escape
from shop import Shop, assert_books_prove
from sqlalchemy import text
from structlog.testing import capture_logs
from visiting import at_console

import simulator
from app.accounts import queries as accounts
from app.causes.errors.gifts import InscriptionJudged
from app.causes.queries import inscriptions as known
from app.causes.services import inscriptions
from app.kit import announcements
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs

WORDS, GIVER, RECIPIENT, NAME, THANKS = "寄语甲乙丙", "落款外婆", "收礼小明", "署名明明", "答谢丁戊己"


@pytest.fixture
def giving(app: Flask, phone: simulator.Running, shop: Shop) -> Giving:
    """A giver before a village with a tonne on sale."""
    return Giving(app, phone, shop)


def put(giving: Giving, path: str, person: Any = None, **body: Any) -> Any:
    return giving.client.put(path, json=body, headers=(person or giving.giver).auth)


def waiting() -> list[known.Words]:
    db.session.rollback()
    return known.list_queue(10)


def judge(app: Flask, code: str, reason: str | None = None) -> None:
    operator_id = operator(app, app.test_client(), "words")
    with transaction():
        inscriptions.judge_words(operator_id, code, reason)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("words", "见 https://evil.example"),
        ("words", "打 138 0013 8000"),
        ("words", "生日\u202e快乐"),
        ("words", "字" * 201),
        ("words", ""),
        ("words", "\u200b"),
        ("words", 7),
        ("giver", "字" * 21),
        ("giver", "www.senhui"),
        ("recipients", ["小明", "小\u2066红"]),
        ("recipients", ["一三八零零一三八零零零"]),
        ("recipients", "小明"),
    ],
)
def test_words_that_cannot_be_are_refused_where_they_stand(giving: Giving, field: str, told: Any) -> None:
    wish = {"occasion": "birthday", "card_kg": 10, "lot": giving.shop.lot.lot_code, field: told}
    for language in ("zh", "en"):
        headers = giving.giver.auth | {"Accept-Language": language}
        answer = giving.client.post("/v1/me/gifts", json=wish, headers=headers)
        assert answer.status_code == 422, answer.text
        assert answer.json["errors"][0]["pointer"].startswith(f"#/{field}")
    assert db.session.scalar(text("SELECT count(*) FROM inscription")) == 0


@pytest.mark.parametrize(
    "told",
    [
        "=HYPERLINK(1+1)",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "🎂🌲👨‍👩‍👧 快乐",
        "عيد ميلاد سعيد",
        "{{ 7*7 }} {% raw %}",
        "'; DROP TABLE gift; --",
    ],
)
def test_odd_words_are_words_and_nothing_else(giving: Giving, told: str) -> None:
    gift = giving.given(words=told, giver=told[:20])
    link = gift["cards"][0]["link"]
    assert giving.look(link)["words"] == told
    page = giving.client.get(f"/g/{secret(link)}").text
    assert str(escape(told)) in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_nobody_reads_words_before_they_passed(app: Flask, giving: Giving) -> None:
    gift = giving.make(words=WORDS, giver=GIVER, recipients=[RECIPIENT])
    giving.pay_only(gift)
    jobs.settle_paid()
    facts = giving.facts(gift)
    assert (facts.status, facts.cards[0].status) == ("checking", "pending")
    link = facts.cards[0].secret
    assert giving.claim(giving.guest(), link).json["code"] == "gift_not_ready"
    assert_unseen(giving, gift, link, WORDS, GIVER, RECIPIENT)
    announcements.deliver()
    assert giving.facts(gift).status == "ready"
    assert giving.look(link)["words"] == WORDS


def assert_unseen(giving: Giving, gift: Any, link: str, *words: str) -> None:
    """None of these words is anywhere that somebody else can look."""
    number = giving.facts(gift).order.certificate_number
    public = [f"/v1/gift-links/{link}", f"/g/{link}", "/log", "/v1/log/heads"]
    public += [f"/c/{number}", f"/c/{number}?lang=en", f"/v1/certificates/{number}"] if number else []
    public += [f"/v1/certificates/{number}/file", f"/v1/dedications/{number}"] if number else []
    for path in public:
        told = giving.client.get(path).get_data(as_text=True)
        assert not any(word in told for word in words), path
    tables = ("announcement", "notice", "audit_entry", "orders", "cause", "inscription", "gift", "gift_card")
    for table in tables:
        for row in db.session.scalars(text(f"SELECT {table}::text FROM {table}")).all():
            assert not any(word in row for word in words), table
    db.session.rollback()


def test_what_wechat_finds_risky_is_refused_and_can_be_written_otherwise(giving: Giving) -> None:
    gift = giving.given(words="【违规】快乐")
    assert (gift["status"], gift["words"]["status"]) == ("refused", "refused")
    assert gift["cards"][0]["status"] == "pending"
    notices = accounts.notices.list_notices(giving.giver.holder_id, 5)
    assert [notice.message for notice in notices] == ["causes.notice_gift_refused"]
    path = f"/v1/me/gifts/{gift['code']}/words"
    assert put(giving, path, words="生日快乐").json["status"] == "checking"
    giving.settle()
    assert giving.read(gift)["status"] == "ready"
    assert put(giving, path).json["words"] is None
    assert giving.read(gift)["status"] == "ready"


def test_what_wechat_wants_looked_at_waits_for_a_person(app: Flask, giving: Giving) -> None:
    gift = giving.given(words="【复核】快乐")
    assert gift["status"] == "checking"
    [words] = waiting()
    assert (words.doubt, words.lines) == ("review", ["【复核】快乐"])
    judge(app, words.code)
    assert giving.read(gift)["status"] == "ready"
    with pytest.raises(InscriptionJudged):
        judge(app, words.code, "再看看")


@pytest.mark.parametrize("trouble", ["away", "stranger", "number"])
def test_where_wechat_or_the_rules_cannot_tell_a_person_decides(
    app: Flask, giving: Giving, trouble: str
) -> None:
    if trouble == "away":
        giving.shop.control("faults", kind="http_500", path="/wxa/msg_sec_check", count=3)
    if trouble == "stranger":
        giving.shop.control("clock", advance_seconds=3 * 3600)
    gift = giving.make(words="我的号是 1314520520" if trouble == "number" else "生日快乐")
    giving.settle()
    [words] = waiting()
    assert words.doubt == ("number" if trouble == "number" else "away")
    judge(app, words.code, "请不要写号码")
    db.session.rollback()
    told = giving.read(gift)["words"]
    assert (told["status"], told["reason"]) == ("refused", "请不要写号码")


def test_the_desk_shows_what_waits_and_only_to_those_who_judge(app: Flask, giving: Giving) -> None:
    giving.given(words="【复核】" + WORDS)
    [words] = waiting()
    desk, other = at_console(app, "words"), at_console(app, "finance", "registry")
    assert other.get("/console/words").status_code == 403
    assert other.get(f"/console/words/{words.code}").status_code == 403
    assert WORDS not in desk.get("/console/words").text
    assert WORDS in desk.get(f"/console/words/{words.code}").text
    form = {"decision": "refuse"}
    assert desk.post(f"/console/words/{words.code}", form).status_code == 422
    done = desk.post(f"/console/words/{words.code}", form | {"reason": "不合适"})
    assert (done.status_code, done.location) == (303, "/console/words?said=words_refused")
    assert desk.post(f"/console/words/{words.code}", {"decision": "show"}).status_code == 409
    assert desk.get("/console/words/ABCDEFGHJKMN").status_code == 404
    assert desk.post("/console/words/ABCDEFGHJKMN", {"decision": "show"}).status_code == 404
    assert "不合适" in desk.get(f"/console/words/{words.code}").text
    assert words.code in desk.get("/console/words?decided=1").text
    assert WORDS not in str(accounts.audit.list_entries(50))


def test_names_that_name_nobody_are_no_words_and_more_than_cards_are_refused(giving: Giving) -> None:
    gift = giving.given(words=WORDS, cards=2)
    path = f"/v1/me/gifts/{gift['code']}/words"
    exceeding = put(giving, path, recipients=["甲", "乙", "丙"])
    assert (exceeding.status_code, exceeding.json["code"]) == (422, "recipients_exceed")
    assert giving.read(gift)["words"]["words"] == WORDS
    emptied = put(giving, path, recipients=[None, None])
    assert (emptied.status_code, emptied.json["words"], emptied.json["status"]) == (200, None, "ready")
    giving.settle()
    assert waiting() == []


def test_words_stay_as_somebody_has_read_them(giving: Giving) -> None:
    gift = giving.given(words=WORDS)
    giving.claim(giving.guest(), gift["cards"][0]["link"])
    again = put(giving, f"/v1/me/gifts/{gift['code']}/words", words="别的话")
    assert (again.status_code, again.json["code"]) == (409, "gift_fixed")


def test_a_name_is_public_by_its_bearers_consent_alone(app: Flask, giving: Giving) -> None:
    with capture_logs() as logs:
        gift = giving.given(words=WORDS, giver=GIVER, recipients=[RECIPIENT], shown=True)
        link = secret(gift["cards"][0]["link"])
        guest = giving.guest()
        card = giving.claim(guest, link).json
        assert_unseen(giving, gift, link, WORDS, GIVER, RECIPIENT, NAME)
        path = f"/v1/me/gift-cards/{card['code']}/name"
        assert put(giving, path, guest, name=NAME).json["name"]["status"] == "waiting"
        assert_unseen(giving, gift, link, WORDS, GIVER, RECIPIENT, NAME)
        giving.settle()
        dedication = giving.client.get(f"/v1/dedications/{gift['certificate_number']}").json
        assert (dedication["names"], dedication["words"], dedication["giver"]) == ([NAME], WORDS, GIVER)
        page = giving.client.get(f"/c/{gift['certificate_number']}").text
        assert NAME in page
        assert WORDS in page
        signed = giving.client.get(f"/v1/certificates/{gift['certificate_number']}").text
        assert not any(word in signed for word in (NAME, RECIPIENT, WORDS, GIVER))
        assert RECIPIENT not in page
        told = giving.client.delete(path, headers=guest.auth)
        assert (told.status_code, told.json["name"]) == (200, None)
        assert_unseen(giving, gift, link, WORDS, GIVER, RECIPIENT, NAME)
        assert "匿名" in giving.client.get(f"/c/{gift['certificate_number']}").text
        erased = "SELECT count(*) FROM inscription WHERE kind = 'name' AND text_sealed IS NOT NULL"
        assert db.session.scalar(text(erased)) == 0
        db.session.rollback()
    assert not any(word in str(logs) for word in (WORDS, GIVER, RECIPIENT, NAME, link))
    assert_books_prove()


def test_words_are_public_only_once_everybody_they_may_name_agreed(giving: Giving) -> None:
    gift = giving.given(words=WORDS, recipients=[RECIPIENT, None], shown=True)
    guests = [giving.guest() for _ in gift["cards"]]
    path = f"/v1/dedications/{gift['certificate_number']}"
    for place, (guest, card) in enumerate(zip(guests, gift["cards"], strict=True), 1):
        code = giving.claim(guest, card["link"]).json["code"]
        put(giving, f"/v1/me/gift-cards/{code}/name", guest, name=f"{NAME}{place}")
        giving.settle()
        told = giving.client.get(path).json
        assert (len(told["names"]), told["anonymous"], told["words"]) == (
            place,
            2 - place,
            WORDS if place == 2 else None,
        )
    put(giving, f"/v1/me/gifts/{gift['code']}/shown", shown=False)
    assert giving.client.get(path).json["words"] is None


def test_a_certificate_of_anything_else_is_dedicated_to_nobody(giving: Giving) -> None:
    order = giving.shop.order()
    giving.pay({"order": order["code"]})
    number = giving.shop.read(order)["certificate_number"]
    assert giving.client.get(f"/v1/dedications/{number}").status_code == 404
    assert giving.client.get(f"/c/{number}").status_code == 200


def test_thanks_reach_the_giver_once_they_passed(app: Flask, giving: Giving) -> None:
    gift = giving.given()
    guest = giving.guest()
    code = giving.claim(guest, gift["cards"][0]["link"]).json["code"]
    path = f"/v1/me/gift-cards/{code}/thanks"
    assert giving.post(path, guest, thanks="【违规】谢谢").status_code == 201
    assert giving.post(path, guest, thanks=THANKS).json["code"] == "thanks_sent"
    giving.settle()
    assert giving.read(gift)["cards"][0]["thanks"] is None
    assert giving.post(path, guest, thanks=THANKS).status_code == 201
    assert giving.read(gift)["cards"][0]["thanks"] is None
    giving.settle()
    assert giving.read(gift)["cards"][0]["thanks"] == THANKS
    told = [notice.message for notice in accounts.notices.list_notices(giving.giver.holder_id, 5)]
    assert told == ["causes.notice_gift_thanked", "causes.notice_gift_claimed"]
    assert_books_prove()


def test_a_person_who_takes_words_back_while_they_are_judged_is_heard(app: Flask, giving: Giving) -> None:
    gift = giving.given(words="【复核】快乐")
    [words] = waiting()
    put(giving, f"/v1/me/gifts/{gift['code']}/words", words="生日快乐")
    with pytest.raises(InscriptionJudged):
        judge(app, words.code)
    assert known.get_inscription(words.code).lines == []
    giving.settle()
    assert giving.read(gift)["words"]["words"] == "生日快乐"
