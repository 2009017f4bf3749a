"""Carbon tickets as anyone sees them: what became of the units, page after page; and a handover's page."""

from datetime import date

import pytest
from flask import Flask
from foreign_desk import Desk
from registries import Twins, project_facts
from visiting import Visitor

from app.kit.transaction import transaction
from app.registry import services
from app.registry.queries.serials import Run, get_series
from app.registry.services.acts import By, take
from app.registry.services.cancellations import cancel_block
from app.web.routes import tickets
from app.web.words import GAP


def test_a_tickets_face_tells_what_was_handed_over_from_what_was_cancelled(twins: Twins) -> None:
    here, there = twins
    block = here.issue(5000, "carbon_ticket")
    number = here.offer(there, 2000, block)
    there.hear(here.given(number).offer or "")
    there.hear(here.hear(there.accept(here, number)).deed or "")
    with here.inside(), transaction():
        series = get_series(here.number("SELECT max(id) FROM issuance"))
        held = take(here.holder_id, Run(series, series.serials), 1000)
        cancel_block(held, 1000, "fault", By(operator_id=here.first), "1")
    client = here.app.test_client()
    told = client.get("/v1/tickets/0000001").json
    names = ("quantity_kg", "held_kg", "retired_kg", "cancelled_kg", "handed_over_kg")
    assert [told[name] for name in names] == [5000, 2000, 0, 1000, 2000]
    for lang, words in (("zh", "已移交其他登记机构"), ("en", "Handed over to another registry")):
        page = client.get(f"/tickets/0000001?lang={lang}").text
        assert f"2,000{GAP}kg" in page.split(words)[1].split("</li>")[0]


def test_tickets_are_listed_page_by_page(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "PAGE", 2)
    holder = Desk().holder_id
    for _ in range(3):
        with transaction():
            project = services.register_project(project_facts("carbon_ticket"), holder)
            period = (date(2022, 1, 1), date(2022, 12, 31))
            services.issue(project.id, period, 1000, vintage=2022, verification="V")
    visitor = Visitor(app)
    first = visitor.get("/tickets").text
    assert ("0000002" in first, "0000003" in first) == (True, False)
    following = first.split('href="/tickets?after=')[1].split('"')[0]
    second = visitor.get(f"/tickets?after={following}").text
    assert ("0000002" in second, "0000003" in second, "?after=" in second) == (False, True, False)


def test_a_handovers_page_names_who_receives_and_nothing_that_is_for_operators_only(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    page = Visitor(here.app).get(f"/handovers/{number}").text
    assert "登记机构 TANHUITONG" in page
    for secret in (here.given(number).note, here.holder_code):
        assert secret not in page
