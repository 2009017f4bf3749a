"""Participants on pages: a list before it counts, the poster, and the phone behind the QR code."""

import re
from datetime import date

import pytest
from attending import HEAD, LIST
from flask import Flask
from organising import TOLD, day
from seeing import assert_sound
from visiting import Visitor
from werkzeug.test import TestResponse

from app.causes.services import events
from app.causes.services.events import Beginning, Description
from app.footprint.services import Facts
from app.kit.transaction import transaction


class Desk(Visitor):
    """An organiser at their desk, with an event that is still estimated."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.sign_in()
        facts = Facts(*(date.fromisoformat(day(offset)) for offset in (5, 6)), 30, 10)
        with transaction():
            told = Description(TOLD["title"], TOLD["kind"], TOLD["organiser"], TOLD["place"])
            self.event = events.register_event(self.holder_id, told, Beginning("CN-FJ", facts)).code
        self.path = f"/me/events/{self.event}/people"

    def send(self, content: str | bytes, where: str = "imports", **form: str) -> TestResponse:
        sent = content if isinstance(content, bytes) else content.encode()
        parts = [
            f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in form.items()
        ]
        parts.append('--cut\r\nContent-Disposition: form-data; name="list"; filename="list.csv"\r\n\r\n')
        return self.client.post(
            f"{self.path}/{where}",
            data="".join(parts).encode() + sent + b"\r\n--cut--\r\n",
            content_type="multipart/form-data; boundary=cut",
            headers={"Origin": self.home},
            base_url=self.home,
        )

    def opened(self) -> str:
        """Open the reports; the path behind the QR code."""
        answer = self.post(f"{self.path}/reports/open", {"city": "福州"})
        assert answer.location.endswith("said=reports_opened"), answer.text
        found = re.search(r"/participate/\w+/\w+", self.get(self.path).text)
        assert found is not None
        return found[0]


@pytest.fixture
def desk(app: Flask, live: str) -> Desk:
    return Desk(app)


def test_a_list_is_looked_at_before_it_counts(desk: Desk) -> None:
    before = desk.get(desk.path)
    assert_sound(before.text, "zh", desk.path)
    assert "还没有人" in before.text
    sent = desk.send(LIST.encode("gbk"))
    assert sent.status_code == 303, sent.text
    preview = desk.get(sent.location)
    assert_sound(preview.text, "zh", desk.path)
    assert "GB18030" in preview.text
    assert "林晓" not in preview.text
    assert "导入全部 5 人" in preview.text
    taken = desk.post(f"{sent.location}/take")
    assert taken.location.endswith("said=list_taken")
    after = desk.get(taken.location).text
    assert "名单已计入清单" in after
    assert_sound(desk.get(f"{desk.path}?lang=en").text, "en", desk.path)


def test_faulty_lines_are_shown_without_what_stood_there(desk: Desk) -> None:
    sent = desk.send(LIST.replace("飞机", "骑着王伟来"))
    page = desk.get(sent.location).text
    assert "第 3 行 · 去程交通" in page
    assert "王伟" not in page
    refused = desk.post(f"{sent.location}/take")
    assert refused.status_code == 409
    assert "有 1 行无法计入" in refused.text
    assert desk.post(f"{sent.location}/take", {"sound_only": "yes"}).status_code == 303


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 422, "请检查填写内容"),
        (b"PK\x03\x04", 422, "另存为 CSV"),
        (HEAD.encode(), 422, "没有参加者"),
        (b"there by\n" + b"walk\n" * 900_000, 413, "太大"),
    ],
)
def test_what_is_no_list_is_refused_on_the_page(desk: Desk, content: bytes, status: int, said: str) -> None:
    answer = desk.send(content)
    assert answer.status_code == status
    assert said in answer.text
    assert_sound(answer.text, "zh", desk.path)


def test_a_city_that_is_none_is_said_beside_the_form(desk: Desk) -> None:
    answer = desk.send(LIST, city="火星")
    assert answer.status_code == 422
    assert "不在城市表里" in answer.text


def test_codes_and_people_are_taken_as_files(desk: Desk) -> None:
    desk.post(f"{desk.send(LIST).location}/take")
    codes = desk.send(LIST, "codes")
    assert codes.mimetype == "text/csv"
    assert codes.text.count("\r\n") == 6
    assert desk.send(f"{HEAD}\n,林,,,地铁,1,,,,,\n", "codes").status_code == 422
    people = desk.get(f"{desk.path}.csv")
    assert people.mimetype == "text/csv"
    assert people.text.count("\r\n") == 6


def test_whoever_scans_the_code_reports_and_sees_what_it_comes_to(desk: Desk, app: Flask) -> None:
    link = desk.opened()
    poster = desk.get(f"{desk.path}/poster")
    assert_sound(poster.text, "zh", desk.path)
    assert link in poster.text
    phone = Visitor(app)
    page = phone.get(link)
    assert_sound(page.text, "zh", desk.path)
    assert TOLD["title"] in page.text
    sent = phone.post(
        link, {"attendance": "onsite", "there": "high_speed_rail", "city": "厦门", "nights": "1"}
    )
    assert (sent.status_code, sent.location) == (303, link), sent.text
    done = phone.get(link).text
    assert "已收到，谢谢" in done
    assert 'value="厦门市"' in done
    phone.post(link, {"attendance": "onsite", "there": "bus", "there_km": "3.2 公里"})
    assert 'value="4"' in phone.get(link).text, "a begun kilometre counts"
    phone.post(link, {"attendance": "onsite", "there": "walk"})
    assert "不产生计入的排放" in phone.get(link).text
    assert '自己填报的人</span><span class="num">1<' in desk.get(desk.path).text
    assert_sound(phone.speak("en").get(link).text, "en", link)
    phone.post(link, {"there": "bus", "city": "苏州"})
    found = phone.get(link).text
    assert 'value="苏州市"' in found, "two cities are called Suzhou, and what is shown can be sent again"
    phone.post(link, {"there": "bus", "city": "Xiamen"})
    assert 'value="Xiamen"' in phone.get(link).text


def test_a_phone_without_cookies_is_counted_once_all_the_same(desk: Desk, app: Flask) -> None:
    link = desk.opened()
    page = Visitor(app).get(link).text
    device = re.search(r'name="device" value="(\w{26})"', page)
    assert device is not None
    for means in ("bus", "metro"):
        form = {"device": device[1], "there": means, "there_km": "3"}
        assert Visitor(app).post(link, form).status_code == 303
    assert '自己填报的人</span><span class="num">1<' in desk.get(desk.path).text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"there": "camel"}, "不是模板里的词"),
        ({"there": "bus"}, "不作猜测"),
        ({"there": "bus", "city": "火星"}, "不在城市表里"),
        ({"there": "bus", "there_km": "-3"}, "1 到 25000"),
        ({"there": "bus", "there_km": "很远"}, "不是公里数"),
        ({"there": "bus", "there_km": "3", "nights": "-1"}, "0 与 60"),
        ({"there": "bus", "there_km": "3", "code": "ABC"}, "校验码不对"),
        ({"there": "bus", "there_km": "3", "name": "林晓"}, "请检查填写内容"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    desk: Desk, app: Flask, form: dict[str, str], said: str
) -> None:
    answer = Visitor(app).post(desk.opened(), form)
    assert answer.status_code == 422
    assert said in answer.text
    assert_sound(answer.text, "zh", desk.path)


def test_the_organiser_takes_out_a_report_counts_the_rest_and_stops(desk: Desk, app: Flask) -> None:
    link = desk.opened()
    phones = [Visitor(app) for _ in range(2)]
    for phone in phones:
        phone.post(link, {"there": "bus", "there_km": "3"})
    found = re.findall(r"reports/(\d+)/drop", desk.get(desk.path).text)
    assert len(found) == 2
    assert desk.post(f"{desk.path}/reports/{found[0]}/drop").location.endswith("said=report_removed")
    assert "移除了这部手机的填报" in phones[0].get(link).text
    assert phones[0].post(link, {"there": "bus", "there_km": "3"}).status_code == 409
    assert desk.post(f"{desk.path}/reports/count").location.endswith("said=reports_counted")
    assert desk.post(f"{desk.path}/reports/close").location.endswith("said=reports_closed")
    assert "没有开放填报" in phones[1].get(link).text
    desk.post(f"{desk.path}/reports/open")
    desk.post(f"{desk.path}/reports/link")
    assert phones[1].get(link).status_code == 404


def test_anothers_desk_and_a_poster_without_a_link_are_not_there(desk: Desk, app: Flask) -> None:
    assert desk.get(f"{desk.path}/poster").status_code == 404
    other = Visitor(app)
    other.sign_in()
    for path in (desk.path, f"{desk.path}.csv", f"{desk.path}/imports/1", f"{desk.path}/poster"):
        assert other.get(path).status_code == 404
    for path in ("reports/open", "reports/close", "reports/link", "reports/count", "imports/1/take"):
        assert other.post(f"{desk.path}/{path}").status_code == 404


def test_another_sites_form_reports_nothing(desk: Desk, app: Flask) -> None:
    answer = Visitor(app).post(
        desk.opened(), {"there": "bus", "there_km": "3"}, Origin="https://evil.example"
    )
    assert answer.status_code == 403
