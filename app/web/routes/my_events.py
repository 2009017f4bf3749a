"""The organiser's desk: my events, a new one, and one with all that is left to do."""

from typing import Any

from flask import Response, make_response, redirect, request
from markupsafe import Markup

from app.causes.queries import events as known
from app.causes.queries.event_details import detail_of
from app.causes.queries.schemes import schemes
from app.causes.rules.events import SHARED, VISIBILITIES
from app.causes.services import events as services
from app.causes.services.events import Beginning, Description
from app.footprint import queries as footprint
from app.footprint.rules import HOME_REGION, MOST_HEADS
from app.footprint.services import Facts
from app.kit.fields import Code, Day, NewSchema, OneOf, Text, WholeText
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.qr import qr_svg
from app.kit.transaction import transaction
from app.offsets.queries import causes
from app.web.forms import Form, OnceSchema, Prose, once, read_form
from app.web.pages import page, web
from app.web.routes.events import picture
from app.web.session import personal, settings
from app.web.words import in_language

PAGE = 20
_FACTS = ("starts_on", "ends_on", "onsite_heads", "online_heads")
_TOLD = ("title", "kind", "organiser", "place", "about")


class FactsForm(NewSchema):
    """When an event is and who takes part."""

    starts_on = Day(required=True)
    ends_on = Day(required=True)
    onsite_heads = WholeText(0, MOST_HEADS, required=True)
    online_heads = WholeText(0, MOST_HEADS, load_default=0)


class DescriptionForm(NewSchema):
    """What an organiser tells of an event."""

    title = Text(100, required=True)
    kind = Code(20, required=True)
    organiser = Text(100, required=True)
    place = Text(100, required=True)
    about = Prose(1000)


class NewEventForm(OnceSchema, FactsForm, DescriptionForm):
    """An event to register."""

    region = Code(20, required=True)


class VisibilityForm(NewSchema):
    """Who sees it, and who may buy for it."""

    visibility = OneOf(VISIBILITIES, required=True)


@web.get("/me/events")
@personal
def my_events(holder_id: int) -> Response:
    """My events, the newest first."""
    rows = known.list_events(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page("my_events.html", tab="me", listed=page_of(rows, PAGE, lambda each: each.id))


@web.get("/me/events/new")
@personal
def new_event(holder_id: int) -> Response:
    """The form of a new event."""
    return _new_page(Form())


@web.post("/me/events")
@personal
def post_event(holder_id: int) -> Response:
    """Register an event; what is wrong is said beside its field."""
    form = read_form(NewEventForm)
    if not form.sound:
        return _new_page(form, 422)
    told = form.values
    begin = Beginning(told["region"], Facts(**{name: told[name] for name in _FACTS}))
    try:
        with transaction():
            code = once(
                holder_id,
                form,
                lambda: services.register_event(holder_id, description(told), begin).code,
            )
    except Problem as problem:
        return _new_page(form.refuse(problem), problem.status)
    return make_response(redirect(f"/me/events/{code}?said=event_registered", 303))


@web.get("/me/events/<code:code>")
@personal
def my_event(holder_id: int, code: str) -> Response:
    """One event of mine. Raises `NotFound`."""
    return event_desk(holder_id, code, Form())


@web.post("/me/events/<code:code>")
@personal
def describe_event(holder_id: int, code: str) -> Response:
    """Tell anew what it is. Raises `NotFound`."""
    return act(
        holder_id,
        code,
        DescriptionForm,
        lambda told: services.describe_event(holder_id, code, description(told)),
        "event_described",
    )


@web.post("/me/events/<code:code>/visibility")
@personal
def show_event(holder_id: int, code: str) -> Response:
    """Private, public or shared. Raises `NotFound`."""
    return act(
        holder_id,
        code,
        VisibilityForm,
        lambda told: services.show_event(holder_id, code, told["visibility"]),
        "event_shown",
    )


@web.post("/me/events/<code:code>/call-off")
@personal
def call_off_event(holder_id: int, code: str) -> Response:
    """Say that it does not take place. Raises `NotFound`."""
    return act(holder_id, code, NewSchema, lambda _: services.call_off(holder_id, code), "event_called_off")


def act(holder_id: int, code: str, schema: type[NewSchema], do: Any, said: str) -> Response:
    """Do what a form of the desk asks for, and come back to the desk; a refusal stands above it."""
    form = read_form(schema)
    if not form.sound:
        return event_desk(holder_id, code, form, 422)
    try:
        with transaction():
            do(form.values)
    except Problem as problem:
        if problem.status == 404:
            raise
        return event_desk(holder_id, code, form.refuse(problem), problem.status)
    return make_response(redirect(f"/me/events/{code}?said={said}", 303))


def description(told: dict[str, Any]) -> Description:
    """What a form tells of an event."""
    return Description(**{name: told[name] for name in _TOLD if name in told})


def event_desk(holder_id: int, code: str, form: Form, status: int = 200) -> Response:
    """The desk of one event, also with what was wrong with a form."""
    event = known.get_own_event(holder_id, code)
    detail = detail_of(event, own=True)
    for name in _TOLD:
        form.written.setdefault(name, str(getattr(event, name) or ""))
    others = [each for each in known.list_events(holder_id, 100) if each.id != event.id]
    return page(
        "my_event.html",
        status,
        tab="me",
        form=form,
        event=detail,
        retired=causes.list_retirements(event.id),
        invitation=_invitation(event.code) if event.visibility == SHARED else None,
        others=[(each.code, each.title) for each in others if each.called_off_at is None],
        kind_choices=kind_choices(),
        **picture(detail),
    )


def _invitation(code: str) -> Markup:
    """The public page's address as a code to scan: whoever opens it may buy for the event."""
    return Markup(qr_svg(f"{settings().public_url}/events/{code}").decode())  # noqa: S704  our own drawing


def kind_choices() -> list[tuple[str, str]]:
    """Kinds of events to choose from."""
    return [(key, in_language(told["name_zh"], told["name_en"])) for key, told in schemes().kinds.items()]


def _new_page(form: Form, status: int = 200) -> Response:
    return page(
        "my_event_new.html",
        status,
        tab="me",
        form=form,
        kind_choices=kind_choices(),
        regions=footprint.emission_kinds()["electricity"].regions,
        home=HOME_REGION,
    )
