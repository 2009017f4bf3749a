"""What of a verified removal goes into the buffer pool, before anybody decides on it."""

import pytest
from flask import Flask
from forestry import Desk
from visiting import at_console

from app.kit.transaction import transaction
from app.registry.errors.dossiers import DossierRefused
from app.registry.services import removals
from app.web.words import GAP


def insured(desk: Desk, product: str, buffer_bp: int = 1000) -> str:
    """A registered dossier of a forest that owes the pool a share."""
    code = desk.empty(product=product, buffer_bp=buffer_bp)
    desk.complete(code, ((desk.village, "village", 9000), (desk.village, "fee", 1000)))
    desk.review(code)
    desk.register(code)
    return code


def test_a_ticket_that_would_be_the_pools_altogether_is_not_asked_for(app: Flask) -> None:
    desk = Desk(app)
    code = insured(desk, "carbon_ticket")
    wanted = desk.removal(code, 2020, 1000).wanted
    with pytest.raises(DossierRefused) as refused, transaction():
        removals.request_issuance(desk.maker, code, wanted)
    (fault,) = refused.value.errors
    assert fault["pointer"] == "#/quantity_kg"
    assert "1000" in fault["detail"]
    assert not desk.standing(code).removals


@pytest.mark.parametrize(
    ("product", "quantity_kg", "left_kg", "pooled_kg"),
    [("carbon_ticket", 2000, 1000, 1000), ("carbon_ticket", 11_000, 9000, 2000), ("yiyuan", 1000, 900, 100)],
)
def test_the_share_that_is_shown_before_the_approval_is_the_one_that_is_taken(
    app: Flask, product: str, quantity_kg: int, left_kg: int, pooled_kg: int
) -> None:
    desk = Desk(app)
    code = insured(desk, product)
    wanted = desk.removal(code, 2020, quantity_kg).wanted
    with transaction():
        asked = removals.request_issuance(desk.maker, code, wanted).code
    page = at_console(app, "registry").get(f"/console/dossiers/{code}")
    assert f"{pooled_kg:,}{GAP}kg 进缓冲池" in page.text
    with transaction():
        issued = removals.approve_issuance(desk.checker, code, asked)
    assert (issued.serials.quantity_kg, issued.buffer_kg) == (left_kg, pooled_kg)


def test_a_forest_without_a_share_says_nothing_of_the_pool(app: Flask) -> None:
    desk = Desk(app)
    code = insured(desk, "carbon_ticket", buffer_bp=0)
    desk.issue(code, 2020, 1000)
    assert "进缓冲池" not in at_console(app, "registry").get(f"/console/dossiers/{code}").text
