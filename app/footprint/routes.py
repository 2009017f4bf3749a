"""What can be asked of footprint over HTTP: actions, steps, months, and the sources of every figure."""

import re
from datetime import date
from typing import Any

from flask import Flask, current_app
from flask_smorest import Api

from app.accounts import queries as accounts
from app.clients import werun
from app.clients.errors import DecryptionFailed
from app.footprint import queries, rules, services
from app.footprint.errors import WeRunNotAccepted
from app.footprint.schemas import (
    ActionView,
    EmissionKindView,
    EmissionQuery,
    EmissionView,
    FactorQuery,
    FactorVersionQuery,
    FactorView,
    MethodologyView,
    MonthView,
    NewAction,
    NewSteps,
    ReplayView,
    SceneView,
    StepDayView,
    StepsView,
)
from app.kit import clock
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import t
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import NotFound, Unreadable
from app.kit.sealing import SealBroken

actions = Blueprint("actions", __name__, url_prefix="/v1/actions", description="Low-carbon acts 低碳行为")
steps = Blueprint("steps", __name__, url_prefix="/v1/steps", description="WeRun steps 微信运动")
months = Blueprint("months", __name__, url_prefix="/v1", description="A person's month 月度足迹")
sources = Blueprint("sources", __name__, url_prefix="/v1", description="Where figures come from 因子与方法学")


@actions.route("", methods=["POST"])
@signed_in
@writes
@actions.arguments(NewAction())
@actions.response(201, ActionView)
@actions.alt_response(200, schema=ActionView, description="The same trip was recorded before.")
def post_action(wish: dict[str, Any]) -> Any:
    """Declare a trip. Walking is counted from WeRun's steps and cannot be declared."""
    # No look-up of the session here, unlike elsewhere: it would be a fifth of the hot path's statements,
    # and a signed-out token can only declare, for the quarter of an hour that it still lives.
    recorded = services.record_action(caller().holder_id, **wish)
    return recorded.action, 201 if recorded.new else 200


@actions.route("", methods=["GET"])
@signed_in
@actions.arguments(PageQuery, location="query")
@actions.response(200, page_of(ActionView))
def get_actions(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's acts, the last recorded first, withdrawn ones too."""
    accounts.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.list_actions(caller().holder_id, wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda action: action.id)


@actions.route("/<string:code>", methods=["GET"])
@signed_in
@actions.response(200, ActionView)
def get_action(code: str) -> queries.Action:
    """One act of the caller's with its inputs, factor, methodology and cap."""
    accounts.require_live_session(caller())
    return queries.get_action(caller().holder_id, code)


@actions.route("/<string:code>", methods=["DELETE"])
@signed_in
@writes
@actions.response(204)
def delete_action(code: str) -> None:
    """Withdraw an act: its grams leave the books, the record stays."""
    accounts.require_live_session(caller())
    services.withdraw_action(caller().holder_id, code)


@actions.route("/<string:code>/replay", methods=["POST"])
@signed_in
@actions.response(200, ReplayView)
def post_replay(code: str) -> queries.Replay:
    """Compute an act again from its raw inputs; nothing is written."""
    accounts.require_live_session(caller())
    return queries.replay(queries.get_action(caller().holder_id, code))


@steps.route("", methods=["POST"])
@signed_in
@writes
@steps.arguments(NewSteps)
@steps.response(201, StepsView)
def post_steps(wish: dict[str, Any]) -> dict[str, Any]:
    """Hand over what wx.getWeRunData gave; needs consent to scene walking from source werun."""
    accounts.require_live_session(caller())
    holder_id = caller().holder_id
    accounts.require_consent(holder_id, rules.WALKING, rules.WERUN)
    fingerprint, report = read_werun(holder_id, wish["encrypted_data"], wish["iv"])
    recorded = services.record_steps(holder_id, fingerprint, report.taken_at, report.days)
    return {
        "taken_at": report.taken_at,
        "actions": len(recorded),
        "avoided_g": sum(action.avoided_g for action in recorded),
        "days": queries.list_steps(holder_id),
    }


def read_werun(holder_id: int, encrypted_data: str, iv: str) -> tuple[bytes, werun.StepReport]:
    """The data's fingerprint and steps. Raises `WeRunNotAccepted`, the same for every cause."""
    appid = current_app.extensions["settings"].wechat.appid
    try:
        _, session_key = accounts.get_wechat(holder_id)
        report = werun.decrypt_werun(encrypted_data, iv, session_key, appid, clock.now())
        return werun.fingerprint(encrypted_data), report
    except (DecryptionFailed, SealBroken) as error:
        raise WeRunNotAccepted() from error


@steps.route("", methods=["GET"])
@signed_in
@steps.arguments(PageQuery, location="query")
@steps.response(200, page_of(StepDayView))
def get_steps(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's days of steps, the newest first, with the grams credited and whether a day is full."""
    accounts.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.list_steps(caller().holder_id, wish["limit"] + 1, _day(before))
    return page(rows, wish["limit"], lambda each: each.day.toordinal())


def _day(ordinal: int | None) -> date | None:
    """The day that a cursor stands for. Raises `Unreadable` for one that we did not give out."""
    if ordinal is None:
        return None
    if not 1 <= ordinal <= date.max.toordinal():
        raise Unreadable(errors=[{"pointer": "?after", "detail": t("kit.field_cursor")}])
    return date.fromordinal(ordinal)


@months.route("/months/<string:month>", methods=["GET"])
@signed_in
@months.response(200, MonthView)
def get_month(month: str) -> queries.MonthSummary:
    """What the caller avoided by day and scene, and emitted by kind, in a month (YYYY-MM)."""
    accounts.require_live_session(caller())
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", month):
        raise NotFound()
    return queries.month_summary(caller().holder_id, month)


@months.route("/emissions", methods=["GET"])
@signed_in
@months.arguments(EmissionQuery, location="query")
@months.response(200, page_of(EmissionView))
def get_emissions(wish: dict[str, Any]) -> dict[str, Any]:
    """What the caller recorded as emitted, the last recorded first, corrected rows too."""
    accounts.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.list_emissions(caller().holder_id, wish.get("month"), wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda emission: emission.id)


@months.route("/emission-kinds", methods=["GET"])
@public
@months.response(200, EmissionKindView(many=True))
def get_emission_kinds() -> Any:
    """The kinds of emission that can be recorded, with the factor of Fujian."""
    return [
        {**vars(kind), "regions": kind.regions, "factor": kind.find_factor(rules.HOME_REGION)}
        for kind in queries.emission_kinds().values()
    ]


@sources.route("/factors", methods=["GET"])
@public
@sources.arguments(FactorQuery, location="query")
@sources.response(200, page_of(FactorView))
def get_factors(wish: dict[str, Any]) -> dict[str, Any]:
    """Emission factors with their sources; unverified ones carry their mark."""
    after = read_cursor(wish.pop("after", None))
    limit = wish.pop("limit")
    return page(queries.list_factors(**wish, limit=limit + 1, after=after), limit, lambda each: each.id)


@sources.route("/factors/<string:key>", methods=["GET"])
@public
@sources.arguments(FactorVersionQuery, location="query")
@sources.response(200, FactorView)
def get_factor(wish: dict[str, Any], key: str) -> queries.Factor:
    """One factor by its key."""
    return queries.get_factor(key, wish.get("version"))


@sources.route("/methodologies", methods=["GET"])
@public
@sources.response(200, MethodologyView(many=True))
def get_methodologies() -> Any:
    """Every version of every methodology: formula, baseline, weights, caps and where it is borrowed from."""
    return queries.list_methodologies()


@sources.route("/scenes", methods=["GET"])
@public
@sources.response(200, SceneView(many=True))
def get_scenes() -> Any:
    """The kinds of action that count today."""
    return queries.list_scenes()


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes."""
    for blueprint in (actions, steps, months, sources):
        api.register_blueprint(blueprint)
