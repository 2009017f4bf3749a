"""Organisations on pages: founding, joining, buying, using, money, programs; and operators at the console."""

import io
import re
from typing import Any

import pytest
from builders import forest
from flask import Flask
from offices import CREDIT_CODES, Office, pay
from paying import colleague
from seeing import assert_sound
from visiting import Visitor, at_console

from app.accounts.queries import memberships
from app.accounts.services import open_organisation, verifications
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.web.routes import organisation_units


def key(text: str) -> dict[str, str]:
    found = re.search(r'name="form_key" value="([^"]+)"', text)
    assert found is not None, text
    return {"form_key": found[1]}


class Founder(Visitor):
    """A person with an organisation of their own."""

    def found(self, name: str = "示例科技有限公司") -> "Founder":
        form = {"name": name} | key(self.get("/organisations").text)
        answer = self.post("/organisations", form)
        assert answer.status_code == 303, answer.text
        self.base = answer.location.partition("?")[0]
        return self

    @property
    def code(self) -> str:
        return self.base.rpartition("/")[2]


@pytest.fixture
def founder(app: Flask, live: str) -> Founder:
    founder = Founder(app)
    founder.sign_in()
    founder.speak("en")
    return founder.found()


PARTS = ("", "/orders", "/units", "/years", "/money", "/members", "/programs")


def test_every_part_is_there_in_both_languages_and_for_nobody_else(app: Flask, founder: Founder) -> None:
    stranger = Visitor(app).sign_in()
    for part in PARTS:
        for language in ("zh", "en"):
            answer = founder.speak(language).get(founder.base + part, follow_redirects=True)
            assert answer.status_code == 200
            assert_sound(answer.text, language, part)
            assert "示例科技有限公司" in answer.text
            assert not re.search(r">\s*(org_|web\.|causes\.)[a-z_]+\s*<", answer.text)
        assert stranger.get(founder.base + part).status_code == 404
        assert app.test_client().get(founder.base + part).status_code == 302


def test_a_colleague_joins_by_the_link_and_sees_what_their_role_may(app: Flask, founder: Founder) -> None:
    made = founder.post(f"{founder.base}/invitations", {"role": "viewer", "label": "小王"}).text
    link = re.search(r"/organisations/join/([A-Za-z0-9_-]+)", made)
    assert link is not None
    guest = Visitor(app).sign_in()
    assert "示例科技有限公司" in guest.get(link[0]).text
    assert guest.post(link[0]).status_code == 303
    assert guest.post(link[0]).status_code == 404
    assert "小王" in founder.get(f"{founder.base}/members").text
    assert guest.get(founder.base).status_code == 200
    assert guest.get(f"{founder.base}/programs").status_code == 403
    assert guest.post(f"{founder.base}/invitations", {"role": "owner"}).status_code == 403
    assert "Keep the budget" not in guest.speak("en").get(founder.base).text
    assert founder.post(f"{founder.base}/leave").status_code == 409, "the last owner stays"
    assert guest.post(f"{founder.base}/leave").status_code == 303
    assert guest.get(founder.base).status_code == 404


def test_an_operator_verifies_and_only_then_the_name_is_public(app: Flask, founder: Founder) -> None:
    path = f"{founder.base}/verification"
    wrong = {"name": "示例科技有限公司", "credit_code": "91350100M000100Y44"}
    assert founder.post(path, wrong).status_code == 422
    assert founder.post(path, wrong | {"credit_code": CREDIT_CODES[0]}).status_code == 303
    assert "waits for an operator" in founder.get(founder.base).text
    desk = at_console(app, "finance")
    page = desk.get("/console/organisations").text
    assert_sound(page, "zh", "console")
    assert CREDIT_CODES[0] in page
    wish = re.search(r"/verifications/(\d+)/approve", page)
    assert wish is not None
    assert at_console(app, "auditor").post(f"/console/organisations{wish[0]}").status_code == 403
    assert desk.post(f"/console/organisations/verifications/{wish[1]}/decline", {}).status_code == 422
    assert desk.post(f"/console/organisations{wish[0]}").status_code == 303
    assert desk.post(f"/console/organisations{wish[0]}").status_code == 409
    assert desk.post("/console/organisations/verifications/99999/approve").status_code == 404
    assert CREDIT_CODES[0] in founder.get(founder.base).text
    owner = f"/console/organisations/{founder.code}/owner"
    assert desk.post(owner).status_code == 409, "no operator comes into what people founded"
    operator_id = colleague()
    with transaction():
        court = open_organisation(operator_id, "示例法院").code
    assert "/organisations/join/" in desk.post(f"/console/organisations/{court}/owner").text
    db.session.rollback()
    assert memberships.get_organisation_by_code(founder.code).public_name == "示例科技有限公司"


def test_it_is_bought_within_the_budget_and_paid_on_the_phone(app: Flask, founder: Founder) -> None:
    lot = forest(1000, fee_bp=1000).lot_code
    assert founder.post(f"{founder.base}/budgets", {"period": "year", "limit": "3"}).status_code == 303
    page = founder.get(f"{founder.base}/orders").text
    form = {"lot": lot, "steps": "2", "channel": "wechat", "use": "2026 Q1 travel", "period": "2026-q1"}
    form |= key(page)
    first = founder.post(f"{founder.base}/orders", form)
    assert first.status_code == 303, first.text
    assert founder.post(f"{founder.base}/orders", form).location == first.location, (
        "the same form orders once"
    )
    again = founder.post(f"{founder.base}/orders", form | key(founder.get(f"{founder.base}/orders").text))
    assert again.status_code == 409
    assert "1.00" in again.text
    path = first.location.partition("?")[0]
    sheet = founder.post(f"{path}/pay")
    assert sheet.status_code == 303
    assert "/phone/pay" in sheet.location
    pay(path.rpartition("/")[2], 200)
    page = founder.get(path).text
    assert_sound(page, "en", path)
    assert_sound(founder.get(f"{founder.base}/money").text, "en", "money")
    assert "2026 Q1 travel" in page
    assert "2026-Q1" in page
    assert "/c/" in page
    bad = founder.post(f"{founder.base}/orders", form | {"steps": "0", "period": "soon"})
    assert bad.status_code == 422
    year = founder.get(f"{founder.base}/years/{clock.business_day().year}").text
    assert "2026 Q1 travel" in year
    file = founder.get(f"{founder.base}/years/{clock.business_day().year}.csv")
    assert file.mimetype == "text/csv"
    assert founder.get(f"{founder.base}/years/1999").status_code == 404
    for form, begins in (("pdf", b"%PDF-"), ("png", b"\x89PNG"), ("svg", b"<svg")):
        document = founder.get(f"{founder.base}/years/{clock.business_day().year}.{form}")
        assert (document.status_code, document.data.lstrip()[: len(begins)]) == (200, begins)
    tags = set()
    for second in (1, 59):
        with clock.frozen(clock.now().replace(second=second)):
            tags.add(founder.get(f"{founder.base}/years/{clock.business_day().year}.svg").headers["ETag"])
    assert len(tags) == 1, "what is asked for twice in a minute is drawn once"
    stranger = Visitor(app).sign_in()
    assert stranger.get(f"{founder.base}/years/{clock.business_day().year}.pdf").status_code == 404


def test_an_invoice_goes_from_the_page_to_the_console_and_back(app: Flask, founder: Founder) -> None:
    lot = forest(1000, fee_bp=1000).lot_code
    form = {"lot": lot, "steps": "1", "channel": "wechat"} | key(founder.get(f"{founder.base}/orders").text)
    code = founder.post(f"{founder.base}/orders", form).location.partition("?")[0].rpartition("/")[2]
    pay(code, 100)
    ask = {"order": code, "kind": "ordinary"}
    assert founder.post(f"{founder.base}/invoices", ask).status_code == 409
    details = {"title": "示例科技有限公司", "tax_number": CREDIT_CODES[0]}
    assert founder.post(f"{founder.base}/invoice-details", details).status_code == 303
    assert founder.post(f"{founder.base}/invoices", ask).status_code == 303
    assert founder.post(f"{founder.base}/invoices", ask).status_code == 409
    desk = at_console(app, "finance")
    path = re.search(r"/console/organisations/invoices/\w+", desk.get("/console/organisations").text)
    assert path is not None
    page = desk.get(path[0]).text
    assert_sound(page, "zh", "invoice")
    assert CREDIT_CODES[0] in page
    file: Any = lambda content: (io.BytesIO(content), "invoice.pdf")  # noqa: E731
    assert desk.post(f"{path[0]}/issue", {"number": "12345678"}).status_code == 422
    bad = desk.post(f"{path[0]}/issue", {"number": "12345678", "file": file(b"MZ")})
    assert bad.status_code == 422
    wrong = desk.post(f"{path[0]}/issue", {"number": "123", "file": file(b"%PDF-1")})
    assert wrong.status_code == 422
    assert desk.post(f"{path[0]}/issue", {"number": "12345678", "file": file(b"%PDF-1")}).status_code == 303
    assert desk.post(f"{path[0]}/decline", {"reason": "x"}).status_code == 409
    assert "12345678" not in founder.get(f"{founder.base}/money").text
    assert desk.post(f"{path[0]}/send").status_code == 303
    link = re.search(r'href="([^"]+/file)"', founder.get(f"{founder.base}/money").text)
    assert link is not None
    assert founder.get(link[1]).data == b"%PDF-1"
    assert Visitor(app).sign_in().get(link[1]).status_code == 404


def test_a_key_is_shown_once_replaced_and_revoked(app: Flask, founder: Founder) -> None:
    base = f"{founder.base}/keys"
    assert founder.post(base, {"name": "ERP", "days": "90"}).status_code == 422
    made = founder.post(base, {"name": "ERP", "days": "90", "scope_read": "yes"}).text
    found = re.search(r"shk_([0-9A-Z]{10})_[0-9a-f]{40}", made)
    assert found is not None
    api = app.test_client()
    path, auth = f"/v1{founder.base}", {"Authorization": f"Bearer {found[0]}"}
    assert api.get(path, headers=auth).status_code == 200
    assert found[0] not in founder.get(f"{founder.base}/programs").text
    assert "shk_" in founder.post(f"{base}/{found[1]}/replace").text
    assert founder.post(f"{base}/{found[1]}/revoke").status_code == 303
    assert api.get(path, headers=auth).status_code == 401
    assert founder.post(f"{base}/0000000000/revoke").status_code == 404


def test_an_endpoint_is_added_tried_and_ended(app: Flask, founder: Founder, tmp_path: Any) -> None:
    from receiving import HOST, Receiver

    from app.causes.jobs.webhooks import deliver_notices

    receiver, real = Receiver(tmp_path), app.extensions["courier"]
    base = f"{founder.base}/webhooks"
    assert founder.post(base, {"url": "https://127.0.0.1/"}).status_code == 422
    app.extensions["courier"] = receiver.courier()
    try:
        made = founder.post(base, {"url": f"https://{HOST}/x"}).text
        assert "whsec_" in made
        code = re.search(rf"{base}/(\w+)/test", founder.get(f"{founder.base}/programs").text)
        assert code is not None
        assert founder.post(f"{base}/{code[1]}/test").status_code == 303
        db.session.rollback()
        assert deliver_notices() == 1
        assert "whsec_" in founder.post(f"{base}/{code[1]}/secret").text
        assert founder.post(f"{base}/{code[1]}/nothing").status_code == 404
        assert founder.post(f"{base}/{code[1]}/dead/1").status_code == 404
        assert founder.post(f"{base}/{code[1]}/end").status_code == 303
    finally:
        app.extensions["courier"] = real
        receiver.close()


def test_whoever_was_given_the_paper_can_check_it_and_nobody_else(app: Flask, founder: Founder) -> None:
    year = clock.business_day().year
    path = f"{founder.base}/years/{year}"
    assert not re.search(rf"{path}/", founder.get(f"{path}.svg").text), "not before it is verified"
    wish = {"name": "示例科技有限公司", "credit_code": CREDIT_CODES[0]}
    founder.post(f"{founder.base}/verification", wish)
    operator_id = colleague()
    db.session.rollback()
    waiting, _ = memberships.list_open_verifications()[0]
    with transaction():
        verifications.approve(operator_id, waiting.id)
    with app.test_request_context():
        address = f"{path}/{organisation_units._mark(founder.code, year)}"
    drawn = re.sub(r"<[^>]*>|\s", "", founder.get(f"{path}.svg").text)
    assert address in drawn
    stranger = Visitor(app)
    page = stranger.get(address)
    assert_sound(page.text, "zh", "checked")
    assert "示例科技有限公司" in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert stranger.get(address[:-1] + ("A" if address[-1] != "A" else "B")).status_code == 404
    assert stranger.get(address.replace(f"{year}/", f"{year - 1}/")).status_code == 404


def test_what_an_unverified_organisation_says_stands_on_no_public_page(app: Flask) -> None:
    from api.test_organisation_orders import held

    office = Office(app)
    _, serial = held(office)
    use = {"quantity_kg": 10, "use": "国家林业总公司年会"}
    number = office.post(f"/holdings/{serial}/uses", use)["number"]
    page = f"/retirements/{number}"
    assert "国家林业总公司" not in app.test_client().get(page).text
    office.verify()
    assert "国家林业总公司" in app.test_client().get(page).text
