"""A court, its clerk and the platform's operator at their desks, and cases as tests need them."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from builders import operator
from flask import Flask
from shop import Shop, eventually, paid
from sqlalchemy import select

from app.accounts import queries as accounts
from app.causes.models.dockets import Docket
from app.causes.queries.courts import Scope
from app.causes.queries.dockets import DocketFacts, get_docket, open_link
from app.causes.rules.dockets import Instalment, Ruling
from app.causes.rules.parties import Party
from app.causes.services import courts, docket_papers, dockets, rulings
from app.causes.services.dockets import NewDocket
from app.kit import announcements, clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs

EVERYWHERE = Scope(None)
PDF = b"%PDF-1.7 "
T = 1_000_000


class Court:
    """One court with a bound clerk; `overseer` looks after all of them."""

    def __init__(self, app: Flask, name: str = "示例县人民法院", kind: str = "court") -> None:
        self.app = app
        self.desk, self.clerk_desk = app.test_client(), app.test_client()
        self.overseer = operator(app, self.desk, "courts")
        self.clerk = operator(app, self.clerk_desk, "clerk")
        with transaction():
            self.facts = courts.open_court(self.overseer, name, kind)
            clerk_name = accounts.operators.list_names()[self.clerk]
            courts.bind_clerk(self.overseer, self.facts.code, clerk_name)
        self.scope = Scope(frozenset([self.facts.id]))

    def docket(self, case_number: str = "（2022）闽0627刑初321号", **told: Any) -> str:
        """The code of a new docket."""
        new = {"stage": "trial", "parties": [Party("张三")], "product": "any", **told}
        with transaction():
            return dockets.open_docket(
                self.clerk, self.scope, NewDocket(self.facts.code, case_number, **new)
            ).code

    def papers(self, code: str, kinds: Sequence[str]) -> None:
        for kind in kinds:
            with transaction():
                docket_papers.keep_paper(self.clerk, self.scope, code, kind, kind, PDF + kind.encode())

    def record(self, code: str, ruling: Ruling) -> int:
        with transaction():
            return rulings.record_ruling(self.clerk, self.scope, code, ruling).id

    def confirm(self, code: str, ruling_id: int) -> None:
        with transaction():
            rulings.confirm_ruling(self.overseer, EVERYWHERE, code, ruling_id)

    def ruled(self, ruling: Ruling | None = None, **told: Any) -> str:
        """The code of a docket whose ruling is confirmed, with every paper that it needs."""
        code = self.docket(**told)
        kinds = ("undertaking", "measurement_notice", "commission", "opinion", "payment_notice", "decision")
        self.papers(code, kinds)
        self.confirm(code, self.record(code, ruling or loss(90_000)))
        return code

    def read(self, code: str) -> DocketFacts:
        db.session.rollback()
        return get_docket(EVERYWHERE, code)

    def link(self, code: str) -> str:
        db.session.rollback()
        return open_link(db.session.scalars(select(Docket).where(Docket.code == code)).one())


def loss(grams: int, multiplier: str = "1", rounding: str = "kilogram", **told: Any) -> Ruling:
    """A ruling of today in tonnes, due in a month at once."""
    ruling = Ruling(
        basis="tonnes",
        ruled_on=told.pop("ruled_on", clock.business_day()),
        legal_basis="示例依据",
        instalments=(),
        rounding=rounding,
        loss_g=grams,
        multiplier=Fraction(multiplier),
    )
    return _due(ruling, **told)


def money(amount_fen: int, price_fen_per_t: int | None = None, **told: Any) -> Ruling:
    """A ruling of today in yuan, at a price or without one."""
    priced = price_fen_per_t is not None
    ruling = Ruling(
        basis="money",
        ruled_on=clock.business_day(),
        legal_basis="示例依据",
        instalments=(),
        rounding=told.pop("rounding", "hundredth") if priced else None,
        amount_fen=amount_fen,
        price_fen_per_t=price_fen_per_t,
        price_source="示例交易所收盘价" if priced else None,
        priced_on=clock.business_day() if priced else None,
    )
    return _due(ruling, **told)


def _due(ruling: Ruling, parts: Sequence[tuple[date, int]] | None = None) -> Ruling:
    from dataclasses import replace

    told = parts or [(ruling.ruled_on + timedelta(days=30), ruling.ordered)]
    return replace(ruling, instalments=tuple(Instalment(*each) for each in told))


def buy(shop: Shop, link: str, **wish: Any) -> Any:
    """An order of the shop's buyer for the case behind a link."""
    body = {"lot": shop.lot.lot_code, **wish}
    return shop.client.post(f"/v1/dockets/{link}/orders", json=body, headers=shop.buyer.auth)


def bought(shop: Shop, link: str, **wish: Any) -> Any:
    """The same, paid and settled, and heard of."""
    answer = buy(shop, link, **wish)
    assert answer.status_code == 201, answer.text
    order = answer.json
    shop.pay(order)
    eventually(paid(shop, order))
    jobs.settle_paid()
    heard()
    return shop.read(order)


def heard() -> None:
    """What came to an end is told, and heard."""
    jobs.tell_causes()
    announcements.deliver()
