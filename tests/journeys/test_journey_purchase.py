"""The main job in a real browser: from the first page to a certificate that anyone can check."""

import base64
import re
import time

import zxingcpp
from browsing import fits, sign_in
from instance import Instance
from playwright.sync_api import Page, expect

WHOLE_STORY_SECONDS = 60
CERTIFICATE_SECONDS = 2.0
_LUMINANCE = """
async (png) => {
  const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes]));
  const drawn = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  drawn.drawImage(picture, 0, 0);
  const { data, width, height } = drawn.getImageData(0, 0, picture.width, picture.height);
  const grey = [];
  for (let at = 0; at < data.length; at += 4) grey.push(data[at + 1]);
  return { grey, width, height };
}
"""


def test_a_purchase_from_the_first_page_to_a_checked_certificate(
    instance: Instance, phone_page: Page
) -> None:
    began = time.monotonic()
    page = phone_page
    sign_in(page, instance)
    sync_steps(page)
    report_metro_trip(page)
    number = buy_one_yuan(page, instance)
    check_in_public(page, instance, number)
    assert time.monotonic() - began < WHOLE_STORY_SECONDS


def sync_steps(page: Page) -> None:
    page.get_by_role("link", name="去同步步数").click()
    page.get_by_role("button", name="同意并同步微信运动").click()
    page.get_by_role("button", name="允许").click()
    expect(page.get_by_role("status")).to_have_text("步数已同步。")
    expect(page.locator("tbody tr")).to_have_count(31)
    expect(page.get_by_text("1 步 = 0.02 g CO₂e")).to_be_visible()
    expect(page.get_by_text("湖北日报")).to_be_visible()
    expect(page.get_by_text("每日最多 296\u00a0g")).to_be_visible()
    fits(page)


def report_metro_trip(page: Page) -> None:
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="行为").click()
    page.get_by_role("link", name="报一程出行").click()
    page.locator(".choices label", has_text="地铁").click()
    page.get_by_label("距离").fill("12.4")
    page.get_by_label("用时").fill("28")
    page.get_by_role("button", name="算一算并记下").click()
    expect(page.get_by_text("290\u00a0g").first).to_be_visible()
    page.get_by_role("button", name="重算").click()
    expect(page.get_by_text("重算结果一致：290\u00a0g。")).to_be_visible()
    fits(page)


def buy_one_yuan(page: Page, instance: Instance) -> str:
    """Choose a village, buy 1 yuan, pay; returns the certificate's number."""
    page.get_by_role("navigation", name="主导航").get_by_role("link", name="森林").click()
    expect(page.get_by_text("福建省南平市顺昌县").first).to_be_visible()
    page.get_by_role("link", name="洋墩乡", exact=True).click()
    page.locator(".cards a").first.click()
    fits(page)
    page.locator(".choices label", has_text="¥1.00").click()
    page.get_by_label("凭证上的名字").fill("顺昌之友")
    page.get_by_role("button", name="去支付").click()
    expect(page).to_have_url(re.compile(re.escape(f"{instance.phone}/phone/pay")))
    paying = time.monotonic()
    page.get_by_role("button", name="确认支付").click()
    page.get_by_role("link", name="看凭证").click()
    expect(page.get_by_role("heading", name="森林碳汇注销凭证")).to_be_visible()
    assert time.monotonic() - paying < CERTIFICATE_SECONDS
    fits(page)
    return page.url.rsplit("/", 1)[1]


def check_in_public(page: Page, instance: Instance, number: str) -> None:
    """Somebody else, not signed in, finds the same facts by number and by QR code."""
    assert page.context.browser is not None
    context = page.context.browser.new_context(viewport={"width": 375, "height": 812}, locale="zh-CN")
    stranger = context.new_page()
    stranger.goto(f"{instance.url}/c")
    stranger.get_by_label("凭证编号").fill(number.lower())
    stranger.get_by_role("button", name="查验").click()
    certificate = stranger.get_by_role("article")
    for said in ("10 kg CO₂e", "SH-350721-SC-YD-2021-1-10", "顺昌之友", "示例村集体 B（洋墩乡）", "CCER"):
        expect(certificate).to_contain_text(said)
    picture = stranger.locator(".qr svg").screenshot(scale="device")
    assert read_qr(stranger, picture).partition("#")[0] == f"{instance.url}/c/{number}"
    stranger.goto(f"{instance.url}/books")
    expect(stranger.get_by_role("status")).to_contain_text("条全部成立")
    context.close()


def read_qr(page: Page, png: bytes) -> str:
    """What a QR code on a screenshot says; the browser unpacks the picture."""
    page.goto("about:blank")
    seen = page.evaluate(_LUMINANCE, base64.b64encode(png).decode())
    shape = (seen["height"], seen["width"])
    [code] = zxingcpp.read_barcodes(memoryview(bytes(seen["grey"])).cast("B", shape))
    return str(code.text)


def test_everything_works_without_javascript(instance: Instance, plain_page: Page) -> None:
    page = plain_page
    page.goto(f"{instance.url}/forest")
    page.get_by_role("link", name="Gaoyang Township", exact=True).click()
    page.locator(".cards a").first.click()
    page.get_by_role("link", name="Sign in to buy").click()
    page.get_by_role("button", name="Sign in with WeChat").click()
    page.get_by_text("新的测试账号").click()
    page.get_by_role("button", name="允许").click()
    page.get_by_label("Another number (optional)").fill("3")
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("button", name="确认支付").click()
    page.get_by_role("link", name="See the certificate").click()  # the page reloads itself until it is there
    expect(page.get_by_role("article")).to_contain_text("30 kg CO₂e")
