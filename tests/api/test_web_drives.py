"""The pages of drives: seen by anyone, given to by a form, thanked on a page and on paper; the desk."""

import re
from datetime import timedelta
from typing import Any

import pytest
from builders import Forest, forest
from drives import FUNDRAISING, charity, foundation, opened, read, walk
from flask import Flask
from paying import holder_code
from rewarding import giver, sponsor, with_points
from visiting import Visitor, at_console

import simulator
from app.kit import announcements, clock
from app.rewards.queries.drive_gifts import list_own
from app.rewards.queries.drives import list_drives
from app.rewards.rules.drives import Goal

DONATING = ("捐", "慈善", "donat", "Donat", "charit", "Charit")
DISCLAIMED = ("公开募捐", "开具捐赠票据", "不是捐赠票据", "不是捐款", "no donation", "donation receipt")


@pytest.fixture
def donor(app: Flask, phone: simulator.Running) -> Visitor:
    """A signed-in person with three hundred points."""
    visitor = Visitor(app).sign_in()
    with_points(visitor.holder_id, 300)
    return visitor


def key_of(page: str, action: str) -> str:
    form = page[page.index(f'action="{action}"') :]
    found = re.search(r'name="form_key" value="([^"]+)"', form)
    assert found is not None
    return found[1]


def test_points_are_given_by_a_form_once_and_the_thanks_are_a_page_and_a_paper(
    app: Flask, donor: Visitor
) -> None:
    drive = opened(foundation(), charity=charity())
    home = f"/drives/{drive.code}"
    shown = donor.get(home).text
    assert FUNDRAISING in shown
    form = {"points": "120", "form_key": key_of(shown, f"{home}/points")}
    sent, again = (donor.post(f"{home}/points", form) for _ in range(2))
    assert sent.status_code == 303, sent.text
    assert sent.location == again.location
    assert read(drive).row.points == 120
    number = sent.location.split("/")[2].partition("?")[0]
    page = Visitor(app).get(f"/thanks/{number}")
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "捐出 120 积分" in page.text
    for form_, beginning in {"pdf": b"%PDF-", "svg": b"<svg"}.items():
        assert Visitor(app).get(f"/thanks/{number}.{form_}").data.startswith(beginning)
    assert number in donor.get("/me/drive-gifts").text


def test_a_name_is_printed_on_ones_own_copy_and_kept_nowhere(app: Flask, donor: Visitor) -> None:
    drive = opened(giver())
    home = f"/drives/{drive.code}"
    form = {"points": "10", "form_key": key_of(donor.get(home).text, f"{home}/points")}
    donor.post(f"{home}/points", form)
    [(_, gift)] = list_own(donor.holder_id, 2)
    mine = f"/me/drive-gifts/{gift.number}/print"
    printed = donor.post(mine, {"name": "林小满", "paper": "png"})
    assert printed.data.startswith(b"\x89PNG"), printed.text
    assert "林小满" not in donor.get(f"/thanks/{gift.number}.svg").text
    assert donor.post(mine, {"name": "打 138 0013 8000", "paper": "pdf"}).status_code == 422
    other = Visitor(app).sign_in()
    assert other.post(mine, {"name": "别人", "paper": "pdf"}).status_code == 404


def test_a_day_of_steps_is_offered_with_its_points_and_given(app: Flask, donor: Visitor) -> None:
    sponsor(grams_per_point=2)
    today = clock.business_day()
    walk(donor.holder_id, (today, 4321))
    announcements.deliver()
    home = f"/drives/{opened(giver()).code}"
    shown = donor.get(home).text
    assert "4,321 步" in shown
    form = {"day": today.isoformat(), "form_key": key_of(shown, f"{home}/steps")}
    thanked = donor.get(donor.post(f"{home}/steps", form).location)
    assert "4,321" in thanked.text
    assert f"{home}/steps" not in donor.get(home).text, "nothing of it is left to give"


def test_units_lead_to_the_payment_sheet(donor: Visitor) -> None:
    lot: Forest = forest(1000)
    drive = opened(lot.village_id, project=lot.project_code, goal=Goal(None, 100))
    home = f"/drives/{drive.code}"
    form = {"quantity_kg": "10", "form_key": key_of(donor.get(home).text, f"{home}/units")}
    left = donor.post(f"{home}/units", form)
    assert left.status_code == 303, left.text
    assert "/phone/pay" in left.location
    assert home in donor.get(f"/projects/{lot.project_code}").text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_a_qualified_charity_no_page_speaks_of_donations(donor: Visitor, language: str) -> None:
    drive = opened(giver())
    donor.speak(language)
    home = f"/drives/{drive.code}"
    shown = donor.get(home).text
    sent = donor.post(f"{home}/points", {"points": "3", "form_key": key_of(shown, f"{home}/points")})
    number = sent.location.split("/")[2].partition("?")[0]
    for page in (shown, donor.get("/drives").text, donor.get(sent.location).text):
        assert_neutral(page)
    assert_neutral(donor.get(f"/thanks/{number}.svg").text)


def assert_neutral(page: str) -> None:
    for said in DISCLAIMED:
        page = page.replace(said, "")
    assert [word for word in DONATING if word in page] == []


def test_what_cannot_be_given_is_said_beside_its_form(app: Flask, donor: Visitor) -> None:
    drive = opened(giver())
    home = f"/drives/{drive.code}"
    key = key_of(donor.get(home).text, f"{home}/points")
    short = donor.post(f"{home}/points", {"points": "301", "form_key": key})
    assert (short.status_code, "可用积分不够" in short.text) == (409, True)
    assert donor.post(f"{home}/points", {"points": "-1", "form_key": key}).status_code == 422
    assert Visitor(app).post(f"{home}/points", {"points": "1", "form_key": key}).status_code == 401
    assert "sign-in?back=/drives/" in Visitor(app).get(home).text
    assert donor.get("/thanks/NOTHING").status_code == 404


def desk_form(payee: str, **terms: Any) -> dict[str, Any]:
    today = clock.business_day()
    return {
        "title_zh": "修一条护林小路",
        "title_en": "A path",
        "about_zh": "护林员每天要走的路。",
        "about_en": "The wardens' path.",
        "use_zh": "买石料",
        "use_en": "Stones",
        "payee": payee,
        "goal_yuan": "3,000.00",
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=30)).isoformat(),
        **terms,
    }


def test_one_writes_a_drive_at_the_desk_and_another_opens_it_and_its_report(app: Flask) -> None:
    payee = holder_code(giver())
    anna, bao = at_console(app, "rewards"), at_console(app, "rewards")
    key = key_of(anna.get("/console/drives/new").text, "/console/drives")
    half = anna.post("/console/drives", desk_form(payee, form_key=key, charity_name="示例基金会"))
    assert (half.status_code, "填全" in half.text) == (422, True)
    made = anna.post("/console/drives", desk_form(payee, form_key=key))
    assert made.status_code == 303, made.text
    home = made.location.partition("?")[0]
    assert anna.post(f"{home}/publish").status_code == 409
    assert f"{home}/publish" not in anna.get(home).text
    assert bao.post(f"{home}/publish").status_code == 303
    [drive] = list_drives(5)
    assert drive.goal.fen == 300_000
    report = {"happened_on": clock.business_day().isoformat(), "words_zh": "已开工。", "words_en": "Begun."}
    report |= {"used_yuan": "12.50", "form_key": key_of(anna.get(home).text, f"{home}/reports")}
    assert anna.post(f"{home}/reports", report).status_code == 303
    decide = re.search(rf'action="({home}/reports/\d+)"', bao.get(home).text)
    assert decide is not None
    assert bao.post(decide[1], {"decision": "show"}).status_code == 303
    sheet = Visitor(app).get(f"/drives/{drive.code}.svg?page=2").text
    assert "已开工。" in sheet
    public = Visitor(app).get(f"/drives/{drive.code}").text
    assert "已开工。" in public
    assert "12.50" in public
    assert bao.post(f"{home}/close", {"reason": "路修好了"}).status_code == 303
    assert "路修好了" in Visitor(app).get(f"/drives/{drive.code}").text
