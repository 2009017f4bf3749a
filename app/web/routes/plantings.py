"""Planting together: my groups' goals, a new one, and one with everybody's parts."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.kit import clock
from app.kit.fields import Code, Day, NewSchema, OneOf, WholeText
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets.queries.cause_parts import Part
from app.offsets.routes import require_open_shop
from app.registry import queries as registry
from app.rewards.queries import groups, names
from app.rewards.queries import plantings as known
from app.rewards.routes.plantings import new_planting, order_part
from app.rewards.rules.plantings import (
    CATCHING_UP_DAYS,
    LEAST_GOAL_KG,
    MOST_GOAL_KG,
    PAYING_DAYS,
    Share,
    Status,
    Way,
    pledge_room_kg,
)
from app.rewards.services import plantings as services
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.groves import grove
from app.web.pages import page, web
from app.web.routes.orders import to_payment_sheet
from app.web.session import personal

PAGE = 20
MOST_LOTS = 100


class NewPlantingForm(OnceSchema):
    """A goal of one of my groups."""

    group = Code(26, required=True)
    goal_kg = WholeText(LEAST_GOAL_KG, MOST_GOAL_KG, required=True)
    lot = Code(40, required=True)
    way = OneOf(tuple(Way), required=True)
    last_day = Day(required=True)


class PledgeForm(NewSchema):
    """What I promise in all; nothing takes it back."""

    quantity_kg = WholeText(0, MOST_GOAL_KG, required=True)


class PartForm(OnceSchema):
    """How much I buy now."""

    quantity_kg = WholeText(1, MOST_GOAL_KG, required=True)


class PlantingForestForm(NewSchema):
    """Another forest."""

    lot = Code(40, required=True)


@web.get("/plantings")
@personal
def my_plantings(holder_id: int) -> Response:
    """The plantings of my groups, the newest first."""
    rows = known.list_plantings(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page("plantings.html", tab="forest", listed=page_of(rows, PAGE, lambda each: each.id))


@web.get("/plantings/new")
@personal
def new_planting_page(holder_id: int) -> Response:
    """The form of a new one; `group` and `lot` may be chosen by the page before."""
    asked = {name: request.args[name][:40] for name in ("group", "lot") if name in request.args}
    return _new_page(holder_id, Form(asked))


@web.post("/plantings")
@personal
def post_planting(holder_id: int) -> Response:
    """Begin one; what is wrong is said beside its field."""
    form = read_form(NewPlantingForm)
    if not form.sound:
        return _new_page(holder_id, form)
    told = {name: value for name, value in form.values.items() if name != "form_key"}

    def begin() -> str:
        return services.begin_planting(holder_id, new_planting(told)).code

    try:
        with transaction():
            code = once(holder_id, form, begin)
    except Problem as problem:
        return _new_page(holder_id, form.refuse(problem))
    return _to(code, "planting_begun")


@web.get("/plantings/<code:code>")
@personal
def planting(holder_id: int, code: str) -> Response:
    """One planting of a group of mine. Raises `PlantingUnknown`."""
    return _planting_page(holder_id, code, Form())


@web.post("/plantings/<code:code>/pledge")
@personal
def pledge_part(holder_id: int, code: str) -> Response:
    """Promise my part, or take it back. Raises `PlantingUnknown`."""

    def pledge(told: dict[str, Any]) -> None:
        services.pledge(holder_id, code, told["quantity_kg"])

    return _act(holder_id, code, PledgeForm, pledge, "planting_pledged")


@web.post("/plantings/<code:code>/orders")
@personal
def buy_part(holder_id: int, code: str) -> Response:
    """Reserve my part and go to the payment sheet. Raises `PlantingUnknown`."""
    require_open_shop()
    form = read_form(PartForm)
    if not form.sound:
        return _planting_page(holder_id, code, form)

    def order() -> str:
        return order_part(holder_id, code, form.values["quantity_kg"]).code

    try:
        with transaction():
            placed = once(holder_id, form, order)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _planting_page(holder_id, code, form.refuse(problem))
    return to_payment_sheet(holder_id, placed, f"/plantings/{code}?paying=1")


@web.post("/plantings/<code:code>/forest")
@personal
def change_forest(holder_id: int, code: str) -> Response:
    """Buy what is lacking from another forest. Raises `PlantingUnknown`."""

    def change(told: dict[str, Any]) -> None:
        services.change_forest(holder_id, code, told["lot"])

    return _act(holder_id, code, PlantingForestForm, change, "planting_forest_changed")


@web.post("/plantings/<code:code>/call-off")
@personal
def call_off_planting(holder_id: int, code: str) -> Response:
    """Call it off as long as nobody has ordered. Raises `PlantingUnknown`."""
    return _act(
        holder_id, code, NewSchema, lambda _: services.call_off(holder_id, code), "planting_called_off"
    )


def _act(
    holder_id: int, code: str, schema: type[NewSchema], do: Callable[[dict[str, Any]], object], said: str
) -> Response:
    form = read_form(schema)
    if not form.sound:
        return _planting_page(holder_id, code, form)
    try:
        with transaction():
            do(form.values)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _planting_page(holder_id, code, form.refuse(problem))
    return _to(code, said)


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/plantings/{code}?said={said}", 303))


def _new_page(holder_id: int, form: Form) -> Response:
    lots = registry.list_lots(MOST_LOTS, available=True)
    return page(
        "planting_new.html",
        form.status,
        tab="forest",
        form=form,
        groups=groups.groups_of(holder_id),
        lots=sorted(lots, key=lambda lot: (lot.issuance.vintage, lot.id)),
        ways=tuple(Way),
        today=clock.business_day(),
        paying_days=PAYING_DAYS,
        catching_up_days=CATCHING_UP_DAYS,
    )


def _planting_page(holder_id: int, code: str, form: Form) -> Response:
    found = known.get_planting(holder_id, code)
    own = found.shares.get(holder_id, Share())
    retired = known.list_parts(found)
    organised = found.organiser_id == holder_id and found.ended_at is None
    return page(
        "planting.html",
        form.status,
        tab="forest",
        form=form,
        p=found,
        own=own,
        own_retired_kg=found.parts.get(holder_id, Part(0, 0, 0)).retired_kg,
        room_kg=found.room_of(holder_id),
        pledge_room_kg=pledge_room_kg(found.status, found.goal_kg, found.pledged_kg, own),
        parts=retired,
        me=holder_id,
        names=names.list_names_of_people({each.holder_id for each in retired}),
        trees=grove(found.goal_kg, found.retired_kg, found.taken_kg, found.pledged_kg),
        organised=organised,
        lots=_like(found) if organised else [],
        waiting="paying" in request.args and bool(own.reserved_kg or own.paid_kg),
        catching_up_days=CATCHING_UP_DAYS,
        paying_days=PAYING_DAYS,
        pledging=found.status is Status.PLEDGING,
    )


def _like(found: known.PlantingFacts) -> list[registry.Listing]:
    """The forests that could take the place of this one: the same product, not dearer."""
    terms = found.lot.terms
    return [
        lot
        for lot in registry.list_lots(MOST_LOTS, product=terms.product, available=True)
        if lot.code != found.lot.code
        and lot.terms.step_kg == terms.step_kg
        and lot.terms.price_fen_per_step <= terms.price_fen_per_step
    ]
