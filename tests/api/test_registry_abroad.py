"""What comes from and goes to other registries, beside acts on blocks, the market and the public log."""

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta

import pytest
from builders import person
from flask import Flask
from flask.testing import FlaskClient
from foreign_desk import FACTS, VERRA, Desk, part
from registries import Registry, Twins, project_facts
from sqlalchemy import text
from woods import act, broken

from app.accounts import chart
from app.kit import clock
from app.kit.database import db
from app.kit.messages import t
from app.kit.transaction import transaction
from app.offsets import jobs
from app.registry import queries, services
from app.registry.errors import (
    HoldingUnknown,
    NotEnoughFree,
    ProductDiffers,
    QuantityNotSold,
    ResaleClosed,
)
from app.registry.queries.histories import get_history
from app.registry.queries.serials import Run, find_run, get_series
from app.registry.services import holdings, mandates
from app.registry.services.acts import NOBODY
from app.registry.services.holdings import move_units
from app.registry.services.mandates import MandateWish


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk()


def handed_over(here: Registry, there: Registry, quantity_kg: int) -> str:
    """A handover carried to its end; gives its number."""
    number = here.offer(there, quantity_kg)
    there.hear(here.given(number).offer or "")
    there.hear(here.hear(there.accept(here, number)).deed or "")
    return number


def whole(here: Registry) -> str:
    """The serials of what this registry has issued first."""
    with here.inside():
        row = db.session.execute(text("SELECT code, region FROM project ORDER BY id LIMIT 1")).one()
    return f"SH-{row.region}-{row.code}-2022-1-1000"


def later(days: int) -> AbstractContextManager[None]:
    """As it will be then."""
    return clock.frozen(clock.now() + timedelta(days=days))


def sealed_line(registry: Registry, days: int) -> dict[str, int]:
    """Seal what is due `days` from now; gives the newest head's line, all of whose leaves add up."""
    with registry.inside(), later(days):
        jobs.seal_days()
        answer = registry.app.test_client().get("/v1/log/head")
        assert answer.status_code == 200, answer.text
        return {name: kg for name, kg in answer.json["line"].items() if kg}


def test_days_are_sealed_after_a_handover_on_both_sides(twins: Twins) -> None:
    here, there = twins
    assert sealed_line(here, 2) == {"issued_kg": 1000, "active_kg": 1000}
    handed_over(here, there, 400)
    assert sealed_line(here, 3) == {"issued_kg": 1000, "active_kg": 600, "cancelled_kg": 400}
    assert sealed_line(there, 3) == {"issued_kg": 400, "active_kg": 400}
    assert here.broken() == there.broken() == set()


def test_days_are_sealed_while_a_block_is_locked_for_another_registry(twins: Twins) -> None:
    here, there = twins
    here.offer(there, 300)
    assert sealed_line(here, 2) == {"issued_kg": 1000, "active_kg": 700, "reserved_kg": 300}


def test_foreign_units_are_issued_in_the_log(client: FlaskClient, desk: Desk) -> None:
    desk.approve(desk.enter())
    with later(2):
        jobs.seal_days()
        line = client.get("/v1/log/head").json["line"]
    assert (line["issued_kg"], line["active_kg"]) == (100_000, 100_000)
    assert broken() == set()


def test_a_serials_history_tells_of_its_handover_and_of_one_withdrawn(twins: Twins) -> None:
    here, there = twins
    number = here.draft(there, 1000)
    with here.inside(), transaction():
        services.handovers.withdraw_handover(here.first, number)
    number = here.offer(there, 1000)
    there.hear(here.given(number).offer or "")
    here.hear(there.accept(here, number))
    with here.inside():
        told = get_history(here.given(number).serial)
    acts = [(moment.act, moment.quantity_kg, moment.reason) for moment in told.moments]
    assert acts == [
        ("issue", 1000, None),
        ("reserve", 1000, None),
        ("release", 1000, None),
        ("reserve", 1000, None),
        ("release", 1000, None),
        ("cancel", 1000, "handed_over"),
    ]
    assert [moment.reference for moment in told.moments if moment.act == "cancel"] == [number]
    answer = here.app.test_client().get(f"/serials/{here.given(number).serial}")
    assert answer.status_code == 200
    assert "移交" in answer.text


def test_what_is_locked_for_another_registry_is_nobodys_to_act_on(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    with here.inside():
        run = find_run(here.given(number).serial)
    for step in (
        lambda: holdings.retire_units(here.holder_id, run, 10, "organisation"),
        lambda: holdings.offer_units(here.holder_id, run, 10, 100),
        lambda: holdings.split_units(here.holder_id, run, 10),
        lambda: move_units(here.holder_id, run, 10, chart.BUFFER_POOL, NOBODY),
    ):
        with here.inside(), pytest.raises(NotEnoughFree), transaction():
            step()
    wish = MandateWish("cancellation", "n", serial=run.written, quantity_kg=10, reason="fault")
    with here.inside(), pytest.raises(HoldingUnknown), transaction():
        mandates.request_mandate(here.first, wish)
    assert here.usable_kg() == 600
    assert here.broken() == set()


def test_a_mandate_asked_for_before_the_lock_does_not_break_it(twins: Twins) -> None:
    here, there = twins
    wish = MandateWish("cancellation", "n", serial=whole(here), quantity_kg=10, reason="fault")
    with here.inside(), transaction():
        code = mandates.request_mandate(here.first, wish).code
    number = here.offer(there, 1000)
    with here.inside(), pytest.raises(NotEnoughFree), transaction():
        mandates.approve_mandate(here.second, code)
    there.hear(here.given(number).offer or "")
    there.hear(here.hear(there.accept(here, number)).deed or "")
    assert (here.usable_kg(), there.usable_kg()) == (0, 1000)


def test_a_reversal_leaves_what_is_locked_for_another_registry(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    wish = MandateWish("reversal", "n", serial=whole(here), quantity_kg=900, reason="fire")
    with here.inside(), transaction():
        code = mandates.request_mandate(here.first, wish).code
    with here.inside(), transaction():
        mandate = mandates.approve_mandate(here.second, code)
        assert (mandate.unsold_kg, mandate.buffer_kg) == (600, 0)
    assert here.broken() == set()
    there.hear(here.hear(there.accept(here, number)).deed or "")
    assert (here.usable_kg(), there.usable_kg()) == (0, 400)
    assert here.broken() == there.broken() == set()


@pytest.mark.parametrize("state", ["pool", "judicial"])
def test_what_is_the_pools_or_bound_here_goes_to_no_other_registry(twins: Twins, state: str) -> None:
    here, there = twins
    serial = whole(here)
    with here.inside():
        other = person(here.app).holder_id
    with here.inside(), transaction():
        if state == "judicial":
            run = find_run(serial)
            block_id = move_units(here.holder_id, run, 1000, other, NOBODY, bound="judicial").block.id
        else:
            block_id = _insured(here)
    with pytest.raises(HoldingUnknown):
        here.draft(there, 10, block_id)
    assert here.broken() == set()


def _insured(here: Registry) -> int:
    """A block of the buffer pool."""
    project = services.register_project(replace(project_facts(), buffer_bp=1000), here.holder_id)
    period = (date(2022, 1, 1), date(2022, 12, 31))
    services.issue(project.id, period, 1000, vintage=2022, verification="V")
    found = text("SELECT id FROM block WHERE holder_id = :pool")
    return int(db.session.scalars(found, {"pool": chart.BUFFER_POOL}).one())


def test_parts_of_one_foreign_vintage_have_serials_of_their_own(client: FlaskClient, desk: Desk) -> None:
    first, second = (desk.approve(desk.enter(facts)) for facts in (FACTS, part(101, 130)))
    series = queries.serials.list_series([first.issuance_id, second.issuance_id])
    one, two = (series[each.issuance_id].text(each.serials) for each in (first, second))
    assert one.endswith("-2020-1-100000")
    assert two.endswith("-2020-100001-130000")
    assert find_run(two).series.issuance_id == second.issuance_id
    facts = queries.certificate_facts(second.issuance_id)
    assert facts.serial_text(*second.serials) == two
    assert client.get(f"/v1/serials/{two}").status_code == 200
    across = two.replace("-100001-", "-99999-")
    assert client.get(f"/v1/serials/{across}").status_code == 404


def test_a_product_without_re_trade_is_sold_by_whom_it_was_issued_to_alone(
    app: Flask, client: FlaskClient, desk: Desk
) -> None:
    issued = desk.approve(desk.enter())
    run = find_run(queries.serials.get_series(issued.issuance_id).text(issued.serials))
    buyer = person(app)
    with transaction():
        moved = move_units(desk.holder_id, run, 5000, buyer.holder_id, NOBODY).block
    answer = act(
        client, buyer, run.series.text(moved.serials), "offers", quantity_kg=1000, price_fen_per_step=9
    )
    assert answer.status_code == 409, answer.text
    assert answer.json["type"].endswith("resale_closed")
    offering = services.Offering(run.series.project, 2020, 1000, 5000)
    assert [each.holder_id for each in queries.list_sellable(10, buyer.holder_id)] == []
    with pytest.raises(ResaleClosed), transaction():
        services.sell(buyer.holder_id, offering)
    with pytest.raises(ProductDiffers), transaction():
        services.sell(desk.holder_id, replace(offering, product="ccer"))
    with pytest.raises(QuantityNotSold), transaction():
        services.sell(desk.holder_id, replace(offering, quantity_kg=10))
    with transaction():
        lot = services.sell(desk.holder_id, offering)
    assert (lot.terms.product, lot.terms.step_kg, lot.price_fen_per_t) == ("vcs", 1000, 5000)
    assert broken() == set()


def test_a_retirement_and_its_serials_say_where_foreign_units_come_from(
    client: FlaskClient, desk: Desk
) -> None:
    issued = desk.approve(desk.enter())
    series = get_series(issued.issuance_id)
    run = Run(series, series.serials)
    with transaction():
        number = holdings.retire_units(desk.holder_id, run, 1000, "organisation").number
    retired = client.get(f"/v1/retirements/{number}").json
    history = client.get(f"/v1/serials/{retired['serial']}").json
    for told in (retired["forest"], history["forest"]):
        assert (told["product"], told["product_name"]["zh"]) == ("vcs", t("registry.product_vcs", "zh"))
        assert told["origin"] == {
            "registry": "VERRA",
            "name": "Verra Registry",
            "serial": VERRA,
            "reference": "RET-1",
        }
    for path in (f"/retirements/{number}", f"/serials/{retired['serial']}"):
        for lang in ("zh", "en"):
            page = client.get(f"{path}?lang={lang}").text
            said = (t("registry.product_vcs", lang), "VERRA", VERRA, "RET-1")
            assert [word for word in said if word not in page] == [], (path, lang)


def test_what_was_taken_up_here_has_no_origin(twins: Twins) -> None:
    here, _ = twins
    told = here.app.test_client().get(f"/v1/serials/{here.serial()}").json["forest"]
    assert (told["product"], told["origin"]) == ("yiyuan", None)
