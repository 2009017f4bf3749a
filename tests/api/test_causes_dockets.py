"""Dockets at a clerk's desk: opened once, seen by one court, ruled on by two, their papers sealed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from builders import operator
from court import EVERYWHERE, PDF, Court, buy, loss, money
from flask import Flask
from refund_desk import refused
from shop import Shop
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import queries as accounts
from app.causes.errors.dockets import DocketRefused
from app.causes.queries.courts import Scope, list_courts, scope_of
from app.causes.queries.dockets import (
    get_docket,
    list_dockets,
    open_paper,
    open_parties,
)
from app.causes.rules.parties import Party
from app.causes.services import courts, docket_letters, docket_orders, docket_papers, dockets, rulings
from app.causes.services.docket_orders import Purchase
from app.causes.services.dockets import NewDocket
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction


@pytest.fixture
def court(app: Flask) -> Court:
    return Court(app)


def letter(court: Court, code: str) -> str:
    with transaction():
        return docket_letters.issue_letter(court.overseer, EVERYWHERE, code)


def test_nothing_can_be_bought_before_a_ruling_is_confirmed_by_another(court: Court, shop: Shop) -> None:
    code = court.docket()
    court.papers(code, ["undertaking", "measurement_notice", "commission", "opinion"])
    ruling_id = court.record(code, loss(90_000))
    assert buy(shop, court.link(code), part="all").json["code"] == "docket_moved"
    assert (
        shop.client.post(
            "/v1/orders", json={"cause": code, "quantity_kg": 10}, headers=shop.buyer.auth
        ).status_code
        == 404
    )
    confirm = rulings.confirm_ruling
    assert refused(lambda: confirm(court.clerk, court.scope, code, ruling_id)) == "own_ruling"
    assert refused(lambda: confirm(court.overseer, EVERYWHERE, code, ruling_id + 1)) == "docket_moved"
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text("UPDATE docket_ruling SET confirmed_by = recorded_by, confirmed_at = now()"))
    court.confirm(code, ruling_id)
    assert buy(shop, court.link(code), part="all").status_code == 201


def test_a_rulings_terms_never_change(court: Court) -> None:
    court.ruled()
    for change in (
        "UPDATE docket_ruling SET loss_g = 1",
        "UPDATE docket_instalment SET part = 1",
        "DELETE FROM docket_instalment",
        "UPDATE docket_ruling SET confirmed_at = now()",
        "UPDATE docket SET case_number = 'x'",
    ):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(change))


def test_instalments_that_do_not_add_up_are_refused_by_the_database_too(court: Court) -> None:
    court.docket()
    statement = text(
        "INSERT INTO docket_ruling (docket_id, basis, ruled_on, legal_basis, rounding, loss_g, multiplier,"
        " ordered_g, recorded_by, recorded_at)"
        " SELECT cause_id, 'tonnes', now()::date, 'x', 'kilogram', 1000, 1, 1000, opened_by, now()"
        " FROM docket"
    )
    with pytest.raises(IntegrityError, match="do not make it up"), transaction():
        db.session.execute(statement)


@pytest.mark.parametrize(
    ("ruling", "field"),
    [
        (lambda day: loss(-5, parts=[(day, 1_000)]), "loss"),
        (lambda day: loss(90_000, "-2", parts=[(day, 1_000)]), "multiplier"),
        (lambda day: loss(90_000, "11", parts=[(day, 1_000)]), "multiplier"),
        (lambda day: loss(90_000, parts=[(day, 80_000)]), "instalments"),
        (lambda day: loss(90_000, parts=[(day - timedelta(1), 90_000)]), "instalments"),
        (lambda day: money(0, parts=[(day, 1)]), "amount"),
    ],
)
def test_what_cannot_be_ruled_is_refused_and_nothing_kept(court: Court, ruling: Any, field: str) -> None:
    code = court.docket()
    with pytest.raises(DocketRefused) as caught, transaction():
        rulings.record_ruling(court.clerk, court.scope, code, ruling(clock.business_day()))
    assert [each["pointer"] for each in caught.value.errors] == [f"#/{field}"]
    assert court.read(code).waiting is None


def test_a_case_number_is_a_courts_once_however_it_is_written(court: Court, app: Flask) -> None:
    court.docket("（2022）闽0627刑初321号")
    assert refused(lambda: court_docket(court, "(2022) 闽0627刑初0321号")) == "case_number_taken"
    other = Court(app, "示例二县人民法院")
    other.docket("（2022）闽0627刑初321号")
    assert refused(lambda: court_docket(court, "321")) == "docket_refused"


def court_docket(court: Court, number: str) -> None:
    told = NewDocket(court.facts.code, number, "trial", [Party("张三")], "any")
    dockets.open_docket(court.clerk, court.scope, told)


def test_a_hundred_clerks_open_one_case_once(court: Court, app: Flask) -> None:
    def attempt(_: int) -> str:
        with app.app_context():
            try:
                court.docket()
            except Exception as error:
                return getattr(error, "code", type(error).__name__)
            finally:
                db.session.remove()
            return "opened"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(100)))
    assert sorted(set(outcomes)) == ["case_number_taken", "opened"]
    assert outcomes.count("opened") == 1
    assert len(list_dockets(EVERYWHERE, 10)) == 1


def test_another_courts_case_is_not_there(court: Court, app: Flask) -> None:
    other = Court(app, "示例二县人民法院")
    code = court.ruled()
    theirs = other.scope
    calls: list[Any] = [
        lambda: get_docket(theirs, code),
        lambda: dockets.describe_docket(other.clerk, theirs, code, "trial", [Party("李四")], None),
        lambda: dockets.withdraw_docket(other.clerk, theirs, code, "x"),
        lambda: rulings.record_ruling(other.clerk, theirs, code, loss(1_000)),
        lambda: docket_papers.keep_paper(other.clerk, theirs, code, "other", "x", PDF),
        lambda: docket_papers.waive_paper(other.clerk, theirs, code, "opinion", "x"),
        lambda: docket_papers.drop_paper(other.clerk, theirs, code, 1),
        lambda: open_paper(theirs, code, court.read(code).papers[0].id),
        lambda: docket_letters.issue_letter(other.clerk, theirs, code),
        lambda: docket_letters.deliver_reminder(other.clerk, theirs, code, 1),
        lambda: docket_orders.order_by_bank(other.clerk, theirs, code, Purchase("x"), timedelta(days=1)),
    ]
    assert {refused(each) for each in calls} == {"docket_unknown"}
    assert list_dockets(theirs, 10) == []
    told = NewDocket(court.facts.code, "（2022）闽0627刑初1号", "trial", [Party("张三")], "any")
    assert refused(lambda: dockets.open_docket(other.clerk, theirs, told)) == "court_unknown"


def test_a_clerk_is_of_one_court_and_of_none_when_it_ends(court: Court, app: Flask) -> None:
    name = accounts.operators.list_names()[court.clerk]
    with transaction():
        second = courts.open_court(court.overseer, "示例二县人民法院", "court")
        courts.bind_clerk(court.overseer, second.code, name)
    assert [each.name for each in list_courts(clerk_scope(court, app))] == ["示例二县人民法院"]
    with transaction():
        courts.end_clerk(court.overseer, second.code, name)
    assert list_courts(clerk_scope(court, app)) == []
    bind = courts.bind_clerk
    finance_id = operator(app, app.test_client(), "finance")
    finance = accounts.operators.list_names()[finance_id]
    for who in (finance, "nobody", accounts.operators.list_names()[court.overseer]):
        assert refused(lambda who=who: bind(court.overseer, second.code, who)) == "clerk_refused"
    open_again = courts.open_court
    assert refused(lambda: open_again(court.overseer, "示例二县人民法院", "court")) == "court_name_taken"


def clerk_scope(court: Court, app: Flask) -> Scope:
    db.session.rollback()
    from app.web import console

    with app.test_request_context(headers={"Cookie": cookie(court)}):
        found = console.operator()
        assert found is not None
        return scope_of(found)


def cookie(court: Court) -> str:
    with court.app.test_request_context():
        from app.web import console

        name = console.cookie_name()
    held = court.clerk_desk.get_cookie(name)
    assert held is not None
    return f"{name}={held.value}"


def test_parties_are_sealed_and_shown_by_pseudonyms(court: Court) -> None:
    code = court.docket(parties=[Party("张三"), Party("张四"), Party("某某林业有限公司", "organisation")])
    found = court.read(code)
    assert found.docket.parties_shown == "张某甲、张某乙、某有限公司"
    assert [each.name for each in open_parties(found.docket)] == ["张三", "张四", "某某林业有限公司"]
    assert "张三".encode() not in found.docket.parties_sealed
    for parties in ([], [Party("张三"), Party("张三")]):
        told = NewDocket(court.facts.code, "（2022）闽0627刑初1号", "trial", parties, "any")
        assert refused(partial(dockets.open_docket, court.clerk, court.scope, told)) == "docket_refused"


def test_papers_are_sealed_needed_and_waived_with_a_reason(court: Court) -> None:
    code = court.docket()
    ruling_id = court.record(code, loss(90_000))
    confirm = rulings.confirm_ruling
    assert refused(lambda: confirm(court.overseer, EVERYWHERE, code, ruling_id)) == "papers_lacking"
    court.papers(code, ["undertaking", "measurement_notice", "opinion"])
    court.papers(code, ["undertaking"])
    keep = docket_papers.keep_paper
    assert refused(lambda: keep(court.clerk, court.scope, code, "other", "x", b"MZ..")) == "paper_refused"
    with transaction():
        docket_papers.waive_paper(court.clerk, court.scope, code, "commission", "林业局自行测算")
    assert (
        refused(lambda: docket_papers.waive_paper(court.clerk, court.scope, code, "receipt", "x"))
        == "docket_refused"
    )
    court.confirm(code, ruling_id)
    found = court.read(code)
    assert len(found.papers) == 3
    paper, content = open_paper(court.scope, code, found.papers[0].id)
    assert content == PDF + b"undertaking"
    stored = db.session.execute(
        text("SELECT content_sealed FROM docket_paper WHERE id = :id"), {"id": paper.id}
    )
    assert PDF not in stored.scalar_one()
    titles = db.session.scalars(text("SELECT title_sealed FROM docket_paper")).all()
    assert not any(b"undertaking" in each for each in titles), "a title may name somebody"
