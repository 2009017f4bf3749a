"""The pages of gifts: made by a form, claimed by a link, and what strangers see of them: nothing."""

import re

import pytest
from builders import Forest, forest
from flask import Flask
from gift_pages import given, make
from giving import settle_all
from markupsafe import escape
from visiting import Visitor

import simulator
from app.causes.queries import gifts as known
from app.kit.database import db

HOSTILE = ("<script>alert(1)</script>", '"><img src=x>', "{{ 7*7 }}", "=1+1", "'; DROP TABLE gift; --")


@pytest.fixture
def lot(app: Flask) -> Forest:
    """A village with a tonne on sale."""
    return forest(1000)


@pytest.fixture
def giver(app: Flask, phone: simulator.Running) -> Visitor:
    """A signed-in person."""
    return Visitor(app).sign_in()


def test_the_form_makes_a_card_a_line_and_the_same_form_makes_no_second_gift(
    giver: Visitor, lot: Forest
) -> None:
    form = {"recipients": "小明\r\n\r\n 小红 \n", "words": "第一行\n第二行", "shown": "yes"}
    gift = make(giver, lot, **form)
    make(giver, lot, **form)
    assert len(known.list_gifts(giver.holder_id, 5)) == 1
    assert [card.recipient for card in gift.cards] == ["小明", "小红"]
    assert gift.words is not None
    assert (gift.words.parts["words"], gift.shown, gift.order.amount_fen) == ("第一行 第二行", True, 200)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"recipients": "\n".join("名" * 51)}, "最多 50 张"),
        ({"recipients": "小明\n13800138000"}, "电话"),
        ({"words": "www.senhui"}, "网址"),
        ({"words": "生日\u202e快乐"}, "看不见"),
        ({"words": "字" * 201}, "200"),
        ({"card_kg": "0"}, "1"),
        ({"card_kg": "٣"}, "整数"),
        ({"card_kg": "3"}, "整"),
        ({"occasion": "divorce"}, "birthday"),
        ({"lot": "NOSUCHLOT"}, ""),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    giver: Visitor, lot: Forest, form: dict[str, str], said: str
) -> None:
    told = {"form_key": "k", "occasion": "birthday", "card_kg": "10", "lot": lot.lot_code, **form}
    answer = giver.speak("zh").post("/gifts", told)
    assert answer.status_code in (404, 409, 422), answer.status
    assert said in answer.text
    for name in form.keys() & {"recipients", "words", "card_kg"}:
        assert str(escape(form[name])).split("\n")[0] in answer.text, "what was written is not lost"
    assert known.list_gifts(giver.holder_id, 5) == []


@pytest.mark.parametrize("words", HOSTILE)
def test_words_are_text_on_every_page(app: Flask, giver: Visitor, lot: Forest, words: str) -> None:
    gift = given(giver, lot, words=words, giver=words[:20], recipients=words[:20])
    secret = gift.cards[0].secret
    for visitor, path in (
        (Visitor(app), f"/g/{secret}"),
        (giver, f"/me/gifts/{gift.code}"),
        (giver, f"/me/gifts/{gift.code}/cards/1"),
    ):
        page = visitor.get(path)
        assert page.status_code == 200
        assert str(escape(words)) in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "49" not in page.text.partition("<article")[2].partition("</article")[0]


def test_a_link_shows_the_card_to_be_claimed_once_and_then_nothing_of_it(
    app: Flask, giver: Visitor, lot: Forest
) -> None:
    gift = given(giver, lot, words="寄语甲乙丙", giver="落款外婆", recipients="收礼小明")
    path = f"/g/{gift.cards[0].secret}"
    stranger, guest = Visitor(app), Visitor(app).sign_in()
    seen = stranger.get(path)
    assert "寄语甲乙丙" in seen.text
    assert f"/sign-in?back={path}" in seen.text
    assert seen.headers["X-Robots-Tag"] == "noindex"
    assert stranger.post(f"{path}/claim").status_code == 401
    assert "claim" not in giver.get(path).text
    answer = giver.post(f"{path}/claim")
    assert answer.status_code == 409
    claimed = guest.post(f"{path}/claim")
    assert claimed.status_code == 303
    card = claimed.location.partition("?")[0]
    assert guest.get(path).location == card
    late = Visitor(app).sign_in()
    assert late.post(f"{path}/claim").status_code == 409
    for visitor in (stranger, late):
        told = visitor.get(path).text
        assert not any(word in told for word in ("寄语甲乙丙", "落款外婆", "收礼小明", "SH-"))
        assert visitor.get(card).status_code in (302, 404)
    assert "寄语甲乙丙" in guest.get(card).text
    assert guest.get("/me/gift-cards").text.count("落款外婆") == 1


def test_the_claimant_is_named_only_between_consent_and_withdrawal(
    app: Flask, giver: Visitor, lot: Forest
) -> None:
    gift = given(giver, lot, recipients="收礼小明")
    guest = Visitor(app).sign_in()
    card = guest.post(f"/g/{gift.cards[0].secret}/claim").location.partition("?")[0]
    certificate = f"/c/{gift.order.certificate_number}"
    public = Visitor(app).speak("zh")
    assert "匿名" in public.get(certificate).text
    assert guest.post(f"{card}/name", {"name": "www.me.cn"}).status_code == 422
    assert guest.post(f"{card}/name", {"name": "署名明明"}).status_code == 303
    assert "署名明明" not in public.get(certificate).text
    settle_all()
    assert "署名明明" in public.get(certificate).text
    assert guest.post(f"{card}/name/withdraw").status_code == 303
    told = public.get(certificate).text
    assert "署名明明" not in told
    assert "收礼小明" not in told
    assert "匿名" in told


def test_thanks_are_sent_once_and_seen_by_the_giver(app: Flask, giver: Visitor, lot: Forest) -> None:
    gift = given(giver, lot)
    guest = Visitor(app).sign_in()
    card = guest.post(f"/g/{gift.cards[0].secret}/claim").location.partition("?")[0]
    assert guest.post(f"{card}/thanks", {"thanks": ""}).status_code == 422
    assert guest.post(f"{card}/thanks", {"thanks": "答谢丁戊己"}).status_code == 303
    assert guest.post(f"{card}/thanks", {"thanks": "再谢"}).status_code == 409
    page = f"/me/gifts/{gift.code}"
    assert "答谢丁戊己" not in giver.get(page).text
    settle_all()
    assert "答谢丁戊己" in giver.get(page).text


def test_the_giver_takes_cards_back_hands_them_out_and_writes_otherwise(giver: Visitor, lot: Forest) -> None:
    gift = given(giver, lot, words="【违规】快乐", cards="2")
    path = f"/me/gifts/{gift.code}"
    assert "未通过" in giver.speak("zh").get(path).text
    assert giver.post(f"{path}/words", {"words": "生日快乐 13800138000"}).status_code == 422
    assert giver.post(f"{path}/words", {"words": "生日快乐"}).status_code == 303
    settle_all()
    link = known.get_gift(giver.holder_id, gift.code).cards[0].secret
    assert link in giver.get(path).text
    assert giver.post(f"{path}/cards/1/withdrawal").status_code == 303
    assert link not in giver.get(path).text
    assert giver.post(f"{path}/cards/1/link").status_code == 303
    assert known.get_gift(giver.holder_id, gift.code).cards[0].secret in giver.get(path).text
    assert giver.post(f"{path}/cards/3/link").status_code == 404
    assert giver.post(f"{path}/shown", {"shown": "yes"}).status_code == 303
    assert known.get_gift(giver.holder_id, gift.code).shown
    assert giver.post(f"{path}/shown").status_code == 303
    assert not known.get_gift(giver.holder_id, gift.code).shown
    db.session.rollback()


def test_a_card_for_nobody_by_name_keeps_its_place_when_words_are_written_otherwise(
    giver: Visitor, lot: Forest
) -> None:
    gift = given(giver, lot, recipients="—\n小明\n—\n小红")
    path = f"/me/gifts/{gift.code}"
    [shown] = re.findall(r'name="recipients"[^>]*>([^<]*)</textarea>', giver.get(path).text)
    assert giver.post(f"{path}/words", {"words": "快乐", "recipients": shown}).status_code == 303
    cards = known.get_gift(giver.holder_id, gift.code).cards
    assert [card.recipient for card in cards] == [None, "小明", None, "小红"]
    assert giver.post(f"{path}/words", {"recipients": "甲\n乙\n丙\n丁\n戊"}).status_code == 422
    db.session.rollback()


def test_the_pages_are_their_owners_and_speak_both_languages(app: Flask, giver: Visitor, lot: Forest) -> None:
    gift = given(giver, lot)
    own = ("/gifts/new", "/me/gifts", f"/me/gifts/{gift.code}", f"/me/gifts/{gift.code}/cards/1")
    for path in (*own, "/me/gift-cards"):
        assert Visitor(app).get(path).status_code == 302
        for language, word in (("zh", "礼"), ("en", "ift")):
            assert word in giver.speak(language).get(path).text
    other = Visitor(app).sign_in()
    for path in own[2:]:
        assert other.get(path).status_code == 404
    for act in ("pay", "words", "shown", "cards/1/link", "cards/1/withdrawal"):
        assert other.post(f"/me/gifts/{gift.code}/{act}").status_code == 404
    for path in ("/g/unknown", "/me/gifts/UNKNOWN", "/me/gift-cards/UNKNOWN"):
        assert other.get(path).status_code == 404


def test_where_nothing_is_sold_no_price_is_shown_and_nothing_is_made(
    app: Flask, giver: Visitor, lot: Forest
) -> None:
    phone = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0"}
    page = giver.get("/gifts/new", headers=phone)
    assert "¥" not in page.text
    assert 'action="/gifts"' not in page.text
