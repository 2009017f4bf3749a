"""Operators at the console in a real browser, with the codes that `make code` prints."""

import re
import subprocess

from browsing import code, fits, password
from instance import FLASK, ROOT, Instance
from playwright.sync_api import Page, expect


def test_an_operator_signs_in_with_password_and_code_and_sees_the_queue(
    instance: Instance, phone_page: Page
) -> None:
    page = phone_page
    page.goto(f"{instance.url}/console/queue")
    expect(page.get_by_role("heading", name="运营人员登录")).to_be_visible()
    fits(page)
    page.get_by_label("姓名").fill("sample-lin")
    page.get_by_label("密码").fill(password(instance, "sample-lin"))
    page.get_by_label("验证码").fill(code(instance, "sample-lin"))
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="任务队列")).to_be_visible()
    expect(page.get_by_text("没有失败的任务。")).to_be_visible()
    fits(page)
    parts = page.get_by_role("navigation", name="主导航")
    expect(parts.get_by_role("link", name="审计日志")).to_have_count(0)
    expect(parts.get_by_text("示例")).to_be_visible()
    parts.get_by_role("link", name="待办").click()
    expect(page.get_by_role("heading", name="等你处理")).to_be_visible()
    fits(page)
    parts.get_by_role("link", name="我的账号").click()
    expect(page.get_by_text("财务")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("status")).to_have_text("已退出登录。")
    page.goto(f"{instance.url}/console")
    expect(page.get_by_role("heading", name="运营人员登录")).to_be_visible()


def test_an_auditor_without_javascript_finds_both_sign_ins_sealed_in_the_log(
    instance: Instance, plain_page: Page
) -> None:
    page = plain_page
    page.goto(f"{instance.url}/console/audit")
    name = "sample-zhang"
    for right, given in ((False, "not the password"), (True, password(instance, name))):
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(given)
        page.get_by_label("Code", exact=True).fill(code(instance, name))
        page.get_by_role("button", name="Sign in").click()
        if not right:
            expect(page.get_by_role("alert")).to_contain_text("Name, password or code is not right")
            expect(page.get_by_label("Name")).to_have_value(name)
            expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    for attempt in range(20):
        if attempt:
            page.wait_for_timeout(250)
            page.reload()
        if not page.get_by_text("To be sealed").count():
            break
    rows = page.locator(".rows > li")
    expect(rows.filter(has_text="Signed in").filter(has_text=name)).to_contain_text("No. ")
    expect(rows.filter(has_text="Sign-in refused")).to_contain_text("password")
    expect(page.get_by_text("Signed head: entry")).to_be_visible()
    fits(page)
    verified = subprocess.run(
        [*FLASK, "audit", "verify"], cwd=ROOT, env=instance.env, capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert re.match(r"audit: \d+ sealed, 0 waiting, [1-9]\d* heads", verified.stdout)
    assert instance.prove().returncode == 0
