"""Gift cards on paper: who may print which, and where their codes lead."""

import io

import pytest
from builders import Forest, forest
from flask import Flask
from gift_pages import given, make
from printing import read_qr
from pypdf import PdfReader
from visiting import Visitor

import simulator
from app.causes.queries import gifts as known


@pytest.fixture
def lot(app: Flask) -> Forest:
    return forest(1000)


@pytest.fixture
def giver(app: Flask, phone: simulator.Running) -> Visitor:
    return Visitor(app).sign_in()


def read_pdf(content: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).replace("\n", "")


def test_a_printed_card_is_claimed_by_its_code_and_then_printed_by_its_claimant_alone(
    app: Flask, giver: Visitor, lot: Forest
) -> None:
    gift = given(giver, lot, words="慢慢长大", giver="外婆", recipients="小明")
    paper, secret = f"/me/gifts/{gift.code}/cards/1", gift.cards[0].secret
    assert f'href="{paper}.pdf"' in giver.get(paper).text
    said = read_pdf(giver.get(f"{paper}.pdf").data)
    for told in ("慢慢长大", "外婆", "小明", "10", f"/g/{secret}"):
        assert told in said, told
    link = read_qr(giver.get(f"{paper}.png").data)
    assert link.endswith(f"/g/{secret}")
    guest, stranger = Visitor(app).sign_in(), Visitor(app).sign_in()
    card = guest.post(f"/g/{secret}/claim").location.partition("?")[0]
    assert giver.get(f"{paper}.pdf").status_code == 404, "what is claimed has no link any more"
    said = read_pdf(guest.get(f"{card}.pdf").data)
    assert "慢慢长大" in said
    assert secret not in said
    assert gift.order.certificate_number is not None
    assert read_qr(guest.get(f"{card}.png").data).endswith(f"/c/{gift.order.certificate_number}")
    assert f'href="{card}.pdf"' in guest.get(card).text
    for path in (f"{paper}.svg", f"{card}.svg"):
        assert stranger.get(path).status_code == 404
        assert Visitor(app).get(path).status_code in (302, 401)


def test_a_card_without_units_is_not_printed(giver: Visitor, lot: Forest) -> None:
    gift = make(giver, lot)
    assert giver.get(f"/me/gifts/{gift.code}/cards/1.pdf").status_code == 404
    assert giver.get(f"/me/gifts/{gift.code}/cards/2.pdf").status_code == 404
    assert known.list_gifts(giver.holder_id, 1)[0].code == gift.code
