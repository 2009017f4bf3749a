"""Fairness for people: the published signals, what was decided of my account, and appeals."""

from flask import Response, make_response, redirect

from app.kit.fields import NewSchema
from app.kit.http import public
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.rewards.queries import fairness as known
from app.rewards.queries import fairness_appeals, fairness_figures, fairness_rules
from app.rewards.rules.fairness import LONGEST_WORDS
from app.rewards.services import fairness_appeals as services
from app.web.forms import Form, Prose, read_form
from app.web.pages import page, web
from app.web.session import personal


class FairnessAppealForm(NewSchema):
    """What the holder says."""

    words = Prose(LONGEST_WORDS, required=True)


@web.get("/fairness")
@public
def fairness_page() -> Response:
    """Every signal with its threshold and reason, every time limit, and what came of them."""
    return page(
        "fairness.html",
        signals=fairness_rules.rules(),
        limits=fairness_rules.limits(),
        outcomes=fairness_figures.list_outcomes(),
        last_look=fairness_figures.last_look(),
    )


@web.get("/me/fairness")
@personal
def my_fairness(holder_id: int) -> Response:
    """What was decided of my account, acts that earned nothing, and whether my points can be redeemed."""
    return page(
        "my_fairness.html",
        tab="me",
        standing=known.find_standing(holder_id),
        measures=known.list_measures(holder_id),
        unthanked=fairness_appeals.list_unthanked(holder_id),
    )


@web.get("/me/fairness/<code:code>")
@personal
def my_measure(holder_id: int, code: str) -> Response:
    """One decision with the data used. Raises `NotFound`."""
    return _measure_page(holder_id, code, Form())


@web.post("/me/fairness/<code:code>/appeal")
@personal
def appeal_measure(holder_id: int, code: str) -> Response:
    """Appeal against it. Raises `NotFound`."""
    form = read_form(FairnessAppealForm)
    if not form.sound:
        return _measure_page(holder_id, code, form, 422)
    try:
        with transaction():
            services.appeal(holder_id, code, form.values["words"])
    except NotFound:
        raise
    except Problem as problem:
        return _measure_page(holder_id, code, form.refuse(problem), problem.status)
    return make_response(redirect(f"/me/fairness/{code}?said=fairness_appealed", 303))


@web.get("/me/fairness/acts/<code:code>")
@personal
def my_unthanked(holder_id: int, code: str) -> Response:
    """Why an act earned nothing. Raises `NotFound`."""
    return _act_page(holder_id, code, Form())


@web.post("/me/fairness/acts/<code:code>/appeal")
@personal
def appeal_unthanked(holder_id: int, code: str) -> Response:
    """Appeal against its having earned nothing. Raises `NotFound`."""
    form = read_form(FairnessAppealForm)
    if not form.sound:
        return _act_page(holder_id, code, form, 422)
    try:
        with transaction():
            services.appeal_act(holder_id, code, form.values["words"])
    except NotFound:
        raise
    except Problem as problem:
        return _act_page(holder_id, code, form.refuse(problem), problem.status)
    return make_response(redirect(f"/me/fairness/acts/{code}?said=fairness_appealed", 303))


def _measure_page(holder_id: int, code: str, form: Form, status: int = 200) -> Response:
    measure = known.get_measure(code, holder_id)
    said = {"reason": fairness_rules.said(measure.inquiry.rule, "reason")}
    return page("my_measure.html", status, tab="me", measure=measure, form=form, **_appealing(), **said)


def _act_page(holder_id: int, code: str, form: Form, status: int = 200) -> Response:
    case = fairness_appeals.get_act_case(holder_id, code)
    return page("my_unthanked.html", status, tab="me", case=case, form=form, **_appealing())


def _appealing() -> dict[str, int]:
    return {"longest": LONGEST_WORDS, "answer_days": fairness_rules.limits().answer_days}
