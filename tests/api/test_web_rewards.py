"""The pages of the catalogue: for anybody, whoever redeems, shops and operators; in both languages."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from redeeming import ADDRESS, Counter, remaining
from rewarding import assert_covered, balances, with_points
from seeing import assert_sound
from visiting import Visitor, at_console

import simulator
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.rewards.jobs.redemptions import ask_partners
from app.rewards.queries.redemptions import list_redemptions
from app.rewards.rules.items import Kind, Supply
from app.rewards.services.sample_items import load_sample_items


def key(page: str) -> dict[str, str]:
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found is not None, page
    return {"form_key": found[1]}


def whole(visitor: Visitor, path: str) -> str:
    """A page is safe and whole in both languages; its Chinese text."""
    for language in ("en", "zh"):
        answer = visitor.speak(language).get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        assert_sound(answer.text, language, path)
        assert not re.search(r">\s*(web\.|rewards\.|reward_|redemption_)[a-z_]+\s*<", answer.text), path
    return answer.text


@pytest.fixture
def counter(app: Flask) -> Counter:
    return Counter(app)


@pytest.fixture
def visitor(app: Flask, phone: simulator.Running) -> Visitor:
    visitor = Visitor(app).sign_in()
    with_points(visitor.holder_id, 2000)
    return visitor


def redeem(visitor: Visitor, item: str, **form: str) -> str:
    page = visitor.get(f"/rewards/{item}").text
    answer = visitor.post(f"/rewards/{item}", key(page) | form)
    assert answer.status_code == 303, answer.text
    return str(answer.location.partition("?")[0])


def test_the_sample_catalogue_is_whole_for_anybody_and_loaded_once(
    app: Flask, counter: Counter, phone: simulator.Running
) -> None:
    for url in (phone.base_url, phone.base_url, "http://127.0.0.1:9"):
        with transaction():
            load_sample_items(counter.first, counter.second, url, b"7" * 32)
    anybody = Visitor(app)
    page = whole(anybody, "/rewards")
    codes = re.findall(r'href="/rewards/(\w{12})"', page)
    assert len(codes) == 6, "the shop that has moved offers its item once"
    for code in codes:
        shown = whole(anybody, f"/rewards/{code}")
        assert "登录后兑换" in shown
    assert "山村图书角" in whole(anybody, "/rewards?kind=charity")
    assert anybody.get("/rewards/000000000000").status_code == 404


def test_the_same_form_redeems_once_and_the_coupon_is_scanned_by_its_shop_alone(
    app: Flask, counter: Counter, visitor: Visitor
) -> None:
    item = counter.offer()
    form = key(whole(visitor, f"/rewards/{item}"))
    first, again = (visitor.post(f"/rewards/{item}", form) for _ in range(2))
    assert (first.status_code, first.location) == (303, again.location)
    assert remaining(item) == 9
    path = first.location.partition("?")[0]
    assert "<svg" in whole(visitor, path)
    [found] = list_redemptions(visitor.holder_id, 5)
    code = re.sub(r"\W", "", re.search(r'<code class="num">([^<]+)', visitor.get(path).text)[1])  # type: ignore[index]
    assert "拿铁一杯" not in whole(visitor, f"/vouchers/{code}"), "who is not of the shop learns nothing"
    till = Visitor(app).sign_in()
    link = counter.shop.invite("cashier")
    till.post(f"/organisations/join/{link}")
    joined = till.get(f"/vouchers/{code}")
    assert joined.location == f"/organisations/{counter.giver}/vouchers/{code}"
    assert "核销这张券" in whole(till, joined.location)
    base = f"/organisations/{counter.giver}/vouchers"
    assert till.post(base, {"code": "NOSUCHCODE"}).status_code == 404
    spaced = f"{code[:4]} {code[4:8]} {code[8:].lower()}"
    typed = till.post(base, {"code": spaced}).text
    assert f'action="{joined.location}/use"'.lower() in typed.lower(), (
        "a button that works, however the code was typed"
    )
    assert till.post(f"{joined.location}/use").status_code == 303
    assert till.post(f"{joined.location}/use").status_code == 409
    assert "拿铁一杯" in whole(till, base)
    assert "已使用" in whole(visitor, path)
    assert found.row.points == counter.owed_fen()
    assert_covered()


def test_a_parcels_way_through_form_console_and_receipt(
    app: Flask, counter: Counter, visitor: Visitor
) -> None:
    item = counter.offer(kind=Kind.GOODS, supply=Supply.DELIVERY)
    form = key(visitor.get(f"/rewards/{item}").text)
    wrong = visitor.post(f"/rewards/{item}", form | ADDRESS | {"phone": "110"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    mine = redeem(visitor, item, **ADDRESS)
    assert ADDRESS["place"] in whole(visitor, mine)
    code = mine.rpartition("/")[2]
    desk, other = (at_console(app, "rewards") for _ in range(2))
    base = f"/console/redemptions/{code}"
    assert ADDRESS["name"] not in whole(desk, base)
    assert ADDRESS["name"] in desk.post(f"{base}/address").text
    assert desk.post(f"{base}/parcel", {"carrier": "示例速运"}).status_code == 422
    assert desk.post(f"{base}/parcel", {"carrier": "示例速运", "tracking": "SF1"}).status_code == 303
    assert "SF1" in whole(visitor, mine)
    assert visitor.post(f"{mine}/return").status_code == 409
    assert visitor.post(f"{mine}/complaint", {"words": "箱子破了"}).status_code == 303
    assert "箱子破了" in whole(desk, base)
    assert desk.post(f"{base}/return", {"reason": "快递确认破损"}).status_code == 303
    assert desk.post(f"{base}/decision", {"approved": "yes"}).status_code == 403
    whole(desk, "/console/redemptions?waiting=returning")
    assert other.post(f"{base}/decision", {"approved": "yes"}).status_code == 303
    assert "平台核实后退回" in whole(visitor, mine)
    assert balances(visitor.holder_id).active == 2000
    whole(visitor, "/me/redemptions")
    whole(desk, "/console/redemptions")


def test_an_item_is_drafted_published_stocked_and_withdrawn_at_the_console(
    app: Flask, counter: Counter
) -> None:
    desk, other, reader = (at_console(app, role) for role in ("rewards", "rewards", "auditor"))
    form: dict[str, Any] = key(whole(desk, "/console/items/new")) | {
        "way": "coupon-uploaded",
        "giver": counter.giver,
        "title_zh": "公交券",
        "title_en": "Bus coupon",
        "terms_zh": "上车扫码。",
        "terms_en": "Scan it on the bus.",
        "points": "200",
        "opens_on": f"{clock.business_day()}",
    }
    for wrong in ({"points": "0"}, {"way": "goods-partner"}, {"giver": "NOBODY"}, {"use_days": "3"}):
        assert desk.post("/console/items", form | wrong).status_code == 422
    made = desk.post("/console/items", form)
    assert (made.status_code, desk.post("/console/items", form).location) == (303, made.location)
    path = made.location.partition("?")[0]
    item = path.rpartition("/")[2]
    assert "须由另一人核对后发布" in whole(desk, path)
    assert Visitor(app).get(f"/rewards/{item}").status_code == 404
    terms = re.search(r'name="terms" value="(\w+)"', other.get(path).text)
    assert terms is not None
    assert desk.post(f"{path}/publish", {"terms": terms[1]}).status_code == 403
    assert other.post(f"{path}/publish", {"terms": terms[1]}).status_code == 303
    pasted = desk.post(f"{path}/codes", {"codes": "BUS-1\nBUS-2"})
    assert "收下 2 个新券码" in pasted.text
    sheet = (io.BytesIO("券码,最后使用日\nBUS-3,2099-01-01\n".encode("gb18030")), "codes.csv")
    assert "收下 1 个新券码" in desk.post(f"{path}/codes", {"file": sheet}).text
    assert "第 2 行" in desk.post(f"{path}/codes", {"codes": "BUS-4\nx"}).text
    assert remaining(item) == 3
    assert (
        desk.post(f"{path}/stock", key(desk.get("/console/items/new").text) | {"more": "5"}).status_code
        == 409
    )
    for page in ("/console/items", path, "/console/items/partners"):
        whole(desk, page)
        whole(reader, page)
    assert reader.post(f"{path}/withdraw", {"why": "不再供应"}).status_code == 403
    assert desk.post(f"{path}/withdraw", {"why": "不再供应"}).status_code == 303
    assert "不再供应" in whole(Visitor(app), f"/rewards/{item}")


def test_a_partner_is_added_and_confirmed_and_its_vouchers_page_waits(
    app: Flask, counter: Counter, visitor: Visitor, phone: simulator.Running
) -> None:
    desk, other = (at_console(app, "rewards") for _ in range(2))
    page = desk.get("/console/items/partners").text
    told = {"giver": counter.giver, "base_url": phone.base_url, "public_key": "QUJD" * 10 + "QUI="}
    assert desk.post("/console/items/partners", key(page) | told | {"public_key": "x"}).status_code == 422
    assert desk.post("/console/items/partners", key(page) | told | {"base_url": "ftp://x"}).status_code == 422
    assert desk.post("/console/items/partners", key(page) | told).status_code == 303
    path = re.search(r"/console/items/partners/\w+", other.get("/console/items/partners").text)
    assert path is not None
    assert desk.post(f"{path[0]}/confirm").status_code == 403
    assert other.post(f"{path[0]}/confirm").status_code == 303
    db.session.rollback()
    code = path[0].rpartition("/")[2]
    item = counter.offer(supply=Supply.PARTNER, partner=code, product="latte")
    mine = redeem(visitor, item)
    assert 'http-equiv="refresh"' in whole(visitor, mine)
    ask_partners()
    assert "处理中" in whole(visitor, mine)
    shown = whole(desk, f"/console/redemptions/{mine.rpartition('/')[2]}")
    assert re.search("Unreachable|Unverified", shown), "its key is another, and it may not know ours"
    assert desk.post(f"{path[0]}/end").status_code == 303


def test_operators_without_the_right_and_strangers_see_nothing(app: Flask, counter: Counter) -> None:
    for path in ("/console/items", "/console/redemptions", "/console/items/partners"):
        assert at_console(app, "registry").get(path).status_code == 403
        assert Visitor(app).get(path).status_code == 302
    assert Visitor(app).get("/me/redemptions").status_code == 302
