"""The pages of levels, badges and years, as people see them."""

from datetime import date, timedelta

import pytest
from crowding import at
from flask import Flask
from markupsafe import escape
from visiting import Visitor

import simulator
from app.footprint import services as footprint
from app.footprint.queries import accounts
from app.kit import announcements, clock
from app.kit.transaction import transaction
from app.rewards.jobs.badges import give_badges
from app.rewards.queries.badges import list_open
from app.rewards.rules.levels import levels
from app.web.words import grams


@pytest.fixture
def rider(app: Flask, phone: simulator.Running) -> Visitor:
    """Somebody who has ridden the metro on three days of this year or the last."""
    rider = Visitor(app).sign_in()
    holder_id = rider.holder_id
    for days_ago in (1, 2, 4):
        started = at(clock.business_day() - timedelta(days_ago)).replace(hour=8)
        with clock.frozen(started + timedelta(hours=3)), transaction():
            footprint.record_action(holder_id, "metro", started, 6000, 1500)
    announcements.deliver()
    give_badges()
    return rider


def test_everybody_can_read_every_rule_in_both_languages(app: Flask) -> None:
    visitor = Visitor(app)
    for language in ("zh", "en"):
        said = visitor.speak(language).get("/badges").text
        for badge in list_open():
            assert escape(getattr(badge, f"rule_{language}")) in said
        assert all(getattr(level, f"name_{language}") in said for level in levels())


def test_my_badges_say_what_i_hold_what_is_lacking_and_how_long_i_may_rest(rider: Visitor) -> None:
    said = rider.get("/me/badges").text
    assert "第一步" in said
    assert "3 / 30" in said
    assert "现在还可以连着休息" in said
    assert said.count('class="acted"') == 3
    assert said.count('class="rested"') == 1
    assert rider.get("/me/notices").text.count("徽章") >= 1


def test_a_year_is_shown_and_hidden_with_a_form_and_its_link_says_no_name(app: Flask, rider: Visitor) -> None:
    year = (clock.business_day() - timedelta(1)).year
    assert rider.get("/me/year").location == f"/me/year/{year}"
    mine = rider.get(f"/me/year/{year}").text
    assert "/y/" not in mine, "nobody's year is shown by itself"
    assert rider.post(f"/me/year/{year}/show").status_code == 303
    link = "/y/" + rider.get(f"/me/year/{year}").text.split("/y/")[1].split('"')[0]
    stranger = Visitor(app)
    shown = stranger.get(link)
    assert shown.headers["X-Robots-Tag"] == "noindex"
    for told in ("一个人的", "地铁", "避免的排放不是抵消"):
        assert told in shown.text
    for hidden in ("/account/statement", f"/me/year/{year}/hide"):
        assert hidden not in shown.text
    picture = stranger.get(f"{link}.svg").text
    assert "扫码看这一年" in picture
    assert rider.post(f"/me/year/{year}/hide").status_code == 303
    assert stranger.get(link).status_code == 404
    assert rider.get(f"/me/year/{year}.pdf").data.startswith(b"%PDF")
    assert "扫码看徽章规则" in rider.get(f"/me/year/{year}.svg").text


def test_the_years_figures_are_those_of_the_account_that_it_leads_to(rider: Visitor) -> None:
    year = (clock.business_day() - timedelta(1)).year
    mine = rider.get(f"/me/year/{year}").text
    assert f'href="/account/{year}"' in mine
    [metro] = accounts.sum_avoided(rider.holder_id, date(year, 1, 1), date(year, 12, 31), "year")
    assert grams(metro.grams) in mine
    assert grams(metro.grams) in rider.get(f"/account/{year}").text
