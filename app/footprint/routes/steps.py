"""WeRun's steps."""

from datetime import date
from typing import Any

from flask import current_app

from app.accounts import queries as accounts
from app.clients import werun
from app.clients.errors import DecryptionFailed
from app.footprint import queries, rules, services
from app.footprint.errors import WeRunNotAccepted
from app.footprint.schemas import (
    NewSteps,
    StepDayView,
    StepsView,
)
from app.kit import clock
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import t
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import Unreadable
from app.kit.sealing import SealBroken

steps = Blueprint("steps", __name__, url_prefix="/v1/steps", description="WeRun steps 微信运动")


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
