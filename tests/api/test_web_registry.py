"""The registry's pages: what holders do with their units, what operators do, what is public."""

from typing import Any

import pytest
from builders import Forest, operator
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from visiting import Visitor
from werkzeug.test import TestResponse
from woods import broken, free_forest, serial_of

import simulator
from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts import services as holders
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries
from app.registry.queries.serials import find_run
from app.registry.services.acts import NOBODY
from app.registry.services.holdings import move_units


class Desk:
    """One operator's browser."""

    def __init__(self, app: Flask, *roles: str) -> None:
        self.home = app.extensions["settings"].public_url
        self.client: FlaskClient = app.test_client()
        self.id = operator(app, self.client, *(roles or ("registry",)))

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, **form: Any) -> TestResponse:
        return self.client.post(path, data=form, headers={"Origin": self.home})

    def ask(self, kind: str, **form: Any) -> TestResponse:
        form = {"form_key": random_code(20), "note": "文书 2026-1 号", **form}
        return self.post(f"/console/registry/new/{kind}", **form)


@pytest.fixture
def woods(app: Flask) -> Forest:
    return free_forest(2000)


@pytest.fixture
def keeper(app: Flask, phone: simulator.Running, woods: Forest) -> Visitor:
    """A signed-in person who holds the first tonne of a forest."""
    visitor = Visitor(app).sign_in()
    with transaction():
        run = find_run(serial_of(woods, 1, 2000))
        move_units(woods.village_id, run, 1000, visitor.holder_id, NOBODY)
    return visitor


def do(visitor: Visitor, serial: str, what: str, **form: str) -> TestResponse:
    return visitor.post(f"/me/holdings/{serial}/{what}", {"form_key": random_code(20), **form})


def test_a_holder_uses_their_units_by_forms(app: Flask, keeper: Visitor, woods: Forest) -> None:
    serial = serial_of(woods, 1, 1000)
    with transaction():
        bank = holders.open_holder("organisation", "示例银行").code
    assert serial in keeper.get("/me/holdings").text
    for what, form in {
        "splits": {"quantity_kg": "100"},
        "reservations": {"quantity_kg": "50", "purpose": "年会", "days": "3"},
        "transfers": {"quantity_kg": "50", "other": bank},
        "pledges": {"quantity_kg": "200", "other": bank},
        "offers": {"quantity_kg": "100", "price": "1.20"},
        "retirements": {"quantity_kg": "10", "purpose": "event", "beneficiary": "小林"},
    }.items():
        assert keeper.get(f"/me/holdings/{serial}?do={what}").status_code == 200
        done = do(keeper, serial, what, **form)
        assert done.status_code == 303, (what, done.text)
        assert keeper.get(done.location).status_code == 200
    assert "小林" not in keeper.get(done.location).text, "no consent, no name"
    page = keeper.get("/me/holdings").text
    assert "示例银行" in page
    assert "年会" in page
    assert do(keeper, serial, "withdrawals").status_code == 303
    assert broken() == set()


def test_a_name_is_shown_with_consent_and_taken_down(keeper: Visitor, woods: Forest) -> None:
    form = {"quantity_kg": "10", "purpose": "event", "beneficiary": "小林", "consent": "yes"}
    path = do(keeper, serial_of(woods, 1, 1000), "retirements", **form).location
    assert "小林" in keeper.get(path).text
    assert keeper.post(f"{path}/hide").status_code == 303
    assert "小林" not in keeper.get(path).text


def test_the_same_form_sent_twice_acts_once(keeper: Visitor, woods: Forest) -> None:
    serial = serial_of(woods, 1, 1000)
    form = {"form_key": "k" * 20, "quantity_kg": "10", "purpose": "event"}
    first, again = (keeper.post(f"/me/holdings/{serial}/retirements", form) for _ in range(2))
    assert first.location == again.location
    assert queries.conservation(woods.issuance_id).retired_kg == 10


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "1e3", "", "9223372036854775808", "九", "1001"])
def test_a_form_with_an_absurd_quantity_comes_back_with_a_sentence(
    keeper: Visitor, woods: Forest, quantity: str
) -> None:
    answer = do(keeper, serial_of(woods, 1, 1000), "retirements", quantity_kg=quantity, purpose="event")
    assert answer.status_code in (409, 422)
    assert 'role="alert"' in answer.text


def test_a_gift_goes_from_one_browser_to_another(
    app: Flask, phone: simulator.Running, keeper: Visitor, woods: Forest
) -> None:
    made = do(keeper, serial_of(woods, 1, 1000), "gifts", quantity_kg="30", message="<b>生日</b>快乐")
    path = made.location.split("?")[0]
    assert "&lt;b&gt;" in keeper.get(path).text
    assert keeper.post(f"{path}/redeem").status_code == 409
    stranger = Visitor(app)
    assert "/sign-in?back=" in stranger.get(path).text
    friend = stranger.sign_in()
    assert friend.post(f"{path}/redeem").status_code == 303
    assert accounts.get_balance(friend.holder_id, chart.UNITS) == 30_000
    assert friend.post(f"{path}/redeem").status_code == 409
    assert "30" in keeper.get("/me/notices").text
    assert "30" in keeper.get("/me").text


def test_anothers_units_are_not_found(app: Flask, phone: simulator.Running, woods: Forest) -> None:
    other = Visitor(app).sign_in()
    serial = serial_of(woods, 1, 1000)
    assert other.get(f"/me/holdings/{serial}").status_code == 404
    assert do(other, serial, "splits", quantity_kg="1").status_code == 404
    assert Visitor(app).post(f"/me/holdings/{serial}/splits").status_code == 401


def test_a_reversal_is_previewed_and_needs_another_pair_of_eyes(
    app: Flask, keeper: Visitor, woods: Forest
) -> None:
    first, second = Desk(app), Desk(app)
    serial = serial_of(woods, 1, 1)
    asked = first.ask("reversal", serial=serial, quantity_kg="1500", reason="fire")
    assert asked.status_code == 303, asked.text
    path = asked.location.split("?")[0]
    shown = first.get(path).text
    assert "1,000\u00a0kg" in shown
    assert "500\u00a0kg" in shown
    assert f"{path}/approve" not in shown, "not by whoever asked"
    assert first.post(f"{path}/approve").status_code == 409
    assert second.post(f"{path}/approve").status_code == 303
    assert second.post(f"{path}/approve").status_code == 409
    public = keeper.get("/reversals").text
    assert woods.project_code in public
    assert "500\u00a0kg" in public
    assert second.post(f"{path}/cover").status_code == 409
    assert queries.conservation(woods.issuance_id).cancelled_kg == 1000
    log = [row.action for row in db.session.execute(text("SELECT action FROM audit_entry ORDER BY id"))]
    assert log[-2:] == ["mandate_requested", "mandate_approved"]
    assert broken() == set()


def test_units_are_transferred_pledged_and_released_at_the_desk(app: Flask, woods: Forest) -> None:
    first, second = Desk(app), Desk(app)
    with transaction():
        bank = holders.open_holder("organisation", "示例银行").code
        court = holders.open_holder("organisation", "示例法院")
    serial = serial_of(woods, 301, 2000)
    for kind, form in {
        "transfer": {
            "serial": serial_of(woods, 1, 2000),
            "quantity_kg": "300",
            "other": court.code,
            "bound": "judicial",
        },
        "pledge": {"serial": serial, "quantity_kg": "200", "other": bank},
        "cancellation": {"serial": serial, "quantity_kg": "100"},
    }.items():
        assert first.get(f"/console/registry/new/{kind}").status_code == 200
        asked = first.ask(kind, **form)
        assert asked.status_code == 303, (kind, asked.text)
        assert second.get(asked.location).status_code == 200
        assert second.post(f"{asked.location.split('?')[0]}/approve").status_code == 303
    assert accounts.get_balance(court.id, chart.UNITS) == 300_000
    hold = db.session.scalar(text("SELECT code FROM hold"))
    assert f"hold={hold}" in first.get("/console/registry").text
    asked = first.ask("release", hold=hold)
    assert second.post(f"{asked.location.split('?')[0]}/approve").status_code == 303
    declined = first.ask("cancellation", serial=serial, quantity_kg="1")
    assert first.post(f"{declined.location.split('?')[0]}/decline").status_code == 303
    units = queries.conservation(woods.issuance_id)
    assert (units.active_kg, units.pledged_kg, units.cancelled_kg) == (1900, 0, 100)
    assert broken() == set()


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("reversal", {"serial": "nonsense", "quantity_kg": "1", "reason": "fire"}),
        ("reversal", {"serial": "{serial}", "quantity_kg": "9223372036854775807", "reason": "fire"}),
        ("reversal", {"serial": "{serial}", "quantity_kg": "0", "reason": "fire"}),
        ("reversal", {"serial": "{serial}", "quantity_kg": "1", "reason": "war"}),
        ("transfer", {"serial": "{serial}", "quantity_kg": "1", "other": "NOBODY"}),
        ("pledge", {"serial": "{serial}", "quantity_kg": "2001", "other": "NOBODY"}),
        ("release", {"hold": "NOBODY"}),
        ("cancellation", {"serial": "{serial}"}),
    ],
)
def test_a_mandate_that_says_nothing_possible_comes_back(
    app: Flask, woods: Forest, kind: str, form: dict[str, str]
) -> None:
    given = {name: value.replace("{serial}", serial_of(woods, 1, 2000)) for name, value in form.items()}
    answer = Desk(app).ask(kind, **given)
    assert answer.status_code in (404, 409, 422)
    assert 'role="alert"' in answer.text
    assert Desk(app).get("/console/registry/new/steal").status_code == 404


def test_who_may_only_read_sees_no_way_to_act(app: Flask, woods: Forest) -> None:
    Desk(app).ask("reversal", serial=serial_of(woods, 1, 1), quantity_kg="10", reason="fire")
    auditor = Desk(app, "auditor")
    shown = auditor.get("/console/registry")
    assert shown.status_code == 200
    assert "/console/registry/new/" not in shown.text
    assert auditor.ask("cancellation", serial="x", quantity_kg="1").status_code == 403
    assert Desk(app, "finance").get("/console/registry").status_code == 403


def test_a_serial_is_looked_up_by_anyone_and_names_no_person(
    app: Flask, phone: simulator.Running, keeper: Visitor, woods: Forest
) -> None:
    do(keeper, serial_of(woods, 1, 1000), "retirements", quantity_kg="10", purpose="event")
    stranger = Visitor(app)
    found = stranger.get(f"/serials?serial={serial_of(woods, 3, 3).lower()}")
    assert (found.status_code, found.location) == (303, f"/serials/{serial_of(woods, 3, 3)}")
    for language in ("zh", "en"):
        shown = stranger.speak(language).get(found.location).text
        assert accounts.get_holder(keeper.holder_id).code not in shown
        assert "示例村集体" in shown
    assert stranger.get("/serials?serial=SH-350721-NONE-2022-1-1").status_code == 404


def test_who_has_nothing_is_told_how_to_get_some(app: Flask, phone: simulator.Running) -> None:
    visitor = Visitor(app).sign_in()
    assert accounts.get_holder(visitor.holder_id).code in visitor.get("/me/holdings").text
