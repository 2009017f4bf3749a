"""An organiser at the API: events, their inventories, and what is bought for them."""

from datetime import timedelta
from typing import Any

from builders import Forest, Person, forest, person
from flask import Flask
from flask.testing import FlaskClient

from app.kit import announcements, clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs
from app.offsets.services import orders, payments, settlement
from app.offsets.services.orders import Wish
from app.offsets.services.words import PaidWord

TOLD = {
    "title": "第一次论坛",
    "kind": "forum",
    "organiser": "示例协会",
    "place": "福州",
    "about": "一场示例论坛。",
}


def day(offset: int) -> str:
    return (clock.business_day() + timedelta(days=offset)).isoformat()


FOREST = {
    "place": "南平市顺昌县大干镇",
    "longitude_e6": 117_810_000,
    "latitude_e6": 26_790_000,
    "species": "杉木、枫香",
    "area_m2": 20_000,
    "planted_on": day(-3),
    "years": 6,
    "expected_g": 4_000_000,
    "planting": "每公顷 2,500 株，由村集体造林。",
    "monitoring": "第三年和第六年各测一次。",
}
TRAIN = {"item": "high_speed_rail", "grade": "recorded", "evidence": "订票记录"}


class Organiser:
    """One organiser before a forest."""

    def __init__(self, app: Flask, lot: Forest | None = None) -> None:
        self.app = app
        self.client: FlaskClient = app.test_client()
        self.who: Person = person(app)
        self.lot = lot or forest(2_000_000, fee_bp=1000)

    def call(self, method: str, path: str, body: Any = None, *, who: Person | None = None) -> Any:
        auth = (who or self.who).auth
        return self.client.open(f"/v1/{path}", method=method, json=body, headers=auth)

    def done(self, method: str, path: str, body: Any = None) -> Any:
        """What is answered to a call that has to succeed."""
        answer = self.call(method, path, body)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer.json if answer.data else None

    def register(self, begins: int = -5, **told: Any) -> Any:
        facts = {
            "region": "CN-FJ",
            "starts_on": day(begins),
            "ends_on": day(begins + 1),
            "onsite_heads": 300,
            "online_heads": 100,
        }
        return self.done("POST", "events", {**TOLD, **facts, **told})

    def read(self, event: Any) -> Any:
        return self.done("GET", f"events/{event['code']}")

    def tell(self, event: Any, stage: str, km: int, people: int = 100) -> None:
        """One line of travel, and a reason for every other source type."""
        code = self.read(event)["inventory"]
        line = {**TRAIN, "inputs": {"people": people, "km": km}}
        self.done("POST", f"inventories/{code}/{stage}/lines", line)
        [figure] = [each for each in self.read(event)["figures"] if each["stage"] == stage][-1:]
        kept = ("starts_on", "ends_on", "onsite_heads", "online_heads")
        left_out = dict.fromkeys(("fuel", "energy", "stay", "materials", "waste"), "不在本次边界内")
        facts = {name: figure[name] for name in kept}
        self.done("PUT", f"inventories/{code}/{stage}", {**facts, "excluded": left_out})

    def estimated(self, km: int = 1000, **told: Any) -> Any:
        """An event whose estimate is closed: 3.048 kg a kilometre."""
        event = self.register(**told)
        self.tell(event, "estimate", km)
        return self.done("POST", f"events/{event['code']}/estimate/close")

    def final(self, event: Any, km: int) -> Any:
        """Close its final figure."""
        facts = {"starts_on": day(-5), "ends_on": day(-4), "onsite_heads": 280, "online_heads": 120}
        self.done("POST", f"events/{event['code']}/final", facts)
        self.tell(event, "final", km)
        return self.done("POST", f"events/{event['code']}/final/close")

    def buy(self, event: Any, quantity_kg: int, buyer: Person | None = None) -> str:
        """Buy for an event, paid and settled, and let everybody hear of it; the order's code."""
        return buy(self.lot, (buyer or self.who).holder_id, event["code"], quantity_kg)


def buy(lot: Forest, holder_id: int, cause: str, quantity_kg: int) -> str:
    """Buy for a cause, paid and settled and heard of; the order's code."""
    wish = Wish(quantity_kg=quantity_kg, lot_code=lot.lot_code, cause=cause)
    with transaction():
        order = orders.place_order(holder_id, wish, timedelta(minutes=15))
    with transaction():
        payments.record_payment(
            PaidWord(order.code, f"T{random_code(12)}", order.amount_fen, "CNY", clock.now())
        )
    with transaction():
        settlement.settle_lot(lot.lot_id)
    hear()
    return order.code


def hear() -> None:
    """Let orders for causes be told of, and everything that was announced be heard."""
    while jobs.tell_causes() + announcements.deliver():
        pass
    db.session.rollback()
