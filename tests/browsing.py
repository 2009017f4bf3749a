"""What every journey through the pages does: signing in, as a buyer or an operator, and looking."""

import json
import re
import subprocess

from instance import FLASK, ROOT, Instance
from playwright.sync_api import Page, expect


def password(instance: Instance, name: str) -> str:
    """The one that `make run` printed."""
    kept: dict[str, str] = json.loads((instance.folder / "operators.json").read_text())
    assert f"{name}   {kept[name]}" in instance.log()
    return kept[name]


def code(instance: Instance, name: str) -> str:
    """The one that an operator's app shows now."""
    answer = subprocess.run(
        [*FLASK, "operator", "code", name],
        cwd=ROOT,
        env=instance.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"\d{6}\n", answer.stdout)
    return answer.stdout.strip()


def enter(page: Page, instance: Instance, name: str) -> None:
    """Sign in at the console as one of the sample operators."""
    page.goto(f"{instance.url}/console")
    page.get_by_label("姓名").fill(name)
    page.get_by_label("密码").fill(password(instance, name))
    page.get_by_label("验证码").fill(code(instance, name))
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="等你处理")).to_be_visible()


def fits(page: Page) -> None:
    """Nothing sticks out of the page's side."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def sign_in(page: Page, instance: Instance) -> None:
    """Sign in with WeChat as its account of the phone's."""
    page.goto(instance.url)
    expect(page.get_by_role("heading", name="少排一点，抵掉一点，账都公开。")).to_be_visible()
    page.get_by_role("button", name="微信登录").click()
    expect(page).to_have_url(re.compile(re.escape(f"{instance.phone}/phone/login")))
    page.get_by_role("button", name="允许").click()
    expect(page.get_by_text("三个数")).to_be_visible()
    fits(page)
