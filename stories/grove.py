"""A class: three who plant together, first by pledges and then in parts, and who call another class out."""

from datetime import datetime, timedelta
from typing import Any

from cases.instance import wait
from cases.people import Unexpected
from stories.teller import SHANGHAI, Story

ENDED_WITHIN_S = 10.0
GOAL_KG = 60


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("grove-1")
    others = [story.another(f"grove-{number}") for number in (2, 3)]
    group = _gather(story, others)
    code = _pledge(story, others, group)
    number = _plant(story, others, code)
    story.keep_printed(f"/attestations/{number}", "planted-together")
    _challenge(story, group)


def _gather(story: Story, others: list[Story]) -> Any:
    group = story.call("POST", "/v1/groups", {"kind": "class", "name": "三年二班", "listed": False})
    for each in others:
        each.call("POST", "/v1/groups/joined", {"code": group["join_code"]})
    story.tell("a class of three, joined by its code")
    return group


def _pledge(story: Story, others: list[Story], group: Any) -> str:
    [lot, *_] = story.call("GET", "/v1/lots?available=true&product=yiyuan")["items"]
    wish = {
        "group": group["code"],
        "goal_kg": GOAL_KG,
        "lot": lot["code"],
        "way": "together",
        "last_day": _day(14),
    }
    planting = story.call("POST", "/v1/plantings", wish)
    code = str(planting["code"])
    story.tell(
        f"{GOAL_KG} kg of one village's forest for {planting['price_fen'] / 100:.2f} yuan, all together"
    )
    for each in others:
        each.call("PUT", f"/v1/plantings/{code}/pledge", {"quantity_kg": 20})
    early = story.ask("POST", f"/v1/plantings/{code}/orders", {"quantity_kg": 10})
    if early.status_code != 409:
        raise Unexpected(f"a part was sold before the goal was covered: {early.text}")
    story.tell(f"40 kg pledged, nobody can pay yet: {early.json()['title']}")
    ready = story.call("PUT", f"/v1/plantings/{code}/pledge", {"quantity_kg": 20})
    story.tell(f"the goal is covered; everybody pays their own part until {ready['pay_until']}")
    return code


def _plant(story: Story, others: list[Story], code: str) -> str:
    for each in (story, *others):
        order = each.call("POST", f"/v1/plantings/{code}/orders", {"quantity_kg": 20})
        each.pay(order["order"])
    beyond = story.ask("POST", f"/v1/plantings/{code}/orders", {"quantity_kg": 10})
    if beyond.status_code != 409:
        raise Unexpected(f"more than the goal was sold: {beyond.text}")
    ended = wait(lambda: _ended(story, code), ENDED_WITHIN_S)
    for part in ended["parts"]:
        story.tell(
            f"   a part of {part['quantity_kg']} kg: {part['serial']}{' (mine)' if part['own'] else ''}"
        )
    number = str(ended["attestation"])
    facts = story.call("GET", f"/v1/attestations/{number}")["facts"]
    if (facts["planted_kg"], facts["people"], facts["reached"]) != (GOAL_KG, 3, True):
        raise Unexpected(f"something else was attested: {facts}")
    story.tell(f"planted together: {facts['planted_kg']} kg by {facts['people']}, attested as {number}")
    return number


def _ended(story: Story, code: str) -> Any:
    found = story.call("GET", f"/v1/plantings/{code}")
    return found if found["status"] == "reached" else None


def _challenge(story: Story, group: Any) -> None:
    wish = {
        "group": group["code"],
        "theme": "commute",
        "measure": "per_member",
        "first_day": _day(1),
        "last_day": _day(7),
        "group_kind": "class",
    }
    code = story.call("POST", "/v1/challenges", wish)["code"]
    rival = story.another("grove-4")
    other = rival.call("POST", "/v1/groups", {"kind": "class", "name": "三年三班", "listed": False})
    entered = rival.call("POST", f"/v1/challenges/{code}/groups", {"group": other["code"]})
    office = rival.call("POST", "/v1/groups", {"kind": "office", "name": "三楼", "listed": False})
    refused = rival.ask("POST", f"/v1/challenges/{code}/groups", {"group": office["code"]})
    if refused.status_code != 409:
        raise Unexpected(f"an office entered a contest of classes: {refused.text}")
    story.tell(
        f"{len(entered['entries'])} classes in a challenge from {wish['first_day']}; an office is refused"
    )
    rules = story.call("GET", "/v1/challenge-themes")
    story.tell(
        f"   evidence that counts: {', '.join(rules['grades'])}; {rules['least_members']} members at least"
    )


def _day(ahead: int) -> str:
    return f"{datetime.now(SHANGHAI) + timedelta(days=ahead):%Y-%m-%d}"
