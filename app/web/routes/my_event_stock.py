"""Taking stock of my event on pages: days and heads, lines, what is left out and why, closing."""

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, redirect, request

from app.causes.queries import events as known
from app.causes.queries.event_details import detail_of
from app.causes.queries.events import EventFacts
from app.causes.queries.participants import PEOPLE_ITEMS
from app.causes.services import events as services
from app.footprint import services as stock
from app.footprint.queries import Inventory, Stage
from app.footprint.rules import Share, sum_by_type
from app.kit.fields import Code, NewSchema, Text, WholeText
from app.kit.messages import t
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web
from app.web.rings import ring
from app.web.routes.my_events import FactsForm, act
from app.web.session import personal
from app.web.words import in_language

EXCLUDED, MEASURE = "x_", "m_"
"""How the names of fields begin that say why a source type is left out, and how much of a line there is."""
MOST = 10**12


@web.get("/me/events/<code:code>/stock")
@personal
def event_stock(holder_id: int, code: str) -> Response:
    """What is worked on: the figure as it stands, its lines, and what is missing. Raises `NotFound`."""
    return _stock_page(known.get_own_event(holder_id, code), Form())


@web.post("/me/events/<code:code>/stock")
@personal
def change_stock(holder_id: int, code: str) -> Response:
    """Days, heads and reasons anew. Raises `NotFound`."""
    event = known.get_own_event(holder_id, code)
    inventory, stage = _working(event)
    reasons = {EXCLUDED + each: Text(200) for each in inventory.guide.event.types}
    form = read_form(type("StockForm", (FactsForm,), reasons))
    if not form.sound:
        return _stock_page(event, form, 422)
    told = dict(form.values)
    excluded = {
        name.removeprefix(EXCLUDED): told.pop(name) for name in list(told) if name.startswith(EXCLUDED)
    }
    try:
        with transaction():
            stock.change_stage(
                inventory.holder_id, inventory.code, stage.stage, stock.Facts(**told), excluded
            )
    except Problem as problem:
        return _stock_page(event, form.refuse(problem), problem.status)
    return _back(code, "stock_changed")


@web.post("/me/events/<code:code>/stock/close")
@personal
def close_stock(holder_id: int, code: str) -> Response:
    """Close what is worked on: the event owes it from now on. Raises `NotFound`."""
    event = known.get_own_event(holder_id, code)
    _, stage = _working(event)
    try:
        with transaction():
            services.close_stage(holder_id, code, stage.stage)
    except Problem as problem:
        return _stock_page(event, Form().refuse(problem), problem.status)
    return make_response(redirect(f"/me/events/{code}?said=stage_closed", 303))


@web.post("/me/events/<code:code>/final")
@personal
def open_final(holder_id: int, code: str) -> Response:
    """Begin the final figure with who really took part. Raises `NotFound`."""
    return act(
        holder_id,
        code,
        FactsForm,
        lambda told: services.open_final(holder_id, code, stock.Facts(**told)),
        "final_opened",
    )


@web.get("/me/events/<code:code>/stock/lines/new")
@personal
def new_line(holder_id: int, code: str) -> Response:
    """The form of a line of the item that the address names. Raises `NotFound`."""
    event = known.get_own_event(holder_id, code)
    return _line_page(event, request.args.get("item", ""), Form())


@web.post("/me/events/<code:code>/stock/lines")
@personal
def post_line(holder_id: int, code: str) -> Response:
    """Add a line; what is wrong is said beside its field. Raises `NotFound`."""
    event = known.get_own_event(holder_id, code)
    inventory, stage = _working(event)
    asked = request.form.get("item", "")
    form = read_form(_line_schema(inventory, asked))
    if not form.sound:
        return _line_page(event, asked, form, 422)
    line = _line(form.values)
    try:
        with transaction():
            once(
                holder_id,
                form,
                lambda: str(stock.add_line(inventory.holder_id, inventory.code, stage.stage, line).number),
            )
    except Problem as problem:
        form.written.setdefault("evidence", "")  # so that its fault stands beside it
        return _line_page(event, asked, form.refuse(problem), problem.status)
    return _back(code, "line_added")


@web.post("/me/events/<code:code>/stock/lines/<int(max=2147483647):number>/drop")
@personal
def drop_line(holder_id: int, code: str, number: int) -> Response:
    """Take a line out; it is kept as removed. Raises `NotFound`."""
    event = known.get_own_event(holder_id, code)
    inventory, stage = _working(event)
    try:
        with transaction():
            stock.remove_line(inventory.holder_id, inventory.code, stage.stage, number)
    except Problem as problem:
        return _stock_page(event, Form().refuse(problem), problem.status)
    return _back(code, "line_dropped")


def _working(event: EventFacts) -> tuple[Inventory, Stage]:
    """What is worked on, or was last: an open correction, else the stage that was opened last."""
    inventory = known.open_inventory(event)
    return inventory, list(inventory.stages.values())[-1]


def _line_schema(inventory: Inventory, asked: str) -> type[NewSchema]:
    """The form of a line of this item. Raises `NotFound` for what the guide does not have."""
    item = inventory.guide.event.items.get(asked)
    if item is None:
        raise NotFound()
    fields: dict[str, Any] = {
        MEASURE + key: WholeText(1, inventory.guide.event.limits[key], required=True) for key in item.measures
    }
    fields |= {
        "item": Code(40, required=True),
        "grade": Code(10, required=True),
        "evidence": Text(200),
        "source": Text(200),
        "basis": Code(20),
        "part": WholeText(1, MOST),
        "whole": WholeText(1, MOST),
    }
    return type("LineForm", (OnceSchema,), fields)


def _line(told: Mapping[str, Any]) -> stock.NewLine:
    share = None
    if {"part", "whole"} <= told.keys():
        share = Share(told.get("basis", "heads"), told["part"], told["whole"])
    return stock.NewLine(
        item=told["item"],
        inputs={key.removeprefix(MEASURE): told[key] for key in told if key.startswith(MEASURE)},
        grade=told["grade"],
        evidence=told.get("evidence"),
        source=told.get("source"),
        share=share,
    )


def _stock_page(event: EventFacts, form: Form, status: int = 200) -> Response:
    event = known.get_event(event.id)
    inventory, stage = _working(event)
    document = inventory.guide.document
    if not form.written:
        kept = ("starts_on", "ends_on", "onsite_heads", "online_heads")
        form.written.update({name: str(getattr(stage, name)) for name in kept})
        form.written.update({EXCLUDED + key: reason for key, reason in stage.excluded.items()})
    by_type = sum_by_type(inventory.guide.event.types, ((x.item.type, 1) for x in stage.lines))
    return page(
        "my_event_stock.html",
        status,
        tab="me",
        form=form,
        event=detail_of(event, own=True),
        stage=stage,
        document=document,
        items=document["item"],
        people_items=PEOPLE_ITEMS,
        lines_of=by_type,
        estimate=stage,
        parts=ring(list(stage.by_type.items())),
        names={each["key"]: each for each in document["type"]},
        excluded=EXCLUDED,
    )


def _line_page(event: EventFacts, asked: str, form: Form, status: int = 200) -> Response:
    inventory, stage = _working(event)
    if asked not in inventory.guide.items:
        raise NotFound()
    document = inventory.guide.document
    return page(
        "my_event_line.html",
        status,
        tab="me",
        form=form,
        event=detail_of(event, own=True),
        stage=stage,
        item=inventory.guide.items[asked],
        measures=document["measure"],
        measure=MEASURE,
        grade_choices=[
            (each["key"], in_language(each["name_zh"], each["name_en"])) for each in document["grade"]
        ],
        basis_choices=[
            (each["key"], in_language(each["name_zh"], each["name_en"]))
            for each in document["basis"]
            if not each.get("whole")
        ],
        whole=t("web.line_whole"),
    )


def _back(code: str, said: str) -> Response:
    return make_response(redirect(f"/me/events/{code}/stock?said={said}", 303))
