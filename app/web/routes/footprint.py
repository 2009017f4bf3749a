"""A person's month: recording what was emitted, which opens or corrects dues."""

from flask import Response, make_response, redirect

from app.footprint import queries as footprint
from app.footprint.queries import Emission
from app.footprint.rules import HOME_REGION
from app.kit import clock
from app.kit.fields import Month, NewSchema, WholeText
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets.routes import standing
from app.offsets.services import dues
from app.web.forms import Form, read_form
from app.web.pages import page, web
from app.web.routes.home import asked_month, neighbour
from app.web.session import personal

MOST = 100_000
"""As the API takes it: more of one kind in a month is a slip of the finger."""


@web.get("/footprint")
@personal
def footprint_page(holder_id: int) -> Response:
    """What I recorded for a month, and the form for it."""
    return _footprint(holder_id, asked_month(clock.business_day()), Form())


@web.post("/footprint")
@personal
def record_month(holder_id: int) -> Response:
    """Record what was filled in or changed; each kind opens, or corrects, a due."""
    kinds = {name: WholeText(0, MOST) for name in footprint.emission_kinds()}
    form = read_form(type("MonthForm", (NewSchema,), {"month": Month(required=True), **kinds}))
    month = str(form.values.get("month", ""))
    known = _recorded(holder_id, month) if month else {}
    entries = [
        (name, form.values[name])
        for name in kinds
        if form.values.get(name, known.get(name)) != known.get(name)
    ]
    if form.sound and not entries:
        form.faults["_schema"] = t("web.footprint_nothing")
    if not form.sound:
        return _footprint(holder_id, asked_month(clock.business_day()), form, 422)
    try:
        with transaction():
            dues.open_personal_dues(holder_id, month, entries)
    except Problem as problem:
        return _footprint(holder_id, asked_month(clock.business_day()), form.refuse(problem), problem.status)
    return make_response(redirect(f"/footprint?month={month}&said=due_opened", 303))


def _standing_emissions(holder_id: int, month: str) -> list[Emission]:
    """What stands for a month, corrections applied."""
    return [each for each in footprint.list_emissions(holder_id, month) if each.current]


def _recorded(holder_id: int, month: str) -> dict[str, int]:
    """The quantities that stand for a month, by kind."""
    return {each.kind: int(each.inputs["quantity"]) for each in _standing_emissions(holder_id, month)}


def _footprint(holder_id: int, month: str, form: Form, status: int = 200) -> Response:
    this = f"{clock.business_day():%Y-%m}"
    month = form.values.get("month", month)
    return page(
        "footprint.html",
        status,
        tab="home",
        form=form,
        month=month,
        months=[this, neighbour(this, -1), neighbour(this, -2)],
        kinds=footprint.emission_kinds(),
        categories=footprint.latest_guide(footprint.PERSON_MONTH).document["category"],
        region=HOME_REGION,
        recorded=_recorded(holder_id, month),
        emissions=_standing_emissions(holder_id, month),
        stands=standing(holder_id),
    )
