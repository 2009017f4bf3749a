"""Calculators: a person's month and an event's figures for anyone; months kept for their holder."""

from typing import Any

from app.accounts import queries as accounts
from app.footprint import queries, rules, services
from app.footprint.schemas.actions import ReplayView
from app.footprint.schemas.calculators import (
    CalculationBriefView,
    CalculationView,
    EstimateView,
    NewCalculation,
    PersonAnswers,
    QuestionnaireView,
)
from app.footprint.schemas.inventories import EventGuideView, NewEventEstimate, StageView
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor

calculators = Blueprint(
    "calculators", __name__, url_prefix="/v1/calculators", description="Calculators for anyone 计算器"
)
calculations = Blueprint(
    "calculations",
    __name__,
    url_prefix="/v1/calculations",
    description="Months that were kept 已存的月度测算",
)


@calculators.route("/person", methods=["GET"])
@public
@calculators.response(200, QuestionnaireView)
def get_questions() -> queries.Guide:
    """The twelve questions as data, with options, measures, defaults and what is our own assumption."""
    return queries.latest_guide(queries.PERSON_MONTH)


@calculators.route("/person", methods=["POST"])
@public
@calculators.arguments(PersonAnswers)
@calculators.response(200, EstimateView)
def post_person(wish: dict[str, Any]) -> queries.Estimate:
    """A person's month from answers; nothing is kept. What is not answered takes its default."""
    return services.estimate_month(**wish)


@calculators.route("/event", methods=["GET"])
@public
@calculators.response(200, EventGuideView)
def get_event_guide() -> dict[str, Any]:
    """What an event's inventory is made of: the national guide's source types, and what is known of each."""
    guide = queries.latest_guide(queries.EVENT_INVENTORY)
    return {
        "key": guide.key,
        "version": guide.version,
        "document": guide.document,
        "deadlines": [queries.get_factor(each["factor"]) for each in guide.document["deadline"]],
        "benchmark": queries.get_factor(guide.document["benchmark"]["factor"]),
    }


@calculators.route("/event", methods=["POST"])
@public
@calculators.arguments(NewEventEstimate)
@calculators.response(200, StageView)
def post_event(wish: dict[str, Any]) -> queries.Stage:
    """An event's figures from lines; nothing is kept."""
    lines = [new_line(each) for each in wish.pop("lines")]
    region, excluded = wish.pop("region"), wish.pop("excluded")
    return services.estimate_event(services.Facts(**wish), region, lines, excluded)


def new_line(told: dict[str, Any]) -> services.NewLine:
    """A line as its schema read it."""
    share = told.get("share")
    return services.NewLine(**{**told, "share": rules.Share(**share) if share else None})


@calculations.route("", methods=["POST"])
@signed_in
@writes
@calculations.arguments(NewCalculation)
@calculations.response(201, CalculationView)
def post_calculation(wish: dict[str, Any]) -> dict[str, Any]:
    """Compute the caller's month and keep it; POST /v1/calculations/{code}/dues then owes it."""
    accounts.require_live_session(caller())
    return _told(services.keep_month(caller().holder_id, **wish))


@calculations.route("", methods=["GET"])
@signed_in
@calculations.arguments(PageQuery, location="query")
@calculations.response(200, page_of(CalculationBriefView))
def get_calculations(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's kept months, the last computed first."""
    accounts.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.list_calculations(caller().holder_id, wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda each: each.id)


@calculations.route("/<string:code>", methods=["GET"])
@signed_in
@calculations.response(200, CalculationView)
def get_calculation(code: str) -> dict[str, Any]:
    """One of the caller's kept months with every figure behind it."""
    accounts.require_live_session(caller())
    return _told(queries.get_calculation(caller().holder_id, code))


@calculations.route("/<string:code>/replay", methods=["POST"])
@signed_in
@calculations.response(200, ReplayView)
def post_calculation_replay(code: str) -> queries.Replay:
    """Compute a kept month again from its answers; nothing is written."""
    accounts.require_live_session(caller())
    return queries.replay_calculation(queries.get_calculation(caller().holder_id, code))


def _told(found: queries.Calculation) -> dict[str, Any]:
    return {**vars(found), "earlier": queries.earlier_months(found.holder_id, found.month)}
