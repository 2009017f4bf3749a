"""A member: a day's steps, a trip, what is still owed, a yuan of forest carbon and its certificate."""

import json
import time
from datetime import datetime, timedelta

import requests

from cases.people import Unexpected
from stories.teller import SHANGHAI, Story


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("1")
    story.tell("signed in with WeChat")
    _act(story)
    _owe(story)
    _buy(story)


def _act(story: Story) -> None:
    story.call("PUT", "/v1/me/consents/walking/werun", {"version": "2026-1"})
    data = story.on_phone("werun", {"account": "1"})
    story.call("POST", "/v1/steps", {"encrypted_data": data["encryptedData"], "iv": data["iv"]})
    walked = story.call("GET", "/v1/actions?limit=100")["items"]
    grams = sum(action["avoided_g"] for action in walked)
    factor = walked[0]["factor"]
    story.tell(f"{len(walked)} days of steps became {grams} g avoided")
    story.tell(f"   factor {factor['key']} = {factor['value']} {factor['unit']}; {factor['source_title']}")
    started = datetime.now(SHANGHAI) - timedelta(hours=2)
    trip = story.call(
        "POST",
        "/v1/actions",
        {"scene": "metro", "started_at": started.isoformat(timespec="seconds"), "distance_m": 8000},
    )
    story.tell(f"a metro trip of 8 km avoided {trip['avoided_g']} g (evidence: {trip['grade']})")


def _owe(story: Story) -> None:
    month = datetime.now(SHANGHAI).strftime("%Y-%m")
    entries = [{"kind": "electricity", "quantity": 20}]
    due = story.call("POST", "/v1/dues", {"month": month, "entries": entries})
    story.tell(f"20 kWh at home in {month}: {due['owed_g']} g owed")


def _buy(story: Story) -> None:
    lots = story.call("GET", "/v1/lots?available=true")["items"]
    lot = lots[0]
    story.tell(f"{len(lots)} lots on sale; chosen: {json.dumps(lot['seller'], ensure_ascii=False)}")
    wish = {"purpose": "personal", "amount_fen": 100, "lot": lot["code"]}
    order = story.call("POST", "/v1/orders", wish)
    story.tell(f"reserved {order['quantity_kg']} kg for {order['amount_fen'] / 100:.2f} yuan")
    asked_at = time.monotonic()
    number = story.pay(order["code"])["certificate_number"]
    took = time.monotonic() - asked_at
    certificate = story.call("GET", f"/v1/certificates/{number}")
    story.tell(f"paid; settled and certified {took:.2f} s later")
    story.tell(f"certificate {number}: {certificate['serial']}, {certificate['project']}")
    page = requests.get(certificate["url"], timeout=15)
    if page.status_code != 200 or certificate["serial"] not in page.text:
        raise Unexpected("the public page does not confirm the certificate")
    story.tell(f"confirmed by its public page {certificate['url']}")
    story.keep(f"/v1/certificates/{number}/file", "member-certificate.json")
    story.keep_printed(f"/c/{number}", "member-certificate")
    due = story.call("GET", "/v1/dues")
    points = story.call("GET", "/v1/me")["balances"].get("points", 0)
    story.tell(f"still owed {due['owed_g']} g; points {points}")
    if took > 2:
        raise Unexpected(f"settlement took {took:.1f} s, more than two")
