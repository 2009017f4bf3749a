"""The pages of planting together: begun by a form, pledged, bought, attested; strangers see nothing of it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from builders import Forest, forest, person
from flask import Flask
from giving import settle_all
from visiting import Visitor

import simulator
from app.kit import clock
from app.kit.messages import t
from app.kit.transaction import transaction
from app.offsets import services as offsets
from app.offsets.queries import get_orders
from app.offsets.services.words import PaidWord
from app.rewards.queries import plantings as known
from app.rewards.queries.groups import GroupFacts
from app.rewards.services import groups
from app.web.groves import PLANTED, TREES, grove


@pytest.fixture
def lot(app: Flask) -> Forest:
    """A village with a tonne on sale."""
    return forest(1000)


@pytest.fixture
def member(app: Flask, phone: simulator.Running) -> Visitor:
    """A signed-in person."""
    return Visitor(app).sign_in()


def _group(member: Visitor) -> GroupFacts:
    with transaction():
        return groups.make_group(member.holder_id, "class", "三年二班", listed=False)


def _begun(member: Visitor, lot: Forest, group: GroupFacts, **wish: Any) -> str:
    told = {
        "form_key": f"key{len(str(wish))}",
        "group": group.code,
        "goal_kg": "20",
        "lot": lot.lot_code,
        "way": "at_once",
        "last_day": str(clock.business_day() + timedelta(days=5)),
    }
    answer = member.post("/plantings", told | wish)
    assert answer.status_code == 303, answer.text
    return str(answer.location.split("/")[-1].partition("?")[0])


def _pay_all(member: Visitor) -> None:
    with transaction():
        orders = [each for each in get_orders(range(1, 50)).values() if each.status == "reserved"]
        for order in orders:
            word = PaidWord(order.code, f"T{order.code[:20]}", order.amount_fen, "CNY", clock.now())
            offsets.payments.record_payment(word)
    settle_all()


@pytest.mark.parametrize(("language", "said"), [("zh", "目标达成"), ("en", "The goal is reached")])
def test_a_part_is_bought_by_the_page_and_its_certificate_stands_there(
    app: Flask, member: Visitor, lot: Forest, language: str, said: str
) -> None:
    member.speak(language)
    code = _begun(member, lot, _group(member))
    for form in ({"quantity_kg": "30"}, {"quantity_kg": "x"}, {"quantity_kg": "7"}):
        refused = member.post(f"/plantings/{code}/orders", {"form_key": str(form), **form})
        assert refused.status_code in (409, 422), refused.text
    for _ in range(2):
        bought = member.post(f"/plantings/{code}/orders", {"form_key": "once", "quantity_kg": "20"})
        assert bought.location.startswith(f"{member.phone_url}/phone/pay?")
    _pay_all(member)
    page = member.get(f"/plantings/{code}")
    [part] = known.list_parts(known.get_planting(member.holder_id, code))
    assert said in page.text
    assert part.serial in page.text
    assert "20 kg" in member.get("/me/notices").text
    number = known.get_planting(member.holder_id, code).attestation
    shown = Visitor(app).speak(language).get(f"/attestations/{number}")
    assert shown.status_code == 200
    assert part.serial in shown.text
    assert "三年二班" not in shown.text
    printed = Visitor(app).get(f"/attestations/{number}.svg")
    assert (printed.status_code, part.serial in printed.text) == (200, True)
    order = member.get(re.findall(r"/orders/\w{26}", member.get("/orders").text)[0]).text
    assert f'href="/plantings/{code}"' in order
    assert t("web.carried_over", language) not in order, "nothing of a part is carried"
    listed = member.get("/plantings")
    assert (listed.status_code, code in listed.text) == (200, True)


def test_a_pledge_costs_nothing_and_is_taken_back(member: Visitor, lot: Forest) -> None:
    code = _begun(member, lot, _group(member), way="together")
    for written, pledged in (("10", 10), ("0", 0)):
        assert member.post(f"/plantings/{code}/pledge", {"quantity_kg": written}).status_code == 303
        assert known.get_planting(member.holder_id, code).pledged_kg == pledged
    assert member.post(f"/plantings/{code}/pledge", {"quantity_kg": "40"}).status_code == 409
    other = forest(1000)
    assert member.post(f"/plantings/{code}/forest", {"lot": other.lot_code}).status_code == 303
    assert member.post(f"/plantings/{code}/call-off").status_code == 303
    assert "取消" in member.speak("zh").get(f"/plantings/{code}").text


def test_strangers_find_nothing_and_whoever_has_no_group_is_told(
    app: Flask, member: Visitor, lot: Forest
) -> None:
    code = _begun(member, lot, _group(member))
    away = Visitor(app)
    assert away.get(f"/plantings/{code}").status_code == 302
    away.sign_in()
    assert away.get(f"/plantings/{code}").status_code == 404
    for path in ("pledge", "orders", "forest", "call-off"):
        answer = away.post(f"/plantings/{code}/{path}", {"form_key": "k", "quantity_kg": "10", "lot": "X"})
        assert answer.status_code == 404, path
    assert "/groups" in away.get("/plantings/new").text
    wrong = member.post("/plantings", {"form_key": "w", "group": "none", "way": "gladly"})
    assert wrong.status_code == 422
    assert person(app).holder_id not in known.get_planting(member.holder_id, code).shares


def test_the_wood_is_full_only_at_the_goal_and_never_empty_once_begun() -> None:
    def planted(kg: int) -> int:
        return sum(tree.state == PLANTED for tree in grove(1000, kg, kg, 0))

    assert [planted(kg) for kg in (0, 1, 500, 999, 1000)] == [0, 1, 12, 23, TREES]
    assert len({(tree.x, tree.y) for tree in grove(1, 0, 0, 0)}) == TREES
