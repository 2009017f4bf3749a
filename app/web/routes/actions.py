"""Low-carbon actions: the list, reporting a trip, one action with its sums, withdrawing it."""

from datetime import timedelta

from flask import Response, make_response, redirect, request

from app.footprint import queries as footprint
from app.footprint import services
from app.footprint.queries import reviews
from app.footprint.queries.partners import partner_names
from app.footprint.rules import SELF, TRIP
from app.kit import clock
from app.kit.fields import Code, NewSchema, WholeText
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.queries.grants import find_grant
from app.rewards.services.grants import ACTION
from app.web.forms import Form, Kilometres, LocalMoment, read_form
from app.web.formulas import worked
from app.web.pages import page, web
from app.web.session import personal

PAGE = 20


class NewTrip(NewSchema):
    """A trip as the form asks for it."""

    scene = Code(40, required=True)
    started_at = LocalMoment(required=True)
    distance_m = Kilometres(required=True)
    duration_s = WholeText(1, 1440, required=True, metadata={"description": "In minutes; a day at most."})


@web.get("/actions")
@personal
def action_list(holder_id: int) -> Response:
    """What I did, the last recorded first."""
    rows = footprint.list_actions(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page("actions.html", tab="actions", listed=page_of(rows, PAGE, lambda action: action.id))


@web.get("/actions/new")
@personal
def new_trip(holder_id: int) -> Response:
    """The form for a trip."""
    return _trip_form(Form(written={"scene": request.args.get("scene", "")}))


@web.post("/actions")
@personal
def report_trip(holder_id: int) -> Response:
    """Record a trip; what is wrong with it is said beside the field."""
    form = read_form(NewTrip)
    if not form.sound:
        return _trip_form(form, 422)
    told = form.values
    try:
        with transaction():
            recorded = services.record_action(
                holder_id, told["scene"], told["started_at"], told["distance_m"], told["duration_s"] * 60
            )
    except Problem as problem:
        return _trip_form(form.refuse(problem), problem.status)
    said = "recorded" if recorded.new else "known"
    return make_response(redirect(f"/actions/{recorded.action.code}?said=trip_{said}", 303))


def _trip_form(form: Form, status: int = 200) -> Response:
    scenes = [each for each in footprint.list_scenes() if each.kind == TRIP and SELF in each.method.sources]
    now = clock.now().astimezone(clock.SHANGHAI)
    return page(
        "trip.html",
        status,
        tab="actions",
        form=form,
        scenes=scenes,
        latest=f"{now:%Y-%m-%dT%H:%M}",
        earliest=f"{now - timedelta(days=30):%Y-%m-%dT%H:%M}",
        guess=f"{now - timedelta(minutes=30):%Y-%m-%dT%H:%M}",
    )


@web.get("/actions/<code:code>")
@personal
def action(holder_id: int, code: str) -> Response:
    """One action with every figure behind its grams. Raises `NotFound`."""
    found = footprint.get_action(holder_id, code)
    replayed = footprint.replay(found) if "replay" in request.args else None
    return page(
        "action.html",
        tab="actions",
        action=found,
        case=reviews.get_case(found),
        worked=worked(found),
        replayed=replayed,
        reporter=partner_names().get(found.source),
        thanks=find_grant(ACTION, found.id),
    )


@web.post("/actions/<code:code>/withdraw")
@personal
def withdraw(holder_id: int, code: str) -> Response:
    """Take an action back. Raises `NotFound`."""
    with transaction():
        services.withdraw_action(holder_id, code)
    return make_response(redirect(f"/actions/{code}?said=withdrawn", 303))
