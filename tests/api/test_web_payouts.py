"""The console's pages of payouts and accounts, and a seller's statement, as browsers ask for them."""

import io
import re
from typing import Any

import pytest
from builders import operator
from flask import Flask
from flask.testing import FlaskClient
from paying import MONTH, NOVEMBER, OCTOBER, Treasury, at, count, holder_code, payable, paying
from shop import assert_books_prove
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.treasury.rules.payouts import Outcome

RUN = f"/console/payouts/{MONTH}/1"
ACCOUNT = {"account_name": "示例村集体", "number": "6222 0200 0011 2233 445", "bank_name": "示例银行"}


class Desk:
    """One operator's browser."""

    def __init__(self, app: Flask, *roles: str) -> None:
        self.home = app.extensions["settings"].public_url
        self.client: FlaskClient = app.test_client()
        self.id = operator(app, self.client, *roles)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, form: dict[str, Any] | None = None) -> TestResponse:
        if form and "account_name" in form:
            form = {"form_key": random_code(20)} | form
        return self.client.post(path, data=form or {}, headers={"Origin": self.home})

    def send(self, content: bytes, path: str = f"{RUN}/results") -> TestResponse:
        return self.post(path, {"file": (io.BytesIO(content), "results.csv")})


@pytest.fixture
def treasury(app: Flask) -> Treasury:
    return Treasury(app)


def exported(app: Flask, treasury: Treasury, *amounts_fen: int) -> list[tuple[str, int]]:
    """Villages with income, a run that is with the bank; numbers and amounts of its payouts."""
    with at(OCTOBER):
        lots = [treasury.village() for _ in amounts_fen]
        for lot, amount_fen in zip(lots, amounts_fen, strict=True):
            treasury.sell(lot, amount_fen)
            treasury.account(lot.village_id)
    with at(NOVEMBER):
        treasury.prepare()
        treasury.approve()
        treasury.export()
    return [(each.payout.number, each.payout.amount_fen) for each in treasury.run().payouts]


def test_a_run_from_its_account_to_the_banks_word_through_the_pages(app: Flask, treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village(fee_bp=1000)
        treasury.sell(lot, 5000)
    with at(NOVEMBER):
        anna, bao = Desk(app), Desk(app)
        page = f"/console/payees/{holder_code(lot.village_id)}"
        assert anna.post(page, ACCOUNT).status_code == 303
        assert "由另一位同事复核" in anna.get(page).text
        confirm = re.search(rf'action="({page}/\w+/confirm)"', bao.get(page).text)
        assert confirm is not None
        assert anna.post(confirm[1], {"number": ACCOUNT["number"]}).status_code == 403
        wrong = bao.post(confirm[1], {"number": "6222020000112233446"})
        assert wrong.status_code == 422
        assert "两次录入的账号不一致" in wrong.text
        assert bao.post(confirm[1], {"number": "6222-0200-0011-2233-445"}).status_code == 303
        assert "····3445" in anna.get("/console/payees").text
        assert "6222020000112233445" not in anna.get(page).text
        assert anna.post("/console/payouts", {"month": MONTH}).location.startswith(RUN)
        assert "由另一位同事审批" in anna.get(RUN).text
        assert anna.post(f"{RUN}/approve").status_code == 403
        assert bao.post(f"{RUN}/approve").status_code == 303
        assert bao.post(f"{RUN}/approve").status_code == 409
        assert bao.post(f"{RUN}/file").status_code == 403
        taken = anna.post(f"{RUN}/file")
        assert taken.content_type == "text/csv; charset=gb18030"
        assert taken.data == anna.post(f"{RUN}/file").data == bao.post(f"{RUN}/file").data
        number = treasury.run().payouts[0].payout.number
        assert number in taken.data.decode("gb18030")
        results = f"付款编号,金额(元),结果,银行流水号,原因\r\n{number},45.00,成功,B2026,\r\n"
        assert anna.send(results.encode("gb18030")).status_code == 303
        assert "已完成" in anna.get("/console/payouts").text
        assert "B2026" in anna.get(RUN).text
    assert (payable(lot.village_id), paying(lot.village_id)) == (0, 0)
    assert_books_prove()


def test_an_auditor_reads_everything_and_moves_nothing(app: Flask, treasury: Treasury) -> None:
    exported(app, treasury, 5000)
    with at(NOVEMBER):
        auditor, registrar = Desk(app, "auditor"), Desk(app, "registry")
        for path in ("/console/payouts", RUN, "/console/payees", "/console/payees/PLATFORM"):
            assert auditor.get(path).status_code == 200
            assert '<form method="post" action="/console/p' not in auditor.get(path).text
            assert registrar.get(path).status_code == 403
            assert app.test_client().get(path).status_code == 302
        for path in (f"{RUN}/approve", f"{RUN}/withdraw", f"{RUN}/file", f"{RUN}/again", "/console/payouts"):
            assert auditor.post(path).status_code == 403
        assert auditor.post("/console/payees/PLATFORM", ACCOUNT).status_code == 403


def test_one_payout_is_marked_by_hand_and_only_along_its_way(app: Flask, treasury: Treasury) -> None:
    (number, _), (other, _) = exported(app, treasury, 5000, 6000)
    with at(NOVEMBER):
        desk = Desk(app)
        offered = desk.get(f"{RUN}?mark={number}").text
        assert 'value="paid"' in offered
        assert 'value="returned"' not in offered
        assert 'id="mark"' not in desk.get(f"{RUN}?mark=NOSUCHNUMBER").text
        missing = desk.post(f"{RUN}/{number}", {"outcome": "paid"})
        assert missing.status_code == 422
        assert "需要银行流水号" in missing.text
        assert desk.post(f"{RUN}/{number}", {"outcome": "lost", "reason": "x"}).status_code == 422
        assert desk.post(f"{RUN}/{number}", {"outcome": "returned", "reason": "x"}).status_code == 422
        assert desk.post(f"{RUN}/{number}", {"outcome": "paid", "bank_reference": "B-1"}).status_code == 303
        assert desk.post(f"{RUN}/{number}", {"outcome": "paid", "bank_reference": "B-1"}).status_code == 422
        assert desk.post(f"{RUN}/{other}", {"outcome": "failed", "reason": "账号有误"}).status_code == 303
        assert desk.post(f"{RUN}/{number}", {"outcome": "returned", "reason": "退票"}).status_code == 303
        mate = Desk(app)
        for reported in (number, other):
            assert mate.post(f"{RUN}/{reported}/confirm").status_code == 303
        assert desk.post(f"{RUN}/NOSUCHNUMBER", {"outcome": "failed", "reason": "x"}).status_code == 404
        again = desk.post(f"{RUN}/again")
        assert again.location.startswith(f"/console/payouts/{MONTH}/2")
        assert "此前有 1 笔未成功或被退票" in desk.get(f"/console/payouts/{MONTH}/2").text
    assert treasury.run(round_=2).summary.amount_fen == 11_000
    assert_books_prove()


def test_what_one_reports_as_failed_is_owed_again_when_a_colleague_confirms_it(
    app: Flask, treasury: Treasury
) -> None:
    ((number, _),) = exported(app, treasury, 5000)
    village = treasury.run().payouts[0].payout.holder_id
    with at(NOVEMBER):
        anna, bao, auditor = Desk(app), Desk(app), Desk(app, "auditor")
        lost = {"outcome": "failed", "reason": "账号有误"}
        assert anna.post(f"{RUN}/{number}/confirm").status_code == 409
        assert anna.post(f"{RUN}/{number}", lost).status_code == 303
        assert (payable(village), paying(village)) == (0, 5000)
        assert "1 笔待复核" in bao.get("/console/payouts").text
        assert "待复核的未成功或退票" in bao.get("/console").text
        assert f"{RUN}/{number}/confirm" not in anna.get(RUN).text
        assert "由另一位同事复核" in anna.get(RUN).text
        assert f"{RUN}/{number}/confirm" in bao.get(RUN).text
        assert f"{RUN}/{number}/" not in auditor.get(RUN).text
        assert anna.post(f"{RUN}/{number}/confirm").status_code == 403
        assert auditor.post(f"{RUN}/{number}/confirm").status_code == 403
        arrived = {"outcome": "paid", "bank_reference": "B-1"}
        assert 'id="mark"' not in anna.get(f"{RUN}?mark={number}").text
        assert "等待复核" in anna.post(f"{RUN}/{number}", arrived).text
        assert bao.post(f"{RUN}/{number}/dismiss").status_code == 303
        assert bao.post(f"{RUN}/{number}/dismiss").status_code == 409
        assert anna.post(f"{RUN}/{number}", lost).status_code == 303
        assert bao.post(f"{RUN}/{number}/confirm").status_code == 303
        assert bao.post(f"{RUN}/{number}/confirm").status_code == 409
        assert bao.post(f"{RUN}/NOSUCHNUMBER/confirm").status_code == 404
        assert bao.post(f"{RUN}/%00/dismiss").status_code == 404
    assert (payable(village), paying(village)) == (5000, 0)
    assert_books_prove()


def test_a_file_reports_what_failed_and_records_what_arrived(app: Flask, treasury: Treasury) -> None:
    (paid, _), (failed, _) = exported(app, treasury, 5000, 6000)
    with at(NOVEMBER):
        lines = f"{HEADER}{paid},50.00,paid,B1,\n{failed},60.00,failed,,no such account\n"
        assert Desk(app).send(lines.encode()).status_code == 303
        facts = {each.payout.number: each for each in treasury.run().payouts}
        assert (facts[paid].status, facts[paid].payout.waits) == ("paid", False)
        assert (facts[failed].status, facts[failed].payout.waits) == ("exported", True)
        assert Desk(app).post(f"{RUN}/{failed}/confirm").status_code == 303
    assert treasury.run().summary.status == "finished"
    assert_books_prove()


HEADER = "payout_number,amount_yuan,result,bank_reference,reason\n"
MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "only the header": HEADER.encode(),
    "another header": b"a,b,c,d,e\n",
    "not text": bytes(range(128, 256)) * 4,
    "nul": HEADER.encode() + b"N\x00,50.00,paid,B1,\n",
    "an open quote": HEADER.encode() + b'"NUMBER,50.00,paid,B1,\n',
    "too few columns": HEADER.encode() + b"NUMBER,50.00,paid\n",
    "too many columns": HEADER.encode() + b"NUMBER,50.00,paid,B1,,more\n",
    "no decimals": HEADER.encode() + b"NUMBER,50,paid,B1,\n",
    "a huge amount": HEADER.encode() + b"NUMBER,99999999999999999999.00,paid,B1,\n",
    "a number past 64 bits": HEADER.encode() + b"NUMBER,9999999999999.99,paid,B1,\n",
    "a negative amount": HEADER.encode() + b"NUMBER,-50.00,paid,B1,\n",
    "wide digits": HEADER.encode() + "NUMBER,５０.00,paid,B1,\n".encode(),
    "another word": HEADER.encode() + b"NUMBER,50.00,maybe,B1,\n",
    "no reference": HEADER.encode() + b"NUMBER,50.00,paid,,\n",
    "no reason": HEADER.encode() + b"NUMBER,50.00,failed,B1,\n",
    "a formula as reference": HEADER.encode() + b"NUMBER,50.00,paid,=1+1,\n",
    "a long reason": HEADER.encode() + b"NUMBER,50.00,failed,B1," + b"x" * 101 + b"\n",
    "the same twice": HEADER.encode() + b"NUMBER,50.00,paid,B1,\n" * 2,
    "a stranger beside a good line": HEADER.encode() + b"NUMBER,50.00,paid,B1,\nX1,1.00,paid,B2,\n",
    "a field without end": HEADER.encode() + b"NUMBER,50.00,failed,B1," + b"x" * 140_000,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_result_file_that_is_not_right_changes_nothing(app: Flask, treasury: Treasury, name: str) -> None:
    ((number, _),) = exported(app, treasury, 5000)
    before = count("posting")
    with at(NOVEMBER):
        answer = Desk(app).send(MALFORMED[name].replace(b"NUMBER", number.encode()))
        assert answer.status_code == 422, answer.text
        assert "银行结果未被接受" in answer.text or "第 " in answer.text
    assert count("posting") == before
    assert treasury.run().payouts[0].status == "exported"


def test_no_file_and_a_file_without_end_are_refused(app: Flask, treasury: Treasury) -> None:
    exported(app, treasury, 5000)
    with at(NOVEMBER):
        desk = Desk(app)
        assert desk.post(f"{RUN}/results").status_code == 422
        answer = desk.client.post(
            f"{RUN}/results",
            data=b"x" * (5 * 1024 * 1024),
            content_type="multipart/form-data; boundary=x",
            headers={"Origin": desk.home},
        )
        assert answer.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/console/payouts/2026-99/1",
        "/console/payouts/2026-10/2",
        "/console/payouts/2026-10/99999",
        "/console/payouts/2026-10/-1",
        "/console/payouts/%00/1",
        "/console/payees/nobody",
        "/console/payees/%F0%9F%8C%B2",
        "/statements/0000000000000000000000000A",
        "/statements/%F0%9F%8C%B2",
        "/statements/x.csv",
        f"/statements/{'9' * 4000}",
    ],
)
def test_what_is_not_there_is_not_found(app: Flask, path: str) -> None:
    assert Desk(app).get(path).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1234567"),
        ("number", "1" * 33),
        ("number", "6222 0200 abcd"),
        ("number", "６２２２０２００００"),
        ("account_name", "=cmd|'/c calc'!A1"),
        ("account_name", "@SUM(1)"),
        ("account_name", "+86"),
        ("bank_name", "-1"),
        ("account_name", "a\tb"),
        ("account_name", "名" * 61),
        ("bank_name", ""),
    ],
)
def test_an_account_that_no_bank_has_is_refused_at_its_field(app: Flask, field: str, value: str) -> None:
    answer = Desk(app).post("/console/payees/PLATFORM", {**ACCOUNT, field: value})
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert count("payee_account") == 0


def test_an_account_is_changed_by_a_second_row_and_reached_by_its_own_holder(
    app: Flask, treasury: Treasury
) -> None:
    with at(NOVEMBER):
        lot, other = treasury.village(), treasury.village()
        first = treasury.account(lot.village_id)
        desk, mate = Desk(app), Desk(app)
        ours, theirs = (f"/console/payees/{holder_code(each.village_id)}" for each in (lot, other))
        assert desk.post(ours, ACCOUNT | {"number": "95588000112233"}).status_code == 303
        assert desk.post(ours, ACCOUNT).status_code == 409
        code = re.search(rf"{ours}/(\w+)/confirm", mate.get(ours).text)
        assert code is not None
        assert mate.post(f"{theirs}/{code[1]}/confirm", {"number": "95588000112233"}).status_code == 404
        assert mate.post(f"{ours}/{code[1]}/confirm", {"number": "95588000112233"}).status_code == 303
        assert mate.post(f"{ours}/{code[1]}/confirm", {"number": "95588000112233"}).status_code == 409
        assert mate.post(f"{ours}/{first}/end").status_code == 409
        page = desk.get(ours).text
        assert page.index("····2233") < page.index("停用的账户") < page.index("····3445")


def test_account_names_and_numbers_are_sealed_in_the_database(app: Flask, treasury: Treasury) -> None:
    with at(NOVEMBER):
        treasury.account(treasury.village().village_id, name="张三丰")
    row = db.session.execute(text("SELECT payee_account::text AS row FROM payee_account")).scalar_one()
    for secret in ("6222020000112233445", "张三丰"):
        assert secret not in row
        assert secret.encode().hex() not in row


def statement_code(lot_village: int) -> str:
    db.session.rollback()
    return str(
        db.session.scalar(
            text("SELECT code FROM statement WHERE holder_id = :holder"), {"holder": lot_village}
        )
    )


def test_a_village_sees_its_kilograms_its_money_and_its_arrival(app: Flask, treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village(fee_bp=1000)
        treasury.sell(lot, 2000, 3000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
        path = f"/statements/{statement_code(lot.village_id)}"
        client = app.test_client()
        waiting = client.get(path)
        assert "已到账" not in waiting.text
        treasury.pay()
        page = client.get(path)
        assert "已到账" in page.text
        for said in ("卖出 500 kg，2 笔", "¥45.00", "卖方 90%", "服务费 10%", "-T", "-1-200", "-201-500"):
            assert said.replace(" kg", "\u00a0kg") in page.text, said
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
        buyer = treasury.buyer
        codes = db.session.scalars(text("SELECT code FROM orders")).all()
        for secret in (buyer.openid, *codes, "6222020000112233445"):
            assert secret not in page.text
        english = client.get(path, headers={"Accept-Language": "en"}).text
        assert "Statement of income" in english
        assert not re.search("[\u4e00-\u9fff]", re.sub(r"示例\S*|森惠|中文|顺昌\S*", "", english))


def test_the_statements_csv_adds_up_and_runs_in_no_spreadsheet(app: Flask, treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village(fee_bp=333)
        treasury.sell(lot, 100, 300, 700)
    with transaction() as session:
        session.execute(
            text("UPDATE holder SET name = '=HYPERLINK(1)' WHERE id = :id"), {"id": lot.village_id}
        )
    with at(NOVEMBER):
        treasury.prepare()
        path = f"/statements/{statement_code(lot.village_id)}.csv"
        answer = app.test_client().get(path)
    assert answer.content_type == "text/csv; charset=utf-8"
    rows = [line.split(",") for line in answer.data.decode("utf-8-sig").split("\r\n") if line]
    assert rows[0] == ["收入对账单", "'=HYPERLINK(1)", MONTH]
    assert rows[2] == ["本月收入", "10.65"]
    lines, total = rows[-4:-1], rows[-1]
    assert [line[-1] for line in lines] == ["0.97", "2.91", "6.77"]
    assert [line[5] for line in lines] == ["1.00", "3.00", "7.00"]
    assert (total[0], total[4], total[-1]) == ("合计", "110", "10.65")


def test_a_village_and_a_household_each_have_their_own_statement(app: Flask, treasury: Treasury) -> None:
    from app.accounts import services

    with transaction():
        village = services.open_holder("village", "共有村", "350721").id
    with at(OCTOBER):
        lot = treasury.village(village_holder_id=village, village_bp=1250, fee_bp=500)
        treasury.sell(lot, 5000, 100)
    with at(NOVEMBER):
        treasury.prepare()
        mine = app.test_client().get(f"/statements/{statement_code(village)}").text
        theirs = app.test_client().get(f"/statements/{statement_code(lot.village_id)}").text
    assert "¥6.37" in mine
    assert "作为村集体所得" in mine
    assert "¥42.08" in theirs
    assert "作为卖方所得" in theirs
    assert_books_prove()


def test_a_statement_follows_on_from_the_month_before(app: Flask, treasury: Treasury) -> None:
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, 5000)
    with at(NOVEMBER):
        treasury.account(lot.village_id)
        treasury.prepare()
        treasury.pay()
        treasury.result(Outcome.RETURNED)
        treasury.sell(lot, 1000)
    with at(NOVEMBER.replace(month=12)):
        treasury.prepare("2026-11")
    db.session.rollback()
    rows = db.session.execute(
        text(
            "SELECT opening_fen, income_fen, paid_fen, returned_fen, closing_fen FROM statement"
            " ORDER BY month"
        )
    )
    assert [tuple(row) for row in rows] == [(0, 5000, 0, 0, 5000), (5000, 1000, 5000, 5000, 6000)]
    assert_books_prove()


def test_every_line_of_a_long_statement_is_on_one_of_its_pages(
    app: Flask, treasury: Treasury, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.web.routes import statements

    monkeypatch.setattr(statements, "PAGE", 3)
    with at(OCTOBER):
        lot = treasury.village()
        treasury.sell(lot, *[1000] * 7)
    with at(NOVEMBER):
        treasury.prepare()
    path, seen = f"/statements/{statement_code(lot.village_id)}", []
    while path:
        page = app.test_client().get(path).text
        seen += re.findall(r"-(\d+-\d+)</span><br>", page)
        following = re.search(r'href="(/statements/\w+\?after=[^"]+)"', page)
        path = following[1] if following else ""
    assert seen == [f"{100 * n + 1}-{100 * n + 100}" for n in range(7)]


def test_a_run_of_nobody_is_finished_and_nobody_is_asked_to_approve_it(
    app: Flask, treasury: Treasury
) -> None:
    with at(OCTOBER):
        treasury.sell(treasury.village(), 5000)
    with at(NOVEMBER):
        assert not treasury.prepare().payouts
        desk = Desk(app)
        for path in ("/console/payouts", RUN):
            shown = desk.get(path).text
            assert ("无需付款" in shown, "待审批" in shown) == (True, False)
        assert (f"{RUN}/approve" in shown, f"{RUN}/withdraw" in shown) == (False, False)
        assert desk.post(f"{RUN}/approve").status_code == 409
        treasury.account(treasury.run().skips[0].skip.holder_id)
        assert desk.post(f"{RUN}/again").location.startswith(f"/console/payouts/{MONTH}/2")


def test_two_people_entering_an_account_at_once_leave_one(app: Flask, treasury: Treasury) -> None:
    import threading

    lot = treasury.village()
    code = holder_code(lot.village_id)
    statuses = []
    barrier = threading.Barrier(2)
    desks = [Desk(app), Desk(app)]

    def enter(desk: Desk) -> None:
        barrier.wait()
        statuses.append(desk.post(f"/console/payees/{code}", ACCOUNT).status_code)

    threads = [threading.Thread(target=enter, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 409]
    assert count("payee_account") == 1
