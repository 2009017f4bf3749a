"""What tests of the catalogue stand on: a shop with members, operators, items of every kind on offer."""

from typing import Any

from builders import Person, operator
from flask import Flask
from offices import CREDIT_CODES, Office
from rewarding import with_points

from app.accounts import chart, queries
from app.accounts import services as accounts
from app.accounts.queries import memberships
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.queries.items import ItemFacts, get_item
from app.rewards.rules.items import Kind, Supply
from app.rewards.services import items, voucher_partners
from app.rewards.services.items import NewItem

ADDRESS = {"name": "王小明", "phone": "13800138000", "place": "福建省南平市顺昌县示例路 8 号"}


class Counter:
    """A shop that gives things, and the operators who put them on offer."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.shop = Office(app, "示例咖啡")
        self.shop.verify(name="示例咖啡有限公司")
        self.first, self.second = (operator(app, app.test_client(), "rewards") for _ in range(2))
        self.giver: str = self.shop.code
        db.session.rollback()

    def move(self) -> None:
        """Go on for another giver, of whom nothing is on offer yet."""
        with transaction():
            self.giver = accounts.open_organisation(self.first, f"示例店 {random_code(6)}").code

    def draft(self, **changes: Any) -> ItemFacts:
        """An item as the first operator drafted it: a coupon of ours for 100 points, ten of them."""
        told: dict[str, Any] = {
            "kind": Kind.COUPON,
            "supply": Supply.OWN,
            "giver": self.giver,
            "title_zh": "拿铁一杯",
            "title_en": "A latte",
            "terms_zh": "到店出示。",
            "terms_en": "Show it at the shop.",
            "points": 100,
            "opens_on": clock.business_day(),
            "stock": 10,
            "use_days": 30,
            **changes,
        }
        if told["supply"] is not Supply.OWN:
            told["use_days"] = None
        with transaction():
            return items.draft_item(self.first, NewItem(**told), sample=True)

    def offer(self, **changes: Any) -> str:
        """The code of an item that the second operator published."""
        facts = self.draft(**changes)
        with transaction():
            items.publish_item(self.second, facts.item.code, facts.terms)
        return facts.item.code

    def charity(self, **changes: Any) -> str:
        """Something to give to others."""
        own = CREDIT_CODES[0]
        numbers = {"charity_code": own, "appeal_number": f"{own}A26001"}
        return self.offer(kind=Kind.CHARITY, supply=Supply.GIVEN, **{**numbers, **changes})

    def codes(self, *codes: str, **changes: Any) -> str:
        """An item whose stock is these codes of the shop's."""
        item = self.offer(supply=Supply.UPLOADED, stock=None, **changes)
        with transaction():
            items.upload_codes(self.first, item, "\n".join(codes))
        return item

    def partner(self, base_url: str, public_key: bytes) -> str:
        """The shop's server, confirmed."""
        with transaction():
            partner = voucher_partners.add_partner(self.first, self.giver, base_url, public_key)
            return voucher_partners.confirm_partner(self.second, partner.code).code

    def owed_fen(self) -> int:
        """What the shop is owed now."""
        db.session.rollback()
        return queries.get_balance(memberships.get_organisation_by_code(self.giver).id, chart.PAYABLE)


def remaining(item: str) -> int | None:
    """How many are left of an item."""
    db.session.rollback()
    return get_item(item, drafts=True).remaining


class Redeemer:
    """Somebody with points, and their calls."""

    def __init__(self, app: Flask, who: Person, points: int = 1000) -> None:
        self.app, self.who = app, who
        if points:
            with_points(who.holder_id, points)

    def ask(self, method: str, path: str, body: Any = None, status: int = 0, **headers: str) -> Any:
        """Call a route as this person."""
        answer = self.app.test_client().open(
            f"/v1{path}", method=method, json=body, headers={**self.who.auth, **headers}
        )
        if status:
            assert answer.status_code == status, answer.text
        return answer

    def redeem(self, item: str, status: int = 201, **body: Any) -> Any:
        """Redeem an item."""
        return self.ask("POST", f"/rewards/{item}/redemptions", body, status).json

    def see(self, redemption: Any) -> Any:
        """A redemption with its voucher or parcel."""
        return self.ask("GET", f"/me/redemptions/{redemption['code']}", status=200).json
