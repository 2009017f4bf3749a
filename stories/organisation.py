"""An organisation: colleagues, a verified name, a budget, units held and used, a year's statement."""

import re
import secrets
from datetime import datetime
from typing import Any

from cases.instance import wait
from cases.people import SETTLED_WITHIN_S, Operator, Unexpected
from stories.teller import SHANGHAI, Story

CREDIT_CODE = "91350100M000100Y43"
STEPS_FEN = 1_000


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("4")
    office = story.call("POST", "/v1/organisations", {"name": "示例科技有限公司"})
    path = f"/v1/organisations/{office['code']}"
    story.tell("founded an organisation; nobody else reads its name yet")
    buyer = story.another("5")
    link = story.call("POST", f"{path}/invitations", {"role": "buyer", "label": "采购小李"})
    buyer.call("POST", "/v1/invitations/acceptance", {"secret": link["secret"]})
    again = buyer.ask("POST", "/v1/invitations/acceptance", {"secret": link["secret"]})
    story.tell(f"a colleague joined by a link; a second time it answers {again.status_code}")
    desks = [story.operator(name) for name in ("sample-lin", "sample-zhang")]
    _verify(story, path, desks[0])
    story.call("PUT", f"{path}/budgets", {"period": "month", "limit_fen": 2 * STEPS_FEN})
    key = story.call("POST", f"{path}/keys", {"name": "ERP", "scopes": ["read", "units"], "days": 30})["key"]
    story.tell("a budget of 20 yuan a month, and a key for its own program")
    _buy(buyer, path, desks)
    _use(story, path, key)


def _verify(story: Story, path: str, operator: Operator) -> None:
    wish = {"name": "示例科技有限公司", "credit_code": CREDIT_CODE}
    story.call("POST", f"{path}/verifications", wish)
    found = re.search(r"/verifications/(\d+)/approve", operator.page("/console/organisations"))
    if found is None:
        raise Unexpected("the verification does not wait at the console")
    operator.send(f"/console/organisations{found[0]}")
    story.tell(f"an operator looked {CREDIT_CODE} up: the name may be printed now")


def _buy(buyer: Story, path: str, desks: list[Operator]) -> None:
    lot = buyer.call("GET", "/v1/lots?available=true")["items"][0]
    wish = {"lot": lot["code"], "amount_fen": STEPS_FEN, "channel": "offline", "keep": True}
    order = buyer.call("POST", f"{path}/orders", wish)
    buyer.tell(f"the colleague ordered {order['quantity_kg']} kg to be held for later, by bank transfer")
    beyond = buyer.ask("POST", f"{path}/orders", wish | {"amount_fen": 2 * STEPS_FEN})
    buyer.tell(f"twenty yuan more answer {beyond.status_code}: {beyond.json()['detail']}")
    reading = {"amount": f"{STEPS_FEN / 100:.2f}", "reference": f"B{secrets.token_hex(6)}"}
    reading["received_on"] = f"{datetime.now(SHANGHAI):%Y-%m-%d}"
    for desk in desks:
        desk.send(f"/console/transfers/{order['code']}/confirm", **reading)

    def settled() -> Any:
        found = buyer.call("GET", f"{path}/orders/{order['code']}")
        return found if found["status"] == "settled" else None

    wait(settled, SETTLED_WITHIN_S)
    buyer.tell("two operators read the transfer; the units are the organisation's")


def _use(story: Story, path: str, key: str) -> None:
    serial = story.call("GET", f"{path}/holdings")["items"][0]["serial"]
    now = datetime.now(SHANGHAI)
    quarter = f"{now.year}-Q{(now.month + 2) // 3}"
    for name, quantity_kg in (("办公差旅", 60), ("年会", 20)):
        use = {"quantity_kg": quantity_kg, "use": name, "period": quarter, "print_name": True}
        number = story.call("POST", f"{path}/holdings/{serial}/uses", use)["number"]
        story.tell(f"{quantity_kg} kg for {name} {quarter}: /retirements/{number}")
    story.keep(f"{path}/years/{now.year}", "organisation-year.json")
    story.keep(f"{path}/years/{now.year}.csv", "organisation-year.csv")
    story.browse("4")
    story.keep_printed(f"{path.removeprefix('/v1')}/years/{now.year}", "organisation-year")
    story.headers["Authorization"] = f"Bearer {key}"

    def told() -> Any:
        notices = story.call("GET", f"{path}/notices?after=0")["items"]
        kinds = [each["type"] for each in notices]
        return kinds if "order.settled" in kinds and kinds.count("units.retired") == 2 else None

    kinds = wait(told, SETTLED_WITHIN_S)
    story.tell(f"its program read {len(kinds)} notices, the last of them {kinds[-1]}")
