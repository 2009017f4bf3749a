"""A walker: a month of steps earns a level, a streak and badges; the year is shown, and hidden again."""

from datetime import datetime, timedelta
from typing import Any

import requests

from cases.instance import wait
from cases.people import TIMEOUT_S, Unexpected
from stories.teller import SHANGHAI, Story

WITHIN_S = 45.0


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("walker")
    _take_back(story, _walk(story))
    _show(story)


def _walk(story: Story) -> Any:
    rules = story.call("GET", "/v1/badges")
    forgives = rules["streak"]
    story.tell(
        f"{len(rules['levels'])} levels, {len(rules['badges'])} badges; any {forgives['span_days']} days"
        f" may hold {forgives['rests']} of rest"
    )
    story.call("PUT", "/v1/me/consents/walking/werun", {"version": "2026-1"})
    data = story.on_phone("werun", {"account": "walker"})
    story.call("POST", "/v1/steps", {"encrypted_data": data["encryptedData"], "iv": data["iv"]})

    def counted() -> Any:
        found = story.call("GET", "/v1/me/badges")
        return found if any(each["earned_on"] for each in found["badges"]) else None

    trail = wait(counted, WITHIN_S)
    level = trail["standing"]["level"]
    story.tell(
        f"{trail['active_days']} days of steps: {level['name_zh']} {level['name_en']}, a streak of"
        f" {trail['streak']['current']}, {trail['streak']['rests']} days may rest now"
    )
    for each in _held(trail):
        badge = each["badge"]
        story.tell(f"   {badge['name_zh']} {badge['name_en']} since {each['earned_on']}: {badge['rule_en']}")
    return trail


def _take_back(story: Story, before: Any) -> None:
    """An act that is withdrawn takes its day along, and only what cannot stand without it."""
    started = datetime.now(SHANGHAI) - timedelta(days=1, hours=1)
    ride = {"scene": "metro", "started_at": started.isoformat(timespec="seconds"), "distance_m": 8000}
    code = story.call("POST", "/v1/actions", ride)["code"]
    level = before["standing"]["avoided_g"]
    wait(lambda: story.call("GET", "/v1/me/badges")["standing"]["avoided_g"] > level, WITHIN_S)
    if story.ask("DELETE", f"/v1/actions/{code}").status_code not in (200, 204):
        raise Unexpected("the ride was not withdrawn")
    after = story.call("GET", "/v1/me/badges")
    if after["standing"]["avoided_g"] != level or len(_held(after)) < len(_held(before)):
        raise Unexpected(f"what was withdrawn took more than itself: {after['standing']}")
    story.tell("a ride was withdrawn: its grams are gone, every badge that does not need it stays")


def _show(story: Story) -> None:
    year = (datetime.now(SHANGHAI) - timedelta(days=1)).year  # which has steps, also on New Year's Day
    told = story.call("GET", f"/v1/me/years/{year}")
    story.tell(
        f"{year}: {told['avoided_g']} g avoided on {told['active_days']} days, {told['emitted_g']} g emitted"
        f" as recorded in {told['recorded_months']} months, {told['retired_g']} g retired; never added"
    )
    story.browse("walker")
    story.keep_printed(f"/me/year/{year}", "walker-year")
    link = story.call("PUT", f"/v1/me/years/{year}/link")["url"]
    page = requests.get(link, timeout=TIMEOUT_S)
    if page.status_code != 200 or "noindex" not in page.headers.get("X-Robots-Tag", ""):
        raise Unexpected(f"the shown year answered {page.status_code}")
    story.tell("the year is shown under a link, without a name")
    story.ask("DELETE", f"/v1/me/years/{year}/link")
    if requests.get(link, timeout=TIMEOUT_S).status_code != 404:
        raise Unexpected("a link that was taken back still leads somewhere")
    story.tell("and taken back: the link leads nowhere, for ever")


def _held(trail: Any) -> list[Any]:
    return [each for each in trail["badges"] if each["earned_on"]]
