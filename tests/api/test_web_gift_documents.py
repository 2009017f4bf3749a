"""Gift cards as documents: to give while they can be claimed, to keep once they are."""

import pytest
from builders import Forest, forest
from flask import Flask
from gift_pages import given, make
from markupsafe import escape
from visiting import Visitor

import simulator

BEGINNINGS = {"pdf": b"%PDF-", "png": b"\x89PNG", "svg": b"<svg"}
WORDS = "<愿你> & 一年比一年繁茂"


@pytest.fixture
def lot(app: Flask) -> Forest:
    """A village with a tonne on sale."""
    return forest(1000)


@pytest.fixture
def giver(app: Flask, phone: simulator.Running) -> Visitor:
    """A signed-in person."""
    return Visitor(app).sign_in()


@pytest.mark.parametrize("form", BEGINNINGS)
def test_a_card_is_drawn_for_whoever_may_have_it(app: Flask, giver: Visitor, lot: Forest, form: str) -> None:
    gift = given(giver, lot, words=WORDS, giver="外婆", recipients="小明")
    address = f"/g/{gift.cards[0].secret}"
    drawn = Visitor(app).get(f"{address}.{form}")
    assert drawn.status_code == 200, drawn.text
    assert drawn.data.startswith(BEGINNINGS[form])
    assert drawn.headers["X-Robots-Tag"] == "noindex"
    guest = Visitor(app).sign_in()
    card = guest.post(f"{address}/claim").location.partition("?")[0]
    assert Visitor(app).get(f"{address}.{form}").status_code == 404
    kept = guest.get(f"{card}.{form}")
    assert kept.status_code == 200
    assert kept.data.startswith(BEGINNINGS[form])
    assert giver.get(f"{card}.{form}").status_code == 404
    assert Visitor(app).get(f"{card}.{form}").status_code == 302


def test_a_drawn_card_says_what_the_page_says(app: Flask, giver: Visitor, lot: Forest) -> None:
    gift = given(giver, lot, words=WORDS, giver="外婆", recipients="小明")
    drawn = Visitor(app).get(f"/g/{gift.cards[0].secret}.svg").text
    for said in (WORDS, "外婆", "小明", "生日", "Birthday"):
        assert str(escape(said)) in drawn


def test_nothing_is_drawn_of_what_is_not_ready(app: Flask, giver: Visitor, lot: Forest) -> None:
    gift = make(giver, lot, words=WORDS)
    for form in BEGINNINGS:
        assert giver.get(f"/g/{gift.cards[0].secret}.{form}").status_code == 404
        assert giver.get(f"/g/unknown.{form}").status_code == 404
        assert giver.get(f"/me/gift-cards/UNKNOWN.{form}").status_code == 404
