"""An organiser: a forum of 300, bought for ahead, counted afterwards, topped up, corrected, attested."""

from datetime import datetime, timedelta
from typing import Any

from cases.instance import wait
from cases.people import Unexpected
from stories.gathering import gather
from stories.teller import SHANGHAI, Story

NEUTRAL_WITHIN_S = 15.0
RECORDED = {"grade": "recorded", "evidence": "签到表与订单"}
ESTIMATED = (
    {"item": "high_speed_rail", "inputs": {"people": 220, "km": 700}, "grade": "assumed"},
    {"item": "car", "inputs": {"vehicle_km": 1_500}, "grade": "assumed"},
    {"item": "hotel", "inputs": {"rooms": 100, "nights": 2}, **RECORDED},
    {"item": "meal_meat", "inputs": {"people": 180, "meals": 4}, "grade": "assumed"},
    {"item": "meal_vegetarian", "inputs": {"people": 120, "meals": 4}, "grade": "assumed"},
    {"item": "electricity", "inputs": {"kwh": 2_400}, "grade": "assumed"},
    {"item": "paper", "inputs": {"pieces": 300, "grams_each": 120}, **RECORDED},
    {"item": "landfill", "inputs": {"kg": 260}, "grade": "assumed"},
)
COUNTED = (
    {"item": "electricity", "inputs": {"kwh": 2_815}, "grade": "metered", "evidence": "场馆电表读数"},
    {"item": "paper", "inputs": {"pieces": 40, "grams_each": 120}, **RECORDED},
    {"item": "landfill", "inputs": {"kg": 305}, "grade": "metered", "evidence": "过磅单"},
)
"""Beside travel, stay and meals, which are counted from the people."""
FORGOTTEN = {"item": "coach", "inputs": {"people": 90, "km": 120}, **RECORDED}


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("organiser")
    event = _register(story)
    _buy_ahead(story, event)
    first = _count(story, event)
    _correct(story, event, first)


def _day(offset: int) -> str:
    return (datetime.now(SHANGHAI).date() + timedelta(days=offset)).isoformat()


def _register(story: Story) -> str:
    event = story.call(
        "POST",
        "/v1/events",
        {
            "title": "茶园碳汇论坛",
            "kind": "forum",
            "organiser": "示例茶业协会",
            "place": "武夷山",
            "region": "CN-FJ",
            "starts_on": _day(-4),
            "ends_on": _day(-3),
            "onsite_heads": 300,
            "online_heads": 60,
        },
    )
    code = str(event["code"])
    for source, text in (("materials", "电子手册代替印刷"), ("stay", "午餐一半为素食")):
        story.call("POST", f"/v1/events/{code}/reductions", {"type": source, "text": text})
    story.tell(f"registered an event of 300 by {event['scheme']}, neutral by {event['deadline']['on']}")
    return code


def _stock(story: Story, code: str, stage: str, lines: tuple[dict[str, Any], ...]) -> Any:
    """Tell every line of a stage, leave fuel out with a reason, close it."""
    inventory = story.call("GET", f"/v1/events/{code}")["inventory"]
    for line in lines:
        story.call("POST", f"/v1/inventories/{inventory}/{stage}/lines", line)
    facts = {"starts_on": _day(-4), "ends_on": _day(-3), "onsite_heads": 300, "online_heads": 60}
    left_out = {**facts, "excluded": {"fuel": "场馆没有燃料设备，未用公务车"}}
    story.call("PUT", f"/v1/inventories/{inventory}/{stage}", left_out)
    return story.call("POST", f"/v1/events/{code}/{stage}/close")


def _buy_ahead(story: Story, code: str) -> None:
    estimated = _stock(story, code, "estimate", ESTIMATED)
    [figure] = estimated["figures"]
    by_type = {name: grams for name, grams in figure["by_type"].items() if grams}
    story.tell(f"estimated {figure['emitted_g'] / 1e6:.3f} t, {figure['per_head_g'] / 1e3:.1f} kg a head")
    story.tell("   " + ", ".join(f"{name} {grams / 1e6:.2f} t" for name, grams in by_type.items()))
    story.call("PUT", f"/v1/events/{code}/visibility", {"visibility": "shared"})
    supporter = story.another("supporter")
    own = _buy(supporter, code, 1_000)
    supporter.keep(f"/v1/certificates/{own}/file", "supporter-certificate.json")
    supporter.keep_printed(f"/c/{own}", "supporter-certificate")
    story.tell("a participant supports it with 1 t, and has a certificate of their own")
    owed = story.call("GET", f"/v1/events/{code}")["standing"]["owed_g"]
    _buy(story, code, -(-owed // 10_000) * 10)
    standing = story.call("GET", f"/v1/events/{code}")
    story.tell(f"bought for the estimate; {standing['status']}, {standing['standing']['owed_g']} g owed")


def _buy(story: Story, code: str, quantity_kg: int) -> str:
    order = story.call("POST", "/v1/orders", {"cause": code, "quantity_kg": quantity_kg})
    return str(story.pay(order["code"])["certificate_number"])


def _count(story: Story, code: str) -> str:
    facts = {"starts_on": _day(-4), "ends_on": _day(-3), "onsite_heads": 300, "online_heads": 60}
    story.call("POST", f"/v1/events/{code}/final", facts)
    gather(story, code)
    counted = _stock(story, code, "final", COUNTED)
    owed = counted["standing"]["owed_g"]
    story.tell(f"counted {counted['figures'][-1]['emitted_g'] / 1e6:.3f} t: {owed / 1e3:.1f} kg short")
    return _top_up(story, code, "topped up and attested neutral", "event-neutral")


def _top_up(story: Story, code: str, said: str, name: str) -> str:
    """Buy what is owed; the number of the statement that stands then."""
    owed = story.call("GET", f"/v1/events/{code}")["standing"]["owed_g"]
    _buy(story, code, -(-owed // 10_000) * 10)

    def attested() -> Any:
        return story.call("GET", f"/v1/events/{code}")["attestation"]

    number = str(wait(attested, NEUTRAL_WITHIN_S))
    story.tell(f"{said}: {story.instance.url}/attestations/{number}")
    story.keep(f"/v1/attestations/{number}/file", f"{name}.json")
    story.keep_printed(f"/attestations/{number}", name)
    return number


def _correct(story: Story, code: str, first: str) -> None:
    told = {"reason": "漏计了两辆接驳大巴"}
    inventory = story.call("POST", f"/v1/events/{code}/corrections", told)["inventory"]
    story.call("POST", f"/v1/inventories/{inventory}/final/lines", FORGOTTEN)
    lapsed = story.call("POST", f"/v1/events/{code}/final/close")
    if lapsed["status"] != "lapsed" or story.call("GET", f"/v1/attestations/{first}")["revoked_at"] is None:
        raise Unexpected("a corrected figure left an old statement standing")
    story.tell(f"a forgotten coach: {lapsed['status']}, {lapsed['standing']['owed_g']} g owed, revoked")
    second = _top_up(story, code, "topped up, attested anew", "event-neutral-corrected")
    old = story.call("GET", f"/v1/attestations/{first}")
    if old["replaced_by"] != second:
        raise Unexpected("the revoked statement does not name the one that replaces it")
    public = story.call("GET", f"/v1/public-events/{code}")
    story.tell(f"its public page says {public['status']}: {story.instance.url}/events/{code}")
