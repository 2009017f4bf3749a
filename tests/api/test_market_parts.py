"""Selling what came in parts, what is bound, and at which price: at the desk and by hand."""

import re

import market
import pytest
from builders import PASSWORD
from flask import Flask
from flask.testing import FlaskClient
from foreign_desk import Desk, part
from visiting import at_console
from woods import act, free_forest, owner, serial_of

from app.accounts import services as accounts
from app.kit.codes import random_code
from app.kit.transaction import transaction
from app.registry import rules
from app.registry.errors import UnitsBound
from app.registry.queries.mandates import get_mandate
from app.registry.queries.serials import find_run
from app.registry.services import mandates
from app.registry.services.acts import NOBODY
from app.registry.services.holdings import move_units
from app.registry.services.mandates import MandateWish


def test_of_a_vintage_that_came_in_parts_the_one_that_was_chosen_is_sold(app: Flask) -> None:
    desk = Desk()
    for facts in (part(1, 10), part(11, 40)):
        desk.approve(desk.enter(facts))
    operator = at_console(app, "registry")
    options = re.findall(r'<option value="([\w-]+_2020_\d+)"', operator.get("/console/market/new").text)
    assert [each.rsplit("_", 1)[1] for each in options] == ["0", "10000"]
    asked = {}
    for units in options:
        form = {"form_key": random_code(20), "units": units, "steps": "2", "price": "50", "note": "委托书"}
        answer = operator.post("/console/market", form)
        found = get_mandate(answer.location.split("?")[0].rsplit("/", 1)[-1])
        asked[units] = found.mandate.first_serial - found.series.before
    assert list(asked.values()) == [1, 10_001]


def test_a_share_without_a_village_is_a_fault_beside_the_village(app: Flask) -> None:
    holder, project = market.grow(1000, kind="household", seller="示例农户 1号")
    form = {"form_key": random_code(20), "units": f"{holder}_{project}_2022_0", "steps": "2", "note": "书"}
    form |= {"price": "1.00", "village_percent": "20"}
    answer = at_console(app, "registry").post("/console/market", form)
    assert answer.status_code == 422
    assert "必填" in answer.text.split('name="village"')[1].split("</div>")[0]


def test_units_bound_by_a_court_are_refused_for_sale_when_it_is_asked_for(app: Flask) -> None:
    woods = free_forest(1000)
    serial = serial_of(woods, 1, 1000)
    with transaction():
        operator = accounts.operators.enrol(f"op-{random_code(8)}", PASSWORD, ["registry"])[0].id
        court = accounts.open_holder("organisation", "示例机构").id
        move_units(woods.village_id, find_run(serial), 1000, court, NOBODY, bound=rules.JUDICIAL)
    wish = MandateWish("offer", "委托书", serial=serial, quantity_kg=100, price_fen_per_step=100)
    with pytest.raises(UnitsBound), transaction():
        mandates.request_mandate(operator, wish)


def test_a_price_has_one_bound_by_every_door(app: Flask, client: FlaskClient) -> None:
    woods = free_forest(1000)
    who, serial = owner(app, woods, 100)
    dear = {"quantity_kg": 10, "price_fen_per_step": rules.MOST_FEN_PER_STEP + 1}
    offered = act(client, who, serial, "offers", **dear)
    lot = {"project": woods.project_code, "vintage": 2022, **dear}
    opened = client.post("/v1/lots", json=lot, headers=who.auth)
    assert [offered.status_code, opened.status_code] == [422, 422]
    most = dear | {"price_fen_per_step": rules.MOST_FEN_PER_STEP}
    assert act(client, who, serial, "offers", **most).status_code == 201
