"""A court's clerk: a loss of 47.07 t twice over, in two instalments by WeChat and by bank, and its letter."""

import re
import secrets
from datetime import datetime, timedelta

import requests

from cases.instance import wait
from cases.people import TIMEOUT_S, Operator, Unexpected
from stories.teller import SHANGHAI, Story

COURT = "示例县人民法院"
CASE = "（2022）闽0627刑初321号"
PAPERS = {
    "undertaking": "承诺书",
    "measurement_notice": "测算通知书",
    "commission": "委托书",
    "opinion": "评定意见书",
    "payment_notice": "缴纳通知书",
}
LOSS_T, MULTIPLIER, ORDERED_KG, FIRST_KG = "47.07", "2", 96_000, 36_000


def play(story: Story) -> None:
    """Play the story; the loss, its multiplier and its 96 t are those of 南靖, 2022."""
    lin, zhang = story.operator("sample-lin"), story.operator("sample-zhang")
    clerk = story.operator("sample-shu")
    story.tell(f"a court is opened and its clerk bound: {COURT}")
    _open_court(lin)
    docket = _open_docket(clerk)
    story.tell(f"the clerk opens docket {CASE}; five papers are kept sealed")
    _keep_papers(story, clerk, docket)
    _rule(clerk, docket)
    confirm = _found(rf"{docket}/rulings/\d+/confirm", lin.page(docket))
    refused = clerk.ask(confirm)
    if refused.status_code != 403:
        raise Unexpected(f"the clerk confirmed their own ruling: {refused.status_code}")
    lin.send(confirm)
    story.tell(f"{LOSS_T} t x {MULTIPLIER} is recorded by the clerk and confirmed by another")
    link = _found(r"/dockets/([\w-]{32})", clerk.page(docket), 1)
    _buy_by_wechat(story, link)
    _buy_by_bank(story, clerk, (lin, zhang), docket, link)
    number = _letter(story, zhang, docket, link)
    story.keep(f"/v1/attestations/{number}/file", "clerk-letter.json")
    story.keep_printed(f"/attestations/{number}", "clerk-letter")


def _open_court(lin: Operator) -> None:
    form = {"form_key": secrets.token_urlsafe(18), "name": COURT, "kind": "court", "region": "350627"}
    lin.send("/console/courts", **form)
    court = _found(rf'value="(\w+)">{COURT}', lin.page("/console/courts"), 1)
    lin.send("/console/courts/clerks", court=court, clerk="sample-shu")


def _open_docket(clerk: Operator) -> str:
    court = _found(rf'value="(\w+)">{COURT}', clerk.page("/console/dockets/new"), 1)
    leads_to = clerk.send(
        "/console/dockets",
        form_key=secrets.token_urlsafe(18),
        court=court,
        case_number="(2022) 闽0627刑初0321号",
        stage="trial",
        product="yiyuan",
        persons="张三",
        account_note="生态修复专户，履约保证金 6,000 元",
    )
    return leads_to.split("?")[0].removeprefix(clerk.instance.url)


def _keep_papers(story: Story, clerk: Operator, docket: str) -> None:
    for kind, title in PAPERS.items():
        answer = clerk.session.post(
            f"{story.instance.url}{docket}/papers",
            data={"kind": kind, "title": title},
            files={"paper": (f"{kind}.pdf", f"%PDF-1.7 {title}".encode())},
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        if answer.status_code != 303:
            raise Unexpected(f"{title} was not kept: {answer.status_code}")


def _rule(clerk: Operator, docket: str) -> None:
    today = datetime.now(SHANGHAI).date()
    days = (today + timedelta(days=10), today + timedelta(days=40))
    parts = (FIRST_KG, ORDERED_KG - FIRST_KG)
    lines = [f"{day} {kg / 1000:g}" for day, kg in zip(days, parts, strict=True)]
    clerk.send(
        f"{docket}/ruling",
        basis="tonnes",
        ruled_on=today.isoformat(),
        legal_basis="关于在生态环境刑事案件中开展生态修复适用林业碳汇赔偿机制的工作指引（试行）",
        loss=LOSS_T,
        multiplier=MULTIPLIER,
        rounding="loss_tonne",
        instalments="\n".join(lines),
    )


def _buy_by_wechat(story: Story, link: str) -> None:
    story.sign_in("7")
    seen = story.call("GET", f"/v1/dockets/{link}")
    if (seen["ordered"], seen["open_now"]) != (ORDERED_KG * 1000, FIRST_KG * 1000):
        raise Unexpected(f"96 t were to be ordered: {seen}")
    story.tell(f"the party's page, by its link: {seen['ordered'] / 1e6:g} t ordered of {seen['parties']}")
    lot = _lot(story)
    order = story.call("POST", f"/v1/dockets/{link}/orders", {"lot": lot, "part": "now"})
    number = story.pay(order["code"])["certificate_number"]
    story.tell(f"first instalment: {order['quantity_kg']} kg by WeChat, certificate {number}")


def _buy_by_bank(
    story: Story, clerk: Operator, readers: tuple[Operator, Operator], docket: str, link: str
) -> None:
    lot = _lot(story)
    clerk.send(f"{docket}/orders", form_key=secrets.token_urlsafe(18), lot=lot, part="all")
    page = requests.get(f"{story.instance.url}/dockets/{link}", timeout=TIMEOUT_S).text
    transfers = readers[0].page("/console/transfers")
    code = _found(r"/console/transfers/(\w{26})", transfers, 1)
    amount = _found(r"¥([\d,]+\.\d\d)</b> · 60,000", page, 1)
    reading = {
        "amount": amount,
        "reference": f"DEMO{secrets.token_hex(6)}",
        "received_on": datetime.now(SHANGHAI).date().isoformat(),
    }
    for reader in readers:
        reader.send(f"/console/transfers/{code}/confirm", **reading)
    story.tell(f"second instalment: {amount} yuan by bank, read by two operators")

    def retired() -> object:
        return story.call("GET", f"/v1/dockets/{link}")["done"] >= ORDERED_KG * 1000 or None

    wait(retired, 15)


def _letter(story: Story, zhang: Operator, docket: str, link: str) -> str:
    zhang.send(f"{docket}/letter")
    number = str(story.call("GET", f"/v1/dockets/{link}")["letter"])
    facts = requests.get(f"{story.instance.url}/v1/attestations/{number}", timeout=TIMEOUT_S).json()["facts"]
    if facts["retired_g"] != facts["ordered_g"] or "张三" in str(facts):
        raise Unexpected(f"the letter says {facts}")
    story.tell(f"letter {number}: {facts['retired_g'] / 1e6:g} t retired of {facts['ordered_g'] / 1e6:g} t")
    return number


def _lot(story: Story) -> str:
    lots = story.call("GET", "/v1/lots?available=true&product=yiyuan&limit=100")["items"]
    return str(max(lots, key=lambda lot: lot["remaining_kg"])["code"])


def _found(form: str, page: str, group: int = 0) -> str:
    found = re.search(form, page)
    if found is None:
        raise Unexpected(f"{form} is not on the page")
    return found[group]
