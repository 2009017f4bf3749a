"""Buying in an organisation's name: budgets, units held and used, years, invoices."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from builders import Forest, forest, person, wechat_person
from flask import Flask
from offices import CREDIT_CODES, Office, at_once, hear, pay, tonne
from paying import colleague
from shop import Shop, assert_books_prove, eventually, wait_for_a_lock
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import chart
from app.accounts import queries as accounts
from app.causes.jobs import organisations as jobs
from app.causes.models.webhooks import OrganisationNotice
from app.causes.queries import organisation_years
from app.causes.rules.organisations import bounds, text_cell
from app.causes.services import invoices, webhooks
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs as offsets
from app.offsets.rules import PaymentOutcome
from app.offsets.services import payments, refunds, transfers
from app.offsets.services.orders import Wish
from app.offsets.services.transfers import Statement
from app.offsets.services.words import PaidWord
from app.registry import services as registry
from app.registry.queries.holdings import list_holdings
from app.registry.queries.serials import find_run
from app.registry.services import holdings

PDF = b"%PDF-1.7 an invoice"
DETAILS = {"title": "示例科技有限公司", "tax_number": CREDIT_CODES[0]}


def budgets(office: Office) -> list[tuple[int, int, int]]:
    items = office.get("/budgets")["items"]
    return [(each["spent_fen"], each["reserved_fen"], each["left_fen"]) for each in items]


def test_a_buyer_orders_and_the_organisation_is_told_what_became_of_it(app: Flask) -> None:
    office, lot = Office(app), tonne()
    buyer = office.member("buyer")
    order = office.order(lot, 200, buyer, use="2026 Q1 差旅", period="2026-Q1")
    assert order.status_code == 201, order.text
    told = (order.json["status"], order.json["use"], order.json["period"], order.json["quantity_kg"])
    assert told == ("reserved", "2026 Q1 差旅", "2026-Q1", 20)
    pay(order.json["code"], 200)
    assert jobs.tell_orders() == 1
    assert jobs.tell_orders() == 0, "told once"
    hear()
    notices = office.get("/notices")["items"]
    kinds = [each["type"] for each in notices]
    assert kinds == ["order.placed", "order.settled", "member.joined", "member.joined"]
    assert [each["position"] for each in notices] == [1, 2, 3, 4]
    settled = notices[1]["data"]
    assert (settled["order"], settled["certificate"]) == (order.json["code"], settled["certificate"])
    assert office.get("/notices?after=1&limit=1")["items"] == [notices[1]]
    listed = office.get("/orders", office.member("viewer"))["items"]
    assert [(each["status"], each["use"]) for each in listed] == [("settled", "2026 Q1 差旅")]
    assert_books_prove()


def test_a_viewer_and_an_accountant_buy_nothing(app: Flask) -> None:
    office, lot = Office(app), tonne()
    for role in ("viewer", "accountant"):
        assert office.order(lot, who=office.member(role)).status_code == 403


def test_a_member_pays_with_their_own_phone(app: Flask, shop: Shop) -> None:
    office = Office(app)
    buyer = wechat_person(app, shop.phone.base_url)
    office.accept(office.invite("buyer"), buyer)
    order = office.order(shop.lot.lot_code, 100, buyer).json
    sheet = office.post(f"/orders/{order['code']}/payment", {}, buyer, 200)
    requests.post(f"{shop.phone.base_url}/phone/api/pay", json=sheet, timeout=5)
    path = f"/orders/{order['code']}"
    eventually(lambda: office.get(path)["status"] in ("paid", "settled"))
    assert office.post(f"{path}/payment", {}, office.key("read", "orders"), 409)["code"] == "pay_by_member"
    assert office.ask("POST", f"{path}/payment", {}, person(app)).status_code == 404


def test_a_bank_transfer_and_a_printed_name_are_for_verified_organisations(app: Flask) -> None:
    office, lot = Office(app), tonne()
    for wish in ({"channel": "offline"}, {"print_name": True}):
        assert office.order(lot, 100, **wish).json["code"] == "organisation_unverified"
    office.verify()
    order = office.order(lot, 100, office.key(), channel="offline", print_name=True)
    assert order.status_code == 201, order.text
    page = app.test_client().get("/" + order.json["transfer_link"].split("/", 3)[3])
    assert "示例科技有限公司" in page.text
    assert order.json["code"] == office.get("/orders")["items"][0]["code"]
    assert office.get("/orders")["items"][0]["by_key"] is True


def test_a_budget_holds_when_a_hundred_order_at_once(app: Flask) -> None:
    office, lot = Office(app), forest(100_000, fee_bp=1000).lot_code
    office.ask("PUT", "/budgets", {"period": "month", "limit_fen": 450}, status=200)
    buyers = [office.member("buyer") for _ in range(10)]
    with app.app_context():
        before = db.session.scalar(text("SELECT available_kg FROM lot"))
        db.session.rollback()

    def buy(turn: int) -> tuple[int, Any]:
        answer = office.order(lot, 100, buyers[turn % 10])
        return answer.status_code, answer.json.get("code")

    answers = at_once([lambda turn=turn: buy(turn) for turn in range(100)])
    assert [status for status, _ in answers].count(201) == 4
    assert {code for status, code in answers if status != 201} == {"budget_exceeded"}
    assert budgets(office) == [(0, 400, 50)]
    left = db.session.scalar(text("SELECT available_kg FROM lot"))
    assert before - left == 40, "what was refused has reserved nothing"
    assert_books_prove()


def test_who_writes_a_notice_and_who_orders_never_wait_for_each_other(app: Flask) -> None:
    office, lot = Office(app), tonne()
    hear()
    organisation_id = office.id
    db.session.rollback()
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            position = session.scalar(webhooks._NEXT, {"id": organisation_id})
            ordered = pool.submit(office.order, lot, 100)
            wait_for_a_lock()
            session.add(
                OrganisationNotice(
                    organisation_id=organisation_id,
                    position=position,
                    code="N" * 26,
                    kind="webhook.test",
                    data={},
                    at=clock.now(),
                )
            )
            session.flush()
        assert ordered.result(10).status_code == 201
    assert [each["type"] for each in office.get("/notices")["items"]][-2:] == ["webhook.test", "order.placed"]


def test_a_members_budget_is_their_own_and_a_key_counts_for_who_made_it(app: Flask) -> None:
    office, lot = Office(app), tonne()
    buyer = office.member("buyer")
    limit = {"period": "year", "limit_fen": 100}
    office.ask("PUT", "/budgets", limit | {"member": office.code_of(buyer)}, status=200)
    assert office.order(lot, 100, buyer).status_code == 201
    refused = office.order(lot, 100, buyer).json
    assert (refused["code"], "0.00" in refused["detail"]) == ("budget_exceeded", True)
    assert office.order(lot, 100).status_code == 201, "the owner has no limit"
    office.ask("PUT", "/budgets", limit | {"member": office.code_of(office.owner)}, status=200)
    assert office.order(lot, 100, office.key()).json["code"] == "budget_exceeded"
    office.ask("PUT", "/budgets", {"period": "year", "limit_fen": None}, status=200)
    assert office.ask("PUT", "/budgets", limit | {"member": "0" * 26}).status_code == 404
    assert office.ask("PUT", "/budgets", limit, buyer).status_code == 403


def test_what_expires_or_goes_back_is_free_again(app: Flask) -> None:
    office, lot = Office(app), tonne()
    office.ask("PUT", "/budgets", {"period": "year", "limit_fen": 300}, status=200)
    first, second = (office.order(lot, 100).json["code"] for _ in range(2))
    pay(first, 100)
    assert budgets(office) == [(100, 100, 100)]
    with transaction() as session:
        session.execute(text("UPDATE orders SET expired_at = now() WHERE code = :code"), {"code": second})
    assert budgets(office) == [(100, 0, 200)]
    assert jobs.tell_orders() == 2


def test_an_order_that_operators_placed_stands_among_the_organisations_own(app: Flask) -> None:
    office, lot = Office(app), tonne()
    mine = office.order(lot, 100, use="差旅").json["code"]
    wish, operator_id = Wish("organisation", 20, lot_code=lot), colleague()
    with transaction():
        order = transfers.place_transfer_order(operator_id, office.id, wish, timedelta(days=3))
    listed = office.get("/orders")["items"]
    assert [(each["code"], each["use"], each["by_key"]) for each in listed] == [
        (order.code, None, False),
        (mine, "差旅", False),
    ]
    assert listed[0]["transfer_link"] == office.get(f"/orders/{order.code}")["transfer_link"]
    first = office.get("/orders?limit=1")
    assert [each["code"] for each in first["items"]] == [order.code]
    following = office.get(f"/orders?limit=1&after={first['next']}")
    assert [each["code"] for each in following["items"]] == [mine]
    pay(order.code, 200)
    year = clock.business_day().year
    facts = office.get(f"/years/{year}")["facts"]
    assert (facts["paid_fen"], facts["retired_kg"], len(facts["lines"])) == (200, 20, 1)


def test_what_went_back_of_a_settled_order_was_not_spent(app: Flask) -> None:
    office = Office(app)
    office.ask("PUT", "/budgets", {"period": "year", "limit_fen": 300}, status=200)
    member = {"period": "year", "limit_fen": 200, "member": office.code_of(office.owner)}
    office.ask("PUT", "/budgets", member, status=200)
    code = settled(office)
    asks, agrees = colleague(), colleague()
    with transaction():
        refund = refunds.request_goodwill(asks, code, 4, "a courtesy").code
    with transaction():
        refunds.approve(agrees, refund)
    assert budgets(office) == [(100, 0, 200), (100, 0, 100)], "not yet back"
    with transaction() as session:
        session.execute(text("UPDATE refund SET accepted_at = now(), succeeded_at = now()"))
    assert budgets(office) == [(96, 0, 204), (96, 0, 104)]
    facts = office.get(f"/years/{clock.business_day().year}")["facts"]
    assert facts["paid_fen"] == 96


def test_a_year_of_many_lines_sums_all_of_them(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(app)
    monkeypatch.setattr(organisation_years, "MOST_LINES", 1)
    settled(office)
    settled(office)
    facts = office.get(f"/years/{clock.business_day().year}")["facts"]
    assert (facts["complete"], len(facts["lines"]), facts["retired_kg"]) == (False, 1, 20)


def test_a_budget_runs_from_month_to_month() -> None:
    day = clock.business_day().replace(month=12, day=31)
    since, until = bounds("month", day)
    assert (since.day, until.month, until.day, until.year) == (1, 1, 1, day.year + 1)
    assert bounds("year", day) == (day.replace(month=1, day=1), until)


def held(office: Office, quantity_kg: int = 100) -> tuple[Forest, str]:
    """Units of a village that the organisation now holds, and their serial."""
    woods = forest(1000, fee_bp=1000)
    with transaction():
        serial = list_holdings(woods.village_id, 1)[0].serial
        holdings.withdraw_units(woods.village_id, find_run(serial))
    db.session.rollback()
    serial = list_holdings(woods.village_id, 1)[0].serial
    with transaction():
        holdings.transfer_units(woods.village_id, find_run(serial), quantity_kg, office.code)
    return woods, office.get("/holdings")["items"][0]["serial"]


def test_units_are_held_used_in_parts_handed_over_and_offered_again(app: Flask) -> None:
    office, other = Office(app), Office(app)
    _, serial = held(office)
    path = f"/holdings/{serial}"
    use = {"quantity_kg": 30, "use": "2026 Q1 差旅", "period": "2026-Q1"}
    assert office.ask("POST", f"{path}/uses", use, office.member("viewer")).status_code == 403
    assert office.ask("POST", f"{path}/uses", use | {"period": "Q1"}).status_code == 422
    assert office.ask("POST", f"{path}/uses", use | {"print_name": True}).status_code == 409
    made = office.post(f"{path}/uses", use, office.key("units"))
    public = app.test_client().get(f"/v1/retirements/{made['number']}").json
    assert (public["quantity_kg"], public["purpose"], public["beneficiary"]) == (30, "organisation", None)
    second = office.post(f"{path}/uses", use | {"quantity_kg": 20, "use": "年会", "period": "2026"})
    assert [each["use"] for each in office.get("/uses")["items"]] == ["年会", "2026 Q1 差旅"]
    assert second["number"] != made["number"]
    moved = office.post(f"{path}/transfers", {"quantity_kg": 10, "receiver": other.code})
    assert other.get("/holdings")["items"][0]["serial"] == moved["serial"]
    offered = office.post(f"{path}/offers", {"quantity_kg": 20, "price_fen_per_step": 150})
    assert app.test_client().get(f"/v1/lots/{offered['lot']}").status_code == 200
    assert office.post(f"{path}/withdrawals")["quantity_kg"] == 20
    assert Office(app).ask("POST", f"{path}/uses", use).status_code == 404, "another's units"
    assert office.ask("POST", f"{path}/uses", use | {"quantity_kg": 500}).status_code == 409
    assert office.ask("POST", "/holdings/SH-1-X-2022-1-2/uses", use).status_code in (404, 422)
    assert_books_prove()


def test_a_year_adds_up_and_its_file_holds_no_formula(app: Flask) -> None:
    office = Office(app)
    _, serial = held(office)
    office.post(f"/holdings/{serial}/uses", {"quantity_kg": 30, "use": "=1+1", "period": "2026"})
    lot = tonne()
    order = office.order(lot, 200, use="@SUM(A1)").json["code"]
    pay(order, 200)
    year = clock.business_day().year
    facts = office.get(f"/years/{year}")["facts"]
    assert (facts["retired_kg"], facts["held_kg"], facts["paid_fen"]) == (50, 70, 200)
    assert (facts["name"], facts["verified"], facts["complete"]) == (office.code, False, True)
    assert facts["sample"]
    assert any("CCER" in note["en"] for note in facts["notes"])
    assert sum(each["quantity_kg"] for each in facts["purposes"]) == 50
    assert {each["use"] for each in facts["lines"]} == {"=1+1", "@SUM(A1)"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(organisation_years, "MOST_LINES", 1)
        cut = office.get(f"/years/{year}")["facts"]
    assert (cut["complete"], len(cut["lines"]), cut["retired_kg"]) == (False, 1, 50)
    answer = office.ask("GET", f"/years/{year}.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {row["use"] for row in rows} == {"'=1+1", "'@SUM(A1)"}
    assert sum(int(row["quantity_kg"]) for row in rows) == 50
    assert office.ask("GET", f"/years/{year + 1}").status_code == 404
    assert office.ask("GET", "/years/99999999999999999999").status_code == 404
    assert office.get(f"/years/{year - 1}")["facts"]["lines"] == []


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "＝1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert text_cell(cell) == f"'{cell}"
    assert text_cell(f"a{cell}") == f"a{cell}"


def settled(office: Office) -> str:
    code: str = office.order(tonne(), 100).json["code"]
    pay(code, 100)
    return code


def test_an_invoice_is_asked_for_issued_and_sent(app: Flask) -> None:
    office = Office(app)
    code, accountant = settled(office), office.member("accountant")
    ask = {"order": code}
    assert office.post("/invoices", ask, accountant, 409)["code"] == "invoice_details_missing"
    wrong = DETAILS | {"tax_number": "91350100M000100Y44"}
    assert office.ask("PUT", "/invoice-details", wrong, accountant).status_code == 422
    office.ask("PUT", "/invoice-details", DETAILS, accountant, 200)
    special = office.post("/invoices", ask | {"kind": "special"}, accountant, 409)
    assert special["code"] == "invoice_details_missing"
    made = office.post("/invoices", ask, accountant)
    assert (made["status"], made["amount_fen"]) == ("requested", 100)
    assert office.post("/invoices", ask, accountant, 409)["code"] == "invoice_asked"
    operator_id = colleague()
    path = f"/invoices/{made['code']}/file"
    with pytest.raises(invoices.InvoiceFileRefused), transaction():
        invoices.issue_invoice(operator_id, made["code"], "12345678", b"MZ")
    with pytest.raises(invoices.InvoiceMoved), transaction():
        invoices.send_invoice(operator_id, made["code"])
    with transaction():
        invoices.issue_invoice(operator_id, made["code"], "12345678", PDF)
    assert office.ask("GET", path).status_code == 404, "not before it is sent"
    with transaction():
        invoices.send_invoice(operator_id, made["code"])
    with pytest.raises(invoices.InvoiceMoved), transaction():
        invoices.decline_invoice(operator_id, made["code"], "too late")
    answer = office.ask("GET", path, who=accountant)
    assert (answer.data, answer.mimetype) == (PDF, "application/pdf")
    assert Office(app).ask("GET", path).status_code == 404
    assert office.ask("GET", path, who=office.member("viewer")).status_code == 403
    kinds = [each["type"] for each in office.get("/notices")["items"]]
    assert kinds[-2:] == ["invoice.issued", "invoice.sent"]
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(text("UPDATE invoice_request SET number = '87654321'"))
    row = db.session.execute(text("SELECT sealed FROM invoice_details")).scalar_one()
    assert CREDIT_CODES[0].encode() not in bytes(row)


def test_a_declined_invoice_may_be_asked_for_again(app: Flask) -> None:
    office = Office(app)
    code = settled(office)
    office.ask("PUT", "/invoice-details", DETAILS, status=200)
    made = office.post("/invoices", {"order": code})
    operator_id = colleague()
    with transaction():
        invoices.decline_invoice(operator_id, made["code"], "抬头不符")
    assert office.get("/invoices")["items"][0]["reason"] == "抬头不符"
    second = office.post("/invoices", {"order": code})
    other = office.post("/invoices", {"order": settled(office)})
    with transaction():
        invoices.issue_invoice(operator_id, second["code"], "12345678", PDF)
    with pytest.raises(invoices.InvoiceNumberUsed), transaction():
        invoices.issue_invoice(operator_id, other["code"], "12345678", PDF)


def test_no_invoice_for_what_is_not_settled_or_is_anothers(app: Flask) -> None:
    office, other = Office(app), Office(app)
    office.ask("PUT", "/invoice-details", DETAILS, status=200)
    waiting = office.order(tonne(), 100).json["code"]
    assert office.post("/invoices", {"order": waiting}, status=409)["code"] == "invoice_not_due"
    assert office.post("/invoices", {"order": settled(other)}, status=404)["code"] == "order_unknown"


def test_of_twenty_who_ask_at_once_one_invoice_is_asked_for(app: Flask) -> None:
    office = Office(app)
    code = settled(office)
    office.ask("PUT", "/invoice-details", DETAILS, status=200)
    ask = {"order": code}
    answers = at_once([lambda: office.ask("POST", "/invoices", ask).status_code for _ in range(20)])
    assert sorted(answers) == [201] + [409] * 19


def test_the_same_key_of_idempotency_orders_once(app: Flask) -> None:
    office, lot = Office(app), tonne()
    key = office.key()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "a-1"}
    client = app.test_client()
    body = {"lot": lot, "amount_fen": 100}
    first, second = (client.post(f"{office.path}/orders", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, first.json) == (201, second.json)
    assert len(office.get("/orders")["items"]) == 1


def bank(office: Office, order_code: str, amount_fen: int) -> None:
    """Two operators read the transfer of an order on the bank's statement."""
    for operator_id in (colleague(), colleague()):
        read = Statement(amount_fen, f"B{order_code}", clock.business_day())
        with transaction():
            transfers.confirm_transfer(operator_id, order_code, read)


def test_units_are_bought_to_be_held_and_used_later(app: Flask) -> None:
    office, woods = Office(app), forest(1000, fee_bp=1000)
    office.verify()
    for wish in ({"keep": True}, {"keep": True, "channel": "wechat"}):
        assert office.order(woods.lot_code, 500, **wish).status_code == 422
    order = office.order(woods.lot_code, 500, channel="offline", keep=True).json
    assert (order["kept"], order["status"]) == (True, "reserved")
    assert_books_prove()
    bank(office, order["code"], 500)
    assert office.get(f"/orders/{order['code']}")["status"] == "paid"
    assert_books_prove()
    assert offsets.settle_paid() == 0, "it is never retired"
    assert offsets.deliver_kept() == 1
    assert offsets.deliver_kept() == 0, "delivered once"
    done = office.get(f"/orders/{order['code']}")
    assert (done["status"], done["certificate"]) == ("settled", None)
    block = office.get("/holdings")["items"][0]
    assert (block["quantity_kg"], block["state"], block["on_sale"]) == (50, "active", False)
    use = {"quantity_kg": 20, "use": "2026 Q1 差旅", "period": "2026-Q1"}
    office.post(f"/holdings/{block['serial']}/uses", use)
    facts = office.get(f"/years/{clock.business_day().year}")["facts"]
    assert (facts["paid_fen"], facts["held_kg"], facts["retired_kg"]) == (500, 30, 20)
    assert accounts.get_balance(woods.village_id, chart.PAYABLE) == 450
    assert jobs.tell_orders() == 1
    office.ask("PUT", "/invoice-details", DETAILS, status=200)
    assert office.post("/invoices", {"order": order["code"]})["amount_fen"] == 500
    assert_books_prove()


def test_kept_and_retired_orders_share_a_lot_in_any_order(app: Flask, shop: Shop) -> None:
    office = Office(app)
    office.verify()
    lot = shop.lot.lot_code
    kept = [office.order(lot, 100, channel="offline", keep=True).json["code"] for _ in range(3)]
    retired = office.order(lot, 100).json["code"]
    bank(office, kept[0], 100)
    offsets.deliver_kept()
    pay(retired, 100)
    for code in kept[1:]:
        bank(office, code, 100)

    def deliver() -> int:
        with app.app_context():
            return offsets.deliver_kept()

    assert sum(at_once([deliver] * 5, 5)) == 2, "each is delivered once"
    db.session.rollback()
    assert sum(each["quantity_kg"] for each in office.get("/holdings")["items"]) == 30
    assert_books_prove()


def test_what_was_cancelled_before_its_delivery_is_refunded(app: Flask) -> None:
    office, woods = Office(app), forest(1000, fee_bp=1000)
    office.verify()
    order = office.order(woods.lot_code, 500, channel="offline", keep=True).json["code"]
    bank(office, order, 500)
    with transaction():
        registry.cancel_units(woods.issuance_id, 1000, "fire")
    assert offsets.deliver_kept() == 1
    assert office.get(f"/orders/{order}")["status"] == "refunding"
    assert office.get("/holdings")["items"] == []
    assert_books_prove()


def test_the_database_keeps_a_delivery_to_what_was_paid_for(app: Flask) -> None:
    office, woods = Office(app), forest(1000, fee_bp=1000)
    office.verify()
    order = office.order(woods.lot_code, 500, channel="offline", keep=True).json["code"]
    with pytest.raises(IntegrityError, match="what one paid order"), transaction() as session:
        session.execute(text("INSERT INTO delivery SELECT id, 1, 1, 1, 50, now() FROM orders WHERE kept"))
    with pytest.raises(IntegrityError, match="never changes"), transaction() as session:
        session.execute(text("UPDATE orders SET kept = false"))
    bank(office, order, 500)
    offsets.deliver_kept()
    with pytest.raises(IntegrityError, match="is settled"), transaction() as session:
        session.execute(text("UPDATE orders SET refunding_at = now()"))


def test_a_stranger_pays_no_transfer_order_on_a_phone(app: Flask) -> None:
    office = Office(app)
    office.verify()
    order = office.order(tonne(), 100, channel="offline").json["code"]
    word = PaidWord(order, f"T{order}", 100, "CNY", clock.now(), payer_openid="a stranger")
    with transaction():
        assert payments.record_payment(word) is PaymentOutcome.MISMATCH
    assert office.get(f"/orders/{order}")["status"] == "reserved"
    assert_books_prove()
