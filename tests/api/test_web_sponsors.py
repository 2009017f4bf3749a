"""Sponsors and points on pages and over HTTP: programmes by two, money by two, and what everybody may see."""

import re
from datetime import timedelta
from typing import Any

import pytest
from builders import person
from crowd import at_once
from flask import Flask
from offices import Office
from paying import colleague
from rewarding import act, assert_covered, giver, later, sponsor, thanked
from seeing import assert_sound
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from visiting import Visitor, at_console

from app.accounts import chart
from app.accounts import queries as books
from app.accounts.queries import notices
from app.kit import announcements, clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards import queries
from app.rewards.jobs.reminders import remind_holders
from app.rewards.jobs.tallies import count_thanks
from app.rewards.queries.programmes import list_programmes
from app.rewards.services import grants, programmes, proposals, spending

DESK = "/console/sponsors"


class Bank:
    """A sponsor with a verified name, two operators of rewards and two of finance."""

    def __init__(self, app: Flask) -> None:
        self.app, self.office = app, Office(app, "示例农商行")
        self.office.verify(name="示例农商银行")
        self.anna, self.bao = at_console(app, "rewards"), at_console(app, "rewards")
        self.chen, self.dai = at_console(app, "finance"), at_console(app, "finance")

    def terms(self, **more: Any) -> dict[str, Any]:
        today = clock.business_day()
        told = {"sponsor": self.office.code, "name": "绿色通勤", "begins_on": today.isoformat()}
        return told | {"grams_per_point": 10, "life_months": 24, "form_key": random_code(20)} | more

    def opened(self, **more: Any) -> str:
        """A programme proposed by one and approved by another; its code."""
        assert self.anna.post(DESK, self.terms(**more)).status_code == 303
        assert self.bao.post(waiting(self.bao)).status_code == 303
        db.session.rollback()
        return list_programmes(1)[0].code

    def funded(self, code: str, yuan: str) -> None:
        """Money recorded by one of finance and confirmed by another."""
        form = {"kind": "deposit", "amount": yuan, "bank_reference": random_code(12)}
        page = f"{DESK}/{code}"
        assert self.chen.post(f"{page}/movements", form | {"form_key": random_code(20)}).status_code == 303
        found = re.search(rf'action="({page}/movements/\d+/confirm)"', self.dai.get(page).text)
        assert found is not None
        assert self.dai.post(found[1]).status_code == 303


@pytest.fixture
def bank(app: Flask, live: str) -> Bank:
    return Bank(app)


def waiting(desk: Visitor, path: str = DESK) -> str:
    """Where what waits can be approved."""
    found = re.search(rf'action="({DESK}/proposals/\d+/approve)"', desk.get(path).text)
    assert found is not None, desk.get(path).text
    return found[1]


def programme_id(code: str) -> int:
    db.session.rollback()
    return next(each.holder_id for each in list_programmes() if each.code == code)


def test_a_programme_opens_by_two_is_funded_by_two_and_thanks_to_the_fen(app: Flask, bank: Bank) -> None:
    first = bank.anna.post(DESK, bank.terms(scene_metro=20, pays_coupon="yes", region="350721"))
    assert first.location == f"{DESK}?said=sponsor_proposed"
    approve = waiting(bank.bao)
    assert approve not in bank.anna.get(DESK).text, "nobody is offered to approve their own"
    assert bank.anna.post(approve).status_code == 403
    assert bank.bao.post(approve).status_code == 303
    assert bank.bao.post(approve).status_code == 409, "a proposal is decided once"
    code = list_programmes(1)[0].code
    public = app.test_client()
    assert public.get(f"/v1/points/programmes/{code}").json["state"] == "upcoming"
    bank.funded(code, "100.00")
    told = public.get(f"/v1/points/programmes/{code}").json
    assert (told["state"], told["sponsor"], told["pays_for"]) == ("open", "示例农商银行", ["coupon"])
    assert told["tariffs"][0]["scenes"] == {"metro": 20}
    assert (told["budget"]["fund_fen"], told["budget"]["promise"]) == (10_000, 10_000)
    assert told["worth"] == {"earns_fen": "100.00", "forest_fen": None, "times": None}
    assert_covered()


def test_what_is_wrong_with_a_proposal_is_said_and_nothing_is_half_done(app: Flask, bank: Bank) -> None:
    yesterday = (clock.business_day() - timedelta(days=1)).isoformat()
    unnamed = Office(app)
    for change, said, status in (
        ({"sponsor": "NOSUCH"}, "没有这个持有人编号", 422),
        ({"sponsor": unnamed.code}, "赞助方名称未经核实", 409),
        ({"begins_on": yesterday}, "生效日期太早", 422),
        ({"ends_on": yesterday}, "结束日早于开始日", 422),
        ({"region": "999999"}, "没有这个地区", 422),
        ({"grams_per_point": 1}, "2", 422),
        ({"scene_metro": 1}, "每分克数须为 2 至 100,000", 422),
        ({"life_months": 1, "pending_declared": 28}, "短于有效期", 422),
        ({"life_months": 121}, "120", 422),
        ({"grams_per_point": "10g"}, "整数", 422),
    ):
        answer = bank.anna.post(DESK, bank.terms(**change))
        assert (answer.status_code, said in answer.text) == (status, True), (change, answer.text)
    assert bank.chen.post(DESK, bank.terms()).status_code == 403
    assert bank.anna.post(f"{DESK}/proposals/999/approve").status_code == 404
    assert bank.anna.post(f"{DESK}/NOSUCH/closing", {"reason": "x", "form_key": "k" * 20}).status_code == 404
    programme = bank.opened()
    assert bank.anna.post(DESK, bank.terms(sponsor=programme)).status_code == 409, "no sponsor of its own"
    form = bank.terms()
    assert bank.anna.post(DESK, form).status_code == bank.anna.post(DESK, form).status_code == 303
    assert db.session.scalar(text("SELECT count(*) FROM programme_proposal")) == 2
    with transaction() as session:
        session.execute(
            text("UPDATE holder SET closed_at = now() WHERE code = :code"), {"code": bank.office.code}
        )
    assert bank.bao.post(waiting(bank.bao)).status_code == 409, "the sponsor went away meanwhile"
    assert [each.code for each in list_programmes()] == [programme]


def test_money_is_recorded_once_confirmed_by_another_and_returned_only_when_nobody_holds_it(
    app: Flask, bank: Bank
) -> None:
    code = bank.opened()
    page, form = f"{DESK}/{code}", {"kind": "deposit", "amount": "50.00", "bank_reference": "B-1"}

    def send(desk: Visitor, **more: str) -> Any:
        return desk.post(f"{page}/movements", form | {"form_key": random_code(20)} | more)

    assert send(bank.anna).status_code == 403, "who sets terms moves no money"
    assert send(bank.chen).status_code == 303
    assert send(bank.chen).status_code == 409, "a transfer is recorded once"
    assert send(bank.chen, bank_reference="").status_code == 422
    assert send(bank.chen, kind="return", bank_reference="R-0").status_code == 409, "it has not ended"
    number = re.search(r"/movements/(\d+)/drop", bank.chen.get(page).text)
    assert number is not None
    confirm = f"{page}/movements/{number[1]}/confirm"
    elsewhere = confirm.replace(code, bank.opened(name="别的计划"))
    assert bank.dai.post(elsewhere).status_code == 404, "money is looked at on its own programme's page"
    assert bank.chen.post(confirm).status_code == 403, "nobody confirms what they recorded"
    assert bank.dai.post(confirm).status_code == 303
    assert bank.dai.post(confirm).status_code == 409
    walker = person(app)
    thanked(act(walker.holder_id, 10_000))
    closing = {"reason": "预算年度结束", "form_key": random_code(20)}
    assert bank.anna.post(f"{page}/closing", closing).status_code == 303
    another = closing | {"form_key": random_code(20)}
    assert bank.anna.post(f"{page}/closing", another).status_code == 409, "one waits"
    assert bank.bao.post(waiting(bank.bao, page)).status_code == 303
    assert "预算年度结束" in app.test_client().get(f"/points/programmes/{code}").text
    for reference, yuan, status in (("R-1", "50.00", 409), ("R-2", "40.00", 303)):
        assert send(bank.chen, kind="return", amount=yuan, bank_reference=reference).status_code == 303
        last = max(map(int, re.findall(r"/movements/(\d+)/confirm", bank.dai.get(page).text)))
        assert bank.dai.post(f"{page}/movements/{last}/confirm").status_code == status, reference
        bank.dai.post(f"{page}/movements/{last}/drop")
    budget = app.test_client().get(f"/v1/points/programmes/{code}").json["budget"]
    assert (budget["returned_fen"], budget["fund_fen"], budget["outstanding"]) == (4_000, 1_000, 1_000)
    assert_covered()


def test_fees_fund_a_programme_only_as_far_as_they_go(app: Flask, bank: Bank) -> None:
    form = {"kind": "fees", "amount": "5.00", "form_key": random_code(20)}
    another = bank.chen.post(f"{DESK}/{bank.opened()}/movements", form)
    assert (another.status_code, "平台自己的计划" in another.text) == (409, True)
    code = bank.opened(sponsor="PLATFORM", name="平台感谢")
    assert bank.chen.post(f"{DESK}/{code}/movements", form).status_code == 303
    confirm = re.search(r'action="([^"]+/confirm)"', bank.dai.get(f"{DESK}/{code}").text)
    assert confirm is not None
    assert bank.dai.post(confirm[1]).status_code == 409
    assert books.sum_boundary(chart.FEES) == 0
    stranger, own = colleague("finance"), programme_id(code)
    with transaction():
        programmes.fund_sample(own, 300)
        programmes.close_programme(stranger, own)
    back = {"kind": "return", "amount": "2.00", "bank_reference": "R-1", "form_key": random_code(20)}
    assert bank.chen.post(f"{DESK}/{code}/movements", back).status_code == 303
    last = max(re.findall(r'action="([^"]+/confirm)"', bank.dai.get(f"{DESK}/{code}").text))
    assert bank.dai.post(last).status_code == 303
    assert books.sum_boundary(chart.FEES) == 200, "what the platform gave comes back to where it came from"
    assert (books.sum_entries(chart.RETURN_FUND), books.sum_entries(chart.RETURN_FUND_FEES)) == (0, 200)
    assert_books_prove()
    with transaction():
        programmes.confirm_movement(stranger, int(confirm[1].split("/")[-2]))
    db.session.rollback()
    failing = [proof.claim for proof in queries.prove() if not proof.holds]
    assert failing == ["rewards.prove_fees_free"], "whoever goes round the check is found"


def test_a_tariff_changes_thirty_days_ahead_never_backwards_and_holders_are_told(
    app: Flask, bank: Bank
) -> None:
    code = bank.opened()
    bank.funded(code, "100.00")
    walker = person(app)
    thanked(act(walker.holder_id, 1_000))
    page, today = f"{DESK}/{code}", clock.business_day()
    form = {"grams_per_point": 50, "life_months": 12}

    def propose(days: int) -> int:
        told = form | {"valid_from": (today + timedelta(days=days)).isoformat(), "form_key": random_code(20)}
        return bank.anna.post(f"{page}/tariffs", told).status_code

    assert propose(29) == 422
    assert propose(30) == 303
    assert propose(31) == 409, "one proposal at a time"
    approve = waiting(bank.bao, page)
    assert bank.bao.post(approve).status_code == 303
    db.session.rollback()
    announcements.deliver()
    [notice] = notices.list_notices(walker.holder_id, 10)
    assert notice.details == {"programme": "绿色通勤", "day": (today + timedelta(days=30)).isoformat()}
    assert propose(30) == 422, "the one that is announced comes first"
    shown = app.test_client().get(f"/points/programmes/{code}").text
    assert f"从 {today + timedelta(days=30)} 起标准将变为 50 克一分" in shown
    thanked(act(walker.holder_id, 1_000))
    with later(30):
        thanked(act(walker.holder_id, 1_000, day=today + timedelta(days=29)))
        thanked(act(walker.holder_id, 1_000))
        lots = grants.programmes.list_tariffs([programme_id(code)])
        assert [each.version for each in lots[programme_id(code)]] == [1, 2]
    earned = app.test_client().get("/v1/points", headers=walker.auth).json["items"]
    assert [(each["points"], each["tariff"]) for each in earned] == [
        (20, "2"),
        (100, "1"),
        (100, "1"),
        (100, "1"),
    ]
    assert_covered()


def test_thirty_who_approve_at_once_open_one_programme(app: Flask, bank: Bank) -> None:
    assert bank.anna.post(DESK, bank.terms()).status_code == 303
    proposal_id = int(waiting(bank.bao).split("/")[-2])
    deciders = db.session.scalars(text("SELECT id FROM operator ORDER BY id DESC LIMIT 3")).all()

    def decide() -> str:
        try:
            return str(proposals.approve(deciders[0], proposal_id))
        except Problem as problem:
            return type(problem).__name__

    db.session.rollback()
    answers = at_once(app, [decide] * 30, threads=10)
    assert answers.count("ProposalDecided") == 29
    assert len(list_programmes()) == 1


@pytest.mark.parametrize(
    "change",
    [
        "terms = '{}'",
        "decided_by = proposed_by, decided_at = now(), approved = true",
        "decided_by = proposed_by, decided_at = now()",
        "kind = 'close'",
    ],
)
def test_the_database_itself_refuses_what_no_two_operators_decided(
    app: Flask, bank: Bank, change: str
) -> None:
    bank.anna.post(DESK, bank.terms())
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text(f"UPDATE programme_proposal SET {change}"))


def test_holders_are_told_thirty_and_seven_days_before_their_points_expire(app: Flask, bank: Bank) -> None:
    walker, idle = person(app), person(app)
    sponsor(life_months=2)
    thanked(act(walker.holder_id, 500), act(walker.holder_id, 700), act(idle.holder_id, 5))
    remind_holders()
    assert notices.list_notices(walker.holder_id, 10) == []
    lot = app.test_client().get("/v1/points", headers=walker.auth).json["items"][0]
    days = (clock.business_day(clock.now()) - clock.business_day()).days
    left = (clock.datetime.fromisoformat(lot["expires_at"]) - clock.now()).days
    for ahead, told in ((31, 0), (30, 1), (20, 1), (7, 2), (6, 2)):
        with later(left - ahead + days):
            remind_holders()
            remind_holders()
            db.session.rollback()
            found = notices.list_notices(walker.holder_id, 10)
            assert len(found) == told, ahead
    assert {each.details["points"] for each in found} == {120}
    assert notices.list_notices(idle.holder_id, 10) == []


def test_the_people_of_a_sponsor_are_told_once_that_its_budget_is_used_up(app: Flask, bank: Bank) -> None:
    code, walker = bank.opened(), person(app)
    thanked(act(walker.holder_id, 900))
    remind_holders()
    told = [each.message for each in notices.list_notices(bank.office.owner.holder_id, 10)]
    assert "rewards.notice_exhausted" not in told, "it had no budget yet"
    assert app.test_client().get(f"/v1/points/programmes/{code}").json["state"] == "upcoming"
    bank.funded(code, "1.00")
    thanked(act(walker.holder_id, 900), act(walker.holder_id, 900))
    remind_holders()
    remind_holders()
    told = [each.details for each in notices.list_notices(bank.office.owner.holder_id, 10)]
    assert told.count({"programme": "绿色通勤"}) == 1
    with clock.frozen(clock.end_of_day(clock.business_day()) - timedelta(seconds=1)):
        with transaction():
            programmes.fund_sample(programme_id(code), 100)
        thanked(act(walker.holder_id, 9_000))
        remind_holders()
    told = [each.details for each in notices.list_notices(bank.office.owner.holder_id, 10)]
    assert told.count({"programme": "绿色通勤"}) == 1, "a budget that runs dry twice a day is told of once"
    page = app.test_client().get(f"/points/programmes/{code}").text
    assert "起预算已用完，停止发放" in page


def test_a_sponsor_sees_what_its_money_did_and_nobody_elses(app: Flask, bank: Bank) -> None:
    code = bank.opened()
    bank.funded(code, "100.00")
    walker, shop = person(app), giver()
    with transaction():
        grants.grant(programme_id(code), "test", [(1, walker.holder_id, 3_000)])
        spending.spend(spending.reserve(walker.holder_id, 1_200, "coupon", shop))
        spending.reserve(walker.holder_id, 300, "goods", shop)
    count_thanks()
    [told] = bank.office.get("/sponsoring")["items"]
    budget = told["budget"]
    assert (budget["paid_in_fen"], budget["spent"], budget["outstanding"], budget["promise"]) == (
        10_000,
        1_200,
        1_800,
        7_000,
    )
    assert (budget["tally"]["granted"], budget["tally"]["spent_on"]) == (3_000, {"coupon": 1_200})
    assert [(each["payments"], each["amount_fen"]) for each in told["givers"]] == [(1, 1_200)]
    viewer = bank.office.member("viewer")
    assert bank.office.get("/sponsoring", viewer)["items"] == [told]
    assert bank.office.ask("GET", "/sponsoring", None, walker).status_code == 404
    other = Office(app)
    assert other.get("/sponsoring")["items"] == []
    with transaction():
        grants.take_back(walker.holder_id, "test", 1)
    count_thanks()
    budget = bank.office.get("/sponsoring")["items"][0]["budget"]
    tally = budget["tally"]
    assert (budget["spent"], budget["outstanding"], tally["taken_back"]) == (1_200, 300, 1_500)
    assert tally["granted"] == 3_000 == 1_200 + 300 + tally["expired"] + tally["taken_back"]
    assert_covered()


def test_my_points_are_explained_over_http(app: Flask, bank: Bank) -> None:
    walker, shop = person(app), giver()
    mine = sponsor(pays_for=["coupon"])
    with transaction():
        grants.grant(mine, "test", [(7, walker.holder_id, 500)])
        kept = spending.reserve(walker.holder_id, 200, "coupon", shop)
        spending.spend(kept)
        spending.give_back(spending.reserve(walker.holder_id, 100, "coupon", shop))
    client = app.test_client()

    def read(path: str) -> Any:
        answer = client.get(f"/v1/points{path}", headers=walker.auth)
        assert answer.status_code == 200, answer.text
        return answer.json

    assert [(each["points"], each["programme"]) for each in read("/expiring")["items"]] == [(300, "Thanks")]
    assert [(each["points"], each["spent_at"] is None) for each in read("/spendings")["items"]] == [
        (100, True),
        (200, False),
    ]
    assert read("/rules")["version"] == "2026-1"
    assert client.get("/v1/points/expiring").status_code == 401
    assert client.get("/v1/points/spendings?after=x", headers=walker.auth).status_code == 422
    assert client.get("/v1/points/programmes/NOSUCH").status_code == 404


def test_every_page_is_whole_in_both_languages(app: Flask, bank: Bank) -> None:
    code = bank.opened(scene_metro=0, pays_coupon="yes", ends_on="2027-12-31")
    bank.funded(code, "1.00")
    visitor = Visitor(app).sign_in()
    thanked(*(act(visitor.holder_id, grams, "bus") for grams in (600, 3, 900)))
    tariff = {"grams_per_point": 50, "life_months": 12, "form_key": random_code(20)}
    tariff["valid_from"] = (clock.business_day() + timedelta(days=40)).isoformat()
    bank.anna.post(f"{DESK}/{code}/tariffs", tariff)
    bank.anna.post(DESK, bank.terms(name="另一个"))
    count_thanks()
    own = (
        "/me/points",
        "/me/points/history",
        "/me/points/history?show=nothing",
        "/me/points/spendings",
        "/me",
    )
    public = ("/points", "/points/programmes", f"/points/programmes/{code}")
    desk = (DESK, f"{DESK}/new", f"{DESK}/{code}", "/console")
    for language in ("zh", "en"):
        for reader, paths in ((visitor, own + public), (bank.bao, desk), (bank.chen, desk[2:])):
            reader.speak(language)
            for path in paths:
                answer = reader.get(path)
                assert answer.status_code == 200, path
                assert_sound(answer.text, language, path)
    visitor.speak("zh")
    assert "不足一分" in visitor.get("/me/points/history?show=nothing").text
    assert "预算已用完" in visitor.get("/me/points/history?show=nothing").text
    assert visitor.get(f"/organisations/{bank.office.code}/sponsoring").status_code == 404


def test_money_that_no_movement_tells_of_is_found(app: Flask, bank: Bank) -> None:
    bank.funded(bank.opened(), "10.00")
    assert_covered()
    with transaction() as session:
        session.execute(text("ALTER TABLE fund_movement DISABLE TRIGGER ALL"))
        session.execute(text("UPDATE fund_movement SET amount_fen = amount_fen + 1"))
    db.session.rollback()
    assert [proof.claim for proof in queries.prove() if not proof.holds] == ["rewards.prove_funds"]


def test_programmes_that_run_are_never_pushed_out_by_those_that_ended(app: Flask, bank: Bank) -> None:
    first = bank.opened()
    today = clock.business_day()
    with transaction():
        for number in range(101):
            days = {"ends_on": today - timedelta(days=1)} if number else {}
            programmes.open_programme(None, 1, f"#{number}", today - timedelta(days=9), **days)
    form = {"kind": "deposit", "amount": "1.00", "bank_reference": "B-9", "form_key": random_code(20)}
    assert bank.chen.post(f"{DESK}/{first}/movements", form).status_code == 303
    assert f'href="{DESK}/{first}"' in bank.dai.get(DESK).text, "the money that waits is of the oldest"
    public = app.test_client()
    told = public.get("/v1/points/programmes?limit=60").json
    rest = public.get(f"/v1/points/programmes?limit=60&after={told['next']}").json
    assert [each["name"] for each in told["items"]][:3] == ["绿色通勤", "#0", "#100"]
    assert (len(told["items"]), len(rest["items"]), rest["next"]) == (62, 40, None)
    older = re.search(r"/points/programmes\?after=[\w-]+", public.get("/points/programmes").text)
    assert older is not None
    assert "#1<" in public.get(older[0]).text
    assert "绿色通勤" not in public.get(older[0]).text
