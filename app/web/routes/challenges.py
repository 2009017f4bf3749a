"""Challenges: whoever has the link sees how the groups stand; who looks after a group enters it."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.kit import clock
from app.kit.fields import Code, Day, NewSchema, OneOf
from app.kit.http import public
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.queries import challenges as known
from app.rewards.queries import groups
from app.rewards.queries.challenge_rewards import find_reward
from app.rewards.queries.challenges import ChallengeFacts
from app.rewards.queries.groups import GroupFacts
from app.rewards.routes.challenges import name_of, new_challenge, says_of
from app.rewards.rules.challenge_themes import themes
from app.rewards.rules.challenges import (
    LEAST_GROUPS,
    LEAST_MEMBERS,
    LONGEST_DAYS,
    SETTLING_DAYS,
    UNCOVERED_DAYS,
    Measure,
    Status,
)
from app.rewards.rules.groups import KINDS
from app.rewards.services import challenges as services
from app.web import session
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web, word
from app.web.session import personal

PAGE = 20
RULES = {
    "least_members": LEAST_MEMBERS,
    "least_groups": LEAST_GROUPS,
    "settling_days": SETTLING_DAYS,
    "longest_days": LONGEST_DAYS,
    "uncovered_days": UNCOVERED_DAYS,
}
"""What every challenge's page says of the rules."""


class ChallengeTerms(NewSchema):
    """What is competed in, how and when."""

    theme = OneOf(tuple(themes()), required=True)
    measure = OneOf(tuple(Measure), required=True)
    first_day = Day(required=True)
    last_day = Day(required=True)
    group_kind = OneOf(KINDS)


class NewChallengeForm(OnceSchema, ChallengeTerms):
    """A challenge, and the group of mine that enters first."""

    group = Code(26, required=True)
    listed = OneOf(("yes",))


class EntryForm(NewSchema):
    """A group of mine."""

    group = Code(26, required=True)


@web.get("/challenges")
@public
def challenge_list() -> Response:
    """Challenges that anyone may find, and those of my groups."""
    seen = session.visitor()
    rows = known.list_listed(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "challenges.html",
        tab="actions",
        listed=page_of(rows, PAGE, lambda each: each.id),
        mine=known.list_of(seen.holder_id, PAGE) if seen else [],
        name_of=name_of,
    )


@web.get("/challenges/new")
@personal
def new_challenge_page(holder_id: int) -> Response:
    """The form of a new one; `group` may be chosen by the page before."""
    asked = {"group": request.args["group"][:26]} if "group" in request.args else {}
    return _new_page(holder_id, Form(asked))


@web.post("/challenges")
@personal
def post_challenge(holder_id: int) -> Response:
    """Call one; what is wrong is said beside its field."""
    form = read_form(NewChallengeForm)
    if not form.sound:
        return _new_page(holder_id, form)
    told = {name: value for name, value in form.values.items() if name not in ("form_key", "group")}
    wish = new_challenge(told | {"listed": "listed" in told})

    def call() -> str:
        return services.call_challenge(holder_id, form.values["group"], wish).code

    try:
        with transaction():
            code = once(holder_id, form, call)
    except Problem as problem:
        return _new_page(holder_id, form.refuse(problem))
    return _to(code, "challenge_called")


@web.get("/challenges/<code:code>")
@public
def challenge(code: str) -> Response:
    """One challenge, how its groups stand, and by what rules. Raises `ChallengeUnknown`."""
    return _challenge_page(code, Form())


@web.post("/challenges/<code:code>/groups")
@personal
def enter_challenge(holder_id: int, code: str) -> Response:
    """Enter a group that I look after. Raises `ChallengeUnknown`, `GroupUnknown`."""
    return _act(code, EntryForm, lambda told: services.enter(holder_id, code, told["group"]), "entered")


@web.post("/challenges/<code:code>/groups/withdraw")
@personal
def withdraw_from_challenge(holder_id: int, code: str) -> Response:
    """Take a group that I look after out again. Raises `ChallengeUnknown`, `GroupUnknown`."""
    return _act(code, EntryForm, lambda told: services.withdraw(holder_id, code, told["group"]), "withdrawn")


@web.post("/challenges/<code:code>/step-out")
@personal
def step_out_of_challenge(holder_id: int, code: str) -> Response:
    """Have nothing of mine counted any more. Raises `ChallengeUnknown`, `NotInChallenge`."""
    return _act(code, NewSchema, lambda _: services.step_out(holder_id, code), "stepped_out")


@web.post("/challenges/<code:code>/call-off")
@personal
def call_off_challenge(holder_id: int, code: str) -> Response:
    """Call mine off before it starts. Raises `ChallengeUnknown`."""
    return _act(code, NewSchema, lambda _: services.call_off(holder_id, code), "called_off")


def _act(code: str, schema: type[NewSchema], do: Callable[[dict[str, Any]], object], said: str) -> Response:
    form = read_form(schema)
    if not form.sound:
        return _challenge_page(code, form)
    try:
        with transaction():
            do(form.values)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _challenge_page(code, form.refuse(problem))
    return _to(code, f"challenge_{said}")


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/challenges/{code}?said={said}", 303))


def group_name(group: GroupFacts) -> str:
    """What a group is called where others read it: its kind and code where it has no name for them."""
    return group.shown_name or f"{t(f'rewards.group_{group.kind}')} {group.code}"


def terms_choices() -> dict[str, Any]:
    """What the forms of a new challenge let one choose."""
    return {
        "theme_choices": [
            {"value": each.code, "label": name_of(each), "note": says_of(each)} for each in themes().values()
        ],
        "measure_choices": [
            {
                "value": str(each),
                "label": word("challenge_measure", each),
                "note": word("challenge_measure_what", each),
            }
            for each in Measure
        ],
        "kind_choices": [(kind, t(f"rewards.group_{kind}")) for kind in KINDS],
    }


def _new_page(holder_id: int, form: Form) -> Response:
    return page(
        "challenge_new.html",
        form.status,
        tab="actions",
        form=form,
        groups=[group for group in groups.groups_of(holder_id) if group.owner_id == holder_id],
        today=clock.business_day(),
        **terms_choices(),
        **RULES,
    )


def _challenge_page(code: str, form: Form) -> Response:
    found, seen = known.get_challenge(code), session.visitor()
    holder_id = seen.holder_id if seen else None
    place = known.find_place(found.id, holder_id) if holder_id is not None else None
    reward = find_reward(found.id)
    return page(
        "challenge.html",
        form.status,
        tab="actions",
        form=form,
        c=found,
        best=max((each.score for each in found.entries), default=0),
        reward=reward if reward is not None and reward.approved_at else None,
        place=place,
        organised=holder_id is not None and found.organiser_id == holder_id,
        name_of=name_of,
        says_of=says_of,
        group_name=group_name,
        seen=seen,
        **_mine(found, holder_id),
        **RULES,
    )


def _mine(found: ChallengeFacts, holder_id: int | None) -> dict[str, Any]:
    """The groups that the visitor looks after: those that could enter, and those that have."""
    fitting: list[GroupFacts] = []
    if holder_id is not None and found.status is Status.OPEN:
        fitting = [
            group
            for group in groups.groups_of(holder_id)
            if group.owner_id == holder_id and found.group_kind in (None, group.kind)
        ]
    entered = {each.group.id for each in found.entries}
    return {
        "could_enter": [group for group in fitting if group.id not in entered],
        "have_entered": [group for group in fitting if group.id in entered],
    }
