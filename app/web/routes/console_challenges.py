"""Challenges at the operators' desk: calling one for all, promising a reward, stopping what should not be."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit import clock
from app.kit.fields import Code, NewSchema, WholeText
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.queries import challenges as known
from app.rewards.queries import programmes
from app.rewards.queries.challenge_rewards import find_reward
from app.rewards.routes.challenges import name_of, new_challenge
from app.rewards.rules.challenges import MOST_POINTS_EACH, Status
from app.rewards.services import challenge_rewards
from app.rewards.services import challenges as services
from app.web.console import operated
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web
from app.web.routes.challenges import ChallengeTerms, group_name, terms_choices

PAGE = 50


class CalledChallengeForm(OnceSchema, ChallengeTerms):
    """A challenge for all."""


class RewardForm(NewSchema):
    """Points each for whoever takes part in the group that comes first."""

    programme = Code(26, required=True)
    points_each = WholeText(1, MOST_POINTS_EACH, required=True)


@web.get("/console/challenges")
@operated("rewards.read")
def console_challenges(operator: OperatorFacts) -> Response:
    """All challenges, the newest first."""
    return _list_page(operator, Form())


@web.post("/console/challenges")
@operated("rewards.write")
def call_for_all(operator: OperatorFacts) -> Response:
    """Call one that anyone may find."""
    form = read_form(CalledChallengeForm)
    if not form.sound:
        return _list_page(operator, form)
    told = {name: value for name, value in form.values.items() if name != "form_key"}

    def call() -> str:
        return services.call_for_all(operator.id, new_challenge(told | {"listed": True})).code

    try:
        with transaction():
            code = once(operator.id, form, call)
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    return _to(code, "challenge_called")


@web.get("/console/challenges/<code:code>")
@operated("rewards.read")
def console_challenge(operator: OperatorFacts, code: str) -> Response:
    """One challenge. Raises `ChallengeUnknown`."""
    return _challenge_page(operator, code, Form())


@web.post("/console/challenges/<code:code>/reward")
@operated("rewards.write")
def ask_reward(operator: OperatorFacts, code: str) -> Response:
    """Ask for a reward. Raises `ChallengeUnknown`."""

    def ask(told: dict[str, Any]) -> None:
        challenge_rewards.ask_reward(operator.id, code, told["programme"], told["points_each"])

    return _act(operator, code, RewardForm, ask, "challenge_reward_asked")


@web.post("/console/challenges/<code:code>/reward/approve")
@operated("rewards.write")
def approve_reward(operator: OperatorFacts, code: str) -> Response:
    """Promise what another operator asked for. Raises `ChallengeUnknown`."""
    return _act(
        operator,
        code,
        NewSchema,
        lambda _: challenge_rewards.approve_reward(operator.id, code),
        "challenge_reward_approved",
    )


@web.post("/console/challenges/<code:code>/reward/drop")
@operated("rewards.write")
def drop_reward(operator: OperatorFacts, code: str) -> Response:
    """Take back what nobody has promised yet. Raises `ChallengeUnknown`."""
    return _act(
        operator,
        code,
        NewSchema,
        lambda _: challenge_rewards.drop_reward(operator.id, code),
        "challenge_reward_dropped",
    )


@web.post("/console/challenges/<code:code>/stop")
@operated("rewards.write")
def stop_challenge(operator: OperatorFacts, code: str) -> Response:
    """Call it off. Raises `ChallengeUnknown`."""
    return _act(operator, code, NewSchema, lambda _: services.stop(operator.id, code), "challenge_stopped")


def _act(
    operator: OperatorFacts,
    code: str,
    schema: type[NewSchema],
    do: Callable[[dict[str, Any]], object],
    said: str,
) -> Response:
    form = read_form(schema)
    if not form.sound:
        return _challenge_page(operator, code, form)
    try:
        with transaction():
            do(form.values)
    except Problem as problem:
        if problem.message == "rewards.challenge_unknown":
            raise
        return _challenge_page(operator, code, form.refuse(problem))
    return _to(code, said)


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/console/challenges/{code}?said={said}", 303))


def _list_page(operator: OperatorFacts, form: Form) -> Response:
    rows = known.list_all(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_challenges.html",
        form.status,
        form=form,
        listed=page_of(rows, PAGE, lambda each: each.id),
        name_of=name_of,
        may_write=operator.may("rewards.write"),
        today=clock.business_day(),
        **terms_choices(),
    )


def _challenge_page(operator: OperatorFacts, code: str, form: Form) -> Response:
    found = known.get_challenge(code)
    offering = [each for each in programmes.list_open() if each.stopped_at is None]
    return page(
        "console_challenge.html",
        form.status,
        form=form,
        c=found,
        reward=find_reward(found.id),
        programmes=[(each.code, each.name) for each in offering],
        name_of=name_of,
        group_name=group_name,
        names=accounts.operators.list_names(),
        may_write=operator.may("rewards.write"),
        operator=operator,
        open_still=found.status is Status.OPEN,
        over=found.status in (Status.DECIDED, Status.CALLED_OFF),
    )
