"""My lots: units that I hold, put on sale and taken back."""

import re

from flask import Response, make_response, redirect, request

from app.kit.fields import Code, WholeText
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry import rules, services
from app.registry.services import Offering
from app.web.forms import Form, OnceSchema, Yuan, once, read_form
from app.web.pages import page, web
from app.web.session import personal

PAGE = 20
MOST_SELLABLE = 100
_UNITS = re.compile(r"(?P<project>[\w-]+)_(?P<vintage>[0-9]{4})_(?P<earlier_kg>[0-9]{1,18})", re.ASCII)


class NewSale(OnceSchema):
    """Steps of one issuance, and the price of each. `units` is `Sellable.key`."""

    units = Code(60, required=True)
    steps = WholeText(1, rules.MOST_KG // 1000, required=True)
    price = Yuan(required=True)


@web.get("/me/lots")
@personal
def my_lots(holder_id: int) -> Response:
    """What I have on sale, had, and could have."""
    return _page(holder_id, Form())


@web.post("/me/lots")
@personal
def open_own_lot(holder_id: int) -> Response:
    """Put units of mine on sale; what is wrong is said beside its field."""
    form = read_form(NewSale)
    offering = _offering(form)
    if offering is None:
        return _page(holder_id, form, 422)
    try:
        with transaction():
            code = once(holder_id, form, lambda: services.sell(holder_id, offering).code)
    except Problem as problem:
        return _page(holder_id, form.refuse(problem), problem.status)
    return make_response(redirect(f"/forest/{code}?said=lot_opened", 303))


def _offering(form: Form) -> Offering | None:
    """What the form offers; None, with the faults beside the fields, when it is wrong."""
    named = _UNITS.fullmatch(form.values.get("units", ""))
    product = registry.find_product(named["project"]) if named else None
    if form.sound and product is None:
        form.faults["units"] = t("kit.field_invalid")
    if form.sound and form.values["price"] > rules.MOST_FEN_PER_STEP:
        form.faults["price"] = t("web.field_yuan")
    if not form.sound or named is None or product is None:
        return None
    quantity_kg = form.values["steps"] * rules.STEP_KG[product]
    units = named["project"], int(named["vintage"])
    return Offering(*units, quantity_kg, form.values["price"], earlier_kg=int(named["earlier_kg"]))


@web.post("/me/lots/<code:code>/close")
@personal
def close_own_lot(holder_id: int, code: str) -> Response:
    """Take one of my lots off sale. Raises `LotUnknown`, `NotTheSeller`."""
    with transaction():
        services.close_own_lot(holder_id, code)
    return make_response(redirect("/me/lots?said=lot_closed", 303))


def _page(holder_id: int, form: Form, status: int = 200) -> Response:
    rows = registry.list_lots_of(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "my_lots.html",
        status,
        tab="me",
        form=form,
        listed=page_of(rows, PAGE, lambda lot: lot.id),
        sellable=registry.list_sellable(MOST_SELLABLE, holder_id),
    )
