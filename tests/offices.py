"""Organisations for tests: founded over HTTP, with members, keys, verification and orders that are paid."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from builders import Person, forest, person
from flask import Flask
from paying import colleague

from app.accounts.queries import memberships
from app.accounts.services import verifications
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets.services import payments, settlement
from app.offsets.services.words import PaidWord

CREDIT_CODES = ("91350100M000100Y43", "91110000802100433B", "91440300708461136T")


class Office:
    """An organisation, its owner, and the calls in its name."""

    def __init__(self, app: Flask, name: str = "示例科技有限公司") -> None:
        self.app, self.client = app, app.test_client()
        self.owner: Person = person(app)
        answer = self.client.post("/v1/organisations", json={"name": name}, headers=self.owner.auth)
        assert answer.status_code == 201, answer.text
        self.code: str = answer.json["code"]
        self.path = f"/v1/organisations/{self.code}"

    @property
    def id(self) -> int:
        return memberships.get_organisation_by_code(self.code).id

    def ask(
        self, method: str, path: str, body: Any = None, who: Person | str | None = None, status: int = 0
    ) -> Any:
        """Call one of the organisation's routes as the owner, another person, or with a key."""
        auth = {"Authorization": f"Bearer {who}"} if isinstance(who, str) else (who or self.owner).auth
        answer = self.app.test_client().open(f"{self.path}{path}", method=method, json=body, headers=auth)
        if status:
            assert answer.status_code == status, answer.text
        return answer

    def get(self, path: str, who: Person | str | None = None, status: int = 200) -> Any:
        return self.ask("GET", path, None, who, status).json

    def post(self, path: str, body: Any = None, who: Person | str | None = None, status: int = 201) -> Any:
        return self.ask("POST", path, body or {}, who, status).json

    def invite(self, role: str, label: str | None = None) -> str:
        body = {"role": role} | ({"label": label} if label else {})
        return str(self.post("/invitations", body)["secret"])

    def accept(self, secret: str, who: Person) -> Any:
        client = self.app.test_client()
        return client.post("/v1/invitations/acceptance", json={"secret": secret}, headers=who.auth)

    def member(self, role: str) -> Person:
        """A new member."""
        joined = person(self.app)
        assert self.accept(self.invite(role), joined).status_code == 201
        return joined

    def code_of(self, who: Person) -> str:
        members = memberships.list_members(self.id)
        return next(each.code for each in members if each.holder_id == who.holder_id)

    def verify(self, credit_code: str = CREDIT_CODES[0], name: str = "示例科技有限公司") -> None:
        self.post("/verifications", {"name": name, "credit_code": credit_code})
        db.session.rollback()
        wish, _ = memberships.list_open_verifications()[-1]
        operator_id = colleague("partners")
        with transaction():
            verifications.approve(operator_id, wish.id)

    def key(self, *scopes: str, **more: Any) -> str:
        body = {"name": "ERP", "scopes": list(scopes or ("read", "orders", "units", "money")), **more}
        return str(self.post("/keys", body)["key"])

    def order(
        self, lot_code: str, amount_fen: int = 100, who: Person | str | None = None, **wish: Any
    ) -> Any:
        body = {"lot": lot_code, "amount_fen": amount_fen, **wish}
        return self.ask("POST", "/orders", body, who)


def pay(order_code: str, amount_fen: int) -> None:
    """The provider's word that an order is paid, and its settlement."""
    with transaction():
        payments.record_payment(PaidWord(order_code, f"T{order_code}", amount_fen, "CNY", clock.now()))
    for lot_id in settlement.lots_waiting():
        with transaction():
            settlement.settle_lot(lot_id)


def hear() -> None:
    """Let every announcement be heard."""
    db.session.rollback()
    announcements.deliver()
    db.session.rollback()


def at_once(acts: Sequence[Callable[[], Any]], threads: int = 20) -> list[Any]:
    """Start all acts together."""
    start = threading.Barrier(threads)
    first = threading.local()

    def run(act: Callable[[], Any]) -> Any:
        if not hasattr(first, "gone"):
            first.gone = True
            start.wait(10)
        return act()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, acts))


def tonne() -> str:
    """The code of a lot of one tonne at 1 yuan for 10 kg."""
    return forest(1000, fee_bp=1000).lot_code
