"""WeRun data decrypts by hand, and the steps in it are a plausible person's."""

import base64
import json
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator.clock import SHANGHAI
from simulator.steps import full_day_steps, month_of_steps, steps_until


def decrypted(session_key: str, data: dict[str, str]) -> dict[str, Any]:
    key, iv = base64.b64decode(session_key), base64.b64decode(data["iv"])
    assert (len(key), len(iv)) == (16, 16)
    opener = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    padded = opener.update(base64.b64decode(data["encryptedData"])) + opener.finalize()
    assert 1 <= padded[-1] <= 16
    assert padded.endswith(bytes([padded[-1]]) * padded[-1])
    return dict(json.loads(padded[: -padded[-1]]))


def logged_in(merchant: Any, account: str = "1") -> str:
    login = merchant.session.post(f"{merchant.base_url}/phone/api/login", json={"account": account})
    return str(
        merchant.session.get(
            f"{merchant.base_url}/sns/jscode2session",
            params={
                "appid": merchant.appid,
                "secret": merchant.env["WECHAT_SECRET"],
                "js_code": login.json()["code"],
                "grant_type": "authorization_code",
            },
        ).json()["session_key"]
    )


def test_the_data_opens_with_the_session_key_and_holds_31_days(merchant: Any) -> None:
    key = logged_in(merchant)
    data = merchant.session.post(f"{merchant.base_url}/phone/api/werun", json={"account": "1"}).json()
    plain = decrypted(key, data)
    assert plain["watermark"]["appid"] == merchant.appid
    assert abs(plain["watermark"]["timestamp"] - time.time()) < 5
    days = [datetime.fromtimestamp(each["timestamp"], SHANGHAI) for each in plain["stepInfoList"]]
    assert all((each.hour, each.minute, each.second) == (0, 0, 0) for each in days)
    today = datetime.now(SHANGHAI).date()
    assert [each.date() for each in days] == [today - timedelta(days=back) for back in range(30, -1, -1)]
    assert all(type(each["step"]) is int and 0 <= each["step"] <= 18_000 for each in plain["stepInfoList"])


def test_the_watermark_can_be_spoilt_for_tests(merchant: Any) -> None:
    key = logged_in(merchant)
    data = merchant.session.post(
        f"{merchant.base_url}/phone/api/werun",
        json={"account": "1", "watermark_age_seconds": 3600, "appid": "wx0000000000000000"},
    ).json()
    watermark = decrypted(key, data)["watermark"]
    assert watermark["appid"] == "wx0000000000000000"
    assert 3595 < time.time() - watermark["timestamp"] < 3605


def test_steps_depend_on_person_and_day_alone_and_are_plausible() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    walked = [full_day_steps("o-one", day) for day in days]
    assert walked == [full_day_steps("o-one", day) for day in days]
    assert walked != [full_day_steps("o-two", day) for day in days]
    assert all(2_000 <= steps <= 18_000 for steps in walked)
    weekend = [steps for day, steps in zip(days, walked, strict=True) if day.weekday() >= 5]
    week = [steps for day, steps in zip(days, walked, strict=True) if day.weekday() < 5]
    assert max(weekend) > max(week)
    assert min(weekend) < min(week)


def test_today_grows_from_nothing_to_the_whole_day_and_never_shrinks() -> None:
    minutes = [datetime(2026, 11, 20, tzinfo=SHANGHAI) + timedelta(minutes=each) for each in range(1440)]
    walked = [steps_until("o-one", each) for each in minutes]
    assert walked[0] == 0
    assert walked[-1] == full_day_steps("o-one", date(2026, 11, 20))
    assert all(later >= earlier for earlier, later in pairwise(walked))


def test_the_day_turns_at_midnight_in_shanghai() -> None:
    before = datetime(2026, 11, 20, 15, 59, tzinfo=UTC).timestamp()
    assert month_of_steps("o-one", before)[-1].day == date(2026, 11, 20)
    assert month_of_steps("o-one", before + 60)[-1].day == date(2026, 11, 21)
