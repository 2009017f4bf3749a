"""A group before a village: the calls of planting together."""

from datetime import timedelta
from typing import Any

from builders import Person, wechat_person
from flask import Flask
from giving import settle_all
from shop import Shop, eventually, paid

import simulator
from app.kit import clock
from app.kit.transaction import transaction
from app.rewards.services import groups


class Grove:
    """A group of `size` members, the first of whom looks after it, and a village's forest."""

    def __init__(self, app: Flask, phone: simulator.Running, shop: Shop, size: int = 3) -> None:
        self.app, self.phone, self.shop, self.client = app, phone, shop, shop.client
        others = [wechat_person(app, phone.base_url) for _ in range(size - 1)]
        self.people = [shop.buyer, *others]
        with transaction():
            self.group = groups.make_group(self.people[0].holder_id, "office", "三楼", listed=False)
        for each in others:
            with transaction():
                groups.join(each.holder_id, self.group.join_code)

    def post(self, person: Person, path: str, **body: Any) -> Any:
        """Ask something of the API."""
        return self.client.post(f"/v1/plantings{path}", json=body or None, headers=person.auth)

    def begin(self, person: Person | None = None, **wish: Any) -> Any:
        """Begin a planting of 60 kg at once, until ten days from now, unless asked otherwise."""
        told = {
            "group": self.group.code,
            "goal_kg": 60,
            "lot": self.shop.lot.lot_code,
            "way": "at_once",
            "last_day": str(clock.business_day() + timedelta(days=10)),
        }
        return self.post(person or self.people[0], "", **{**told, **wish})

    def begun(self, **wish: Any) -> str:
        """The code of one that was begun."""
        answer = self.begin(**wish)
        assert answer.status_code == 201, answer.text
        return str(answer.json["code"])

    def pledge(self, person: Person, code: str, quantity_kg: int) -> Any:
        """Promise so much in all."""
        path = f"/v1/plantings/{code}/pledge"
        return self.client.put(path, json={"quantity_kg": quantity_kg}, headers=person.auth)

    def order(self, person: Person, code: str, quantity_kg: int) -> Any:
        """Order a part."""
        return self.post(person, f"/{code}/orders", quantity_kg=quantity_kg)

    def plant(self, person: Person, code: str, quantity_kg: int) -> None:
        """Order a part, pay it, have it retired and told."""
        made = self.order(person, code, quantity_kg)
        assert made.status_code == 201, made.text
        self.pay(person, made.json["order"])
        settle_all()

    def pay(self, person: Person, order: str) -> None:
        """Pay an order; the provider has told us."""
        buyer, self.shop.buyer = self.shop.buyer, person
        self.shop.pay({"code": order})
        eventually(paid(self.shop, {"code": order}))
        self.shop.buyer = buyer

    def read(self, code: str, person: Person | None = None) -> Any:
        """A planting as one of its members sees it."""
        answer = self.client.get(f"/v1/plantings/{code}", headers=(person or self.people[0]).auth)
        assert answer.status_code == 200, answer.text
        return answer.json
