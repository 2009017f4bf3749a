"""A giver before a village, and those they give to: the calls of a gift."""

from typing import Any

from builders import Person, person, wechat_person
from flask import Flask
from shop import Shop, eventually, paid

import simulator
from app.causes.queries import gifts as queries
from app.causes.queries.gifts import GiftFacts
from app.kit import announcements
from app.kit.database import db
from app.offsets import jobs


class Giving:
    """A giver, a shop and their guests, everybody signed in through the simulator."""

    def __init__(self, app: Flask, phone: simulator.Running, shop: Shop) -> None:
        self.app, self.phone, self.shop = app, phone, shop
        self.client, self.giver = shop.client, shop.buyer

    def guest(self) -> Person:
        """Somebody else."""
        return wechat_person(self.app, self.phone.base_url)

    def person(self) -> Person:
        """Somebody of whom WeChat knows nothing."""
        return person(self.app)

    def post(self, path: str, person: Person | None = None, **body: Any) -> Any:
        """Ask something of the API."""
        headers = (person or self.giver).auth
        return self.client.post(path, json=body, headers=headers)

    def make(self, **wish: Any) -> Any:
        """Order a gift: one birthday card of 10 kg unless asked otherwise."""
        told = {"occasion": "birthday", "card_kg": 10, "lot": self.shop.lot.lot_code, **wish}
        answer = self.post("/v1/me/gifts", **told)
        assert answer.status_code == 201, answer.text
        return answer.json

    def pay(self, gift: Any) -> None:
        """Pay a gift, have its units retired and everything told."""
        self.pay_only(gift)
        self.settle()

    def pay_only(self, gift: Any) -> None:
        """Pay a gift; the provider has told us."""
        order = {"code": gift["order"]}
        self.shop.pay(order)
        eventually(paid(self.shop, order))

    def settle(self) -> None:
        """Do what workers and sweeper do until nothing is left to do."""
        settle_all()

    def given(self, **wish: Any) -> Any:
        """A gift that is paid, retired and checked."""
        gift = self.make(**wish)
        self.pay(gift)
        return self.read(gift)

    def read(self, gift: Any) -> Any:
        """A gift as its giver sees it."""
        answer = self.client.get(f"/v1/me/gifts/{gift['code']}", headers=self.giver.auth)
        assert answer.status_code == 200, answer.text
        return answer.json

    def facts(self, gift: Any) -> GiftFacts:
        """The same, as the rooms know it."""
        db.session.rollback()
        return queries.get_gift(self.giver.holder_id, gift["code"])

    def codes(self) -> list[str]:
        """The codes of all gifts, newest first."""
        answer = self.client.get("/v1/me/gifts", headers=self.giver.auth)
        return [gift["code"] for gift in answer.json["items"]]

    def look(self, link: str) -> Any:
        """A card, for whoever has its link."""
        answer = self.client.get(f"/v1/gift-links/{secret(link)}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def claim(self, person: Person, link: str) -> Any:
        """Claim the card with this link."""
        return self.post(f"/v1/gift-links/{secret(link)}/claim", person)


def secret(link: str) -> str:
    """What stands in a link."""
    return link.rsplit("/", 1)[-1]


def settle_all() -> None:
    """Let paid orders be settled, and everything that was announced be heard."""
    db.session.rollback()
    jobs.settle_paid()
    jobs.tell_causes()
    announcements.deliver()
    db.session.rollback()
