"""A month from twelve questions, in a real browser: on a phone, and on a desktop without JavaScript."""

from instance import Instance
from playwright.sync_api import Page


def too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def test_a_month_is_answered_kept_and_owed_on_a_phone(instance: Instance, phone_page: Page) -> None:
    page = phone_page
    page.goto(f"{instance.url}/")
    page.get_by_role("button", name="微信登录").click()
    page.get_by_role("button", name="允许").click()
    page.goto(f"{instance.url}/footprint")
    page.get_by_role("link", name="不知道填多少？用十二个问题估算").click()
    assert not too_wide(page)
    page.locator("label").filter(has_text="油车，每天").click()
    page.locator("label").filter(has_text="肉少").click()
    page.get_by_text("有账单或记录？填实际数字").first.click()
    page.get_by_label("账单上的电量（全家）").fill("186")
    page.get_by_role("button", name="看结果").click()
    assert not too_wide(page)
    assert page.get_by_role("img", name="一个月排放").is_visible()
    assert page.get_by_text("同样的路换电动车").is_visible()
    page.get_by_role("button", name="保存").click()
    assert page.get_by_text("已保存。").is_visible()
    assert not too_wide(page)
    page.get_by_role("button", name="记入足迹并开立待抵").click()
    assert page.get_by_text("汽油小汽车").first.is_visible()
    assert page.get_by_text("273 kg", exact=True).is_visible(), "1,000 km at 0.273 kg"
    assert not too_wide(page)


def test_a_stranger_answers_without_javascript(instance: Instance, plain_page: Page) -> None:
    page = plain_page
    page.goto(f"{instance.url}/")
    page.get_by_role("link", name="A month in two minutes").first.click()
    page.get_by_label("Which province do you live in?").select_option("CN-SC")
    page.get_by_role("button", name="See the result").click()
    assert page.get_by_text("Sichuan, 3 at home").is_visible()
    assert page.get_by_text("What would help most").is_visible()
    page.get_by_role("link", name="Refine with your bills").click()
    page.get_by_label("How many of you live together?").fill("0")
    page.get_by_role("button", name="See the result").click()
    assert page.locator("#people-fault").is_visible()
