"""Steps from a phone: the official vectors, and every way in which the data can be wrong."""

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clients.errors import DecryptionFailed
from app.clients.werun import decrypt, decrypt_werun, fingerprint, raw_data_signature

APPID = "wx4f4bc4dec97d474b"
KEY = "tiihtNczf5v6AKRyjwEUhQ=="
IV = "r7BXXKkLb8qrSNn05n0qiA=="
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 21)

# Tencent's own sample (aes-sample, demo.py).
OFFICIAL = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRg"
    "v+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7U"
    "L/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3"
    "g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFd"
    "lqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01"
    "EpqOyuxINew=="
)


def encrypt(plaintext: bytes, *, padding: bytes | None = None) -> str:
    """WeChat's side of the cipher, written from its definition."""
    size = 16 - len(plaintext) % 16
    encryptor = Cipher(AES128(base64.b64decode(KEY)), CBC(base64.b64decode(IV))).encryptor()
    padded = plaintext + (bytes([size]) * size if padding is None else padding)
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def midnight(days_ago: int) -> int:
    day = TODAY - timedelta(days=days_ago)
    return int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp())


def report(**changes: Any) -> dict[str, Any]:
    """What WeRun gives: 30 days and today, oldest first."""
    listed = [{"timestamp": midnight(ago), "step": 5000 + ago} for ago in range(30, -1, -1)]
    watermark = {"timestamp": int(NOW.timestamp()), "appid": APPID}
    return {"stepInfoList": listed, "watermark": watermark} | changes


def read(told: Any, *, now: datetime = NOW) -> Any:
    plaintext = told if isinstance(told, bytes) else json.dumps(told).encode()
    return decrypt_werun(encrypt(plaintext), IV, KEY, APPID, now)


def one(**entry: Any) -> dict[str, Any]:
    return report(stepInfoList=[{"timestamp": midnight(0), "step": 1} | entry])


def test_the_official_cipher_vector() -> None:
    assert (
        sha256(OFFICIAL.encode()).hexdigest()
        == "7842122eb129390ef7ca47b91ae8d142553fc5849eaad857552491f090118a51"
    )
    plaintext = decrypt(OFFICIAL, IV, KEY)
    assert sha256(plaintext).hexdigest() == "3237d8a5dbd413523c194882c7156544d8a06e2afcc97383cc300c17bd09391b"
    assert json.loads(plaintext)["watermark"] == {"timestamp": 1477314187, "appid": APPID}
    assert encrypt(plaintext) == OFFICIAL, "the encryptor of these tests is WeChat's"


def test_the_official_raw_data_vector() -> None:
    raw_data = (
        '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN",'
        '"avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjA'
        'tpujxyzYsrztuuICqIM5ibXQ/0"}'
    )
    assert (
        raw_data_signature(raw_data, "HyVFkGl5F5OQWJZZaNzBBg==") == "75e81ceda165f4ffa64f4068af58c64b8f54b88c"
    )


def test_a_report_gives_every_day_in_shanghai_oldest_first() -> None:
    found = read(report())
    assert found.taken_at == NOW
    assert found.days == tuple((TODAY - timedelta(days=ago), 5000 + ago) for ago in range(30, -1, -1))


def test_the_order_of_the_list_does_not_matter() -> None:
    assert read(report(stepInfoList=report()["stepInfoList"][::-1])) == read(report())


def test_a_day_is_known_by_any_moment_of_it_as_in_wechats_sample() -> None:
    at = int(datetime(2026, 11, 20, 21, 36, 41, tzinfo=SHANGHAI).timestamp())
    assert read(one(timestamp=at)).days == ((date(2026, 11, 20), 1),)


@pytest.mark.parametrize("steps", [0, 100_000])
def test_the_bounds_of_a_step_count_are_taken(steps: int) -> None:
    assert read(one(step=steps)).days == ((TODAY, steps),)


@pytest.mark.parametrize("off", [-600, 600])
def test_a_watermark_ten_minutes_off_is_taken(off: int) -> None:
    assert read(report(), now=NOW + timedelta(seconds=off)).taken_at == NOW


def test_a_report_made_before_midnight_is_read_after_it() -> None:
    late = datetime(2026, 11, 21, 23, 59, tzinfo=SHANGHAI)
    told = report(watermark={"timestamp": int(late.timestamp()), "appid": APPID})
    assert len(read(told, now=late + timedelta(minutes=2)).days) == 31


STALE = {"timestamp": int(NOW.timestamp()) - 601, "appid": APPID}
AHEAD = {"timestamp": int(NOW.timestamp()) + 601, "appid": APPID}
WRONG: dict[str, Any] = {
    "another appid": report(watermark={"timestamp": int(NOW.timestamp()), "appid": "wx0000000000000000"}),
    "no appid": report(watermark={"timestamp": int(NOW.timestamp())}),
    "stale": report(watermark=STALE),
    "ahead of time": report(watermark=AHEAD),
    "no watermark": {"stepInfoList": report()["stepInfoList"]},
    "watermark a list": report(watermark=[]),
    "time a text": report(watermark={"timestamp": str(int(NOW.timestamp())), "appid": APPID}),
    "time huge": report(watermark={"timestamp": 10**30, "appid": APPID}),
    "time negative": report(watermark={"timestamp": -1, "appid": APPID}),
    "no list": {"watermark": report()["watermark"]},
    "list empty": report(stepInfoList=[]),
    "list an object": report(stepInfoList={"0": 1}),
    "list null": report(stepInfoList=None),
    "32 days": report(stepInfoList=[{"timestamp": midnight(ago), "step": 1} for ago in range(32)]),
    "a day twice": report(stepInfoList=[{"timestamp": midnight(1) + s, "step": 1} for s in (0, 3600)]),
    "tomorrow": one(timestamp=midnight(-1)),
    "32 days back": one(timestamp=midnight(32)),
    "steps true": one(step=True),
    "steps a fraction": one(step=1.0),
    "steps a text": one(step="1"),
    "steps null": one(step=None),
    "steps negative": one(step=-1),
    "steps too many": one(step=100_001),
    "steps astronomic": one(step=10**400),
    "day true": one(timestamp=True),
    "day huge": one(timestamp=10**18),
    "entry a number": report(stepInfoList=[7]),
    "entry null": report(stepInfoList=[None]),
    "a list": [report()],
    "a text": "steps",
    "empty": b"",
    "not JSON": b"{steps}",
    "not UTF-8": b'{"a":"\xff"}',
    "UTF-16": json.dumps(report()).encode("utf-16"),
    "a key twice": json.dumps(report(more=1)).encode()[:-1] + b',"more":1}',
    "NaN": b'{"stepInfoList":NaN}',
    "NUL": json.dumps(report(more="\x00")).encode(),
    "lone surrogate": json.dumps(report(more="\ud800")).encode(),
    "infinity": json.dumps(report()).encode()[:-1] + b',"more":1e999}',
    "too deep": b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "digits without end": b'{"a":' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_content_is_the_one_error(case: str) -> None:
    refuses(lambda: read(WRONG[case]))


def test_the_last_day_that_still_counts_is_31_days_back() -> None:
    assert read(one(timestamp=midnight(31))).days[0][0] == TODAY - timedelta(days=31)


GOOD = encrypt(json.dumps(report()).encode())
BROKEN: dict[str, tuple[str, str, str]] = {
    "another key": (GOOD, IV, "HyVFkGl5F5OQWJZZaNzBBg=="),
    "another iv": (GOOD, "AAAAAAAAAAAAAAAAAAAAAA==", KEY),
    "short key": (GOOD, IV, base64.b64encode(b"k" * 15).decode()),
    "long key": (GOOD, IV, base64.b64encode(b"k" * 32).decode()),
    "short iv": (GOOD, base64.b64encode(b"i" * 8).decode(), KEY),
    "no iv": (GOOD, "", KEY),
    "no key": (GOOD, IV, ""),
    "nothing": ("", IV, KEY),
    "truncated": (base64.b64encode(base64.b64decode(GOOD)[:-1]).decode(), IV, KEY),
    "a block less": (base64.b64encode(base64.b64decode(GOOD)[:-16]).decode(), IV, KEY),
    "not base64": ("*" + GOOD[1:], IV, KEY),
    "white space": (GOOD[:64] + "\n" + GOOD[64:], IV, KEY),
    "url alphabet": (GOOD.replace("/", "_").replace("+", "-") + "_", IV, KEY),
    "no padding of base64": (GOOD, IV.rstrip("="), KEY),
    "spare bits of base64": (GOOD, IV[:-3] + "B==", KEY),
    "not ASCII": ("森" + GOOD, IV, KEY),
    "lone surrogate": ("\ud800" + GOOD, IV, KEY),
    "too large": (base64.b64encode(bytes(64 * 1024)).decode(), IV, KEY),
    "padding of 0": (encrypt(b"{}" + b"a" * 13, padding=b"\x00"), IV, KEY),
    "padding of 17": (encrypt(b"{}" + b"a" * 13, padding=b"\x11"), IV, KEY),
    "padding uneven": (encrypt(b"{}" + b"a" * 12, padding=b"\x01\x02"), IV, KEY),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_encryption_is_the_one_error(case: str) -> None:
    refuses(lambda: decrypt_werun(*BROKEN[case], APPID, NOW))


def test_the_last_byte_and_a_middle_byte_flipped_are_the_one_error() -> None:
    for place in (-1, 200):
        data = bytearray(base64.b64decode(GOOD))
        data[place] ^= 1
        refuses(lambda data=data: decrypt_werun(base64.b64encode(data).decode(), IV, KEY, APPID, NOW))


def test_a_fingerprint_knows_the_ciphertext_again_and_nothing_else() -> None:
    assert fingerprint(GOOD) == sha256(base64.b64decode(GOOD)).digest()
    assert fingerprint(GOOD) != fingerprint(OFFICIAL)
    for unfit in ("*", GOOD + "\n", "A" * 65_540):
        refuses(lambda unfit=unfit: fingerprint(unfit))


def refuses(call: Callable[[], Any]) -> None:
    """Expect the one error, its one text, and no trace of the cause."""
    with pytest.raises(DecryptionFailed) as caught:
        call()
    assert str(caught.value) == "the encrypted data was not accepted"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def only_the_one_error(call: Callable[[], Any]) -> None:
    """Whatever comes in, nothing but a value or the one error comes out."""
    with suppress(DecryptionFailed):
        call()


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["timestamp", "step", "appid"]), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(bit=st.integers(0, len(base64.b64decode(GOOD)) * 8 - 1))
def test_any_flipped_bit_gives_nothing_but_the_one_error(bit: int) -> None:
    data = bytearray(base64.b64decode(GOOD))
    data[bit // 8] ^= 1 << bit % 8
    only_the_one_error(lambda: decrypt_werun(base64.b64encode(data).decode(), IV, KEY, APPID, NOW))


@settings(max_examples=150, deadline=None)
@given(st.text(), st.text() | st.just(IV), st.text() | st.just(KEY))
def test_any_text_gives_nothing_but_the_one_error(data: str, iv: str, key: str) -> None:
    only_the_one_error(lambda: decrypt_werun(data, iv, key, APPID, NOW))
    only_the_one_error(lambda: fingerprint(data))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_plaintext_gives_nothing_but_the_one_error(plaintext: bytes) -> None:
    only_the_one_error(lambda: read(plaintext))


@settings(max_examples=200, deadline=None)
@given(steps=JSONS, watermark=JSONS | st.just(report()["watermark"]))
def test_any_json_gives_nothing_but_the_one_error(steps: Any, watermark: Any) -> None:
    only_the_one_error(lambda: read({"stepInfoList": steps, "watermark": watermark}))
