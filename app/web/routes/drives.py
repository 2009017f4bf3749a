"""Drives 公益项目: seen by anyone, given to by who is signed in; and the thanks, which anyone can check."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Response, make_response, redirect, request
from markupsafe import Markup

from app.kit.fields import Day, NewSchema, OneOf, WholeText, Written
from app.kit.http import public
from app.kit.messages import LANGUAGES, language, t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.platforms import may_buy
from app.kit.problems import Problem
from app.kit.qr import qr_svg
from app.kit.transaction import transaction
from app.offsets.routes import require_open_shop
from app.registry import queries as registry
from app.rewards.queries import drive_gifts as gifts
from app.rewards.queries import drives as known
from app.rewards.queries.drive_gifts import KIND, GiftFacts
from app.rewards.queries.drive_giving import Giving, what_may_be_given
from app.rewards.queries.drives import DriveFacts
from app.rewards.routes.drives import place_units, sign_thanks, thanks_file, thanks_qr, thanks_url
from app.rewards.rules.drives import LONGEST_NAME, MOST_POINTS, MOST_UNITS_KG, STEP_DAYS
from app.rewards.services import drive_gifts as services
from app.web import session
from app.web.documents import Document, answer
from app.web.documents.answers import Form as Paper
from app.web.documents.sheets import Enclosure
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web
from app.web.routes.orders import to_payment_sheet
from app.web.session import personal

PAGE = 20
MOST_LOTS = 100
CHOICES = (1, 5, 10, 50)
"""Steps of units that are offered with one press."""
_PAPER = "<any(pdf, png, svg):form>"


class PointsForm(OnceSchema):
    """How many points are given."""

    points = WholeText(1, MOST_POINTS, required=True)


class StepsForm(OnceSchema):
    """Which day's steps are given."""

    day = Day(required=True)


class UnitsForm(OnceSchema):
    """How many kilograms are bought: a choice, or another number."""

    quantity_kg = WholeText(1, MOST_UNITS_KG)
    other_kg = WholeText(1, MOST_UNITS_KG)


class PrintForm(NewSchema):
    """A name to print on one's own thanks, kept nowhere."""

    name = Written(LONGEST_NAME)
    paper = OneOf(("pdf", "png"), required=True)


@web.get("/drives")
@public
def drive_list() -> Response:
    """Drives, the newest first."""
    rows = known.list_drives(PAGE + 1, read_cursor(request.args.get("after")))
    return page("drives.html", tab="forest", listed=page_of(rows, PAGE, lambda each: each.id))


@web.get("/drives/<code:code>")
@public
def drive(code: str) -> Response:
    """One drive: how far it has come, how it goes on, and how to give. Raises `DriveUnknown`."""
    return _drive_page(code, Form())


@web.get(f"/drives/<code:code>.{_PAPER}")
@public
def drive_sheet(code: str, form: Paper) -> Response:
    """A drive's sheet, for the village's notice board. Raises `DriveUnknown`, `PressBusy`."""
    return answer(_sheet(known.get_drive(code)), form)


@web.post("/drives/<code:code>/points")
@personal
def give_points(holder_id: int, code: str) -> Response:
    """Give points. Raises `DriveUnknown`."""
    return _give(
        holder_id, code, PointsForm, lambda told: services.give_points(holder_id, code, told["points"])
    )


@web.post("/drives/<code:code>/steps")
@personal
def give_steps(holder_id: int, code: str) -> Response:
    """Give a day's steps. Raises `DriveUnknown`."""
    return _give(holder_id, code, StepsForm, lambda told: services.give_steps(holder_id, code, told["day"]))


@web.post("/drives/<code:code>/units")
@personal
def buy_units(holder_id: int, code: str) -> Response:
    """Order units for the drive and go to the payment sheet. Raises `DriveUnknown`."""
    require_open_shop()
    form = read_form(UnitsForm)
    quantity_kg = form.values.get("other_kg") or form.values.get("quantity_kg")
    if not form.sound or quantity_kg is None:
        return _drive_page(code, form, 422)
    try:
        with transaction():
            wish = {"quantity_kg": quantity_kg}
            order = once(holder_id, form, lambda: place_units(holder_id, code, wish).code)
    except Problem as problem:
        return _refused(code, form, problem)
    return to_payment_sheet(holder_id, order)


@web.get("/me/drive-gifts")
@personal
def my_drive_gifts(holder_id: int) -> Response:
    """What I gave, the newest first, each with its thanks."""
    rows = gifts.list_own(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page("my_drive_gifts.html", tab="me", listed=page_of(rows, PAGE, lambda each: each[0]))


@web.post("/me/drive-gifts/<code:number>/print")
@personal
def print_thanks(holder_id: int, number: str) -> Response:
    """My thanks with a name that I wish on them; it is printed and kept nowhere. Raises `ThanksUnknown`."""
    gift = gifts.get_own(holder_id, number)
    form = read_form(PrintForm)
    if not form.sound:
        return _thanks_page(gift, form, 422)
    return answer(_document(gift, form.values.get("name")), form.values["paper"])


@web.get("/thanks/<code:number>")
@public
def thanks(number: str) -> Response:
    """Thanks as anyone may check them; they name nobody. Raises `ThanksUnknown`."""
    return _thanks_page(gifts.get_thanks(number), Form())


@web.get(f"/thanks/<code:number>.{_PAPER}")
@public
def thanks_document(number: str, form: Paper) -> Response:
    """Thanks to print and to keep. Raises `ThanksUnknown`, `PressBusy`."""
    return answer(_document(gifts.get_thanks(number)), form)


def _give(
    holder_id: int, code: str, schema: type[OnceSchema], give: Callable[[dict[str, Any]], GiftFacts]
) -> Response:
    form = read_form(schema)
    if not form.sound:
        return _drive_page(code, form, 422)
    try:
        with transaction():
            number = once(holder_id, form, lambda: give(form.values).number)
    except Problem as problem:
        return _refused(code, form, problem)
    return make_response(redirect(f"/thanks/{number}?said=drive_thanked", 303))


def _refused(code: str, form: Form, problem: Problem) -> Response:
    if problem.status == 404:
        raise problem
    return _drive_page(code, form.refuse(problem), problem.status)


def _drive_page(code: str, form: Form, status: int = 200) -> Response:
    found = known.get_drive(code)
    seen = session.visitor()
    giving = what_may_be_given(seen.holder_id, found.kind, STEP_DAYS) if seen else None
    return page(
        "drive.html",
        status,
        tab="forest",
        drive=found,
        form=form,
        reports=known.list_reports(found.id),
        months=gifts.list_months(found.id),
        lot=_lot(found),
        choices=CHOICES,
        giving=giving,
        days=_days(giving) if giving else [],
    )


def _days(giving: Giving) -> list[tuple[str, str]]:
    """The days whose steps may be given, as a choice."""
    return [
        (
            each.day.isoformat(),
            t("web.drive_step_day", day=each.day, steps=f"{each.steps:,}", points=f"{each.points:,}"),
        )
        for each in giving.days
    ]


def _lot(found: DriveFacts) -> Any:
    """The lot that units would be bought from, None where nothing can be bought."""
    if found.row.project_code is None or not found.takes_now or not may_buy():
        return None
    lots = registry.list_lots(MOST_LOTS, project=found.row.project_code, available=True)
    return min(lots, key=lambda each: (each.issuance.vintage, each.id), default=None)


def _thanks_page(gift: GiftFacts, form: Form, status: int = 200) -> Response:
    seen = session.visitor()
    response = page(
        "thanks.html",
        status,
        gift=gift,
        form=form,
        own=seen is not None and gifts.is_own(seen.holder_id, gift.number),
        url=thanks_url(gift),
        signature=sign_thanks(gift),
        qr=Markup(qr_svg(thanks_qr(gift)).decode()),  # noqa: S704  our own drawing of our own address
        longest=LONGEST_NAME,
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _sheet(found: DriveFacts) -> Document:
    """What stands on the page, as of the last thing that happened to it."""
    row, months, reports = found.row, gifts.list_months(found.id), known.list_reports(found.id)
    moments = (row.published_at, row.closed_at, row.given_at, *(each.decided_at for each in reports))
    as_of = max(each for each in moments if each is not None)
    plain = ("goal_fen", "goal_kg", "points", "bought_kg", "paid_fen", "gifts")
    facts = {
        **{name: getattr(row, name) for name in plain},
        "title": {"zh": row.title_zh, "en": row.title_en},
        "use": {"zh": row.use_zh, "en": row.use_en},
        "payee": found.payee,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
        "as_of": as_of.isoformat(timespec="seconds"),
        "charity": found.charity and {name: str(value) for name, value in asdict(found.charity).items()},
        "months": [{name: getattr(each, name) for name in _MONTH} for each in months],
        "reports": [
            {
                "happened_on": each.happened_on.isoformat(),
                "words": {"zh": each.words_zh, "en": each.words_en},
                "used_fen": each.used_fen,
            }
            for each in reports
        ],
        "notes": [{each: t(f"web.drive_note_{found.manner}", each) for each in LANGUAGES}],
        "sample": found.project is not None and found.project.project.sample,
    }
    home = f"{session.settings().public_url}/drives/{found.code}"
    return Document("drive_sheet", found.code, facts, home, as_of, language())


_MONTH = ("month", "gifts", "points", "quantity_kg")


def _document(gift: GiftFacts, name: str | None = None) -> Document:
    return Document(
        kind=KIND,
        number=gift.number,
        facts={**gift.facts, **({"name": name} if name else {})},
        url=thanks_url(gift),
        qr=thanks_qr(gift),
        issued_at=gift.given_at,
        language=language(),
        enclosures=(Enclosure(f"senhui-{gift.number}.json", thanks_file(gift)),),
    )
