"""Buying on the pages: the form, the sheet, the certificate; and that nobody sees another's."""

from datetime import timedelta

import pytest
from builders import Forest, forest, operator
from flask import Flask
from markupsafe import escape
from visiting import Visitor

import simulator
from app.accounts import services as accounts
from app.kit import announcements, clock
from app.kit.transaction import transaction
from app.offsets import jobs, queries, services
from app.offsets.services.words import PaidWord, RefundWord

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE orders; --",
    "{{ 7*7 }} {% raw %}",
    "</title><svg/onload=alert(1)>",
    "顺昌之友 & 邻里 <b>",
    "\u202egnirts",
]


@pytest.fixture
def lot(app: Flask) -> Forest:
    """A village with a tonne on sale."""
    with transaction():
        village = accounts.open_holder("village", "示例镇集体", "350721")
    return forest(1000, village_holder_id=village.id, village_bp=2000, fee_bp=1000)


@pytest.fixture
def buyer(app: Flask, phone: simulator.Running) -> Visitor:
    """A signed-in person."""
    return Visitor(app).sign_in()


def order_of(buyer: Visitor, lot: Forest, **form: str) -> str:
    """Place an order by the form and give back its code; the browser is on its way to the sheet."""
    answer = buyer.post("/orders", {"lot": lot.lot_code, "steps": "1", **form})
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith(f"{buyer.phone_url}/phone/pay?")
    return str(queries.list_orders(buyer.holder_id, 1)[0].code)


def settle(code: str, amount_fen: int = 100) -> None:
    """Let the provider say that an order is paid, and settle."""
    with transaction():
        services.payments.record_payment(PaidWord(code, f"T{code[:20]}", amount_fen, "CNY", clock.now()))
    assert jobs.settle_paid() == 1


def certificate_of(buyer: Visitor, code: str) -> str:
    number = queries.get_order(buyer.holder_id, code).certificate_number
    assert number is not None
    return str(number)


def test_the_forest_page_says_whose_when_how_much_and_who_is_paid(buyer: Visitor, lot: Forest) -> None:
    buyer.speak("zh")
    listed = buyer.get("/forest").text
    page = buyer.get(f"/forest/{lot.lot_code}").text
    for said in ("示例村集体", "2022-01-01 — 2022-12-31", "¥1.00", "剩余 1,000\u00a0kg", "示例"):
        assert said in listed, said
        assert said in page, said
    for said in ("¥0.70", "¥0.20", "¥0.10", "CCER", "不得用于碳市场履约", "公开"):
        assert said in page, said


def test_a_known_place_lists_its_lots_and_an_unknown_one_narrows_nothing(buyer: Visitor, lot: Forest) -> None:
    assert lot.lot_code in buyer.get("/forest?place=示例镇").text
    assert lot.lot_code in buyer.get("/forest?place=nowhere").text, "an unknown place narrows nothing"


def test_the_oldest_vintage_stands_first(buyer: Visitor, lot: Forest) -> None:
    older = forest(1000, vintage=2019)
    page = buyer.get("/forest").text
    assert page.index(older.lot_code) < page.index(lot.lot_code)


def test_an_order_goes_from_the_form_to_the_certificate(buyer: Visitor, lot: Forest) -> None:
    buyer.speak("zh")
    code = order_of(buyer, lot)
    assert 'data-status="reserved"' in buyer.get(f"/orders/{code}").text
    returned = buyer.get(f"/orders/{code}/return?result=ok").location
    waiting = buyer.get(returned).text
    assert 'hx-trigger="every 700ms"' in waiting
    assert "<noscript><meta http-equiv" in waiting
    settle(code)
    done = buyer.get(f"/orders/{code}/standing?paying=1").text
    assert 'data-status="settled"' in done
    assert "hx-trigger" not in done
    number = certificate_of(buyer, code)
    assert f'href="/c/{number}"' in done
    page = Visitor(buyer.app).speak("zh").get(f"/c/{number}").text
    for said in (
        "森林碳汇注销凭证",
        "示例项目",
        "示例村集体",
        "-2022-1-10",
        "CCER",
        "示例数据",
        "2022-01-01",
    ):
        assert said in page, said
    assert f"/c/{number}" in page
    assert "<svg" in page
    assert 'class="beneficiary"' not in page, "nobody asked for a name"


def test_coming_back_without_paying_waits_for_nothing(buyer: Visitor, lot: Forest) -> None:
    code = order_of(buyer, lot)
    page = buyer.get(buyer.get(f"/orders/{code}/return?result=cancel").location).text
    assert "hx-trigger" not in page
    assert f'action="/orders/{code}/pay"' in page
    again = buyer.post(f"/orders/{code}/pay")
    assert again.location.startswith(f"{buyer.phone_url}/phone/pay?")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(buyer: Visitor, lot: Forest, name: str) -> None:
    code = order_of(buyer, lot, beneficiary=name)
    settle(code)
    number = certificate_of(buyer, code)
    for path in (f"/c/{number}", f"/orders/{code}", f"/orders/{code}/standing"):
        page = buyer.get(path).text
        assert "alert(1)" not in page or "&lt;" in page
        for tag in ("<script>alert", "<img src=x", "<svg/onload", " 49 "):
            assert tag not in page, path
        assert name not in page or escape(name) == name, path
        assert str(escape(name)) in page, path


@pytest.mark.parametrize("name", ["a" * 41, "a\x00b", "a\nb\x1b[31m"])
def test_a_name_that_cannot_stand_on_paper_is_refused_beside_its_field(
    buyer: Visitor, lot: Forest, name: str
) -> None:
    answer = buyer.post("/orders", {"lot": lot.lot_code, "steps": "1", "beneficiary": name})
    assert answer.status_code == 422
    assert 'id="beneficiary-fault"' in answer.text
    assert queries.list_orders(buyer.holder_id, 1) == []


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 422),
        ({"steps": "0"}, 422),
        ({"steps": "-1"}, 422),
        ({"steps": "1.5"}, 422),
        ({"steps": "9" * 30}, 422),
        ({"steps": "101"}, 409),
        ({"other": "100000"}, 409),
        ({"steps": "1", "price": "1"}, 422),
        ({"steps": ["1", "2"]}, 422),
    ],
)
def test_what_cannot_be_bought_is_said_on_the_forests_page(
    buyer: Visitor, lot: Forest, form: dict[str, str], status: int
) -> None:
    answer = buyer.post("/orders", {"lot": lot.lot_code, **form})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert f'value="{lot.lot_code}"' in answer.text, "the form is still there"


def test_a_typed_number_wins_over_the_choice(buyer: Visitor, lot: Forest) -> None:
    order_of(buyer, lot, other="7")
    assert queries.list_orders(buyer.holder_id, 1)[0].quantity_kg == 70


def test_the_form_offers_exactly_what_is_owed(buyer: Visitor, lot: Forest) -> None:
    used = {"month": f"{clock.business_day():%Y-%m}", "electricity": "62"}
    assert buyer.post("/footprint", used).status_code == 303
    page = buyer.get(f"/forest/{lot.lot_code}").text
    assert 'name="steps" value="3" checked' in page, "26,109 g are three steps of 10 kg"


def test_anothers_order_is_not_found(buyer: Visitor, lot: Forest) -> None:
    code = order_of(buyer, lot)
    other = Visitor(buyer.app).sign_in()
    for path in (f"/orders/{code}", f"/orders/{code}/standing"):
        assert other.get(path).status_code == 404
        assert other.get("/orders/NOSUCHORDER").status_code == 404
    assert other.post(f"/orders/{code}/pay").status_code == 404
    assert code not in other.get("/orders").text
    assert code in buyer.get("/orders").text


def test_anothers_action_is_not_found(buyer: Visitor) -> None:
    trip = {"scene": "metro", "started_at": _local_now(), "distance_m": "12.4", "duration_s": "28"}
    path = buyer.post("/actions", trip).location.partition("?")[0]
    other = Visitor(buyer.app).sign_in()
    assert buyer.get(path).status_code == 200
    assert other.get(path).status_code == 404
    assert other.post(f"{path}/withdraw").status_code == 404


def test_a_trip_shows_its_sum_replays_and_can_be_withdrawn(buyer: Visitor) -> None:
    buyer.speak("en")
    trip = {"scene": "metro", "started_at": _local_now(), "distance_m": "12,4", "duration_s": "28"}
    path, _, said = buyer.post("/actions", trip).location.partition("?")
    assert said == "said=trip_recorded"
    page = buyer.get(path).text
    for figure in ("12.4", "46.8 g", "× <b>0.5</b>", "290\u00a0g", "er.metro.sz", "Declared"):
        assert figure in page, figure
    assert "The same again: 290\u00a0g" in buyer.get(f"{path}?replay=1").text
    again = buyer.post("/actions", trip)
    assert again.location == f"{path}?said=trip_known"
    assert buyer.post(f"{path}/withdraw").status_code == 303
    assert "Withdraw it" not in buyer.get(path).text


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"distance_m": "500"}, "distance_m"),
        ({"distance_m": "-1"}, "distance_m"),
        ({"distance_m": "1e3"}, "distance_m"),
        ({"duration_s": "1"}, "duration_s"),
        ({"duration_s": "99999999"}, "duration_s"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": "2020-01-01T08:00"}, "started_at"),
        ({"started_at": "2020-02-31T08:00"}, "started_at"),
        ({"scene": "walking"}, "scene"),
        ({"scene": "flight\x00"}, "scene"),
    ],
)
def test_a_trip_that_cannot_be_is_refused_beside_its_field(
    buyer: Visitor, wrong: dict[str, str], fault: str
) -> None:
    trip = {"scene": "metro", "started_at": _local_now(), "distance_m": "12.4", "duration_s": "28"}
    answer = buyer.post("/actions", trip | wrong)
    assert answer.status_code == 422
    assert f'id="{fault}-fault"' in answer.text


def test_a_month_is_recorded_and_corrected(buyer: Visitor) -> None:
    month = f"{clock.business_day():%Y-%m}"
    buyer.speak("en")
    assert buyer.post("/footprint", {"month": month, "electricity": "62"}).status_code == 303
    assert "26.109" in buyer.get("/footprint").text
    assert buyer.post("/footprint", {"month": month, "electricity": "62"}).status_code == 422, "nothing new"
    assert buyer.post("/footprint", {"month": month, "electricity": "10", "gas": "1"}).status_code == 303
    page = buyer.get("/footprint").text
    assert "26.109" not in page
    assert "4.211" in page
    assert buyer.post("/footprint", {"month": "2031-01", "electricity": "62"}).status_code == 422
    assert buyer.post("/footprint", {"month": month, "steam": "62"}).status_code == 422


def test_a_certificate_is_found_by_its_number_however_it_is_written(buyer: Visitor, lot: Forest) -> None:
    code = order_of(buyer, lot)
    settle(code)
    number = certificate_of(buyer, code)
    written = "-".join(number[start : start + 4] for start in range(0, len(number), 4)).lower()
    assert buyer.get("/c", query_string={"number": f" {written} "}).location == f"/c/{number}"
    wrong = ("1" if number[0] != "1" else "2") + number[1:]
    assert buyer.get("/c", query_string={"number": wrong}).status_code == 404
    unknown = buyer.get(f"/c/{wrong}")
    assert unknown.status_code == 404
    assert 'name="number"' in unknown.text, "a box to try again"


def _local_now() -> str:
    return f"{clock.now().astimezone(clock.SHANGHAI) - timedelta(minutes=40):%Y-%m-%dT%H:%M}"


def test_a_courtesy_stands_on_the_order_with_its_day_reason_and_way(
    app: Flask, buyer: Visitor, lot: Forest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "ring", lambda: None)
    code = order_of(buyer, lot)
    settle(code)
    first, second = (operator(app, app.test_client(), "finance") for _ in range(2))
    with transaction():
        refund = services.refunds.request_goodwill(first, code, 5, "for operators only").code
    assert "平台补偿退款" not in buyer.get(f"/orders/{code}").text, "nothing went back yet"
    with transaction():
        services.refunds.approve(second, refund)
        services.refunds.record_refund(RefundWord(refund, "P1", "SUCCESS", 5))
    page = buyer.get(f"/orders/{code}").text
    for said in ("¥0.05", "平台补偿退款", "原路退回微信支付", f"{clock.business_day()}"):
        assert said in page.split("已退回", 1)[1]
    assert "for operators only" not in page
