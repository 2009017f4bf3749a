"""What becomes of money that takes another way: too late, sold out, given back, sent by bank.

In a real browser before a real instance: buyers on a phone, two operators at their desks.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from instance import Instance
from playwright.sync_api import Browser, BrowserContext, Page, expect

PASSWORD = "a long enough password"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000"
    "05000162a5f6450000000049454e44ae426082"
)


class Desk:
    """An operator's browser, signed in by password and code."""

    def __init__(self, instance: Instance, chromium: Browser, name: str) -> None:
        self.instance = instance
        instance.flask("operator", "add", name, "--role", "finance", told=PASSWORD + "\n")
        self.context: BrowserContext = chromium.new_context(
            viewport={"width": 1280, "height": 800}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.page.goto(f"{instance.url}/console")
        self.page.get_by_label("姓名").fill(name)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.page.get_by_label("验证码").fill(instance.flask("operator", "code", name))
        self.page.get_by_role("button", name="登录").click()
        expect(self.page.get_by_role("heading", name="等你处理")).to_be_visible()

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.instance.url}{path}")
        return self.page


@pytest.fixture(scope="module")
def desks(instance: Instance, chromium: Browser) -> tuple[Desk, Desk]:
    """Two operators of finance."""
    return Desk(instance, chromium, "lin"), Desk(instance, chromium, "zhang")


@pytest.fixture(scope="module")
def lots(instance: Instance) -> list[str]:
    """Lots on sale, the one that brings the platform most first."""
    told = instance.run("""
from sqlalchemy import text
print(*session.scalars(text("SELECT code FROM lot WHERE closed_at IS NULL ORDER BY fee_bp DESC, id")))
""")
    return told.split()


@pytest.fixture
def sheet(instance: Instance, phone_page: Page) -> Callable[[str], str]:
    """A buyer who goes up to the payment sheet for a lot; gives the order's code."""

    def go(lot: str) -> str:
        page = phone_page
        page.goto(instance.url)
        page.get_by_role("button", name="微信登录").click()
        page.get_by_role("button", name="允许").click()
        page.goto(f"{instance.url}/forest/{lot}")
        page.locator(".choices label", has_text="¥1.00").click()
        page.get_by_role("button", name="去支付").click()
        expect(page).to_have_url(re.compile(re.escape(f"{instance.phone}/phone/pay")))
        found = re.search(r"orders(?:/|%2F)([0-9A-Z]{26})", page.url)
        assert found is not None, page.url
        return found[1]

    return go


def test_a_payment_that_comes_too_late_goes_back_by_itself(
    instance: Instance, phone_page: Page, lots: list[str], sheet: Callable[[str], str]
) -> None:
    code = sheet(lots[1])
    instance.run(f"""
from sqlalchemy import text
session.execute(text("SET LOCAL session_replication_role = replica"))
session.execute(text("UPDATE orders SET expires_at = now() - interval '1 second', next_check_at = now()"
                     " WHERE code = '{code}'"))
""")
    phone_page.goto(f"{instance.url}/orders/{code}")
    until(phone_page, "已过期")
    instance.control("pay_late", out_trade_no=code)
    until(phone_page, "已退款")
    expect(phone_page.get_by_text("¥1.00").first).to_be_visible()
    assert instance.prove().returncode == 0


def test_units_that_are_gone_send_the_money_back(
    instance: Instance, phone_page: Page, lots: list[str], sheet: Callable[[str], str]
) -> None:
    code = sheet(lots[-1])
    instance.run(f"""
from sqlalchemy import text
from app.registry import services
row = session.execute(text("SELECT lot.issuance_id, (SELECT sum(last_serial - first_serial + 1) FROM block"
    " WHERE block.issuance_id = lot.issuance_id AND state IN ('active', 'reserved'))::int AS kg"
    " FROM orders JOIN lot ON lot.id = orders.lot_id WHERE orders.code = '{code}'")).one()
services.cancel_units(row.issuance_id, row.kg, "fire")
""")
    phone_page.get_by_role("button", name="确认支付").click()
    until(phone_page, "已退款")
    assert instance.prove().returncode == 0


def test_a_courtesy_is_asked_for_at_one_desk_and_approved_at_the_other(
    instance: Instance,
    desks: tuple[Desk, Desk],
    phone_page: Page,
    lots: list[str],
    sheet: Callable[[str], str],
) -> None:
    code = sheet(lots[0])
    phone_page.get_by_role("button", name="确认支付").click()
    phone_page.get_by_role("link", name="看凭证").click()
    first, second = desks
    page = first.open("/console/refunds")
    page.get_by_label("订单编号").fill(code)
    page.get_by_label("金额（元）").fill("0.01")
    page.get_by_label("说明").fill("凭证来得太慢")
    page.get_by_role("button", name="提交申请").click()
    expect(page.get_by_text("需要另一位运营人员批准").first).to_be_visible()
    expect(page.get_by_role("button", name="批准")).to_have_count(0)
    page = second.open("/console")
    page.get_by_role("link", name="退款等人处理").click()
    page.locator(".rows a", has_text="平台补偿退款").first.click()
    expect(page.get_by_text("凭证来得太慢")).to_be_visible()
    page.get_by_role("button", name="批准").click()
    expect(page.get_by_role("status")).to_have_text("已批准。")
    until(page, "已退成")
    phone_page.goto(f"{instance.url}/orders/{code}")
    expect(phone_page.get_by_text("¥0.01").first).to_be_visible()
    expect(phone_page.get_by_role("link", name="看凭证")).to_be_visible()
    assert instance.prove().returncode == 0


def test_a_court_pays_by_bank_and_two_operators_read_the_statement(
    instance: Instance, desks: tuple[Desk, Desk], phone_page: Page, tmp_path: Path
) -> None:
    first, second = desks
    page = first.open("/console/transfers")
    page.get_by_role("link", name="新建订单").click()
    page.get_by_label("机构名称").fill("顺昌县人民法院（示例）")
    page.get_by_label("份数").fill("50")
    page.get_by_label("凭证上的名字").fill("顺昌县人民法院（示例）")
    page.get_by_role("button", name="保留碳汇并生成链接").click()
    place = page.url.removeprefix(instance.url).partition("?")[0]
    link = page.locator("a.code", has_text="/transfer/").get_attribute("href")
    assert link is not None
    proof = tmp_path / "proof.png"
    proof.write_bytes(PNG)
    phone_page.goto(link)
    expect(phone_page.get_by_text("¥50.00")).to_be_visible()
    expect(phone_page.get_by_text("示例银行顺昌支行")).to_be_visible()
    phone_page.get_by_label("上传回单").set_input_files(proof)
    phone_page.get_by_role("button", name="上传", exact=True).click()
    expect(phone_page.get_by_role("status")).to_contain_text("已收到回单")
    fits(phone_page)
    for desk in (first, second):
        page = desk.open("/console/transfers")
        page.locator("section", has_text="待核对").locator("a", has_text="顺昌县人民法院").first.click()
        assert page.url == f"{instance.url}{place}"
        page.get_by_label("金额（元）").fill("50")
        page.get_by_label("银行流水号").fill("20261125-0001")
        page.get_by_label("到账日").fill("2026-11-25")
        page.get_by_role("button", name="确认到账").click()
    expect(page.get_by_role("status")).to_have_text("两人一致，已收款。")
    phone_page.goto(link)
    until(phone_page, "看凭证")
    phone_page.get_by_role("link", name="看凭证").click()
    expect(phone_page.get_by_role("article")).to_contain_text("顺昌县人民法院（示例）")
    expect(phone_page.get_by_role("article")).to_contain_text("500 kg CO₂e")
    assert instance.prove().returncode == 0


def until(page: Page, said: str) -> None:
    """Reload until the page says it."""
    for _ in range(30):
        page.reload()
        if page.locator("main").get_by_text(said).first.is_visible():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{page.url} never said {said}")


def fits(page: Page) -> None:
    """Nothing sticks out of the phone's side."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
