"""The organiser's desk of participants: a list and its preview, the link and its poster, reports, figures."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Response, make_response, redirect, request
from markupsafe import Markup

from app.causes.errors.participants import ListTooLarge
from app.causes.queries import participants as known
from app.causes.queries.events import EventFacts, get_own_event
from app.causes.queries.participant_details import PeopleLine, lines_of, people_of
from app.causes.queries.words import document, words
from app.causes.routes.participants import codes_csv, fault_view, people_csv
from app.causes.rules.distances import City
from app.causes.rules.lists import MOST_BYTES, MOST_ROWS
from app.causes.services import participant_lists as lists
from app.causes.services import participant_reports as reports
from app.causes.services.participant_codes import mark_of
from app.kit.fields import NewSchema, OneOf, Text
from app.kit.http import read_file
from app.kit.messages import language
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound, Problem, TooLarge
from app.kit.qr import qr_svg
from app.kit.transaction import transaction
from app.web.forms import Form, read_form
from app.web.pages import page, web
from app.web.session import personal, settings
from app.web.words import in_language

PAGE = 50
BASE = "/me/events/<code:code>/people"


class CityForm(NewSchema):
    """In which city the event is."""

    city = Text(40)


class TakingForm(NewSchema):
    """Whether only sound lines are taken."""

    sound_only = OneOf(("yes",))


@web.get(BASE)
@personal
def event_people(holder_id: int, code: str) -> Response:
    """Who takes part, and what all of them come to. Raises `NotFound`."""
    return _desk(get_own_event(holder_id, code), Form())


@web.post(f"{BASE}/imports")
@personal
def send_list(holder_id: int, code: str) -> Response:
    """Read a list for its preview; nothing counts yet. Raises `NotFound`."""
    event = get_own_event(holder_id, code)
    try:
        content = _read_list()
    except Problem as problem:
        return _desk(event, Form().refuse(problem), problem.status)
    form = read_form(CityForm)
    if not form.sound:
        return _desk(event, form, 422)
    try:
        with transaction():
            number = lists.draft_import(holder_id, code, content, form.values.get("city")).number
    except Problem as problem:
        return _desk(event, form.refuse(problem), problem.status)
    return make_response(redirect(f"/me/events/{code}/people/imports/{number}", 303))


@web.get(f"{BASE}/imports/<int(max=2147483647):number>")
@personal
def list_preview(holder_id: int, code: str, number: int) -> Response:
    """A list with its faults and what it comes to, before it is taken and after. Raises `NotFound`."""
    return _preview(get_own_event(holder_id, code), number, Form())


@web.post(f"{BASE}/imports/<int(max=2147483647):number>/take")
@personal
def take_list(holder_id: int, code: str, number: int) -> Response:
    """Let a list count: whole, or its sound lines. Raises `NotFound`."""
    form = read_form(TakingForm)
    partial = form.values.get("sound_only") == "yes"

    def take() -> object:
        return lists.take_import(holder_id, code, number, partial=partial)

    event = get_own_event(holder_id, code)
    return _act(code, take, "list_taken", lambda problem: _preview(event, number, form.refuse(problem)))


@web.post(f"{BASE}/imports/<int(max=2147483647):number>/drop")
@personal
def drop_list(holder_id: int, code: str, number: int) -> Response:
    """Forget a preview, or let the list count no more. Raises `NotFound`."""
    event = get_own_event(holder_id, code)
    return _act(
        code, lambda: lists.drop_import(holder_id, code, number), "list_dropped", lambda p: _refused(event, p)
    )


@web.post(f"{BASE}/codes")
@personal
def take_codes(holder_id: int, code: str) -> Response:
    """One-time codes for a list's numbers, as a file; the list is not kept. Raises `NotFound`."""
    event = get_own_event(holder_id, code)
    try:
        return codes_csv(lists.list_codes(holder_id, code, _read_list()))
    except Problem as problem:
        return _refused(event, problem)


@web.get(f"{BASE}.csv")
@personal
def people_file(holder_id: int, code: str) -> Response:
    """Everybody who counts, as a file. Raises `NotFound`."""
    return people_csv(get_own_event(holder_id, code))


@web.post(f"{BASE}/reports/open")
@personal
def open_reports(holder_id: int, code: str) -> Response:
    """Let people report themselves. Raises `NotFound`."""
    event, form = get_own_event(holder_id, code), read_form(CityForm)
    if not form.sound:
        return _desk(event, form, 422)
    city = form.values.get("city")
    return _act(
        code,
        lambda: reports.open_reports(holder_id, code, city),
        "reports_opened",
        lambda p: _refused(event, p, form),
    )


_ACTS: dict[str, tuple[Callable[[int, str], None], str]] = {
    "close": (reports.close_reports, "reports_closed"),
    "link": (reports.renew_link, "link_renewed"),
    "count": (reports.count_reports, "reports_counted"),
}


@web.post(f"{BASE}/reports/<any(close, link, count):what>")
@personal
def change_reports(holder_id: int, code: str, what: str) -> Response:
    """Take no reports any more, end the link that is out, or count what was reported. Raises `NotFound`."""
    event = get_own_event(holder_id, code)
    do, said = _ACTS[what]
    return _act(code, lambda: do(holder_id, code), said, lambda problem: _refused(event, problem))


@web.post(f"{BASE}/reports/<int(max=9223372036854775807):number>/drop")
@personal
def drop_report(holder_id: int, code: str, number: int) -> Response:
    """Take a report out. Raises `NotFound`."""
    event = get_own_event(holder_id, code)
    return _act(
        code,
        lambda: reports.remove_report(holder_id, code, number),
        "report_removed",
        lambda problem: _refused(event, problem),
    )


@web.get(f"{BASE}/poster")
@personal
def report_poster(holder_id: int, code: str) -> Response:
    """The QR code to print and put up. Raises `NotFound`."""
    event = get_own_event(holder_id, code)
    link = link_of(event)
    if link is None:
        raise NotFound()
    drawn = Markup(qr_svg(link).decode())  # noqa: S704  our own drawing of our own address
    return page("event_poster.html", tab="me", event=event, link=link, qr=drawn)


def _read_list() -> bytes:
    """The file of the form. Raises `ListTooLarge`, `Unreadable`."""
    try:
        return read_file("list", MOST_BYTES)
    except TooLarge as large:
        raise ListTooLarge(most=MOST_BYTES // 1024 // 1024) from large


def link_of(event: EventFacts) -> str | None:
    """Where an event's participants report themselves; None before that was opened once."""
    desk = known.get_desk(event.id)
    if desk.opened_at is None:
        return None
    return f"{settings().public_url}/participate/{event.code}/{mark_of(event.id, desk.link_round)}"


def _act(code: str, do: Callable[[], object], said: str, refused: Callable[[Problem], Response]) -> Response:
    """Do what was asked for and come back to the desk; a refusal stands above the form."""
    try:
        with transaction():
            do()
    except NotFound:
        raise
    except Problem as problem:
        return refused(problem)
    return make_response(redirect(f"/me/events/{code}/people?said={said}", 303))


def _refused(event: EventFacts, problem: Problem, form: Form | None = None) -> Response:
    return _desk(event, (form or Form()).refuse(problem), problem.status)


def _desk(event: EventFacts, form: Form, status: int = 200) -> Response:
    detail = people_of(event)
    if detail.desk.city is not None:
        form.written.setdefault("city", city_name(detail.desk.city))
    after = read_cursor(request.args.get("after")) if request.method == "GET" else None
    rows = known.list_people(event.id, PAGE + 1, after, reports=True)
    return page(
        "my_event_people.html",
        status,
        tab="me",
        form=form,
        event=event,
        people=detail,
        bars=bars(detail.lines),
        imports=known.list_imports(event.id, 20),
        reported=page_of(rows, PAGE, lambda each: each.id),
        means=means_names(),
        link=link_of(event),
        most={"rows": MOST_ROWS, "megabytes": MOST_BYTES // 1024 // 1024},
    )


def _preview(event: EventFacts, number: int, form: Form) -> Response:
    told = known.get_import(event.id, number)
    lines = lines_of(event, told)
    return page(
        "my_event_list.html",
        form.status,
        tab="me",
        form=form,
        event=event,
        told=told,
        city=words().cities.by_code.get(told.city or ""),
        faults=[fault_view(fault) for fault in told.faults],
        bars=bars(lines),
        total_g=sum(line.emitted_g for line in lines),
    )


def bars(lines: Iterable[PeopleLine]) -> list[dict[str, Any]]:
    """Lines as a picture, the largest first, each with its part of the largest in thousandths."""
    ordered = sorted(lines, key=lambda line: -line.emitted_g)
    most = max((line.emitted_g for line in ordered), default=1)
    return [{"line": line, "part": line.emitted_g * 1000 // max(most, 1)} for line in ordered]


def city_name(city: City) -> str:
    """A city in the reader's language, or in Chinese where its English name is another's too."""
    told = in_language(city.name_zh, city.name_en)
    return told if words().cities.find(told) is city else city.name_zh


def means_names() -> dict[str, str]:
    """Means of travel as people read them."""
    return {each["key"]: each[language()][0] for each in document()["means"]}
