"""A yuan's way to the village: bought, settled, prepared, approved by another, sent, arrived, and seen."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from builders import operator
from flask import Flask
from instance import Instance
from playwright.sync_api import Browser, Page, expect

from app import create_app
from app.config import Settings
from app.kit import clock
from app.kit.database import db
from app.web import console

ACCOUNT_NUMBER = "6222 0200 0011 2233 445"
BEFORE_LAST = (clock.business_day().replace(day=1) - timedelta(days=1)).replace(day=1) - timedelta(days=1)
MONTH = f"{BEFORE_LAST:%Y-%m}"
"""Two months ago: over for certain, and not the one that the sweeper prepares by itself."""


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """One where nobody else buys: a payout run pays everybody who is owed."""
    with Instance() as running:
        yield running


@pytest.fixture(scope="module")
def console_app(instance: Instance) -> Iterator[Flask]:
    """The instance's application in this process, for enrolling its operators."""
    app = create_app(Settings.from_env(instance.env))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def desks(chromium: Browser, console_app: Flask, instance: Instance) -> Iterator[tuple[Page, Page]]:
    """Two operators of finance, each before a browser of their own."""
    contexts = []
    for _ in range(2):
        client = console_app.test_client()
        operator(console_app, client, "finance")
        with console_app.test_request_context():
            name = console.cookie_name()
        cookie = client.get_cookie(name)
        assert cookie is not None
        context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": name, "value": cookie.value, "url": instance.url}])
        contexts.append(context)
    first, second = (context.new_page() for context in contexts)
    yield first, second
    for context in contexts:
        context.close()


def test_a_purchase_reaches_the_villages_bank_account_and_its_statement_says_so(
    instance: Instance, phone_page: Page, desks: tuple[Page, Page], tmp_path: Path
) -> None:
    anna, bao = desks
    seller = buy_ten_yuan(phone_page, instance)
    let_the_month_pass(instance)
    enter_and_confirm_account(anna, bao, instance, seller)
    number = prepare_and_approve(anna, bao, instance, seller)
    take_to_the_bank(anna, number, tmp_path)
    statement = hear_from_the_bank(anna, number, tmp_path)
    the_village_looks(phone_page, statement, seller)
    assert instance.prove().returncode == 0, instance.prove().stdout


def buy_ten_yuan(page: Page, instance: Instance) -> str:
    """Buy from a village that keeps the whole price; returns its name."""
    page.goto(f"{instance.url}/forest")
    page.get_by_role("link", name="洋墩乡", exact=True).click()
    page.locator(".cards a").first.click()
    seller = page.locator("dt", has_text="卖方").first.locator("+ dd").inner_text()
    page.get_by_role("link", name="登录后购买").click()
    page.get_by_role("button", name="微信登录").click()
    page.get_by_role("button", name="允许").click()
    page.locator(".choices label", has_text="¥10.00").click()
    page.get_by_role("button", name="去支付").click()
    page.get_by_role("button", name="确认支付").click()
    page.get_by_role("link", name="看凭证").click()
    expect(page.get_by_role("heading", name="森林碳汇注销凭证")).to_be_visible()
    return seller


def let_the_month_pass(instance: Instance) -> None:
    """Move what was booked into a month that is over; only a superuser past every trigger can."""
    with psycopg.connect(instance.stack()["database_url"]) as connection:
        connection.execute("SET session_replication_role = replica")
        days = (clock.business_day() - BEFORE_LAST).days
        connection.execute("UPDATE posting SET posted_at = posted_at - %s", [timedelta(days=days)])


def enter_and_confirm_account(anna: Page, bao: Page, instance: Instance, seller: str) -> None:
    anna.goto(f"{instance.url}/console/payees")
    anna.get_by_role("link", name=seller).click()
    anna.get_by_label("户名").fill(seller)
    anna.get_by_label("账号").fill(ACCOUNT_NUMBER)
    anna.get_by_label("开户行").fill("示例农信顺昌联社")
    anna.get_by_role("button", name="录入账户").click()
    expect(anna.get_by_text("您录入的账户要由另一位同事复核。")).to_be_visible()
    bao.goto(anna.url)
    bao.get_by_label("再次录入账号").fill(ACCOUNT_NUMBER.replace(" ", ""))
    bao.get_by_role("button", name="复核账户").click()
    expect(bao.get_by_role("status")).to_have_text("账户已复核，可以付款。")
    expect(bao.get_by_text("····3445")).to_be_visible()


def prepare_and_approve(anna: Page, bao: Page, instance: Instance, seller: str) -> str:
    """One prepares, the other approves; returns the payout's number."""
    anna.goto(f"{instance.url}/console/payouts")
    anna.get_by_label("月份").fill(MONTH)
    anna.get_by_role("button", name="生成付款批次").click()
    expect(anna.get_by_text("您生成的批次要由另一位同事审批。")).to_be_visible()
    bao.goto(f"{instance.url}/console/payouts/{MONTH}/1")
    bao.get_by_role("button", name="审批付款 ¥10.00").click()
    expect(bao.get_by_text("您审批的批次要由另一位同事导出并提交银行。")).to_be_visible()
    row = bao.locator("li", has=bao.get_by_role("link", name=seller)).first
    return row.locator(".code").first.inner_text()


def take_to_the_bank(anna: Page, number: str, folder: Path) -> None:
    anna.reload()
    with anna.expect_download() as download:
        anna.get_by_role("button", name="导出银行文件").click()
    download.value.save_as(folder / "bank.csv")
    written = (folder / "bank.csv").read_bytes().decode("gb18030")
    assert f"6222020000112233445,示例农信顺昌联社,10.00,森惠结算款 {number}\r\n" in written


def hear_from_the_bank(anna: Page, number: str, folder: Path) -> str:
    """Hand the result in; returns the address of the village's statement."""
    results = folder / "results.csv"
    results.write_text(
        f"付款编号,金额(元),结果,银行流水号,原因\n{number},10.00,成功,B20261102001,\n", "gb18030"
    )
    anna.reload()
    anna.get_by_label("结果文件").set_input_files(results)
    anna.get_by_role("button", name="上传结果").click()
    expect(anna.get_by_role("status")).to_contain_text("结果已记入")
    expect(anna.get_by_role("heading", level=1)).to_contain_text("已完成")
    link = anna.locator('a[href^="/statements/"]').first.get_attribute("href")
    assert link is not None
    return link


def the_village_looks(page: Page, statement: str, seller: str) -> None:
    home = re.match(r"https?://[^/]+", page.url)
    assert home is not None
    page.goto(home[0] + statement)
    expect(page.get_by_role("heading", level=1)).to_have_text(seller)
    arrivals = page.locator("section", has=page.get_by_role("heading", name="到账情况"))
    expect(arrivals).to_contain_text("已到账")
    expect(arrivals).to_contain_text("¥10.00")
    expect(page.get_by_text("卖出 100\u00a0kg，1 笔")).to_be_visible()
    expect(page.locator(".code", has_text=re.compile(r"^SH-350721-.*-1-100$"))).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375
    with page.expect_download() as download:
        page.get_by_role("link", name="下载表格").click()
    assert download.value.suggested_filename == f"senhui-statement-{MONTH}.csv"
