"""Answering for breaks: one explains, another confirms, the day closes; and nobody else may."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from builders import forest, operator, person
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from visiting import Visitor
from werkzeug.test import TestResponse

from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.treasury.queries import bills
from app.treasury.rules.breaks import Break
from app.treasury.rules.days import Wait
from app.treasury.services import days
from app.web import console
from bench import reconciling


@dataclass
class Desk:
    """A reconciled day with breaks, and operators before it."""

    app: Flask
    made: reconciling.Day
    ids: dict[str, int] = field(default_factory=dict)

    def as_a(self, role: str) -> Visitor:
        visitor = Visitor(self.app)
        self.ids[role] = operator(self.app, visitor.client, role)
        with self.app.test_request_context():
            name = console.cookie_name()
        cookie = visitor.client.get_cookie(name)
        assert cookie is not None
        visitor.client.set_cookie(name, cookie.value, domain=urlsplit(visitor.home).hostname or "")
        return visitor

    def path(self, kind: Break, act: str) -> str:
        return f"/console/reconciliation/{self.made.date}/{kind}/{act}"

    def explain(self, who: Visitor, kind: Break, **form: str) -> TestResponse:
        words = {"seen_at": clock.now().isoformat(), "explanation": "商户平台核对无误"}
        return who.post(self.path(kind, "explain"), words | form)

    def confirm(self, who: Visitor, kind: Break, **form: str) -> TestResponse:
        return who.post(self.path(kind, "confirm"), {"seen_at": clock.now().isoformat()} | form)

    def rematch(self) -> None:
        with transaction():
            days.match_day(self.made.date, reconciling.MERCHANT)


@pytest.fixture
def desk(app: Flask) -> Desk:
    made = reconciling.make(person(app).holder_id, forest().lot_id, 3_000, 60, 5)
    reconciling.reconcile(made)
    return Desk(app, made)


def test_a_day_closes_when_every_break_is_explained_and_its_money_confirmed(desk: Desk) -> None:
    first, second = desk.as_a("finance"), desk.as_a("finance")
    for kind in bills.count_breaks(desk.made.date):
        assert desk.explain(first, kind).status_code == 303
    facts = bills.get_day(desk.made.date)
    assert not facts.closed
    assert facts.unsettled == db.session.scalar(text("SELECT count(*) FROM bill_break WHERE carries_money"))
    for kind, (_, unsettled) in bills.count_breaks(desk.made.date).items():
        if unsettled:
            assert desk.confirm(first, kind).status_code == 409
            assert desk.confirm(second, kind).status_code == 303
    db.session.rollback()
    assert bills.get_day(desk.made.date).closed
    assert bills.oldest_unsettled().unsettled == 0
    page = first.get("/console/reconciliation").text
    assert "已关账" in page
    desk.rematch()
    assert bills.get_day(desk.made.date).closed, "matching again finds the same, explained already"


def test_one_break_can_be_answered_for_alone(desk: Desk) -> None:
    who = desk.as_a("finance")
    chosen = bills.list_breaks(desk.made.date, Break.AMOUNT, 1)[0].id
    before = bills.count_breaks(desk.made.date)[Break.AMOUNT][0]
    assert desk.explain(who, Break.AMOUNT, break_id=str(chosen)).status_code == 303
    db.session.rollback()
    explained = db.session.scalars(text("SELECT id FROM bill_break WHERE explained_at IS NOT NULL")).all()
    assert (explained, before > 1) == ([chosen], True)
    assert desk.explain(who, Break.STATE, break_id=str(chosen)).status_code == 409


def test_what_changed_after_the_page_was_drawn_is_not_answered_for(desk: Desk) -> None:
    drawn = clock.now().isoformat()
    first, second = desk.as_a("finance"), desk.as_a("finance")
    assert desk.explain(first, Break.AMOUNT).status_code == 303
    assert desk.confirm(second, Break.AMOUNT, seen_at=drawn).status_code == 409


def test_an_explanation_falls_when_the_figures_change(desk: Desk) -> None:
    first, second = desk.as_a("finance"), desk.as_a("finance")
    desk.explain(first, Break.BOOKS)
    desk.confirm(second, Break.BOOKS)
    chosen = bills.list_breaks(desk.made.date, Break.BOOKS, 1)[0]
    booked_fen = chosen.ours_fen or 0
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(
            text(
                "UPDATE posting SET amount = amount + 1 WHERE kind = 20 AND reference ="
                " (SELECT order_id FROM payment WHERE transaction_id = :key)"
            ),
            {"key": chosen.key},
        )
    desk.rematch()
    again = db.session.execute(
        text("SELECT explained_at, confirmed_at, ours_fen FROM bill_break WHERE id = :id"), {"id": chosen.id}
    ).one()
    assert tuple(again) == (None, None, booked_fen + 1)


def test_the_database_itself_asks_for_four_eyes_and_keeps_what_was_explained(desk: Desk) -> None:
    first = desk.as_a("finance")
    desk.explain(first, Break.AMOUNT)
    for change in (
        "confirmed_at = now(), confirmed_by = explained_by",
        "explanation = 'another'",
        "theirs_fen = 0",
        "key = 'another'",
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(f"UPDATE bill_break SET {change} WHERE explained_at IS NOT NULL"))
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("DELETE FROM bill_break"))


def test_answers_stand_in_the_audit_log(desk: Desk) -> None:
    desk.explain(desk.as_a("finance"), Break.AMOUNT)
    row = db.session.execute(
        text("SELECT operator_id, action, subject, details FROM audit_entry WHERE action LIKE 'breaks_%'")
    ).one()
    assert row.operator_id == desk.ids["finance"]
    assert (row.action, row.subject) == ("breaks_explained", f"{desk.made.date}:amount_differs")
    assert row.details["explanation"] == "商户平台核对无误"


def test_who_may_answer_has_a_day_matched_again_by_the_sweeper(desk: Desk) -> None:
    path = f"/console/reconciliation/{desk.made.date}"
    who = desk.as_a("finance")
    since = clock.now() - timedelta(hours=1)
    assert f'action="{path}/match-again"' in who.get(path).text
    assert desk.made.date in bills.settled_days(desk.made.date, since)
    for _ in range(2):
        answer = who.post(f"{path}/match-again")
        assert (answer.status_code, answer.location) == (303, f"{path}?said=match_again")
    db.session.rollback()
    facts = bills.get_day(desk.made.date)
    assert (facts.wait, facts.closed) == (Wait.AGAIN, False)
    assert bills.settled_days(desk.made.date, since) == set(), "it is due, however lately it was looked at"
    shown = who.get(path).text
    assert "有人要求重新核对" in shown
    assert "/match-again" not in shown
    assert "matched again" in who.speak("en").get("/console/reconciliation").text
    rows = db.session.execute(
        text("SELECT operator_id, subject FROM audit_entry WHERE action = 'day_match_wanted'")
    ).all()
    assert [tuple(row) for row in rows] == [(desk.ids["finance"], str(desk.made.date))]
    desk.rematch()
    assert bills.get_day(desk.made.date).settled


def test_a_day_under_way_or_out_of_reach_is_not_matched_again(desk: Desk) -> None:
    who = desk.as_a("finance")
    path = f"/console/reconciliation/{desk.made.date}/match-again"
    with db.engine.begin() as other:
        other.execute(text("UPDATE reconciliation SET looked_at = looked_at"))
        busy = who.post(path)
    assert (busy.status_code, "正在核对这一天" in busy.text or "请稍后刷新" in busy.text) == (409, True)
    with transaction():
        days.note_trouble(clock.business_day(clock.now()), "STATEMENT_CREATING")
    today = f"/console/reconciliation/{clock.business_day(clock.now())}"
    assert "/match-again" not in who.get(today).text
    assert who.post(f"{today}/match-again").status_code == 409
    assert who.post("/console/reconciliation/2016-01-01/match-again").status_code == 404
    assert who.post("/console/reconciliation/yesterday/match-again").status_code == 404
    assert db.session.scalar(text("SELECT count(*) FROM reconciliation WHERE trouble = 'again'")) == 0
    assert desk.as_a("auditor").post(path).status_code == 403


def test_only_finance_answers_and_only_those_with_a_right_look(desk: Desk) -> None:
    path = f"/console/reconciliation/{desk.made.date}"
    stranger = Visitor(desk.app)
    assert stranger.get(path).status_code == 302
    assert desk.explain(stranger, Break.AMOUNT).status_code == 401
    registrar = desk.as_a("registry")
    assert registrar.get(path).status_code == 403
    auditor = desk.as_a("auditor")
    shown = auditor.get(path)
    assert shown.status_code == 200
    assert "<form" not in shown.text.split("<main", 1)[1].split("</main>")[0]
    assert desk.explain(auditor, Break.AMOUNT).status_code == 403


def test_a_days_page_says_what_differs_and_what_to_do_in_both_languages(desk: Desk) -> None:
    who = desk.as_a("finance")
    path = f"/console/reconciliation/{desk.made.date}"
    chinese, english = who.get(path).text, who.speak("en").get(path).text
    for kind in Break:
        assert f'id="{kind}"' in chinese
    assert "渠道已收款，本地没有" in chinese
    assert "Paid at the provider, missing here" in english
    assert "look the transaction up at the provider" in english


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/console/reconciliation/2026-02-30", None, 404),
        ("/console/reconciliation/yesterday", None, 404),
        ("/console/reconciliation/2016-01-01", None, 404),
        ("/console/reconciliation?before=x", None, 404),
        ("/amount_differs/explain", {}, 422),
        ("/amount_differs/explain", {"seen_at": "now", "explanation": "long enough"}, 422),
        ("/amount_differs/explain", {"seen_at": "2026-11-20T00:00:00Z", "explanation": "x"}, 422),
        ("/amount_differs/explain", {"seen_at": "2026-11-20T00:00:00Z", "explanation": "a\x00bcd"}, 422),
        ("/amount_differs/confirm", {"seen_at": "2026-11-20T00:00:00Z", "break_id": "1e3"}, 422),
        ("/amount_differs/confirm", {"seen_at": "2026-11-20T00:00:00Z", "other": "1"}, 422),
        ("/nonsense/explain", {"seen_at": "2026-11-20T00:00:00Z", "explanation": "long enough"}, 404),
    ],
)
def test_what_cannot_be_read_is_refused(
    desk: Desk, path: str, form: dict[str, str] | None, status: int
) -> None:
    who = desk.as_a("finance")
    if form is None:
        assert who.get(path).status_code == status
    else:
        assert who.post(f"/console/reconciliation/{desk.made.date}{path}", form).status_code == status


def test_a_day_whose_bills_cannot_be_had_is_not_taken_for_a_good_one(app: Flask) -> None:
    day = clock.business_day() - timedelta(days=3)
    with transaction():
        days.note_trouble(day, "STATEMENT_CREATING")
    assert bills.count_troubled_days() == 1
    visitor = Visitor(app)
    operator(app, visitor.client, "finance")
    with app.test_request_context():
        name = console.cookie_name()
    cookie = visitor.client.get_cookie(name)
    assert cookie is not None
    visitor.client.set_cookie(name, cookie.value, domain=urlsplit(visitor.home).hostname or "")
    listed = visitor.get("/console/reconciliation").text
    assert "有 1 天还没核对完" in listed
    assert "没有待处理的差错" not in listed
    assert "100.00%" not in visitor.get(f"/console/reconciliation/{day}").text
    assert "没有核对完的日子" in visitor.get("/console").text


def test_a_day_names_what_broke_in_words(desk: Desk) -> None:
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO bill_break (day, kind, key, difference_fen, carries_money, found_at)"
                " VALUES (:day, 'summary_differs', 'trade:总笔数', 0, false, now())"
            ),
            {"day": desk.made.date},
        )
    page = desk.as_a("auditor").get(f"/console/reconciliation/{desk.made.date}").text
    assert "<code>closing</code>" not in page
    for said in ("期末余额", "交易账单汇总 · 总笔数"):
        assert said in page
