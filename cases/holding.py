"""Units that are not free to go: pledged ones, and those whose forest is lost."""

import re
from typing import Any

from cases.ground import ON_SALE_KG, Ground, Owner, Unmet, meet
from cases.instance import wait

PLEDGEE = "示例国有林场"
LOST_KG = 235_000
"""More than the forest has unsold, less than that and the buffer pool together."""
TOLD_WITHIN_S = 15.0


def pledge_then_sell(ground: Ground) -> str:
    """What is pledged is neither sold, moved, used up nor let go by its holder; released, it is sold."""
    owner = ground.owner(1000)
    pledged = owner.act("pledges", quantity_kg=1000, pledgee=ground.maker.right_holder(PLEDGEE))
    meet(pledged.status_code, 201, "pledge")
    hold, someone = pledged.json()["code"], ground.person().call("GET", "/v1/me")["code"]
    refused = {
        "sale": _offer(owner),
        "transfer": owner.act("transfers", quantity_kg=10, receiver=someone),
        "retirement": owner.act("retirements", quantity_kg=10, purpose="personal"),
        "release by its holder": owner.person.ask("POST", f"/v1/holds/{hold}/release"),
    }
    for what, answer in refused.items():
        if answer.status_code not in (403, 404, 409):
            raise Unmet(f"{what} of what is pledged: {answer.status_code} {answer.text}")
    meet(owner.held(), [("pledged", 1000)], "held while pledged")
    ground.mandate("release", hold=hold)
    meet(owner.held(), [("active", 1000)], "held after the release")
    sold = _offer(owner)
    meet(sold.status_code, 201, "sale after the release")
    return f"pledge 201, sale {refused['sale'].status_code}, released, sale {sold.status_code}"


def reversal_with_buffer(ground: Ground) -> str:
    """Fire: preview, another's approval; unsold units go first, then the buffer pool's, no consumer's."""
    owner = ground.owner(1000)
    number = owner.act("retirements", quantity_kg=600, purpose="personal").json()["number"]
    unsold_kg = ON_SALE_KG + ground.free.quantity_kg
    due = (unsold_kg, LOST_KG - unsold_kg, 0)
    wish = {"serial": ground.free.serial, "quantity_kg": LOST_KG, "reason": "fire"}
    code = ground.maker.request_mandate("reversal", **wish)
    place = f"/console/registry/{code}"
    preview = re.findall(r"<b[^>]*>([\d,]+)\s*kg", ground.checker.page(place))
    meet(tuple(int(kg.replace(",", "")) for kg in preview[:3]), due, "preview: unsold, buffer, owed")
    meet(ground.maker.ask(f"{place}/approve").status_code, 409, "approval by who asked")
    ground.checker.send(f"{place}/approve")
    found = next(each for each in _reversals(ground) if each["code"] == code)
    meet((found["unsold_kg"], found["buffer_kg"], found["owed_kg"]), due, "taken: unsold, buffer, owed")
    kept = ground.anyone().call("GET", f"/v1/retirements/{number}")
    meet(kept["quantity_kg"], 600, "the consumer's retirement")
    meet(owner.held(), [("active", 400)], "held by the consumer")
    wait(lambda: str(LOST_KG) in owner.person.ask("GET", "/v1/me/notices").text, TOLD_WITHIN_S)
    return f"unsold {due[0]} + buffer {due[1]}, owed 0; 600 retired stay, their holder told"


def _offer(owner: Owner) -> Any:
    return owner.act("offers", quantity_kg=1000, price_fen_per_step=100)


def _reversals(ground: Ground) -> Any:
    return ground.anyone().call("GET", "/v1/reversals")["items"]
