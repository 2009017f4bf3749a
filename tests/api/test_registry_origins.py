"""Products, carbon tickets, and units of other registries that enter once."""

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from foreign_desk import FACTS, PROOF, VERRA, Desk, part, serial
from registries import project_facts
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.errors import (
    OriginEnded,
    OriginTaken,
    OriginUnclear,
    ProductDiffers,
    SecondPerson,
    TicketUnknown,
)
from app.registry.queries.tickets import get_ticket
from app.registry.rules import PRODUCTS, Terms
from app.registry.services import origins
from app.registry.services.origins import OriginFacts


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk()


def test_foreign_units_are_ours_once_another_has_read_the_proof(desk: Desk) -> None:
    code = desk.enter()
    assert queries.list_projects(10)[0].project.product == "vcs"
    with pytest.raises(SecondPerson), transaction():
        origins.approve_origin(desk.first, code, PROOF)
    with pytest.raises(OriginUnclear), transaction():
        origins.approve_origin(desk.second, code, "b" * 64)
    issued = desk.approve(code)
    assert queries.conservation(issued.issuance_id).active_kg == 100_000
    facts = queries.certificate_facts(issued.issuance_id)
    assert facts.origin == ("VERRA", "Verra Registry", VERRA, "RET-1")
    assert facts.notes == ("registry.note_vcs", "registry.note_sample")
    with pytest.raises(OriginEnded):
        desk.approve(code)
    assert [proof for proof in queries.prove() if not proof.holds] == []


@pytest.mark.parametrize(
    "again",
    [
        FACTS,
        replace(FACTS, serial=" 0001－000001—000100-vcs-vcu-003-VER-us-0003-01012020-31122020-1 "),
        part(100, 150),
        part(1, 1),
        part(50, 60),
        part(1, 999),
    ],
)
def test_a_serial_enters_once_however_it_is_written(desk: Desk, again: OriginFacts) -> None:
    desk.enter()
    with pytest.raises(OriginTaken):
        desk.enter(again)


def test_other_serials_and_other_projects_are_free(desk: Desk) -> None:
    first = desk.enter()
    for facts in (part(101, 200), part(1, 100, project=4)):
        desk.approve(desk.enter(facts))
    desk.approve(first)
    assert sum(each.units.issued_kg for each in queries.get_project(_code_of(first)).issuances) == 300_000


def _code_of(origin: str) -> str:
    return str(
        db.session.scalar(
            text("SELECT p.code FROM origin o JOIN project p ON p.id = o.project_id WHERE o.code = :code"),
            {"code": origin},
        )
    )


def test_a_text_of_unknown_form_enters_once(desk: Desk) -> None:
    ccer = replace(FACTS, home="CCER", home_name="全国登记系统", serial="CCER 2020 甲 001", quantity_kg=5000)
    desk.enter(ccer, "ccer")
    with pytest.raises(OriginTaken):
        desk.enter(replace(ccer, serial="ccer2020甲001"), "ccer")
    desk.enter(replace(ccer, serial="CCER 2020 甲 002"), "ccer")
    ticket = replace(ccer, home="SANMING", home_name="三明市林业局", serial="第0000001号")
    desk.enter(ticket, "carbon_ticket")
    desk.enter(replace(ticket, home="CHANGYANG"), "carbon_ticket")


def test_what_was_declined_may_come_again(desk: Desk) -> None:
    code = desk.enter()
    with transaction():
        origins.decline_origin(desk.first, code)
    with pytest.raises(OriginEnded):
        desk.approve(code)
    desk.approve(desk.enter())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity_kg": 99_000}, "quantity_kg"),
        ({"quantity_kg": 100_500}, "quantity_kg"),
        ({"quantity_kg": -1000}, "quantity_kg"),
        ({"home": "CCER"}, "home"),
        ({"serial": ""}, "serial"),
        ({"serial": serial(100, 1)}, "serial"),
        ({"serial": serial(0, 99)}, "serial"),
        ({"period_end": date(2090, 1, 1)}, "period_end"),
        ({"period_start": date(1999, 1, 1)}, "period_start"),
        ({"period_start": date(2021, 1, 1)}, "period_start"),
        ({"vintage": 2021}, "vintage"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(
    desk: Desk, change: dict[str, object], field: str
) -> None:
    with pytest.raises(OriginUnclear) as refusal:
        desk.enter(replace(FACTS, **change))  # type: ignore[arg-type]
    assert [error["pointer"] for error in refusal.value.errors] == [f"#/{field}"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE origin SET serial = 'X'",
        "UPDATE origin SET ended_at = now()",
        "DELETE FROM origin",
        "UPDATE origin_series SET series = 'X'",
        "UPDATE project SET product = 'yiyuan'",
        "UPDATE carbon_ticket SET number = 9",
    ],
)
def test_the_database_keeps_origins_as_they_were_entered(desk: Desk, statement: str) -> None:
    desk.approve(desk.enter())
    with transaction():
        services.load_samples()
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text(statement))


def test_foreign_products_are_not_issued_without_an_origin(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="ck_issuance_home"):
        issued(desk, "ffcer", 1000)


def issued(desk: Desk, product: str, quantity_kg: int) -> services.Issued:
    with transaction():
        project = services.register_project(project_facts(product), desk.holder_id)
        period = (date(2020, 1, 1), date(2020, 12, 31))
        return services.issue(project.id, period, quantity_kg, vintage=2020, verification="V")


def test_units_are_sold_as_what_they_are(desk: Desk) -> None:
    ticket = issued(desk, "carbon_ticket", 5000)
    for terms in (Terms("yiyuan", 10, 100), Terms("carbon_ticket", 10, 100), Terms("vcs", 1000, 100)):
        with pytest.raises(ProductDiffers), transaction():
            services.open_lot(ticket.block_id, 5000, terms)
    with transaction():
        lot = services.open_lot(ticket.block_id, 5000, Terms("carbon_ticket", 1000, 1500))
    assert queries.get_lot(lot.code).terms.product == "carbon_ticket"
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            text(
                "INSERT INTO lot (code, issuance_id, seller_holder_id, product, step_kg, price_fen_per_step,"
                " village_bp, fee_bp, offered_kg, available_kg, opened_at) SELECT 'X', issuance_id,"
                " seller_holder_id, 'yiyuan', 10, 100, 0, 0, 10, 10, now() FROM lot"
            )
        )


def test_a_ticket_of_half_a_tonne_is_not_issued(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="ck_issuance_steps"):
        issued(desk, "carbon_ticket", 1500)


def test_tickets_are_numbered_in_one_row_and_show_their_face(desk: Desk, app: Flask) -> None:
    for quantity_kg in (12_723_000, 1000):
        issued(desk, "carbon_ticket", quantity_kg)
    issued(desk, "yiyuan", 10)
    client = app.test_client()
    shown = client.get("/v1/tickets").json["items"]
    assert [(each["number"], each["quantity_kg"]) for each in shown] == [
        ("0000001", 12_723_000),
        ("0000002", 1000),
    ]
    assert client.get("/v1/tickets/0000001").json["owner"] == "示例机构"
    face = client.get("/tickets/0000001/face.svg")
    assert face.content_type.startswith("image/svg+xml")
    for said in ("No. 0000001", "12,723", "示例机构", "2020-01-01 — 2020-12-31", "公顷", "CCER"):
        assert said in face.text, said
    assert client.get("/tickets/0000001").status_code == client.get("/tickets").status_code == 200
    for wrong in ("1", "0000009", "x", "０００００01"):
        with pytest.raises(TicketUnknown):
            get_ticket(wrong)
        assert client.get(f"/v1/tickets/{wrong}").status_code == 404


def test_every_product_is_told_in_both_languages(desk: Desk, app: Flask) -> None:
    lots = {}
    for product in ("yiyuan", "carbon_ticket", "vcs"):
        home = PRODUCTS[product].home
        block = desk.approve(desk.enter()).block_id if home else issued(desk, product, 100_000).block_id
        step = PRODUCTS[product].step_kg
        with transaction():
            lots[product] = services.open_lot(block, 100_000, Terms(product, step, 100)).code
    client = app.test_client()
    for product, code in lots.items():
        told = client.get(f"/v1/lots/{code}").json
        assert told["product"] == product
        assert told["retrade"] is PRODUCTS[product].retrade
        assert (told["origin"] or {}).get("serial") == (VERRA if product == "vcs" else None)
        for lang in ("zh", "en"):
            page = client.get(f"/forest/{code}?lang={lang}").text
            assert told["product_name"][lang] in page
            assert told["notes"][0][lang] in page
    assert "不得用于碳市场履约" in client.get(f"/forest/{lots['vcs']}").text
    found = client.get("/v1/lots?product=vcs").json["items"]
    assert [each["code"] for each in found] == [lots["vcs"]]
    assert client.get("/v1/lots?product=gold").status_code == 422
