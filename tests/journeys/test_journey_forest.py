"""A forest's whole way in real browsers: two operators take it from a draft to the market, a buyer ends it.

All on phones: what fits 375 pixels fits anything.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import enter, fits, sign_in
from forestry import plot
from instance import Instance
from playwright.sync_api import Browser, Locator, Page, expect

VILLAGE = "高峰村集体"
PROJECT = "JOURNEY"
PAPER = "%PDF-1.4 {}"
PICTURES = os.environ.get("JOURNEY_PICTURES")
"""A folder for pictures of the pages, for whoever wants to look at them."""


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """One whose public notices are over at once."""
    made = Instance()
    made.env["NOTICE_DAYS"] = "0"
    with made as running:
        yield running


@pytest.fixture
def three(chromium: Browser) -> Iterator[tuple[Page, Page, Page]]:
    """Two operators and a buyer, each with a phone of their own."""
    contexts = [
        chromium.new_context(
            viewport={"width": 375, "height": 812}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        for _ in range(3)
    ]
    for each in contexts:
        each.set_default_timeout(10_000)
    lin, zhang, buyer = (each.new_page() for each in contexts)
    yield lin, zhang, buyer
    for each in contexts:
        each.close()


def test_a_forest_goes_from_a_draft_to_a_buyers_certificate(
    instance: Instance, three: tuple[Page, Page, Page]
) -> None:
    lin, zhang, buyer = three
    for page, name in ((lin, "sample-lin"), (zhang, "sample-zhang")):
        enter(page, instance, name)
    dossier = draft(lin, instance)
    add_parts(lin)
    review_and_register(zhang, dossier)
    issue(lin, zhang, dossier)
    wish = post_wish(buyer, instance)
    lot = open_lot(lin, zhang, instance)
    answer_wish(zhang, instance, wish, lot)
    buy(buyer, instance, wish, lot)
    assert instance.prove().returncode == 0


def look(page: Page, name: str) -> None:
    """Nothing sticks out; and a picture, where somebody wants one."""
    fits(page)
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def form(page: Page, action: str) -> Locator:
    """The form that goes to an address with this end."""
    return page.locator(f'form[action$="{action}"]')


def fill(where: Locator, **written: str) -> None:
    """Write into fields by their names; a list is chosen from."""
    for name, value in written.items():
        field = where.locator(f"[name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def valued(option: Locator) -> str:
    """What choosing an option sends."""
    return option.get_attribute("value") or ""


def send(where: Locator, said: str) -> None:
    """Send a form and read what the next page says of it."""
    page = where.page
    where.locator("button").click()
    expect(page.get_by_role("status")).to_contain_text(said)


def draft(lin: Page, instance: Instance) -> str:
    """Open a village's books and the draft of its forest; the address of the dossier."""
    lin.goto(f"{instance.url}/console/right-holders/new")
    opening = form(lin, "/console/right-holders")
    fill(opening, kind="village", name=VILLAGE)
    opening.locator("button").click()
    lin.goto(f"{instance.url}/console/dossiers/new")
    look(lin, "01-draft")
    writing = form(lin, "/console/dossiers")
    holder = valued(writing.locator("[name=holder] option", has_text=VILLAGE))
    fill(
        writing,
        project_code=PROJECT,
        holder=holder,
        region="350721",
        forest_type="bamboo",
        methodology="yiyuan",
        period_start="2020-01-01",
        period_end="2059-12-31",
        name_zh="高峰毛竹林",
        name_en="Gaofeng bamboo",
        county_zh="福建省南平市顺昌县",
        county_en="Shunchang, Nanping, Fujian",
        township_zh="高峰乡",
        township_en="Gaofeng Township",
        village_zh="高峰村",
        village_en="Gaofeng Village",
        description_zh="毛竹林经营。",
        description_en="Bamboo under management.",
    )
    send(writing, "申报已建立")
    return lin.url.partition("?")[0]


def paper(name: str) -> dict[str, str | bytes]:
    """A document to be uploaded."""
    return {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": PAPER.format(name).encode()}


def add_parts(lin: Page) -> None:
    """Land, shares, documents and an opinion."""
    land = json.dumps(plot(117.58, 26.78)).encode()
    parcels = form(lin, "/parcels")
    file = {"name": "land.geojson", "mimeType": "application/json", "buffer": land}
    parcels.locator("[name=geojson]").set_input_files(file)  # type: ignore[arg-type]
    send(parcels, "地块已添加")
    holder = (
        form(lin, "/shares").locator("[name=holder] option", has_text=VILLAGE).get_attribute("value") or ""
    )
    for role, whose, share in (("village", holder, "92"), ("fee", "", "8")):
        fill(form(lin, "/shares"), role=role, holder=whose, share=share)
        form(lin, "/shares").locator("[name=named]").check()
        send(form(lin, "/shares"), "份额已添加")
    for kind in ("title", "design"):
        upload(lin, kind)
    lin.get_by_text("添加专家意见").first.click()
    opinion = form(lin, "/opinions")
    fill(opinion, expert="示例专家", verdict="favourable", words="可行。", given_on="2026-01-05")
    send(opinion, "意见已添加")
    look(lin, "02-complete")


def upload(page: Page, kind: str) -> None:
    sending = form(page, "/documents")
    fill(sending, kind=kind, title=f"示例 {kind}")
    sending.locator("[name=document]").set_input_files(paper(kind))  # type: ignore[arg-type]
    send(sending, "文件已保存")


def review_and_register(zhang: Page, dossier: str) -> None:
    zhang.goto(dossier)
    send(form(zhang, "/review"), "公示开始")
    look(zhang, "03-notice")
    send(form(zhang, "/register"), "已登记为项目")


def issue(lin: Page, zhang: Page, dossier: str) -> None:
    lin.goto(dossier)
    upload(lin, "verification")
    lin.get_by_text("申请签发").first.click()
    asking = form(lin, "/removals")
    fill(
        asking,
        period_start="2024-01-01",
        period_end="2024-12-31",
        vintage="2024",
        quantity_kg="1000",
        verification="V-2024",
        verifier="示例核证机构",
        verified_on="2025-03-01",
    )
    asking.locator("button").click()
    expect(form(lin, "/approve")).to_have_count(0)  # nobody approves what they asked for
    zhang.goto(dossier)
    form(zhang, "/approve").get_by_role("button").click()
    expect(zhang.get_by_role("status")).to_be_visible()
    look(zhang, "04-issued")


def post_wish(buyer: Page, instance: Instance) -> str:
    """The address of a wish for the newest bamboo."""
    sign_in(buyer, instance)
    buyer.goto(f"{instance.url}/me/wishes/new")
    wishing = form(buyer, "/me/wishes")
    fill(wishing, steps="20", price="1.50", forest_type="bamboo", vintage_from="2024")
    look(buyer, "05-wish")
    wishing.locator("button").click()
    expect(buyer).to_have_url(re.compile(r"/me/wishes/\w+"))
    return buyer.url.partition("?")[0]


def open_lot(lin: Page, zhang: Page, instance: Instance) -> str:
    """One asks for the lot on the village's word, the other approves; the lot's code."""
    lin.goto(f"{instance.url}/console/market/new")
    asking = form(lin, "/console/market")
    choice = asking.locator("[name=units] option", has_text=VILLAGE)
    expect(choice).to_contain_text("平台服务费 8%")
    fill(
        asking,
        units=choice.get_attribute("value") or "",
        steps="50",
        price="1.20",
        note="高峰村委托书 2026-3",
    )
    look(lin, "06-lot-asked")
    send(asking, "等另一人批准")
    expect(form(lin, "/approve")).to_have_count(0)
    look(lin, "07-lot-own")
    zhang.goto(lin.url.partition("?")[0])
    for said in ("高峰村委托书 2026-3", "¥1.20", "¥60.00", "¥55.20", "¥4.80"):
        expect(zhang.get_by_text(said).first).to_be_visible()
    look(zhang, "08-lot-to-approve")
    send(form(zhang, "/approve"), "已批准并执行")
    look(zhang, "09-lot-approved")
    return zhang.locator('a[href^="/forest/"]').inner_text()


def answer_wish(zhang: Page, instance: Instance, wish: str, lot: str) -> None:
    zhang.goto(f"{instance.url}/console/market/wishes")
    answering = form(zhang, f"/{wish.rsplit('/', 1)[1]}/offers")
    answering.locator("xpath=ancestor::details[1]").locator("summary").click()
    fill(answering, lot=lot)
    look(zhang, "10-wish-answered")
    answering.locator("button").click()
    expect(zhang.get_by_role("status")).to_be_visible()


def buy(buyer: Page, instance: Instance, wish: str, lot: str) -> None:
    """From the answer to the wish to a certificate that names the village."""
    buyer.goto(wish)
    look(buyer, "11-wish-offered")
    buyer.locator(f'a[href^="/forest/{lot}"]').first.click()
    look(buyer, "12-lot")
    ordering = buyer.locator("form", has=buyer.get_by_role("button", name="去支付"))
    fill(ordering, other="20")
    ordering.get_by_role("button", name="去支付").click()
    expect(buyer).to_have_url(re.compile(re.escape(f"{instance.phone}/phone/pay")))
    buyer.get_by_role("button", name="确认支付").click()
    buyer.get_by_role("link", name="看凭证").click()
    certificate = buyer.get_by_role("article")
    for said in ("200 kg CO₂e", f"SH-350721-{PROJECT}-2024-1-200", VILLAGE):
        expect(certificate).to_contain_text(said)
    look(buyer, "13-certificate")
    for _ in range(40):
        buyer.goto(wish)
        if buyer.get_by_text("已买足").count():
            break
        buyer.wait_for_timeout(250)
    expect(buyer.get_by_text("已买足").first).to_be_visible()
    look(buyer, "14-wish-met")
    buyer.goto(f"{instance.url}/projects/{PROJECT}")
    expect(buyer.get_by_text(VILLAGE).first).to_be_visible()
    look(buyer, "15-project")
