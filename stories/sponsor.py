"""A bank that thanks: its programme is opened by two, its money read by two, every fen accounted for."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from cases.instance import wait
from cases.people import SETTLED_WITHIN_S, Operator, Unexpected
from stories.teller import SHANGHAI, Story

CREDIT_CODE = "91110000802100433B"
REGION = "350721"
DESK = "/console/sponsors"
YUAN = "0.50"


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("bank")
    office = story.call("POST", "/v1/organisations", {"name": "示例农商行"})
    lin, zhang = (story.operator(name) for name in ("sample-lin", "sample-zhang"))
    _verify(story, office["code"], lin)
    code = _open(story, office["code"], lin, zhang)
    _fund(story, code, lin, zhang)
    walker = story.another("commuter")
    _ride(walker, code)
    _change(story, code, lin, zhang)
    told = story.call("GET", f"/v1/organisations/{office['code']}/sponsoring")["items"][0]["budget"]
    story.tell(
        f"the bank reads what its money did: {told['paid_in_fen']} fen ="
        f" {told['spent']} spent + {told['outstanding']} held + {told['promise']} to promise"
    )
    if told["paid_in_fen"] != told["spent"] + told["outstanding"] + told["promise"]:
        raise Unexpected("the sponsor's money does not add up")
    story.keep(f"/v1/points/programmes/{code}", "sponsor-programme.json")
    story.keep("/v1/points/rules", "points-rulebook.json")


def _verify(story: Story, office: str, operator: Operator) -> None:
    wish = {"name": "示例农商银行", "credit_code": CREDIT_CODE}
    story.call("POST", f"/v1/organisations/{office}/verifications", wish)
    found = re.search(r"/verifications/(\d+)/approve", operator.page("/console/organisations"))
    if found is None:
        raise Unexpected("the verification does not wait at the console")
    operator.send(f"/console/organisations{found[0]}")


def _open(story: Story, office: str, lin: Operator, zhang: Operator) -> str:
    terms: dict[str, Any] = {"sponsor": office, "name": "顺昌绿色出行", "region": REGION}
    terms |= {"begins_on": f"{datetime.now(SHANGHAI):%Y-%m-%d}", "grams_per_point": 10, "life_months": 24}
    lin.send(DESK, form_key=secrets.token_urlsafe(18), pays_coupon="yes", pays_village="yes", **terms)
    own = re.findall(rf"{DESK}/proposals/\d+/approve", lin.page(DESK))
    waits = re.findall(rf"{DESK}/proposals/\d+/approve", zhang.page(DESK))
    if own or len(waits) != 1:
        raise Unexpected("a programme does not wait for another operator")
    zhang.send(waits[0])
    programmes = story.call("GET", "/v1/points/programmes")["items"]
    code = next(str(each["code"]) for each in programmes if each["name"] == terms["name"])
    story.tell(f"a programme for {REGION}: proposed by one operator, approved by another")
    return code


def _fund(story: Story, code: str, lin: Operator, zhang: Operator) -> None:
    form = {"kind": "deposit", "amount": YUAN, "bank_reference": f"B{secrets.token_hex(6)}"}
    lin.send(f"{DESK}/{code}/movements", form_key=secrets.token_urlsafe(18), **form)
    found = re.search(rf"{DESK}/{code}/movements/\d+/confirm", zhang.page(f"{DESK}/{code}"))
    if found is None:
        raise Unexpected("the deposit does not wait for another operator")
    own = lin.ask(found[0]).status_code
    zhang.send(found[0])
    story.tell(f"{YUAN} yuan paid in: its recorder's own confirmation answers {own}, another's is booked")
    worth = story.call("GET", f"/v1/points/programmes/{code}")["worth"]
    story.tell(f"   a kilogram earns {worth['earns_fen']} fen; forest carbon costs {worth['forest_fen']}")


def _ride(walker: Story, code: str) -> None:
    walker.call("PUT", "/v1/me/home", {"region": REGION})
    now = datetime.now(SHANGHAI)
    for hours in (5, 3, 1):
        begun = (now - timedelta(hours=hours)).isoformat(timespec="seconds")
        walker.call("POST", "/v1/actions", {"scene": "metro", "started_at": begun, "distance_m": 9000})

    def thanked() -> Any:
        found = walker.call("GET", "/v1/points")["items"]
        return found if len(found) == 3 else None

    lots = wait(thanked, SETTLED_WITHIN_S)
    walker.tell(f"three rides earned {[each['points'] for each in reversed(lots)]}, pending their evidence")
    told = walker.call("GET", f"/v1/points/programmes/{code}")
    walker.tell(
        f"the third found this budget used up: the programme is {told['state']} since {told['stopped_at']}"
    )
    if told["state"] != "stopped" or told["budget"]["outstanding"] != 42:
        raise Unexpected("a budget that is used up does not stop the programme")


def _change(story: Story, code: str, lin: Operator, zhang: Operator) -> None:
    today = datetime.now(SHANGHAI).date()
    form = {"grams_per_point": 20, "life_months": 24}
    answers = []
    for days in (1, 30):
        key, day = secrets.token_urlsafe(18), (today + timedelta(days=days)).isoformat()
        answers.append(lin.ask(f"{DESK}/{code}/tariffs", form_key=key, valid_from=day, **form).status_code)
    found = re.search(rf"{DESK}/proposals/\d+/approve", zhang.page(f"{DESK}/{code}"))
    if answers != [422, 303] or found is None:
        raise Unexpected(f"a tariff's change answered {answers}")
    zhang.send(found[0])
    story.tell("a dearer tariff is refused for tomorrow, announced for thirty days from now")
