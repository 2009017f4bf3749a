"""From every page about thanks one comes to the others: what was earned, why not, what to do with it."""

import re

from evidence import morning
from flask import Flask
from redeeming import Counter
from rewarding import giver, sponsor, with_points
from visiting import Visitor

from app.accounts.services import notices
from app.footprint import services as footprint
from app.kit import announcements
from app.kit.transaction import transaction
from app.rewards.services import grants, spending

STARTS = ("/", "/me", "/me/points", "/me/notices", "/boards", "/groups", "/rewards", "/challenges", "/drives")


def links(page: str) -> set[str]:
    """The addresses of this site that a page leads to."""
    return {each.partition("#")[0].replace("&amp;", "&") for each in re.findall(r'href="(/[^"]*)"', page)}


def test_no_page_about_thanks_leads_nowhere(app: Flask) -> None:
    someone = Visitor(app).sign_in()
    with transaction():
        notices.tell([someone.holder_id], "rewards.notice_points_expire", "x", points=3, day="2026-12-01")
    led = {path: links(someone.get(path).text) for path in STARTS}
    everywhere = sorted(set().union(*led.values()) - {"/books", "/docs"})
    dead = [each for each in everywhere if someone.get(each).status_code not in (200, 302, 303)]
    assert dead == []
    assert {"/me/points", "/rewards"} <= led["/"]
    assert {"/rewards", "/drives", "/me/points/history", "/me/fairness"} <= led["/me/points"]
    assert {"/me/points", "/points"} <= led["/rewards"]
    assert {"/rewards", "/drives", "/challenges"} <= links(Visitor(app).get("/").text)
    assert "/me/points" in led["/me/notices"]


def test_an_act_leads_to_what_it_earned_or_why_nothing(app: Flask) -> None:
    rider = Visitor(app).sign_in()
    with transaction():
        ride = footprint.record_action(rider.holder_id, "metro", morning(1), 9_000).action
    announcements.deliver()
    why = f"/me/fairness/acts/{ride.code}"
    assert why in rider.get(f"/actions/{ride.code}").text
    assert why in rider.get("/me/points/history?show=nothing").text
    assert rider.get(why).status_code == 200


def test_the_front_pages_show_what_can_be_spent_and_not_what_is_owed(app: Flask) -> None:
    someone = Visitor(app).sign_in()
    programme_id, payee_id = sponsor(1_000), giver()
    with transaction():
        grants.grant(programme_id, "test", [(1, someone.holder_id, 70)])
        spending.spend(spending.reserve(someone.holder_id, 50, "coupon", payee_id))
        grants.take_back(someone.holder_id, "test", 1)
        grants.grant(programme_id, "test", [(2, someone.holder_id, 80)])
    shown = re.compile(r'<h2[^>]*>积分</h2><b class="num">(\d+)</b>')
    assert [shown.findall(someone.get(path).text) for path in ("/", "/me")] == [["30"], ["30"]]


def test_a_thing_is_offered_for_the_points_whose_sponsors_pay_for_it(app: Flask) -> None:
    someone, coupon = Visitor(app).sign_in(), Counter(app).offer()
    programme_id = sponsor(1_000, pays_for=["goods"])
    with transaction():
        grants.grant(programme_id, "sample", [(1, someone.holder_id, 200)])
    shown = someone.get(f"/rewards/{coupon}").text
    assert "另有 200 分" in shown
    assert "积分还不够" in shown
    with_points(someone.holder_id, 150)
    shown = someone.get(f"/rewards/{coupon}").text
    assert "积分还不够" not in shown
    assert someone.post(f"/rewards/{coupon}", {"form_key": "k"}).status_code == 303
    spendings = someone.get("/me/points/spendings").text
    assert re.search(r'href="/me/redemptions/\w{12,}"', spendings)
