"""Steps from WeRun: a month of them, the consent, and the way to WeChat and back."""

from datetime import timedelta
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts import services as consents
from app.accounts.errors import ConsentMissing
from app.footprint import queries as footprint
from app.footprint import services
from app.footprint.routes import read_werun
from app.footprint.rules import WALKING, WERUN
from app.kit import clock
from app.kit.transaction import transaction
from app.web import session
from app.web.charts import bar_chart
from app.web.errors import OnlyInWeChat, ReturnUnknown
from app.web.guard import carries_mark
from app.web.pages import page, web
from app.web.session import personal

DAYS = 31
CONSENT_VERSION = "2026-11"
"""The version of the words a person agrees to; change it with them."""


@web.get("/steps")
@personal
def steps_page(holder_id: int) -> Response:
    """A month of steps and what each day avoided."""
    days = footprint.list_steps(holder_id, DAYS)
    today = clock.business_day()
    amounts = {each.day: {WALKING: each.avoided_g} for each in days}
    return page(
        "steps.html",
        tab="actions",
        days=days,
        chart=bar_chart([today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)], amounts, (WALKING,)),
        method=footprint.find_scene(WALKING),
        agreed=_agreed(holder_id),
        version=CONSENT_VERSION,
    )


@web.post("/steps/sync")
@personal
def leave_for_steps(holder_id: int) -> Response:
    """Ask WeChat for the steps; agreeing to it is part of the form where no consent stands yet."""
    phone, home = session.settings().phone_url, session.settings().public_url
    if not phone:
        raise OnlyInWeChat()
    if request.form.get("agree") == CONSENT_VERSION:
        with transaction():
            consents.grant_consent(holder_id, WALKING, WERUN, CONSENT_VERSION)
    accounts.require_consent(holder_id, WALKING, WERUN)
    query = urlencode({"redirect_uri": f"{home}/steps/return", "state": session.errand(WERUN)})
    return make_response(redirect(f"{phone}/phone/werun?{query}", 303))


@web.post("/steps/return")
@carries_mark
@personal
def return_with_steps(holder_id: int) -> Response:
    """Take the encrypted steps that WeChat handed to this very session.

    WeChat's page sends the form, so the mark in `state` proves whose errand it was. Raises
    `ReturnUnknown` for another's, `ConsentMissing`, or `WeRunNotAccepted`.
    """
    if not session.on_errand(WERUN, request.form.get("state", "")):
        raise ReturnUnknown()
    accounts.require_consent(holder_id, WALKING, WERUN)
    fingerprint, report = read_werun(
        holder_id, request.form.get("encrypted_data", ""), request.form.get("iv", "")
    )
    with transaction():
        services.record_steps(holder_id, fingerprint, report.taken_at, report.days)
    return make_response(redirect("/steps?said=steps_synced", 303))


@web.get("/steps/return")
@personal
def return_without_steps(holder_id: int) -> Response:
    """Come back from WeChat without having agreed there."""
    return make_response(redirect("/steps?said=steps_denied", 303))


def _agreed(holder_id: int) -> bool:
    try:
        accounts.require_consent(holder_id, WALKING, WERUN)
    except ConsentMissing:
        return False
    return True
