"""Somebody with points: a coupon the shop marks used once, one its server issues though an answer is lost."""

import re
from datetime import datetime
from typing import Any

import requests

from cases.instance import wait
from cases.people import TIMEOUT_S, Unexpected
from stories.teller import SHANGHAI, Story

POINTS = 2000
ISSUED_WITHIN_S = 20.0
ADDRESS = {"name": "示例收件人", "phone": "13800138000", "place": "福建省南平市顺昌县示例路 8 号"}


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("redeemer")
    code = story.call("GET", "/v1/me")["code"]
    story.instance.flask("samples", "thank", code, str(POINTS))
    items = {each["title"]: each for each in story.call("GET", "/v1/rewards")["items"]}
    story.tell(f"{POINTS} points of a sample sponsor; {len(items)} things on offer")
    _use_coupon(story, _like(items, "拿铁"))
    _lose_an_answer(story, _like(items, "线上点单"))
    _change_ones_mind(story, _like(items, "毛巾"))
    _give(story, _like(items, "图书角"))
    held = story.call("GET", "/v1/me")["balances"].get("points", 0)
    story.tell(f"{held} points left")


def _like(items: dict[str, Any], words: str) -> Any:
    return next(each for title, each in items.items() if words in title)


def _redeem(story: Story, item: Any, **told: Any) -> Any:
    made = story.call("POST", f"/v1/rewards/{item['code']}/redemptions", told)
    story.tell(f"{item['points']} points for “{item['title']}”: {made['status']}")
    return made


def _see(story: Story, made: Any) -> Any:
    return story.call("GET", f"/v1/me/redemptions/{made['code']}")


def _use_coupon(story: Story, item: Any) -> None:
    made = _redeem(story, item)
    link = _see(story, made)["voucher"]["link"]
    seen = requests.get(link, headers={"Accept-Language": "zh"}, timeout=TIMEOUT_S)
    if seen.status_code != 200 or item["title"] in seen.text:
        raise Unexpected(f"a stranger learned something from a coupon's link: {seen.status_code}")
    story.tell("a stranger who scans its code learns nothing of it")
    back = story.call("POST", f"/v1/me/redemptions/{made['code']}/return")
    if back["status"] != "returned":
        raise Unexpected(f"an unused coupon was not taken back: {back}")
    story.tell("not used, it is given back, and the points with it")
    _at_the_till(story, item)


def _at_the_till(story: Story, item: Any) -> None:
    shop, till = story.another("shopkeeper"), story.operator("sample-lin")
    page = till.page("/console/organisations")
    code = re.search(rf"{item['giver']}.*?/console/organisations/(\w+)/owner", page, re.DOTALL)
    if code is None:
        raise Unexpected("the shop is not among the organisations")
    link = till.ask(f"/console/organisations/{code[1]}/owner").text
    secret = re.search(r"/organisations/join/([\w-]+)", link)
    if secret is None:
        raise Unexpected("no link for the shop's owner")
    shop.call("POST", "/v1/invitations/acceptance", {"secret": secret[1]})
    path = f"/v1/organisations/{code[1]}"
    key = shop.call("POST", f"{path}/keys", {"name": "till", "scopes": ["vouchers"], "days": 30})["key"]
    shop.headers["Authorization"] = f"Bearer {key}"
    voucher = _see(story, _redeem(story, item))["voucher"]
    used = shop.call("POST", f"{path}/vouchers/uses", {"code": voucher["link"]})
    twice = shop.ask("POST", f"{path}/vouchers/uses", {"code": voucher["code"]})
    if twice.status_code != 409:
        raise Unexpected(f"a coupon was used twice: {twice.text}")
    story.tell(f"scanned at the shop's till: {used['points'] / 100:.2f} yuan for the shop; a second time: no")


def _lose_an_answer(story: Story, item: Any) -> None:
    wish = {"kind": "lost_answer", "path": "/v1/vouchers"}
    requests.post(f"{story.instance.phone}/control/faults", json=wish, timeout=TIMEOUT_S).raise_for_status()
    made = _redeem(story, item)
    seen = wait(lambda: _issued(story, made), ISSUED_WITHIN_S)
    told = requests.get(f"{story.instance.phone}/control/vouchers", timeout=TIMEOUT_S).json()["vouchers"]
    of_this = [each for each in told if each["number"] == made["code"]]
    if [each["code"] for each in of_this] != [seen["voucher"]["code"]]:
        raise Unexpected(f"the shop issued {of_this}")
    story.tell("the shop's answer was lost and asked for again under the same number: one voucher")


def _issued(story: Story, made: Any) -> Any:
    seen = _see(story, made)
    return seen if seen["status"] == "fulfilled" else None


def _change_ones_mind(story: Story, item: Any) -> None:
    refused = story.ask("POST", f"/v1/rewards/{item['code']}/redemptions", {})
    if refused.status_code != 422:
        raise Unexpected(f"a parcel without an address: {refused.text}")
    made = _redeem(story, item, address=ADDRESS)
    story.call("POST", f"/v1/me/redemptions/{made['code']}/return")
    if _see(story, made)["parcel"]["place"] is not None:
        raise Unexpected("an address outlived its parcel")
    story.tell("given back before it was sent: its address is erased")
    again = _redeem(story, item, address=ADDRESS)
    desk = story.operator("sample-lin")
    number = f"SF{datetime.now(SHANGHAI):%m%d%H%M%S}"
    desk.send(f"/console/redemptions/{again['code']}/parcel", carrier="示例速运", tracking=number)
    late = story.ask("POST", f"/v1/me/redemptions/{again['code']}/return")
    if late.status_code != 409:
        raise Unexpected(f"a parcel on its way was given back: {late.text}")
    done = story.call("POST", f"/v1/me/redemptions/{again['code']}/receipt")
    story.tell(f"sent under {number}, received: {done['status']}, and only now is its giver owed the money")


def _give(story: Story, item: Any) -> None:
    made = _redeem(story, item)
    charity = item["charity"]
    if made["status"] != "done" or not charity["appeal_number"]:
        raise Unexpected(f"a gift without a number to raise money under: {item}")
    story.tell(f"given to {charity['name']} ({charity['credit_code']}, {charity['appeal_number']})")
