"""WeRun: the steps of 31 days as a phone hands them over, encrypted by WeChat. Pure; no network.

AES-CBC has no integrity, so a step count is a claim that survived every check here, not a proof.
Source: WeChat mini-program, `wx.getWeRunData` and "开放数据校验与解密" (checking and decrypting open data).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha1, sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from app.clients.errors import DecryptionFailed
from app.clients.shapes import (
    SHANGHAI,
    Fields,
    as_object,
    base64_bytes,
    json_object,
    otherwise,
    section,
    text,
    whole,
)

LARGEST_INPUT_CHARS = 64 * 1024
# How far the watermark may lie from now, either way: the data is made the moment it is asked for.
WATERMARK_WINDOW_S = 600
# WeRun gives 30 days and today.
MOST_DAYS = 31
# More than a day on foot can hold; what is credited is capped far lower by the rules of footprint.
MOST_STEPS = 100_000

_YEAR_2100_S = 4_102_444_800


@dataclass(frozen=True, slots=True)
class StepReport:
    """Steps by day (Asia/Shanghai, oldest first), as WeChat counted them at `taken_at` (UTC)."""

    taken_at: datetime
    days: tuple[tuple[date, int], ...]


def decrypt_werun(encrypted_data: str, iv: str, session_key: str, appid: str, now: datetime) -> StepReport:
    """Read what `wx.getWeRunData` gave the phone, under the session key of its owner.

    Raises `DecryptionFailed`, always the same, unless the data decrypts, is ours (`appid`), is fresh,
    and holds 1 to 31 different days, none ahead of today and none more than 31 days back.
    """
    plaintext = decrypt(encrypted_data, iv, session_key)
    with otherwise(DecryptionFailed()):
        return _step_report(json_object(plaintext), appid, now)


def decrypt(encrypted_data: str, iv: str, session_key: str) -> bytes:
    """Decrypt open data: AES-128-CBC, PKCS#7, all three given in base64. Raises `DecryptionFailed`."""
    with otherwise(DecryptionFailed()):
        ciphertext = _ciphertext(encrypted_data)
        # Key and iv of any length but 16 bytes are refused here.
        decryptor = Cipher(AES128(base64_bytes(session_key)), CBC(base64_bytes(iv))).decryptor()
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        unpadder = PKCS7(AES128.block_size).unpadder()
        return unpadder.update(padded) + unpadder.finalize()


def fingerprint(encrypted_data: str) -> bytes:
    """SHA-256 of the ciphertext, by which the caller knows data it has seen. Raises `DecryptionFailed`."""
    with otherwise(DecryptionFailed()):
        return sha256(_ciphertext(encrypted_data)).digest()


def raw_data_signature(raw_data: str, session_key: str) -> str:
    """SHA-1 by which WeChat marks open data that also comes in the clear (a profile; WeRun never does)."""
    return sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()


def _ciphertext(encrypted_data: str) -> bytes:
    if len(encrypted_data) > LARGEST_INPUT_CHARS:
        raise ValueError("too large")
    return base64_bytes(encrypted_data)


def _step_report(told: Fields, appid: str, now: datetime) -> StepReport:
    watermark = section(told, "watermark")
    taken_at = datetime.fromtimestamp(whole(watermark, "timestamp", 0, _YEAR_2100_S), UTC)
    if text(watermark, "appid") != appid:
        raise ValueError("another mini-program's data")
    if abs(now - taken_at) > timedelta(seconds=WATERMARK_WINDOW_S):
        raise ValueError("not fresh")
    return StepReport(taken_at, _days(told.get("stepInfoList"), now.astimezone(SHANGHAI).date()))


def _days(listed: object, today: date) -> tuple[tuple[date, int], ...]:
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_DAYS:
        raise ValueError("not a list of 1 to 31 days")
    days = dict(_day(as_object(entry)) for entry in listed)
    if len(days) < len(listed):
        raise ValueError("a day stands twice")
    if max(days) > today or min(days) < today - timedelta(days=MOST_DAYS):
        raise ValueError("a day outside the window")
    return tuple(sorted(days.items()))


def _day(entry: Fields) -> tuple[date, int]:
    # By conversion, never by equality with midnight: WeChat's own sample stands at 21:36:41.
    begins = datetime.fromtimestamp(whole(entry, "timestamp", 0, _YEAR_2100_S), SHANGHAI)
    return begins.date(), whole(entry, "step", 0, MOST_STEPS)
