"""What an organiser decides of an event: reductions, corrections, surplus, a forest instead of units."""

import re
from decimal import Decimal
from typing import Any

from flask import Response, make_response, redirect
from marshmallow import ValidationError, fields

from app.causes.queries import events as known
from app.causes.queries.event_details import detail_of
from app.causes.queries.schemes import schemes
from app.causes.rules.events import LEAST_AREA_M2, MOST_AREA_M2, MOST_G, MOST_YEARS
from app.causes.services import event_corrections, event_forests
from app.causes.services import events as services
from app.causes.services.event_forests import Planting
from app.causes.services.events import Reduction
from app.kit.fields import AnyDay, Code, NewSchema, Text, WholeText
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web
from app.web.routes.my_events import act
from app.web.session import personal

MOST_KG = MOST_G // 1000


class Degrees(fields.Field[int]):
    """Degrees with at most six decimals, between whole ones, read as millionths."""

    default_error_messages = {"required": "kit.field_required", "null": "kit.field_null"}

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,6}))?", str(value), re.ASCII)
        millionths = int(found[1] + (found[2] or "").ljust(6, "0")) if found else 0
        if not self.least * 1_000_000 <= millionths <= self.most * 1_000_000:
            raise ValidationError(t("kit.field_between", least=self.least, most=self.most))
        return millionths


class ReductionForm(NewSchema):
    """One thing that is done to emit less."""

    type = Code(10, required=True)
    text = Text(200, required=True)
    planned_kg = WholeText(0, MOST_KG)


class OutcomeForm(NewSchema):
    """What came of it."""

    outcome = Text(200, required=True)


class CorrectionForm(NewSchema):
    """Why a closed final figure is told anew."""

    reason = Prose(300, required=True)


class SurplusForm(NewSchema):
    """For which other event the surplus is kept."""

    other = Code(26, required=True)


class ForestForm(NewSchema):
    """A forest planted for an event."""

    forest_place = Text(100, required=True)
    longitude = Degrees(73, 136, required=True)
    latitude = Degrees(3, 54, required=True)
    species = Text(100, required=True)
    area_m2 = WholeText(LEAST_AREA_M2, MOST_AREA_M2, required=True)
    planted_on = AnyDay(required=True)
    years = WholeText(1, MOST_YEARS, required=True)
    expected_kg = WholeText(1, MOST_KG, required=True)
    planting = Prose(500, required=True)
    monitoring = Prose(500, required=True)


@web.post("/me/events/<code:code>/reductions")
@personal
def add_reduction(holder_id: int, code: str) -> Response:
    """Tell one thing that is done to emit less. Raises `NotFound`."""
    return act(
        holder_id,
        code,
        ReductionForm,
        lambda told: services.add_reduction(
            holder_id, code, Reduction(told["type"], told["text"], _grams(told.get("planned_kg")))
        ),
        "reduction_added",
    )


@web.post("/me/events/<code:code>/reductions/<int(max=9223372036854775807):number>")
@personal
def tell_outcome(holder_id: int, code: str, number: int) -> Response:
    """Tell what came of a reduction. Raises `NotFound`."""
    event = known.get_own_event(holder_id, code)
    found = {each.id: each for each in known.list_reductions(event.id)}.get(number)

    def do(told: dict[str, Any]) -> None:
        before = (found.type, found.text, found.planned_g) if found else ("", "", None)
        services.change_reduction(holder_id, code, number, Reduction(*before, outcome=told["outcome"]))

    return act(holder_id, code, OutcomeForm, do, "reduction_told")


@web.post("/me/events/<code:code>/reductions/<int(max=9223372036854775807):number>/drop")
@personal
def drop_reduction(holder_id: int, code: str, number: int) -> Response:
    """Take a reduction back. Raises `NotFound`."""
    return act(
        holder_id,
        code,
        NewSchema,
        lambda _: services.drop_reduction(holder_id, code, number),
        "reduction_dropped",
    )


@web.post("/me/events/<code:code>/corrections")
@personal
def correct_event(holder_id: int, code: str) -> Response:
    """Begin to tell the final figure anew. Raises `NotFound`."""
    return act(
        holder_id,
        code,
        CorrectionForm,
        lambda told: event_corrections.open_correction(holder_id, code, told["reason"]),
        "correction_opened",
    )


@web.post("/me/events/<code:code>/surplus")
@personal
def keep_surplus(holder_id: int, code: str) -> Response:
    """Keep what is left over for another event of mine. Raises `NotFound`."""
    return act(
        holder_id,
        code,
        SurplusForm,
        lambda told: event_corrections.keep_surplus(holder_id, code, told["other"]),
        "surplus_kept",
    )


@web.get("/me/events/<code:code>/forest")
@personal
def event_forest(holder_id: int, code: str) -> Response:
    """The form of a forest planted instead of units. Raises `NotFound`."""
    return _forest_page(holder_id, code, Form())


@web.post("/me/events/<code:code>/forest")
@personal
def plant_forest(holder_id: int, code: str) -> Response:
    """Plant a forest for it; what is wrong is said beside its field. Raises `NotFound`."""
    form = read_form(ForestForm)
    if not form.sound:
        return _forest_page(holder_id, code, form, 422)
    told = dict(form.values)
    planting = Planting(
        place=told.pop("forest_place"),
        longitude_e6=told.pop("longitude"),
        latitude_e6=told.pop("latitude"),
        expected_g=told.pop("expected_kg") * 1000,
        **told,
    )
    try:
        with transaction():
            event_forests.choose_forest(holder_id, code, planting)
    except Problem as problem:
        return _forest_page(holder_id, code, form.refuse(problem), problem.status)
    return make_response(redirect(f"/me/events/{code}?said=forest_chosen", 303))


@web.post("/me/events/<code:code>/forest/drop")
@personal
def drop_forest(holder_id: int, code: str) -> Response:
    """Become neutral by units after all. Raises `NotFound`."""
    return act(
        holder_id, code, NewSchema, lambda _: event_forests.choose_units(holder_id, code), "units_chosen"
    )


def _grams(kilograms: int | None) -> int | None:
    return None if kilograms is None else kilograms * 1000


def _forest_page(holder_id: int, code: str, form: Form, status: int = 200) -> Response:
    event = known.get_own_event(holder_id, code)
    forest = known.find_forest(event.id)
    if forest is not None and not form.written:
        kept = ("species", "area_m2", "planted_on", "years", "planting", "monitoring")
        form.written.update({name: str(getattr(forest, name)) for name in kept})
        form.written |= {
            "forest_place": forest.place,
            "longitude": str(Decimal(forest.longitude_e6) / 1_000_000),
            "latitude": str(Decimal(forest.latitude_e6) / 1_000_000),
            "expected_kg": str(forest.expected_g // 1000),
        }
    return page(
        "my_event_forest.html",
        status,
        tab="me",
        form=form,
        event=detail_of(event, own=True),
        terms=schemes().forest,
    )
