"""An organiser with an event, its list of participants, and phones before its link."""

import csv
import io
from typing import Any

from flask import Flask
from organising import Organiser

HEAD = "编号,姓名,参会方式,出发城市,去程交通,去程公里,返程交通,返程公里,住宿晚数,用餐数,素食"
ROWS = (
    "001,林晓,现场,厦门,高铁,276,,,2,5,",
    "002,王伟,现场,北京,飞机,1700,高铁,2000,1,3,是",
    "003,陈静,线上,,,,,,,,",
    "004,张敏,现场,,自驾,60,,,,2,",
    "005,李强,现场,,搭乘他人的车,,,,,2,",
)
LIST = "\n".join([HEAD, *ROWS]) + "\n"


class Doorkeeper(Organiser):
    """An organiser with an event that is still estimated, and phones before its link."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self.event = self.register(begins=20)
        self.path = f"events/{self.event['code']}/participants"

    def send(self, content: bytes | str, take: str = "whole", *, city: str = "", **headers: str) -> Any:
        sent = {"Content-Type": "text/csv", **self.who.auth, **headers}
        query = f"?take={take}" + (f"&city={city}" if city else "")
        body = content if isinstance(content, bytes) else content.encode()
        return self.client.post(f"/v1/{self.path}/imports{query}", data=body, headers=sent)

    def people(self) -> Any:
        return self.done("GET", self.path)

    def lines(self, stage: str = "estimate") -> dict[tuple[str, str], dict[str, Any]]:
        """The inventory's lines of people by item and grade."""
        inventory = self.done("GET", f"inventories/{self.read(self.event)['inventory']}")
        return {(each["item"], each["grade"]): each for each in inventory["stages"][stage]["lines"]}

    def open(self, city: str = "福州") -> str:
        """Open the reports; the link's path under /v1/participant-reports."""
        link = self.done("PUT", f"{self.path}/reports", {"open": True, "city": city})["link"]
        return str(link).removeprefix("/participate/")

    def report(self, link: str, device: str = "phone-1", **told: Any) -> Any:
        body = {"device": device, "there": "metro", "there_km": 12, **told}
        return self.client.put(f"/v1/participant-reports/{link}", json=body)

    def codes(self, content: str = LIST) -> dict[str, str]:
        sent = {"Content-Type": "text/csv", **self.who.auth}
        answer = self.client.post(f"/v1/{self.path}/codes", data=content.encode(), headers=sent)
        assert answer.status_code == 200, answer.text
        return dict(list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))[1:])
