"""A donor: a village's drive that two operators open, a day's steps given to it, its forest bought."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import requests

from cases.instance import wait
from cases.people import TIMEOUT_S, Operator, Unexpected
from stories.teller import SHANGHAI, Story

WITHIN_S = 15.0
TITLE = "给护林员修一条小路（示例）"


def play(story: Story) -> None:
    """Play the story."""
    lin, zhang = story.operator("sample-lin"), story.operator("sample-zhang")
    drive = _open(story, lin, zhang)
    story.sign_in("donor")
    _give_steps(story, drive)
    _buy_units(story, drive)
    _report(story, lin, zhang, drive)


def _open(story: Story, lin: Operator, zhang: Operator) -> str:
    lot = story.call("GET", "/v1/lots?available=true&product=yiyuan")["items"][0]
    today = datetime.now(SHANGHAI).date()
    form = {
        "form_key": secrets.token_urlsafe(18),
        "payee": _found(rf'value="(\w+)"[^>]*>{re.escape(lot["seller"])}<', lin.page("/console/drives/new")),
        "project": lot["forest"]["code"],
        "title_zh": TITLE,
        "title_en": "A path for the wardens (sample)",
        "about_zh": "护林员每天要走的山路，雨后难行。修好以后，巡山、防火都快得多。",
        "about_en": "The wardens walk here every day; once it is laid, fire watch is much faster.",
        "use_zh": "石料和村民的工钱",
        "use_en": "stones, and wages of villagers",
        "goal_yuan": "3000",
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=90)).isoformat(),
    }
    home = lin.send("/console/drives", **form).partition("?")[0].removeprefix(story.instance.url)
    if lin.ask(f"{home}/publish").status_code != 409:
        raise Unexpected("who wrote a drive opened it, too")
    zhang.send(f"{home}/publish")
    story.tell(f"{TITLE}: written by one operator, opened by another, for {lot['seller']}")
    return home.rpartition("/")[2]


def _give_steps(story: Story, drive: str) -> None:
    story.call("PUT", "/v1/me/consents/walking/werun", {"version": "2026-1"})
    data = story.on_phone("werun", {"account": "donor"})
    story.call("POST", "/v1/steps", {"encrypted_data": data["encryptedData"], "iv": data["iv"]})
    day = max(story.call("GET", "/v1/steps")["items"], key=lambda each: each["avoided_g"])["day"]
    thanks = wait(lambda: _thanked(story, drive, day), WITHIN_S)
    facts = thanks["facts"]
    story.tell(
        f"the {facts['steps']} steps of {day} are given: {facts['points']} points, for which a sponsor pays"
        f" {facts['amount_fen'] / 100:.2f} 元 to {facts['payee']}"
    )
    again = story.ask("POST", f"/v1/drives/{drive}/steps", {"day": day})
    if again.status_code != 409:
        raise Unexpected(f"a day's steps were given twice: {again.text}")
    story.tell(f"the same day again: {again.json()['title']}")
    page = requests.get(thanks["url"], timeout=TIMEOUT_S).text
    if thanks["number"][:4] not in page or "捐" in page.replace("捐赠票据", ""):
        raise Unexpected("the thanks speak of a donation, though no charity is named")
    story.keep(f"/v1/thanks/{thanks['number']}/file", "donor-steps.json")
    story.keep_printed(f"/thanks/{thanks['number']}", "donor-steps")


def _thanked(story: Story, drive: str, day: str) -> Any:
    """The thanks, once the day's points were granted."""
    answer = story.ask("POST", f"/v1/drives/{drive}/steps", {"day": day})
    return answer.json() if answer.status_code == 201 else None


def _buy_units(story: Story, drive: str) -> None:
    order = story.call("POST", f"/v1/drives/{drive}/orders", {"quantity_kg": 20})
    story.pay(order["code"])

    def thanked() -> Any:
        found = story.call("GET", "/v1/me/drive-gifts")["items"][0]
        return found if found["given"] == "units" else None

    facts = wait(thanked, WITHIN_S)["facts"]
    price = f"{order['amount_fen'] / 100:.2f} 元"
    story.tell(f"{facts['quantity_kg']} kg of its forest bought at {price} and retired")
    story.tell(f"   {facts['serial']}, for the drive: it offsets nobody's own emissions")


def _report(story: Story, lin: Operator, zhang: Operator, drive: str) -> None:
    home = f"/console/drives/{drive}"
    lin.send(
        f"{home}/reports",
        form_key=secrets.token_urlsafe(18),
        happened_on=datetime.now(SHANGHAI).date().isoformat(),
        words_zh="石料已运到山脚，下周开工。",
        words_en="The stones are at the foot of the hill; work begins next week.",
    )
    zhang.send(_found(rf'action="({home}/reports/\d+)"', zhang.page(home)), decision="show")
    stands = story.call("GET", f"/v1/drives/{drive}")
    story.tell(
        f"the drive's page: {stands['points']} points, {stands['bought_kg']} kg, {stands['gifts']} gifts;"
        f" “{stands['reports'][0]['words']}”"
    )


def _found(form: str, page: str) -> str:
    found = re.search(form, page)
    if found is None:
        raise Unexpected(f"{form} is not on the page")
    return found[1]
