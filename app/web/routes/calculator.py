"""A person's month from twelve questions: asked and computed for anyone, kept and owed when signed in."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from app.footprint import queries as footprint
from app.footprint import services
from app.footprint.queries import Calculation, Estimate, Guide, Replay
from app.footprint.rules import HOME_REGION
from app.kit import clock
from app.kit.fields import Month, NewSchema, OneOf, WholeText
from app.kit.http import public
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets.services import dues
from app.web import session
from app.web.forms import Form, read_form, read_query
from app.web.pages import page, web
from app.web.rings import ring
from app.web.routes.home import neighbour
from app.web.session import personal
from app.web.words import in_language

MEASURED = "m_"
"""How the name of a measured quantity's field begins: a measure may be called as its question."""


@web.get("/calculator")
@public
def calculator() -> Response:
    """The twelve questions; what the address says is filled in already."""
    guide = footprint.latest_guide(footprint.PERSON_MONTH)
    return _questions(guide, read_query(_schema(guide)))


@web.get("/calculator/result")
@public
def calculator_result() -> Response:
    """The month that follows from the address, which anybody may keep or change; nothing is kept here."""
    guide = footprint.latest_guide(footprint.PERSON_MONTH)
    form = read_query(_schema(guide))
    if not form.sound:
        return _questions(guide, form, 422)
    try:
        estimate = services.estimate_month(*_told(guide, form), form.values.get("month"))
    except Problem as problem:
        return _questions(guide, form.refuse(problem), problem.status)
    return _result(estimate, form, asked=form.written)


@web.post("/calculator")
@personal
def keep_month(holder_id: int) -> Response:
    """Keep a month; what is wrong is said beside its question."""
    guide = footprint.latest_guide(footprint.PERSON_MONTH)
    form = read_form(_schema(guide))
    if not form.sound:
        return _questions(guide, form, 422)
    month = form.values.get("month", _this_month())
    try:
        with transaction():
            kept = services.keep_month(holder_id, month, *_told(guide, form))
    except Problem as problem:
        return _questions(guide, form.refuse(problem), problem.status)
    return make_response(redirect(f"/calculations/{kept.code}?said=month_kept", 303))


@web.get("/calculations/<code:code>")
@personal
def calculation(holder_id: int, code: str) -> Response:
    """A kept month, beside my earlier ones. Raises `NotFound`."""
    found = footprint.get_calculation(holder_id, code)
    replayed = footprint.replay_calculation(found) if "replay" in request.args else None
    return _result(found.estimate, Form(), kept=found, asked=_written(found), replayed=replayed)


@web.post("/calculations/<code:code>/dues")
@personal
def owe_month(holder_id: int, code: str) -> Response:
    """Record a kept month as my footprint, which opens or corrects dues. Raises `NotFound`."""
    with transaction():
        dues.owe_calculation(holder_id, code)
    month = footprint.get_calculation(holder_id, code).month
    return make_response(redirect(f"/footprint?month={month}&said=due_opened", 303))


def _this_month() -> str:
    return f"{clock.business_day():%Y-%m}"


def _schema(guide: Guide) -> type[NewSchema]:
    """The form that the questions ask for."""
    asked: dict[str, Any] = {"month": Month()}
    for question in guide.questionnaire.questions:
        if question.form == "number":
            asked[question.key] = WholeText(question.least, question.most)
        else:
            options = tuple(question.options) or tuple(footprint.emission_kinds()["electricity"].regions)
            asked[question.key] = OneOf(options)
        for key in question.measures:
            asked[MEASURED + key] = WholeText(0, question.most_of(key))
    return type("AnswersForm", (NewSchema,), asked)


def _told(guide: Guide, form: Form) -> tuple[dict[str, Any], dict[str, int]]:
    """What was answered, and what was measured."""
    keys = {question.key for question in guide.questionnaire.questions}
    answers = {key: value for key, value in form.values.items() if key in keys}
    measured = {
        key.removeprefix(MEASURED): value for key, value in form.values.items() if key.startswith(MEASURED)
    }
    return answers, measured


def _written(kept: Calculation) -> dict[str, str]:
    """A kept month as the form would have it."""
    measured = {MEASURED + key: value for key, value in kept.measured.items()}
    return {key: str(value) for key, value in {**kept.answers, **measured, "month": kept.month}.items()}


def _questions(guide: Guide, form: Form, status: int = 200) -> Response:
    return page(
        "calculator.html",
        status,
        tab="home",
        form=form,
        document=guide.document,
        regions=footprint.emission_kinds()["electricity"].regions,
        home=HOME_REGION,
        measured=MEASURED,
    )


def _result(
    estimate: Estimate,
    form: Form,
    *,
    asked: dict[str, str],
    kept: Calculation | None = None,
    replayed: Replay | None = None,
) -> Response:
    this = _this_month()
    month = kept.month if kept else form.values.get("month", this)
    seen = session.visitor()
    recording = footprint.recording_of(kept) if kept else None
    return page(
        "calculation.html",
        tab="home",
        form=form,
        estimate=estimate,
        kept=kept,
        month=month,
        months=sorted({month, this, neighbour(this, -1), neighbour(this, -2)}, reverse=True),
        earlier=footprint.earlier_months(seen.holder_id, month) if seen else [],
        parts=ring([(each["key"], each["emitted_g"]) for each in estimate.by_category]),
        recording=recording,
        left=_listed(each.kind for each in recording.left) if recording else "",
        differing=_listed(replayed.differences) if replayed else "",
        names={each["key"]: each for each in estimate.guide.document["category"]},
        signed_in=seen is not None,
        asked={name: value for name, value in asked.items() if name != "month"},
        query=urlencode(asked),
        replayed=replayed,
    )


def _listed(kinds: Iterable[str]) -> str:
    """Kinds by name, one after another; what is no kind is the month's total."""
    known = footprint.emission_kinds()
    names = [
        in_language(known[kind].name_zh, known[kind].name_en) if kind in known else t("web.total")
        for kind in kinds
    ]
    return t("web.comma").join(names)
