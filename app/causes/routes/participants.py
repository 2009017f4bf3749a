"""An event's participants: imported lists, reports by a link without an account, what they come to."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.accounts import queries as accounts
from app.causes.errors.participants import ListTooLarge
from app.causes.models.participants import ParticipantImport
from app.causes.queries import participants as known
from app.causes.queries.events import EventFacts, get_own_event
from app.causes.queries.participant_details import PeopleDetail, lines_of, people_of
from app.causes.queries.words import column_name, document
from app.causes.rules.lists import MOST_BYTES
from app.causes.schemas import participants as said
from app.causes.services import participant_lists as lists
from app.causes.services import participant_reports as reports
from app.causes.services.participant_codes import mark_of
from app.kit.http import Blueprint, public, read_body
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import exists, language, t
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import NotFound, TooLarge, UnsupportedMedia
from app.kit.tables import BOM, csv_text
from app.kit.transaction import transaction


def takes_list(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a request be as large as a list, before anything reads it. Raises `ListTooLarge`."""

    @functools.wraps(view)
    def taking(*args: Any, **kwargs: Any) -> Any:
        request.max_content_length = MOST_BYTES
        try:
            return view(*args, **kwargs)
        except (TooLarge, RequestEntityTooLarge) as large:
            raise ListTooLarge(most=MOST_BYTES // 1024 // 1024) from large

    return taking


participants = Blueprint(
    "participants",
    __name__,
    url_prefix="/v1/events/<string:code>/participants",
    description="An event's participants 参加者",
)
participant_reports = Blueprint(
    "participant_reports",
    __name__,
    url_prefix="/v1/participant-reports",
    description="Participants' own reports 参加者自助填报",
)
participant_words = Blueprint(
    "participant_words", __name__, url_prefix="/v1/participants", description="What lists may say 名单用词"
)


@participant_words.route("/words", methods=["GET"])
@public
@participant_words.response(200, said.WordsView)
def get_words() -> dict[str, Any]:
    """Columns, means of travel and cities' sources, in every word that a list may use."""
    told = document()
    return {
        "columns": told["column"],
        "means": told["means"],
        "attendance": told["attendance"],
        "detours": told["detour"],
        "cities": told["cities"],
    }


@participant_words.route("/template.csv", methods=["GET"])
@public
@participant_words.response(200, content_type="text/csv")
def get_template() -> Response:
    """An empty list with three sample lines, in the caller's language."""
    return attached(csv_text(template_rows()), f"senhui-participants-{language()}.csv")


def template_rows() -> list[list[str]]:
    """The template's head and its sample lines."""
    lang = language()
    columns = [each["key"] for each in document()["column"]]
    means = {each["key"]: each[lang][0] for each in document()["means"]}
    where = {each["key"]: each[lang][0] for each in document()["attendance"]}
    yes = next(each[lang][0] for each in document()["answer"] if each["key"] == "yes")
    city = {"zh": "厦门", "en": "Xiamen"}[lang]
    samples: list[dict[str, str]] = [
        {"number": "001", "attendance": where["onsite"], "from": city, "there": means["high_speed_rail"]},
        {"number": "002", "there": means["car"], "there_km": "35", "meals": "2", "vegetarian": yes},
        {"number": "003", "attendance": where["online"]},
    ]
    samples[0] |= {"nights": "1", "meals": "3"}
    rows = [[each.get(key, "") for key in columns] for each in samples]
    return [[column_name(key, lang) for key in columns], *rows]


def attached(text: str, name: str) -> Response:
    """A table as a file."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response((BOM + text).encode(), headers=headers, content_type="text/csv; charset=utf-8")


@participants.route("", methods=["GET"])
@signed_in
@participants.response(200, said.PeopleView)
def get_participants(code: str) -> dict[str, Any]:
    """Who takes part, by what means they came, and what all of them come to."""
    return people_view(people_of(_own(code)))


@participants.route("/people", methods=["GET"])
@signed_in
@participants.arguments(PageQuery, location="query")
@participants.response(200, page_of(said.StandingPersonView))
def get_people(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Everybody who counts, without a name: lines of the list, and reports in place of theirs."""
    event = _own(code)
    rows = known.list_people(event.id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda each: each.id)


@participants.route("/reports", methods=["GET"])
@signed_in
@participants.arguments(PageQuery, location="query")
@participants.response(200, page_of(said.StandingPersonView))
def get_reports(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Who reported themselves."""
    event = _own(code)
    rows = known.list_people(event.id, wish["limit"] + 1, read_cursor(wish.get("after")), reports=True)
    return page(rows, wish["limit"], lambda each: each.id)


@participants.route("/people.csv", methods=["GET"])
@signed_in
@participants.response(200, content_type="text/csv")
def get_people_csv(code: str) -> Response:
    """Everybody who counts, as a table that no spreadsheet computes."""
    return people_csv(_own(code))


@participants.route("/imports", methods=["POST"])
@signed_in
@takes_list
@writes
@participants.doc(requestBody=said.LIST_BODY)
@participants.arguments(said.ImportQuery, location="query")
@participants.response(201, said.ImportView)
def post_import(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Read a list: as a draft to look at, or taken at once. It replaces the list before it as a whole."""
    accounts.require_live_session(caller())
    content = _read_list()
    holder_id = caller().holder_id
    drafted = lists.draft_import(holder_id, code, content, wish.get("city"))
    if wish["take"] != said.PREVIEW:
        partial = wish["take"] == said.PARTIAL
        drafted = lists.take_import(holder_id, code, drafted.number, partial=partial)
    return import_view(get_own_event(holder_id, code), drafted)


@participants.route("/imports", methods=["GET"])
@signed_in
@participants.arguments(PageQuery, location="query")
@participants.response(200, page_of(said.ImportBriefView))
def get_imports(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """The imports of an event, the last first; what an ended one came to is kept, its people are not."""
    event = _own(code)
    rows = known.list_imports(event.id, wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda each: each.number)


@participants.route("/imports/<string:number>", methods=["GET"])
@signed_in
@participants.response(200, said.ImportView)
def get_import(code: str, number: str) -> dict[str, Any]:
    """One import with its faults and what it comes to."""
    event = _own(code)
    return import_view(event, known.get_import(event.id, read_number(number)))


@participants.route("/imports/<string:number>/take", methods=["POST"])
@signed_in
@writes
@participants.arguments(said.NewTaking)
@participants.response(200, said.ImportView)
def post_take(wish: dict[str, Any], code: str, number: str) -> dict[str, Any]:
    """Let a draft's people count in place of the list before it."""
    accounts.require_live_session(caller())
    holder_id = caller().holder_id
    taken = lists.take_import(holder_id, code, read_number(number), partial=wish["sound_only"])
    return import_view(get_own_event(holder_id, code), taken)


@participants.route("/imports/<string:number>", methods=["DELETE"])
@signed_in
@writes
@participants.response(204)
def delete_import(code: str, number: str) -> None:
    """Forget a draft, or let the standing list count no more."""
    accounts.require_live_session(caller())
    lists.drop_import(caller().holder_id, code, read_number(number))


@participants.route("/codes", methods=["POST"])
@signed_in
@takes_list
@participants.doc(requestBody=said.LIST_BODY)
@participants.response(200, content_type="text/csv")
def post_codes(code: str) -> Response:
    """One-time codes for the numbers of a list, as a table; nothing of the file is kept."""
    accounts.require_live_session(caller())
    return codes_csv(lists.list_codes(caller().holder_id, code, _read_list()))


@participants.route("/reports", methods=["PUT"])
@signed_in
@writes
@participants.arguments(said.ReportsChange)
@participants.response(200, said.PeopleView)
def put_reports(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Let people report themselves by the link, or stop it."""
    accounts.require_live_session(caller())
    if wish["open"]:
        reports.open_reports(caller().holder_id, code, wish.get("city"))
    else:
        reports.close_reports(caller().holder_id, code)
    return people_view(people_of(_own(code)))


@participants.route("/reports/link", methods=["POST"])
@signed_in
@writes
@participants.response(200, said.PeopleView)
def post_link(code: str) -> dict[str, Any]:
    """Another link: the one that is out ends."""
    accounts.require_live_session(caller())
    reports.renew_link(caller().holder_id, code)
    return people_view(people_of(_own(code)))


@participants.route("/reports/count", methods=["POST"])
@signed_in
@writes
@participants.response(200, said.PeopleView)
def post_count(code: str) -> dict[str, Any]:
    """Take what was reported since into the inventory, as every hour and every closing does by itself."""
    accounts.require_live_session(caller())
    reports.count_reports(caller().holder_id, code)
    return people_view(people_of(_own(code)))


@participants.route("/reports/<string:number>", methods=["DELETE"])
@signed_in
@writes
@participants.response(204)
def delete_report(code: str, number: str) -> None:
    """Take a report out; its phone reports no more."""
    accounts.require_live_session(caller())
    reports.remove_report(caller().holder_id, code, read_number(number, digits=18))


@participant_reports.route("/<string:code>/<string:mark>", methods=["GET"])
@public
@participant_reports.response(200, said.EntranceView)
def get_entrance(code: str, mark: str) -> reports.Entrance:
    """The event that a link leads to."""
    return reports.enter(code, mark, None)


@participant_reports.route("/<string:code>/<string:mark>", methods=["PUT"])
@public
@participant_reports.arguments(said.NewReport)
@participant_reports.response(200, said.EntranceView)
def put_report(wish: dict[str, Any], code: str, mark: str) -> reports.Entrance:
    """Tell how one came and stayed; the same phone tells it anew, and is counted once."""
    with transaction():
        return reports.report(code, mark, wish.pop("device"), told_of(wish), wish.get("code"))


def told_of(wish: Mapping[str, Any]) -> dict[str, str]:
    """A report as a list's cells say it."""
    told = {name: str(wish[name]) for name in _CELLS if wish.get(name)}
    return told | {"from": wish.get("city", ""), "vegetarian": "yes" if wish.get("vegetarian") else ""}


_CELLS = ("attendance", "there", "there_km", "back", "back_km", "nights", "meals")


def _own(code: str) -> EventFacts:
    accounts.require_live_session(caller())
    return get_own_event(caller().holder_id, code)


def _read_list() -> bytes:
    if request.mimetype not in ("text/csv", "application/octet-stream", "application/vnd.ms-excel"):
        raise UnsupportedMedia()
    return read_body(MOST_BYTES)


def read_number(written: str, *, digits: int = 9) -> int:
    """A number as an address has it. Raises `NotFound` for what none can be."""
    if not (written.isascii() and written.isdigit() and len(written) <= digits):
        raise NotFound()
    return int(written)


def people_view(detail: PeopleDetail) -> dict[str, Any]:
    """An event's participants with the link by which they report."""
    desk = detail.desk
    mark = mark_of(detail.event.id, desk.link_round) if desk.opened_at is not None else None
    path = f"/participate/{detail.event.code}/{mark}" if mark else None
    return {name: getattr(detail, name) for name in _SHOWN} | {"link": path}


_SHOWN = ("tally", "lines", "emitted_g", "counted_g", "waits", "desk", "draft", "standing")


def import_view(event: EventFacts, told: ParticipantImport) -> dict[str, Any]:
    """An import with its faults in words and its figures."""
    lines = lines_of(event, told)
    shown = {column.key: getattr(told, column.key) for column in ParticipantImport.__table__.columns}
    faulty = [fault_view(fault) for fault in told.faults]
    figures = {"lines": lines, "emitted_g": sum(line.emitted_g for line in lines)}
    return shown | figures | {"faulty": faulty, "state": told.state}


def fault_view(fault: Mapping[str, Any]) -> dict[str, Any]:
    """A fault in the caller's words."""
    column = column_name(fault["column"], language()) if fault["column"] else None
    detail = t(f"causes.{fault['reason']}", **fault["params"])
    return {"line": fault["line"], "column": column, "reason": fault["reason"], "detail": detail}


def codes_csv(codes: list[tuple[str, str]]) -> Response:
    """Numbers with their codes, as a file."""
    head = [column_name("number", language()), t("causes.one_time_code")]
    return attached(csv_text([head, *codes]), "senhui-codes.csv")


def people_csv(event: EventFacts) -> Response:
    """Everybody who counts, as a file; rows come from the database a thousand at a time."""
    head = [t(f"causes.people_{name}") for name in _PEOPLE]
    return attached(csv_text([head, *_people_rows(event.id)]), f"senhui-participants-{event.code}.csv")


_PEOPLE = ("line", "attendance", "there", "there_km", "back", "back_km", "by_city", "nights", "meals", "diet")
_AT_ONCE = 1000


def _people_rows(event_id: int) -> Iterator[list[object]]:
    means = {each["key"]: each[language()][0] for each in document()["means"]}
    after = 0
    while rows := known.list_people(event_id, _AT_ONCE, after):
        after = rows[-1].id
        for each in rows:
            told, there, back = each.person, each.person.there, each.person.back
            yield [
                t("causes.people_reported") if each.line is None else each.line,
                _word("attendance", told.attendance),
                there and means[there.means],
                there and there.km,
                back and means[back.means],
                back and back.km,
                told.city,
                told.nights,
                told.meals,
                _word("diet", told.diet),
            ]


def _word(group: str, name: str) -> str:
    message = f"causes.{group}_{name}"
    return t(message) if exists(message) else name
