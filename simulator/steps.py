"""The steps a test person has walked, and WeRun's encryption of them.

Steps follow from person and date alone: weekdays lie about a commute, weekends are either lazy or long.
Today's figure grows from six in the morning to eleven at night, never backwards.
Source of the format: Weixin open documentation, "wx.getWeRunData" and "signature verification and
encryption" (AES-128-CBC, PKCS#7, watermark with appid and time; 31 days, ascending).
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from simulator.clock import SHANGHAI, local

DAYS = 31
FEWEST, MOST = 2_000, 18_000
WAKES_AT, SLEEPS_AT = 6, 23


@dataclass(frozen=True)
class DaySteps:
    """Steps of one day in Shanghai."""

    day: date
    steps: int


def full_day_steps(openid: str, day: date) -> int:
    """Return what the person walks on a whole day."""
    dice = hashlib.sha256(f"{openid}|{day.isoformat()}".encode()).digest()
    chance, spread = dice[0], int.from_bytes(dice[1:3], "big")
    if day.weekday() < 5:
        low, high = 4_000, 11_500
    else:
        low, high = (2_000, 5_500) if chance < 154 else (9_500, 18_000)
    return low + spread * (high - low) // 65_535


def steps_until(openid: str, moment: datetime) -> int:
    """Return what the person has walked on the day of `moment` until then."""
    minutes_awake = (SLEEPS_AT - WAKES_AT) * 60
    minutes = min(max(moment.hour * 60 + moment.minute - WAKES_AT * 60, 0), minutes_awake)
    return full_day_steps(openid, moment.date()) * minutes // minutes_awake


def month_of_steps(openid: str, now_s: float) -> list[DaySteps]:
    """Return 30 whole days and today so far, oldest first; `now_s` in seconds since 1970."""
    moment = local(now_s)
    past = [moment.date() - timedelta(days=back) for back in range(DAYS - 1, 0, -1)]
    return [DaySteps(day, full_day_steps(openid, day)) for day in past] + [
        DaySteps(moment.date(), steps_until(openid, moment))
    ]


def werun_data(appid: str, days: list[DaySteps], watermark_s: float) -> bytes:
    """Write the plaintext of wx.getWeRunData."""
    return json.dumps(
        {
            "stepInfoList": [{"timestamp": _midnight_s(day.day), "step": day.steps} for day in days],
            "watermark": {"timestamp": int(watermark_s), "appid": appid},
        },
        separators=(",", ":"),
    ).encode()


def encrypted(plain: bytes, session_key: str) -> dict[str, str]:
    """Encrypt under a session key; returns `encryptedData` and `iv` in base64."""
    iv = secrets.token_bytes(16)
    padder = PKCS7(128).padder()
    encryptor = Cipher(AES(base64.b64decode(session_key)), CBC(iv)).encryptor()
    sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return {"encryptedData": base64.b64encode(sealed).decode(), "iv": base64.b64encode(iv).decode()}


def _midnight_s(day: date) -> int:
    """Return when a day began in Shanghai."""
    return int(datetime.combine(day, clock_time(), SHANGHAI).timestamp())
