"""A citizen with a tree-planting duty: their own year, a family's, and the greening office's certificate."""

import csv
import io
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import requests

from cases.instance import wait
from cases.people import TIMEOUT_S, Operator, Unexpected
from stories.teller import SHANGHAI, Story

WITHIN_S = 30.0


def play(story: Story) -> None:
    """Play the story."""
    story.sign_in("citizen")
    _read_tariffs(story)
    own = _own_year(story)
    group = _family(story)
    _office(story, [own, *(each["code"] for each in group["people"])])


def _read_tariffs(story: Story) -> None:
    here = story.call("GET", "/v1/duty-tariffs?region=350721")["items"][0]
    story.tell(
        f"{here['place_zh']}: {here['sum'] / 100:.0f} 元 = {here['trees']} tree; grade {here['grade']}"
    )
    refused = story.ask("POST", "/v1/duties", _person("陈示例", region="510104"))
    if refused.status_code != 422 or refused.json()["code"] != "duty_tariff_refused":
        raise Unexpected(f"a region without a rate was not refused: {refused.text}")
    story.tell(f"四川: {refused.json()['detail']}")


def _own_year(story: Story) -> str:
    who = _person("陈示例", region="350721", print_name=True)
    duty = story.call("POST", "/v1/duties", who)
    story.tell(f"{duty['year']}: {duty['trees_lacking']} trees lacking, {duty['lacking'] / 100:.0f} 元")
    order = story.call("POST", "/v1/orders", {"cause": duty["code"], "amount_fen": duty["lacking"]})
    story.pay(order["code"])
    duty = wait(lambda: _reached(story, duty["code"]), WITHIN_S)
    story.tell(
        f"{duty['duty_trees']} trees by {duty['quantity_kg']} kg retired; nothing of it is anybody else's"
    )
    for kind in ("voucher", "equivalence"):
        story.keep(f"/v1/attestations/{duty[kind]}/file", f"citizen-{kind}.json")
        story.keep_printed(f"/attestations/{duty[kind]}", f"citizen-{kind}")
        page = requests.get(f"{story.instance.url}/attestations/{duty[kind]}", timeout=TIMEOUT_S)
        if page.status_code != 200 or "绿化委员会办公室" not in page.text:
            raise Unexpected(f"the {kind} does not say who discharges the duty")
    again = story.ask("POST", "/v1/duties", who)
    if again.status_code != 409:
        raise Unexpected("a second duty in one year was not refused")
    story.tell(f"a second one this year: {again.json()['title']}")
    return str(duty["code"])


def _family(story: Story) -> Any:
    people = [_person(name) for name in ("陈示例甲", "陈示例乙", "陈示例丙")]
    body = {"kind": "family", "title": "陈家（示例）", "region": "350721", "people": people}
    group = story.call("POST", "/v1/duty-groups", body)
    order = story.call("POST", "/v1/orders", {"cause": group["code"], "amount_fen": group["lacking"]})
    story.pay(order["code"])

    def counted() -> Any:
        found = story.call("GET", f"/v1/duty-groups/{group['code']}")
        return found if found["lacking"] == 0 and found["voucher"] else None

    found = wait(counted, WITHIN_S)
    parts = ", ".join(
        f"{each['amount_fen'] / 100:.0f} 元 {each['duty_trees']} trees" for each in found["people"]
    )
    story.tell(f"a family of three, one payment of {order['amount_fen'] / 100:.0f} 元: {parts}")
    story.keep(f"/v1/attestations/{found['voucher']}/file", "citizen-family-voucher.json")
    story.keep_printed(f"/attestations/{found['voucher']}", "citizen-family-voucher")
    return found


def _office(story: Story, codes: list[str]) -> None:
    lin, zhang = story.operator("sample-lin"), story.operator("sample-zhang")
    year = datetime.now(SHANGHAI).year
    batch = lin.send("/console/duties", region="35", year=str(year)).partition("?")[0]
    zhang.send(f"{batch}/approve")
    file = lin.ask(f"{batch}/file")
    sent = list(csv.reader(io.StringIO(file.content.decode("gb18030"))))[1:]
    if len(sent) != len(codes):
        raise Unexpected(f"{len(sent)} people were sent, not {len(codes)}")
    story.tell(
        f"{len(sent)} people sent to the greening office, prepared by one operator, approved by another"
    )
    answers = [("报送编号", "结果", "证书编号", "原因")]
    answers += [(row[1], "通过", f"示例尽责{secrets.token_hex(4)}", "") for row in sent]
    _answer(lin, answers)
    duty = story.call("GET", f"/v1/duties/{codes[0]}")
    line = duty["lines"][0]
    if line["status"] != "accepted":
        raise Unexpected(f"the office's number did not arrive: {line}")
    story.tell(f"the office's certificate: {line['office_number']}")


def _answer(operator: Operator, rows: Sequence[tuple[str, ...]]) -> None:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    answer = operator.session.post(
        f"{operator.instance.url}/console/duties/answers",
        files={"file": ("answers.csv", written.getvalue().encode("gb18030"), "text/csv")},
        timeout=TIMEOUT_S,
    )
    if answer.status_code != 200 or 'class="said"' not in answer.text:
        raise Unexpected(f"the office's file was not taken: {answer.status_code}")


def _reached(story: Story, code: str) -> Any:
    found = story.call("GET", f"/v1/duties/{code}")
    return found if found["reached"] and found["equivalence"] else None


def _person(name: str, **more: Any) -> dict[str, Any]:
    birth_year = datetime.now(SHANGHAI).year - 30
    return {"name": name, "birth_year": birth_year, "id_suffix": f"{secrets.randbelow(10_000):04d}", **more}
