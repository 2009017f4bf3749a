"""The terms of a sale: the same by every door, known before it is made, and none cheaper by a detour."""

from dataclasses import replace
from typing import Any

import market
import pytest
from builders import Person, person
from flask import Flask
from flask.testing import FlaskClient
from forestry import Desk
from paying import colleague, holder_code
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from woods import act, broken

from app.accounts import services as accounts
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries, rules, services
from app.registry.errors import (
    BlockNotFree,
    MandateDecided,
    MandateOwn,
    NewLotsBarred,
    QuantityNotSold,
    SellerUnknown,
    SharesRegistered,
    TooManyLots,
)
from app.registry.errors.dossiers import OwnDossier
from app.registry.queries.serials import find_run
from app.registry.rules.sanctions import SanctionTerms
from app.registry.services import Offering, mandates, sanctions
from app.registry.services.acts import NOBODY
from app.registry.services.holdings import move_units


def by_both_doors(client: FlaskClient, who: Person, serial: str, project: str, vintage: int) -> list[Any]:
    """The terms of a lot that its holder opens by one door and by the other."""
    offer = {"quantity_kg": 10, "price_fen_per_step": 1000}
    lots = [
        client.post(
            "/v1/lots", json={**offer, "project": project, "vintage": vintage}, headers=who.auth
        ).json,
        act(client, who, serial, "offers", **offer).json,
    ]
    codes = [lots[0]["code"], lots[1]["lot"]]
    return [
        (terms.fee_bp, terms.village_holder_id, terms.village_bp, terms.step_kg)
        for terms in (queries.get_lot(code).terms for code in codes)
    ]


def shown(client: FlaskClient, who: Person) -> list[dict[str, Any]]:
    """What both lists say of the terms before anything is sold."""
    sellable = client.get("/v1/lots/sellable", headers=who.auth).json["items"]
    held = client.get("/v1/holdings", headers=who.auth).json["items"]
    return [each["sale"] for each in (*sellable, *held)]


@pytest.mark.parametrize("own", [True, False], ids=["issued to the seller", "re-trade"])
def test_a_sale_has_one_fee_by_every_door_and_it_is_the_one_that_was_shown(
    app: Flask, client: FlaskClient, own: bool
) -> None:
    me = person(app)
    owner_id, project = market.grow(1000, holder_id=me.holder_id if own else None)
    run = find_run(f"SH-350721-{project}-2022-1-1000")
    if not own:
        with transaction():
            move_units(owner_id, run, 1000, me.holder_id, NOBODY)
    told = shown(client, me)
    expected = {"product": "yiyuan", "step_kg": 10, "open": True, "resale": not own, "registered": False,
                "village": None, "village_bp": 0, "fee_bp": rules.FEE_BP}  # fmt: skip
    assert told == [expected] * 2
    assert by_both_doors(client, me, run.written, project, 2022) == [(rules.FEE_BP, None, 0, 10)] * 2
    assert broken() == set()


def test_registered_shares_stay_with_the_units_through_whoevers_hands_they_go(
    app: Flask, client: FlaskClient
) -> None:
    desk, me = Desk(app), person(app)
    village = desk.village
    with transaction():
        desk.village = accounts.open_holder("household", "示例农户", "350721").id
    code = desk.empty()
    desk.complete(code, ((desk.village, "household", 6000), (village, "village", 3200), (0, "fee", 800)))
    desk.review(code)
    project = desk.register(code).code
    desk.issue(code, 2021, 1000)
    run = find_run(f"SH-350721-{project}-2021-1-1000")
    with transaction():
        move_units(desk.village, run, 500, me.holder_id, NOBODY)
        move_units(desk.village, run, 100, village, NOBODY)
    for each in shown(client, me):
        assert (each["village"], each["village_bp"], each["fee_bp"]) == ("示例村集体", 3200, 800)
        assert (each["resale"], each["registered"]) == (True, True)
    assert by_both_doors(client, me, run.written, project, 2021) == [(800, village, 3200, 10)] * 2
    with pytest.raises(SharesRegistered), transaction():
        services.sell(me.holder_id, Offering(project, 2021, 10, 100, holder_code(village), 1))
    with transaction():  # to itself a village owes no share
        terms = services.sell(village, Offering(project, 2021, 10, 100)).terms
    assert (terms.village_holder_id, terms.village_bp, terms.fee_bp) == (None, 0, 800)


def test_what_may_not_be_sold_again_is_refused_by_every_door(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_resale = replace(rules.PRODUCTS["yiyuan"], retrade=False)
    monkeypatch.setattr(rules, "PRODUCTS", {**rules.PRODUCTS, "yiyuan": no_resale})
    me = person(app)
    owner_id, project = market.grow(1000)
    run = find_run(f"SH-350721-{project}-2022-1-1000")
    with transaction():
        move_units(owner_id, run, 500, me.holder_id, NOBODY)
    offer = {"quantity_kg": 10, "price_fen_per_step": 100}
    doors = (
        client.post("/v1/lots", json={**offer, "project": project, "vintage": 2022}, headers=me.auth),
        act(client, me, run.written, "offers", **offer),
    )
    assert [(each.status_code, each.json["code"]) for each in doors] == [(409, "resale_closed")] * 2
    assert client.get("/v1/lots/sellable", headers=me.auth).json["items"] == []
    assert [each["open"] for each in shown(client, me)] == [False]
    with transaction():
        assert services.sell(owner_id, Offering(project, 2022, 10, 100)), "the first sale is none"


def proposed(operator_id: int, seller_id: int, project: str, vintage: int = 2022, **terms: Any) -> str:
    """The code of a lot that an operator asked for."""
    offering = Offering(project, vintage, terms.pop("quantity_kg", 100), 150, **terms)
    with transaction():
        return services.propose_lot(operator_id, holder_code(seller_id), offering, "委托书 7").code


@pytest.fixture
def two(app: Flask) -> tuple[int, int]:
    """Two operators of the registry."""
    return colleague("registry"), colleague("registry")


def test_a_lot_for_a_village_opens_when_a_second_operator_approves_it(
    app: Flask, two: tuple[int, int]
) -> None:
    owner_id, project = market.grow(1000)
    code = proposed(two[0], owner_id, project)
    assert queries.search_lots(queries.Search(), 10) == [], "asked for, it is not on sale"
    with pytest.raises(MandateOwn), transaction():
        mandates.approve_mandate(two[0], code)
    with transaction():
        lot_id = mandates.approve_mandate(two[1], code).lot_id
    [lot] = queries.search_lots(queries.Search(), 10)
    assert (lot.id, lot.offered_kg, lot.terms.price_fen_per_step) == (lot_id, 100, 150)
    assert (lot.seller_holder_id, lot.terms.fee_bp) == (owner_id, 0)
    with pytest.raises(MandateDecided), transaction():
        mandates.approve_mandate(two[1], code)
    asked, opened = db.session.execute(
        text(
            "SELECT (SELECT operator_id FROM audit_entry WHERE (action, subject) ="
            " ('mandate_requested', :mandate)), (SELECT operator_id FROM audit_entry WHERE"
            " (action, subject) = ('lot_opened', :lot))"
        ),
        {"mandate": code, "lot": lot.code},
    ).one()
    assert (asked, opened) == two
    assert broken() == set()


def test_a_declined_lot_never_opens(app: Flask, two: tuple[int, int]) -> None:
    owner_id, project = market.grow(1000)
    code = proposed(two[0], owner_id, project)
    with transaction():
        mandates.decline_mandate(two[1], code)
    with pytest.raises(MandateDecided), transaction():
        mandates.approve_mandate(two[1], code)
    assert queries.search_lots(queries.Search(), 10) == []


def test_who_made_the_dossier_approves_no_lot_from_its_forest(app: Flask) -> None:
    desk, third = Desk(app), colleague("registry")
    code = desk.registered()
    desk.issue(code, 2021, 1000)
    project = desk.standing(code).dossier.project_code
    asked = proposed(third, desk.village, project, 2021)
    with pytest.raises(OwnDossier), transaction():
        mandates.approve_mandate(desk.maker, asked)
    with transaction():
        assert mandates.approve_mandate(desk.checker, asked).lot_id


def test_nobody_opens_a_lot_for_a_person_or_of_what_is_not_there(app: Flask, two: tuple[int, int]) -> None:
    owner_id, project = market.grow(holder_id=person(app).holder_id)
    with pytest.raises(SellerUnknown):
        proposed(two[0], owner_id, project)
    village_id, own = market.grow(1000)
    with pytest.raises(BlockNotFree):
        proposed(two[0], village_id, own, quantity_kg=1010)
    with pytest.raises(QuantityNotSold):
        proposed(two[0], village_id, own, quantity_kg=15)
    with pytest.raises(SellerUnknown):
        proposed(two[0], village_id, own, village="NOBODY", village_bp=1)


def test_what_changed_meanwhile_keeps_a_lot_from_opening(app: Flask, two: tuple[int, int]) -> None:
    owner_id, project = market.grow(10 * (rules.MOST_OPEN_LOTS + 1))
    code = proposed(two[0], owner_id, project, quantity_kg=10)
    with transaction():
        told = SanctionTerms("limit", "other", "x", no_new_lots=True)
        laid = sanctions.impose(two[0], f"holder.{holder_code(owner_id)}", told).code
    with pytest.raises(NewLotsBarred), transaction():
        mandates.approve_mandate(two[1], code)
    with transaction():
        sanctions.propose_lift(two[0], laid, "x")
    with transaction():
        sanctions.confirm(two[1], laid)
    for _ in range(rules.MOST_OPEN_LOTS):
        with transaction():
            services.sell(owner_id, Offering(project, 2022, 10, 100))
    with pytest.raises(TooManyLots), transaction():
        mandates.approve_mandate(two[1], code)
    assert db.session.scalar(text("SELECT count(*) FROM mandate WHERE approved_at IS NULL")) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mandate SET price_fen_per_step = 1",
        "UPDATE mandate SET village_bp = 1, village_holder_id = holder_id",
        "UPDATE mandate SET fee_bp = 1",
        "UPDATE mandate SET quantity_kg = 1",
        "UPDATE mandate SET approved_by = :other, approved_at = now()",
        "UPDATE mandate SET approved_by = requested_by, approved_at = now(), lot_id = :lot",
        "UPDATE mandate SET lot_id = :lot",
        "DELETE FROM mandate",
    ],
)
def test_the_database_itself_keeps_what_was_asked_for(
    app: Flask, two: tuple[int, int], statement: str
) -> None:
    owner_id, project = market.grow(1000)
    lot = market.lot().id
    proposed(two[0], owner_id, project)
    with pytest.raises(Exception, match=r"append-only|violates|never change|stays"), transaction() as session:
        session.execute(text(statement), {"other": two[1], "lot": lot})


APPROVED = "UPDATE mandate SET approved_by = :by, approved_at = now(), lot_id = :lot WHERE code = :code"
WITHOUT_TERMS = (
    "INSERT INTO mandate (code, kind, issuance_id, first_serial, last_serial, quantity_kg, holder_id, note,"
    " requested_by, requested_at) SELECT 'X', kind, issuance_id, first_serial, last_serial, quantity_kg,"
    " holder_id, note, requested_by, now() FROM mandate LIMIT 1"
)


def test_the_database_itself_refuses_a_maker_and_a_lot_without_terms(app: Flask) -> None:
    desk, third = Desk(app), colleague("registry")
    code = desk.registered()
    desk.issue(code, 2021, 1000)
    asked = proposed(third, desk.village, desk.standing(code).dossier.project_code, 2021)
    lot = market.lot().id
    with pytest.raises(IntegrityError, match="nobody approves"), transaction() as session:
        session.execute(text(APPROVED), {"by": desk.maker, "lot": lot, "code": asked})
    with pytest.raises(IntegrityError, match="ck_mandate_offer"), transaction() as session:
        session.execute(text(WITHOUT_TERMS))
