"""A gift in a real browser: made on a phone, claimed by another person, named only as they agree."""

from collections.abc import Iterator

import pytest
from browsing import enter, fits, sign_in
from instance import Instance
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def guest_page(chromium: Browser) -> Iterator[Page]:
    """Somebody else's phone, which reads English and runs no script."""
    context = chromium.new_context(
        viewport={"width": 375, "height": 812}, locale="en-GB", java_script_enabled=False
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_a_gift_from_the_forest_to_the_thanks(
    instance: Instance, phone_page: Page, guest_page: Page, plain_page: Page
) -> None:
    sign_in(phone_page, instance)
    link = give(phone_page)
    number = claim(guest_page, link)
    look_in_public(plain_page, instance, number)
    phone_page.reload()
    expect(phone_page.get_by_text("已领取").first).to_be_visible()
    expect(phone_page.get_by_text("Thank you so much")).to_be_visible()
    let_pass(plain_page, instance)


def give(page: Page) -> str:
    """Choose a forest, write a card for two, pay; returns the first card's link."""
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="森林").click()
    page.locator(".cards a").first.click()
    page.get_by_role("link", name="送给别人").click()
    page.locator(".occasions label", has_text="新婚").click()
    page.get_by_label("送给谁").fill("小明\n小红")
    page.get_by_role("textbox", name="寄语").fill("愿你们如双树并立，根相连，枝相依。")
    page.get_by_role("textbox", name="落款").fill("外婆")
    fits(page)
    page.get_by_role("button", name="去付款").click()
    page.get_by_role("button", name="确认支付").click()
    expect(page.get_by_text("可以送出")).to_be_visible()  # the page reloads itself until it is
    fits(page)
    page.get_by_role("link", name="小明").click()
    expect(page.get_by_role("article")).to_contain_text("愿你们如双树并立")
    fits(page)
    link = page.locator("p.code", has_text="/g/").inner_text()
    page.go_back()
    return link


def claim(page: Page, link: str) -> str:
    """See the card, sign in, accept it, agree to be named, say thanks; returns the certificate's number."""
    page.goto(link)
    expect(page.get_by_role("article")).to_contain_text("For 小明")
    fits(page)
    page.get_by_role("link", name="Sign in to accept it").click()
    page.get_by_role("button", name="Sign in with WeChat").click()
    page.get_by_text("新的测试账号").click()
    page.get_by_role("button", name="允许").click()
    page.get_by_role("button", name="Accept the gift").click()
    expect(page.get_by_role("status")).to_have_text("Accepted: it is yours now.")
    fits(page)
    page.get_by_label("Name to show").fill("明明 Ming")
    page.get_by_role("button", name="Agree to be named").click()
    page.get_by_label("To the giver").fill("Thank you so much!")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Thank you so much!")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="See the certificate").click()
    expect(page.get_by_role("article")).to_contain_text("1 anonymous")
    fits(page)
    return page.url.rsplit("/", 1)[1]


def look_in_public(page: Page, instance: Instance, number: str) -> None:
    """Anybody reads the name that was agreed to, and none that was not."""
    page.goto(f"{instance.url}/c/{number}")
    certificate = page.get_by_role("article")
    expect(certificate).to_contain_text("明明 Ming")
    for unsaid in ("小明", "小红", "外婆", "双树"):
        expect(certificate).not_to_contain_text(unsaid)


def let_pass(page: Page, instance: Instance) -> None:
    """An operator finds nothing that waits: everything was judged."""
    page.goto(f"{instance.url}/lang/zh")
    enter(page, instance, "sample-lin")
    page.goto(f"{instance.url}/console/words")
    expect(page.get_by_text("没有文字。")).to_be_visible()
    page.goto(f"{instance.url}/books")
    expect(page.get_by_role("status")).to_contain_text("条全部成立")
