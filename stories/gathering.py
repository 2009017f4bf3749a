"""Three hundred people of an event: their list, reports at the door, and what all of them come to."""

import csv
import io
from typing import Any

import requests

from cases.people import TIMEOUT_S, Unexpected
from stories.teller import Story

PEOPLE = 300
HEAD = ("编号", "姓名", "参会方式", "出发城市", "去程交通", "去程公里", "住宿晚数", "用餐数", "素食")
MEANS = ("高铁", "高铁", "飞机", "自驾", "大巴", "地铁", "公交", "搭乘他人的车")
CITIES = ("厦门", "泉州", "南平", "北京", "上海", "杭州", "广州")
NEAR = ("自驾", "地铁", "公交")


def gather(story: Story, event: str) -> Any:
    """Import the list of an event as Excel writes it in China, let five people report; what they come to."""
    path = f"/v1/events/{event}/participants"
    content = _list().encode("gb18030")
    draft = _send(story, f"{path}/imports?city=350100", content)
    story.tell(f"a list in {draft['encoding']}: {draft['people']} people, {draft['faults']} faulty lines")
    for fault in draft["faulty"]:
        story.tell(f"   line {fault['line']}, {fault['column']}: {fault['detail']}")
    taken = story.call("POST", f"{path}/imports/{draft['number']}/take", {"sound_only": True})
    story.tell(f"the sound lines taken: {taken['emitted_g'] / 1e6:.3f} t")
    codes = _codes(story, f"{path}/codes", content)
    link = story.call("PUT", f"{path}/reports", {"open": True})["link"]
    for number, code in list(codes.items())[1:6]:
        told = {"device": f"phone-{number}", "code": code, "there": "高铁", "there_km": 260, "nights": 1}
        _report(story, link, told)
    people = story.call("POST", f"{path}/reports/count")
    story.tell(
        f"{people['reported']} reported by the QR code in place of their line: {people['listed']} + "
        f"{people['reported']} people, {people['emitted_g'] / 1e6:.3f} t in {len(people['lines'])} lines"
    )
    if people["emitted_g"] != people["counted_g"] or people["replaced"] != 5:
        raise Unexpected(f"the inventory does not say what the people say: {people}")
    story.keep(f"{path}/people.csv", "organiser-participants.csv")
    return people


def _list() -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for place in range(PEOPLE):
        who = (f"{place + 1:03d}", f"示例{place + 1}")
        if place % 10 == 0:
            writer.writerow([*who, "线上", "", "", "", "", "", ""])
            continue
        means = "骆驼" if place == 123 else MEANS[place % len(MEANS)]
        km = str(3 + place % 40) if means in NEAR else ""
        row = ["现场", CITIES[place % len(CITIES)], means, km, str(place % 3), str(place % 6)]
        writer.writerow([*who, *row, "是" if place % 12 == 0 else ""])
    return out.getvalue()


def _send(story: Story, path: str, content: bytes) -> Any:
    answer = _post(story, path, content)
    return answer.json()


def _codes(story: Story, path: str, content: bytes) -> dict[str, str]:
    text = _post(story, path, content).content.decode("utf-8-sig")
    return dict(list(csv.reader(io.StringIO(text)))[1:])


def _post(story: Story, path: str, content: bytes) -> requests.Response:
    headers = {**story.headers, "Content-Type": "text/csv"}
    answer = requests.post(story.instance.url + path, data=content, headers=headers, timeout=TIMEOUT_S)
    if not answer.ok:
        raise Unexpected(f"POST {path} answered {answer.status_code}: {answer.text[:300]}")
    return answer


def _report(story: Story, link: str, told: dict[str, Any]) -> None:
    address = f"{story.instance.url}/v1/participant-reports/{link.removeprefix('/participate/')}"
    answer = requests.put(address, json=told, timeout=TIMEOUT_S)
    if not answer.ok:
        raise Unexpected(f"a report answered {answer.status_code}: {answer.text[:300]}")
