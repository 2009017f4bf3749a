"""Drives at the operators' desk: written by one, opened by another, and how they go on likewise."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.accounts.rules import read_credit_code
from app.kit.fields import AnyDay, Code, NewSchema, OneOf, Read, Text, WholeText
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.queries import drives as known
from app.rewards.rules.drives import (
    LONGEST_ABOUT,
    LONGEST_REPORT,
    LONGEST_TITLE,
    LONGEST_USE,
    MOST_GOAL_FEN,
    MOST_GOAL_KG,
    Charity,
    Goal,
    read_fundraising_number,
)
from app.rewards.services import drives as services
from app.rewards.services.drives import NewDrive, NewReport
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Prose, Yuan, once, read_form
from app.web.pages import page, web

PAGE = 50
_CHARITY = ("charity_name", "charity_code", "fundraising_number", "fundraising_until")


class DriveForm(OnceSchema):
    """A drive's terms; the charity's four fields are filled together or not at all."""

    title_zh = Text(LONGEST_TITLE, required=True)
    title_en = Text(2 * LONGEST_TITLE, required=True)
    about_zh = Prose(LONGEST_ABOUT, required=True)
    about_en = Prose(2 * LONGEST_ABOUT, required=True)
    use_zh = Prose(LONGEST_USE, required=True)
    use_en = Prose(2 * LONGEST_USE, required=True)
    payee = Code(26, required=True)
    project = Code(20)
    goal_yuan = Yuan()
    goal_kg = WholeText(1, MOST_GOAL_KG)
    starts_on = AnyDay(required=True)
    ends_on = AnyDay(required=True)
    charity_name = Text(100)
    charity_code = Read(40, read_credit_code, "accounts.field_credit_code")
    fundraising_number = Text(40)
    fundraising_until = AnyDay()


class ReportForm(OnceSchema):
    """How a drive goes on."""

    happened_on = AnyDay(required=True)
    words_zh = Prose(LONGEST_REPORT, required=True)
    words_en = Prose(2 * LONGEST_REPORT, required=True)
    used_yuan = Yuan()


class DecisionForm(NewSchema):
    """Shown or not."""

    decision = OneOf(("show", "decline"), required=True)


class ClosingForm(NewSchema):
    """Why a drive takes nothing more."""

    reason = Prose(300, required=True)


@web.get("/console/drives")
@operated("rewards.read")
def console_drives(operator: OperatorFacts) -> Response:
    """All drives, the newest first."""
    rows = known.list_drives(PAGE + 1, read_cursor(request.args.get("after")), public=False)
    listed = page_of(rows, PAGE, lambda each: each.id)
    return page("console_drives.html", listed=listed, may_write=operator.may("rewards.write"))


@web.get("/console/drives/new")
@operated("rewards.write")
def console_drive_new(operator: OperatorFacts) -> Response:
    """The form of a drive."""
    return _new_page(Form())


@web.post("/console/drives")
@operated("rewards.write")
def draft_drive(operator: OperatorFacts) -> Response:
    """Write a drive, for somebody else to open."""
    form = read_form(DriveForm)
    form.faults |= {} if form.faults else _faults(form.values)
    if not form.sound:
        return _new_page(form, 422)
    wish = _wish(form.values)
    try:
        with transaction():
            code = once(operator.id, form, lambda: services.draft_drive(operator.id, wish).code)
    except Problem as problem:
        return _new_page(form.refuse(problem), problem.status)
    return make_response(redirect(f"/console/drives/{code}?said=drive_drafted", 303))


def _new_page(form: Form, status: int = 200) -> Response:
    known_holders = accounts.list_right_holders()
    payees = [(each.code, each.name) for each in known_holders if each.kind in services.PAYEES]
    return page("console_drive_new.html", status, form=form, payees=payees)


def _faults(told: Mapping[str, Any]) -> dict[str, str]:
    """What the fields say together: the four of a charity, and money that is no goal."""
    given = [name for name in _CHARITY if name in told]
    if told.get("goal_yuan", 0) > MOST_GOAL_FEN:
        return {"goal_yuan": t("web.field_yuan")}
    if not given:
        return {}
    if len(given) < len(_CHARITY):
        missing = next(name for name in _CHARITY if name not in told)
        return {missing: t("rewards.drive_charity_half")}
    if read_fundraising_number(told["fundraising_number"], told["charity_code"]) is None:
        return {"fundraising_number": t("rewards.drive_charity_number")}
    return {}


def _wish(told: Mapping[str, Any]) -> NewDrive:
    plain = (
        "title_zh",
        "title_en",
        "about_zh",
        "about_en",
        "use_zh",
        "use_en",
        "payee",
        "starts_on",
        "ends_on",
    )
    return NewDrive(
        **{name: told[name] for name in plain},
        project=told.get("project"),
        goal=Goal(told.get("goal_yuan"), told.get("goal_kg")),
        charity=_charity(told),
    )


def _charity(told: Mapping[str, Any]) -> Charity | None:
    if "charity_name" not in told:
        return None
    number = read_fundraising_number(told["fundraising_number"], told["charity_code"])
    assert number is not None  # `_faults` has looked at it
    return Charity(told["charity_name"], told["charity_code"], number, told["fundraising_until"])


@web.get("/console/drives/<code:code>")
@operated("rewards.read")
def console_drive(operator: OperatorFacts, code: str) -> Response:
    """One drive. Raises `DriveUnknown`."""
    return _drive_page(operator, code, Form())


@web.post("/console/drives/<code:code>/publish")
@operated("rewards.write")
def publish_drive(operator: OperatorFacts, code: str) -> Response:
    """Open a drive that somebody else wrote. Raises `DriveUnknown`."""
    return _act(
        operator, code, NewSchema, lambda _: services.publish_drive(operator.id, code), "drive_published"
    )


@web.post("/console/drives/<code:code>/close")
@operated("rewards.write")
def close_drive(operator: OperatorFacts, code: str) -> Response:
    """Let it take nothing more. Raises `DriveUnknown`."""
    return _act(
        operator,
        code,
        ClosingForm,
        lambda told: services.close_drive(operator.id, code, told["reason"]),
        "drive_closed",
    )


@web.post("/console/drives/<code:code>/reports")
@operated("rewards.write")
def write_drive_report(operator: OperatorFacts, code: str) -> Response:
    """Write how it goes on, for somebody else to show. Raises `DriveUnknown`."""
    form = read_form(ReportForm)

    def write(told: dict[str, Any]) -> None:
        report = NewReport(told["happened_on"], told["words_zh"], told["words_en"], told.get("used_yuan"))
        once(operator.id, form, lambda: str(services.write_report(operator.id, code, report)))

    return _do(operator, code, form, write, "drive_report_written")


@web.post("/console/drives/<code:code>/reports/<int(max=9223372036854775807):number>")
@operated("rewards.write")
def decide_drive_report(operator: OperatorFacts, code: str, number: int) -> Response:
    """Show what somebody else wrote, or not. Raises `DriveUnknown`."""

    def decide(told: dict[str, Any]) -> None:
        services.decide_report(operator.id, code, number, shown=told["decision"] == "show")

    return _act(operator, code, DecisionForm, decide, "drive_report_decided")


def _act(
    operator: OperatorFacts,
    code: str,
    schema: type[NewSchema],
    do: Callable[[dict[str, Any]], object],
    said: str,
) -> Response:
    return _do(operator, code, read_form(schema), do, said)


def _do(
    operator: OperatorFacts, code: str, form: Form, do: Callable[[dict[str, Any]], object], said: str
) -> Response:
    if not form.sound:
        return _drive_page(operator, code, form, 422)
    try:
        with transaction():
            do(form.values)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _drive_page(operator, code, form.refuse(problem), problem.status)
    return make_response(redirect(f"/console/drives/{code}?said={said}", 303))


def _drive_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    found = known.get_drive(code, public=False)
    return page(
        "console_drive.html",
        status,
        drive=found,
        reports=known.list_reports(found.id, public=False),
        form=form,
        operator=operator,
        who=accounts.operators.list_names(),
        may_write=operator.may("rewards.write"),
    )
