"""The market's pages: search without JavaScript, wishes on a phone, answers, and the operators' desk."""

import re
from typing import Any

import market
import pytest
from flask import Flask
from visiting import Visitor, at_console

from app.accounts import services as accounts
from app.kit import clock
from app.kit.codes import random_code
from app.kit.transaction import transaction
from app.offsets import jobs as offsets
from app.offsets import queries as orders
from app.offsets import services as selling
from app.offsets.services.words import PaidWord
from app.registry import queries, services

LANGUAGES = ("zh", "en")


@pytest.fixture
def buyer(app: Flask) -> Visitor:
    """A signed-in person."""
    return Visitor(app).sign_in()


def read(visitor: Visitor, path: str, status: int = 200) -> str:
    answer = visitor.get(path)
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text
    return answer.text.split("<main", 1)[1]


def posted(buyer: Visitor, **form: str) -> str:
    wish = {"form_key": random_code(20), "steps": "10", "price": "1.00", "days": "30"} | form
    answer = buyer.post("/me/wishes", wish)
    assert answer.status_code == 303, answer.text
    return str(queries.list_wishes_of(buyer.holder_id, 1)[0].code)


def test_the_market_is_searched_by_a_plain_form(app: Flask) -> None:
    bamboo = market.lot(village_zh="竹村", village_en="Bamboo village")
    fir = market.lot(forest_type="chinese_fir", price_fen=250, village_zh="杉村", village_en="Fir village")
    visitor = Visitor(app)
    everything = read(visitor, "/market")
    assert bamboo.code in everything
    assert fir.code in everything
    form = re.search(r'<form method="get" action="/market".*?</form>', everything, re.S)
    assert form is not None
    assert set(re.findall(r'name="(\w+)"', form[0])) == {
        "name", "region", "forest_type", "vintage_from", "vintage_to", "price", "least_kg", "sort",
        "product",
    }  # fmt: skip
    for query, shown in (
        ("forest_type=chinese_fir", {fir.code}),
        ("price=100", {bamboo.code}),
        ("name=竹村&region=&price=", {bamboo.code}),
        ("least_kg=2000", set()),
        ("region=3507&sort=price", {bamboo.code, fir.code}),
    ):
        found = read(visitor, f"/market?{query}")
        assert {code for code in (bamboo.code, fir.code) if code in found} == shown, query
    assert "Bamboo village" in read(visitor.speak("en"), "/market")


@pytest.mark.parametrize(
    "query", ["price=free", "vintage_from=x", "vintage_from=2022&vintage_to=2020", "region=x", "sort=worst",
              "least_kg=0", "least_kg=1&least_kg=2", "unknown=1", f"name={'x' * 61}"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/market", "/market/wishes"])
def test_a_filter_that_is_wrong_is_said_on_the_page(app: Flask, path: str, query: str) -> None:
    visitor = Visitor(app)
    assert 'role="alert"' in read(visitor, f"{path}?{query}", 422)


def test_a_long_market_has_pages_that_keep_the_filter(app: Flask) -> None:
    owner, project = market.grow(1000)
    with transaction():
        for _ in range(25):
            services.sell(owner, services.Offering(project, 2022, 10, 100))
    visitor = Visitor(app)
    first = read(visitor, "/market?region=3507&sort=price")
    [following] = re.findall(r'href="(/market\?[^"]*after=[^"]*)"', first)
    second = read(visitor, following.replace("&amp;", "&"))
    assert "region=3507" in following
    codes = [set(re.findall(r'href="/forest/(\w{26})"', shown)) for shown in (first, second)]
    assert (len(codes[0]), len(codes[1]), codes[0] & codes[1]) == (20, 5, set())


def test_a_wish_goes_from_the_phone_to_the_market_to_an_answer_to_an_order(
    app: Flask, buyer: Visitor
) -> None:
    seller = Visitor(app).sign_in()
    market.grow(1000, holder_id=seller.holder_id)
    code = posted(buyer, region="350721", forest_type="bamboo", vintage_from="2020")
    assert "尚缺" in read(buyer, f"/me/wishes/{code}")
    public = read(Visitor(app), f"/market/wishes/{code}")
    assert "100 kg" in public.replace("\xa0", " ")
    assert code in read(Visitor(app), "/market/wishes")
    assert code not in read(Visitor(app), "/market/wishes?forest_type=chinese_fir")
    assert "没有符合条件的在售货批" in read(seller, f"/market/wishes/{code}")
    [units] = re.findall(r'<option value="(\w+)"', read(seller, "/me/lots").split('name="units"')[1])
    sale = {"form_key": random_code(20), "units": units, "steps": "50", "price": "0.90"}
    opened = seller.post("/me/lots", sale)
    assert opened.status_code == 303, opened.text
    lot = opened.location.split("/")[-1].split("?")[0]
    assert seller.post("/me/lots", sale).location == opened.location
    assert seller.post("/me/lots", sale | {"steps": "51"}).status_code == 409
    assert f'value="{lot}"' in read(seller, f"/market/wishes/{code}")
    assert seller.post(f"/market/wishes/{code}/offers", {"lot": lot}).status_code == 303
    told = read(buyer, f"/me/wishes/{code}")
    assert f"/forest/{lot}?wish={code}#buy" in told.split("符合条件的货批")[0]
    assert "1 个应答" in read(buyer, "/me/wishes")
    shop = read(buyer, f"/forest/{lot}?wish={code}&steps=7")
    for said in (f'name="wish" value="{code}"', "¥6.30", "¥5.67", "¥0.63", "个人卖方", "CCER", "不能退回"):
        assert said in shop, said
    bought = buyer.post("/orders", {"lot": lot, "steps": "7", "wish": code})
    assert bought.status_code == 303, bought.text
    order = orders.list_orders(buyer.holder_id, 1)[0]
    with transaction():
        word = PaidWord(order.code, f"T{order.code[:20]}", order.amount_fen, "CNY", clock.now())
        selling.payments.record_payment(word)
    offsets.settle_paid()
    offsets.tell_wishes()
    assert "求购 30" in read(buyer, f"/me/wishes/{code}")
    assert buyer.post(f"/me/wishes/{code}/withdraw").status_code == 303
    assert buyer.post(f"/me/wishes/{code}/withdraw").status_code == 409
    assert "已撤回" in read(Visitor(app), f"/market/wishes/{code}")
    assert code not in read(Visitor(app), "/market/wishes")
    assert seller.post(f"/me/lots/{lot}/close").status_code == 303
    assert "已撤下" in read(seller, "/me/lots")
    market.prove()


def test_no_page_of_the_market_says_who_wishes(app: Flask, buyer: Visitor) -> None:
    code = posted(buyer)
    with transaction():
        from app.accounts import queries as holders

        secrets = [holders.get_holder(buyer.holder_id).code, holders.find_openid(buyer.holder_id) or ""]
    for path in ("/market/wishes", f"/market/wishes/{code}"):
        shown = read(Visitor(app), path)
        assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize(
    "change",
    [{"steps": "0"}, {"steps": "1.5"}, {"steps": ""}, {"price": "free"}, {"price": "1000000.01"},
     {"region": "3"}, {"vintage_from": "2023", "vintage_to": "2020"}, {"days": "365"}, {"form_key": ""},
     {"name": "call me"}, {"forest_type": "oak"}],
)  # fmt: skip
def test_a_wish_that_is_wrong_is_said_beside_its_field(buyer: Visitor, change: dict[str, str]) -> None:
    wish = {"form_key": random_code(20), "steps": "10", "price": "1.00", "days": "30"} | change
    answer = buyer.post("/me/wishes", wish)
    assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
    assert queries.list_wishes_of(buyer.holder_id, 10) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [({"units": "NONE_2022_0"}, 422), ({"units": "NONE"}, 422), ({"units": "NONE_2022_x"}, 422),
     ({"steps": "101"}, 409), ({"steps": "x"}, 422), ({"price": "0"}, 422), ({"price": "1000000.01"}, 422)],
)  # fmt: skip
def test_a_sale_that_is_wrong_is_said_beside_its_field(
    buyer: Visitor, change: dict[str, str], status: int
) -> None:
    _, project = market.grow(1000, holder_id=buyer.holder_id)
    sale = {
        "form_key": random_code(20),
        "units": f"{project}_2022_0",
        "steps": "10",
        "price": "1.00",
    } | change
    answer = buyer.post("/me/lots", sale)
    assert (answer.status_code, 'role="alert"' in answer.text) == (status, True)
    assert queries.list_lots_of(buyer.holder_id, 10) == []


def test_anothers_wish_and_lot_are_not_mine(app: Flask, buyer: Visitor) -> None:
    code, lot = posted(buyer), market.lot()
    other = Visitor(app).sign_in()
    assert other.get(f"/me/wishes/{code}").status_code == 404
    assert other.post(f"/me/wishes/{code}/withdraw").status_code == 404
    assert other.post(f"/me/lots/{lot.code}/close").status_code == 403
    assert other.post(f"/market/wishes/{code}/offers", {"lot": lot.code}).status_code == 403
    assert Visitor(app).get("/me/wishes").status_code == 302
    assert Visitor(app).get("/me/lots").status_code == 302


def test_a_lot_page_shows_the_terms_of_the_quantity_that_is_asked_for(app: Flask) -> None:
    lot = market.lot(100_000, price_fen=133, kind="household", seller="示例农户")
    visitor = Visitor(app)
    shown = read(visitor, f"/forest/{lot.code}?steps=37")
    assert "¥49.21" in shown
    assert "¥44.29" in shown
    assert "¥4.92" in shown
    for steps in ("0", "-1", "x", "9999999", "٣", "99999999999"):
        assert "¥1.33" in read(visitor, f"/forest/{lot.code}?steps={steps}")


def test_a_lot_page_counts_the_wishes_that_it_fits(app: Flask, buyer: Visitor) -> None:
    lot = market.lot()
    assert "条求购与这一批相符" not in read(buyer, f"/forest/{lot.code}")
    code = posted(buyer)
    posted(buyer, price="0.50")
    shown = read(buyer, f"/forest/{lot.code}")
    assert "有 1 条求购与这一批相符" in shown
    [path] = re.findall(r'href="(/market/wishes\?[^"]+)"', shown)
    assert code in read(buyer, path.replace("&amp;", "&"))


@pytest.fixture
def desk(app: Flask) -> Visitor:
    """An operator of the registry."""
    return at_console(app, "registry")


def test_two_operators_sell_for_a_village_and_one_takes_it_back(app: Flask, desk: Visitor) -> None:
    owner, project = market.grow(1000, kind="household", seller="示例农户 1号")
    with transaction():
        village = accounts.open_holder("village", "示例村集体 V", "350721")
    new = read(desk, "/console/market/new")
    assert f"{owner}_{project}_2022_0" in new
    form: dict[str, Any] = {
        "form_key": random_code(20),
        "units": f"{owner}_{project}_2022_0",
        "steps": "20",
        "price": "1.50",
        "village": village.code,
        "village_percent": "20",
        "note": "委托书 7",
    }
    for change, status in (
        ({"note": ""}, 422),
        ({"steps": "101"}, 409),
        ({"units": "1_X_2022_0"}, 422),
        ({"village_percent": "51"}, 422),
        ({"village": ""}, 422),
        ({"village": "NOBODY"}, 404),
        ({"price": ""}, 422),
    ):
        answer = desk.post("/console/market", form | {"form_key": random_code(20)} | change)
        assert answer.status_code == status, change
    asked, again = (desk.post("/console/market", form) for _ in range(2))
    assert (asked.status_code, asked.headers["Location"]) == (303, again.headers["Location"])
    path = asked.headers["Location"].partition("?")[0]
    assert queries.search_lots(queries.Search(), 10) == []
    shown = read(desk, path)
    for each in ("代卖方挂牌", "1.50", "30.00", "21.00", "6.00", "3.00", "委托书 7", "示例村集体 V"):
        assert each in shown, each
    assert "/approve" not in shown, "nobody approves their own"
    assert desk.post(f"{path}/approve").status_code == 409
    second = at_console(app, "registry")
    assert "/approve" in read(second, path)
    assert second.post(f"{path}/approve").status_code == 303
    [lot] = queries.search_lots(queries.Search(), 10)
    assert (lot.shares.seller_fen, lot.shares.village_fen, lot.shares.fee_fen) == (105, 30, 15)
    assert lot.code in read(desk, "/console/market")
    assert f"/forest/{lot.code}" in read(second, path)
    assert desk.post(f"/console/market/{lot.code}/close").status_code == 422
    assert desk.post(f"/console/market/{lot.code}/close", {"reason": "村里要求"}).status_code == 303
    assert desk.post("/console/market/NONE/close", {"reason": "x"}).status_code == 404
    assert queries.search_lots(queries.Search(), 10) == []
    log = read(at_console(app, "auditor"), f"/console/audit?subject={lot.code}")
    assert "代卖方挂牌" in log
    assert "村里要求" in log


def test_an_operator_answers_and_hides_wishes(app: Flask, desk: Visitor, buyer: Visitor) -> None:
    lot, code = market.lot(), posted(buyer)
    path = f"/console/market/wishes/{code}"
    assert code in read(desk, "/console/market/wishes")
    assert desk.post(f"{path}/offers", {"lot": "NONE"}).status_code == 404
    assert desk.post(f"{path}/offers", {"lot": lot.code}).status_code == 303
    assert lot.code in read(buyer, f"/me/wishes/{code}")
    assert desk.post(f"{path}/hide").status_code == 422
    assert desk.post(f"{path}/hide", {"reason": "刷单嫌疑"}).status_code == 303
    assert desk.post(f"{path}/hide", {"reason": "again"}).status_code == 404
    assert Visitor(app).get(f"/market/wishes/{code}").status_code == 404
    assert "刷单嫌疑" in read(buyer, f"/me/wishes/{code}")
    assert "刷单嫌疑" in read(at_console(app, "auditor"), f"/console/audit?subject={code}")


def test_who_may_only_read_the_registry_changes_nothing(app: Flask, buyer: Visitor) -> None:
    lot, code = market.lot(), posted(buyer)
    auditor = at_console(app, "auditor")
    assert "/close" not in read(auditor, "/console/market")
    assert "/hide" not in read(auditor, "/console/market/wishes")
    for path in (
        "/console/market",
        f"/console/market/{lot.code}/close",
        f"/console/market/wishes/{code}/hide",
        f"/console/market/wishes/{code}/offers",
    ):
        assert auditor.post(path, {"reason": "x"}).status_code == 403
    assert at_console(app, "finance").get("/console/market").status_code == 403
    assert Visitor(app).get("/console/market").status_code == 302


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_whole_in_both_languages(app: Flask, buyer: Visitor, language: str) -> None:
    lot, code = market.lot(), posted(buyer)
    buyer.speak(language)
    pages = ("/market", "/market/wishes", f"/market/wishes/{code}", "/me/wishes", "/me/wishes/new",
             f"/me/wishes/{code}", "/me/lots", f"/forest/{lot.code}")  # fmt: skip
    for path in pages:
        shown = read(buyer, path)
        assert not re.search(r"\b(web|registry|kit)\.[a-z_]+\b", shown), path
        if language == "en":
            chinese = re.findall(r">[^<]*[\u4e00-\u9fff]{2,}[^<]*<", shown)
            allowed = ("中文", "示例", "顺昌", "森惠")
            assert [each for each in chinese if not any(word in each for word in allowed)] == [], path
