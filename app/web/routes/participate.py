"""The page behind an event's QR code: how I came and stayed, without an account, without a name."""

import re
from datetime import timedelta

from flask import Response, make_response, redirect, request

from app.causes.queries.words import document, words
from app.causes.routes.participants import told_of
from app.causes.rules.participants import MOST_MEALS, MOST_NIGHTS, ONLINE, ONSITE
from app.causes.services import participant_reports as services
from app.causes.services.participant_reports import Entrance
from app.kit.codes import random_code
from app.kit.fields import Code, NewSchema, OneOf, Text, WholeText
from app.kit.http import public
from app.kit.messages import language
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.web.forms import Form, read_form
from app.web.pages import page, web
from app.web.routes.my_event_people import city_name, means_names
from app.web.session import cookie_name, set_cookie

REMEMBERED = timedelta(days=60)
"""So long a phone knows that it has reported."""
_DEVICE = re.compile(r"[0-9A-Z]{26}")


class ReportForm(NewSchema):
    """How somebody came and stayed, as the form asks for it."""

    device = Code(26)
    code = Text(20)
    attendance = OneOf((ONSITE, ONLINE), load_default=ONSITE)
    city = Text(40)
    there = Text(40)
    there_km = Text(10)
    back = Text(40)
    back_km = Text(10)
    nights = WholeText(0, MOST_NIGHTS, load_default=0)
    meals = WholeText(0, MOST_MEALS, load_default=0)
    vegetarian = OneOf(("yes",))


@web.get("/participate/<code:code>/<code:mark>")
@public
def participate(code: str, mark: str) -> Response:
    """What this phone told, or the form for it. Raises `NotFound`."""
    return _drawn(services.enter(code, mark, _device()), code, mark, Form())


@web.post("/participate/<code:code>/<code:mark>")
@public
def report(code: str, mark: str) -> Response:
    """Tell how I came and stayed; told anew, the last counts. Raises `NotFound`."""
    form = read_form(ReportForm)
    device = _device() or _read(form.written.get("device", "")) or random_code()
    if not form.sound:
        return _drawn(services.enter(code, mark, device), code, mark, form, 422)
    try:
        with transaction():
            services.report(code, mark, device, told_of(form.values), form.values.get("code"))
    except NotFound:
        raise
    except Problem as problem:
        if any(error["pointer"] == "#/from" for error in problem.errors):
            form.faults["city"] = problem.errors[0]["detail"]
        return _drawn(services.enter(code, mark, device), code, mark, form.refuse(problem), problem.status)
    response = make_response(redirect(f"/participate/{code}/{mark}", 303))
    set_cookie(response, cookie_name("phone"), device, REMEMBERED)
    return response


def _drawn(entrance: Entrance, code: str, mark: str, form: Form, status: int = 200) -> Response:
    device = _device() or _read(form.written.get("device", "")) or random_code()
    if not form.written and entrance.reported is not None:
        form.written.update(_as_written(entrance))
    response = page(
        "participate.html",
        status,
        entrance=entrance,
        event=entrance.event,
        form=form,
        device=device,
        code=code,
        mark=mark,
        means=means_names(),
        notes=_notes(),
        cities=document()["cities"],
    )
    set_cookie(response, cookie_name("phone"), device, REMEMBERED)
    return response


def _notes() -> list[tuple[str, str]]:
    """Means of travel that are counted in a way that one might not expect, and how."""
    lang = language()
    return [(each[lang][0], each[f"note_{lang}"]) for each in document()["means"] if "note_zh" in each]


def _as_written(entrance: Entrance) -> dict[str, str]:
    """What this phone told, as the form had it; a distance that we estimated is estimated again."""
    told = entrance.reported
    if told is None:
        return {}
    written: dict[str, object] = {"attendance": told.attendance, "nights": told.nights, "meals": told.meals}
    for name, leg in (("there", told.there), ("back", told.back)):
        if leg is not None and (name == "there" or leg != told.there):
            written[name] = leg.means
            written[f"{name}_km"] = leg.km if leg.km and not leg.by_city else ""
    city = words().cities.by_code.get(told.city or "")
    written["city"] = city_name(city) if city else ""
    written["vegetarian"] = "yes" if told.diet == "vegetarian" else ""
    return {name: str(value) for name, value in written.items() if value != ""}


def _device() -> str | None:
    """The phone as its cookie has it."""
    return _read(request.cookies.get(cookie_name("phone"), ""))


def _read(written: str) -> str | None:
    return written if _DEVICE.fullmatch(written) else None
