"""A list of 10,000 participants imported into an event over HTTP, against COPY of the rows it leaves.

Ours: the bytes of a spreadsheet to people (encoding, head, every cell judged, cities to kilometres, codes
to digests), a draft with its preview, taken: the list before it is forgotten, every person summed by item
and grade, the inventory's lines replaced with factor and grams and traced to the import; one request, one
transaction. The other side: the people's rows, rendered beforehand, into the same table with its keys and
constraints, and nothing computed.
"""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import requests
from sqlalchemy import text

from app.accounts import services as accounts
from app.causes.queries.words import words
from app.config import Settings
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.identity import signer
from app.kit.transaction import transaction
from bench.rounds import side_by_side, stopwatch
from bench.server import served

PEOPLE = 10_000
HEAD = (
    "编号",
    "姓名",
    "参会方式",
    "出发城市",
    "去程交通",
    "去程公里",
    "返程交通",
    "住宿晚数",
    "用餐数",
    "素食",
)
MEANS = ("高铁", "飞机", "自驾", "大巴", "地铁", "高铁", "高铁", "公交")
COLUMNS = (
    "event_id, import_id, line, person, attendance, there_means, there_km, there_by_city, back_means,"
    " back_km, back_by_city, nights, meals, diet, city, told_at"
)


class Gathering:
    """An organiser with an event, and ever new lists of its people."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}/v1"
        with transaction():
            signed = accounts.sign_in_wechat(f"bench-{random_code()}", None, "bench")
        token = signer().issue(signed.holder_id, signed.session_id, "api", timedelta(hours=2))
        self.auth = {"Authorization": f"Bearer {token}"}
        today = clock.business_day()
        facts = {
            "title": "示例大会",
            "kind": "forum",
            "organiser": "示例协会",
            "place": "福州",
            "region": "CN-FJ",
            "starts_on": f"{today + timedelta(days=9)}",
            "ends_on": f"{today + timedelta(days=11)}",
            "onsite_heads": PEOPLE,
        }
        self.code = self.done("POST", "events", json=facts)["code"]
        self.turn = 0

    def done(self, method: str, path: str, **told: Any) -> Any:
        """What is answered to a call that has to succeed."""
        headers = self.auth | told.pop("headers", {})
        answer = requests.request(method, f"{self.base}/{path}", headers=headers, timeout=120, **told)
        if not answer.ok:
            raise RuntimeError(answer.text[:500])
        return answer.json()

    def content(self) -> bytes:
        """A list as a spreadsheet writes it: half with kilometres, half by city, one in twenty online."""
        self.turn += 1
        cities = [city.short_zh for city in words().cities.by_code.values() if city.code != "350100"]
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(HEAD)
        for place in range(PEOPLE):
            who = (f"{place:05d}", f"示例{place}")
            if place % 20 == 0:
                writer.writerow([*who, "线上", "", "", "", "", "", "", ""])
                continue
            means, city = MEANS[place % len(MEANS)], cities[(place + self.turn) % len(cities)]
            km = str(100 + place % 1900 + self.turn) if place % 2 else ""
            diet = "是" if place % 7 == 0 else ""
            writer.writerow([*who, "现场", city, means, km, "", str(place % 4), str(place % 9), diet])
        return out.getvalue().encode("gb18030")

    def send(self, content: bytes) -> Any:
        """Import a list and take it at once."""
        path = f"events/{self.code}/participants/imports?take=whole&city=350100"
        return self.done("POST", path, data=content, headers={"Content-Type": "text/csv"})


def through_api(gathering: Gathering) -> Callable[[], float]:
    """People a second of one list over HTTP."""

    def measure() -> float:
        content = gathering.content()
        with stopwatch() as seconds:
            taken = gathering.send(content)
        if taken["people"] != PEOPLE or len(taken["lines"]) < 8:
            raise RuntimeError(
                f"not everybody counted: {taken['people']} people, {len(taken['lines'])} lines"
            )
        return PEOPLE / seconds()

    return measure


def by_copy() -> Callable[[], float]:
    """People a second of COPY, in one transaction, from text that is ready: the same people again."""

    def measure() -> float:
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url) as connection:
            told = f"SELECT {COLUMNS} FROM participant WHERE import_id IS NOT NULL"
            with connection.cursor().copy(f"COPY ({told}) TO STDOUT") as copy:
                ready = b"".join(copy)
            connection.execute("DELETE FROM participant")
            with stopwatch() as seconds:
                with connection.cursor().copy(f"COPY participant ({COLUMNS}) FROM STDIN") as copy:
                    copy.write(ready)
                connection.commit()
        return PEOPLE / seconds()

    return measure


def compare(settings: Settings) -> dict[str, float]:
    """How long a list takes, and the ratio with the rates behind it."""
    with served("wsgi:app", settings) as port:
        gathering = Gathering(port)
        ours, other = through_api(gathering), by_copy()
        for warm in (ours, other):
            warm()
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        mine, theirs, ratio = side_by_side(ours, other)
    return {
        "event_import_s": PEOPLE / mine,
        "event_import_people_per_s": mine,
        "event_copy_people_per_s": theirs,
        "event_import_vs_copy": ratio,
    }
