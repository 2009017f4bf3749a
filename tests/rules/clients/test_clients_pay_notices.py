"""Notices of WeChat Pay: what is believed, and that nothing else ever is."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.clients.errors import Unverified
from app.clients.pay import ForeignRecord, Refund, Transaction, WeChatPay

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
Seal = Callable[..., dict[str, str]]


def refuses(pay: WeChatPay, headers: Mapping[str, str], body: bytes) -> Unverified:
    """Expect the one error, and give it."""
    with pytest.raises(Unverified) as caught:
        pay.read_notice(headers, body)
    return caught.value


def test_a_payment_notice_is_read(
    pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes, paid_order: Any
) -> None:
    notice = pay_alone.read_notice(notice_headers, notice_body)
    assert (notice.id, notice.event_type, notice.created_at) == (
        "EV-2018022511223320873",
        "TRANSACTION.SUCCESS",
        NOW,
    )
    assert isinstance(notice.resource, Transaction)
    assert (notice.resource.amount_fen, notice.resource.raw) == (100, paid_order)


@pytest.mark.parametrize("state", ["SUCCESS", "ABNORMAL", "CLOSED"])
def test_a_refund_notice_is_read(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, refund_noticed: Any, state: str
) -> None:
    body = envelope(refund_noticed | {"refund_status": state}, f"REFUND.{state}", associated_data="refund")
    notice = pay_alone.read_notice(seal(body), body)
    assert isinstance(notice.resource, Refund)
    assert (notice.resource.status, notice.resource.amount_fen, notice.resource.total_fen) == (state, 40, 100)
    assert notice.resource.success_at == NOW


@pytest.mark.parametrize("associated_data", ["", None, "transaction", "森惠"])
def test_associated_data_may_be_anything_or_missing(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, paid_order: Any, associated_data: str | None
) -> None:
    body = envelope(paid_order, associated_data=associated_data)
    assert pay_alone.read_notice(seal(body), body).event_type == "TRANSACTION.SUCCESS"


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_header_names_are_read_in_any_case(
    pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes, change: Any
) -> None:
    assert pay_alone.read_notice({change(name): value for name, value in notice_headers.items()}, notice_body)


def test_the_next_key_is_believed_too(
    pay_alone: WeChatPay, seal: Seal, notice_body: bytes, keys: Any
) -> None:
    serial = "PUB_KEY_ID_0114232134912410000000000001"
    assert pay_alone.read_notice(seal(notice_body, key=keys.next_platform, serial=serial), notice_body)


def test_a_replay_within_five_minutes_is_the_callers_to_know(
    pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes
) -> None:
    assert pay_alone.read_notice(notice_headers, notice_body) == pay_alone.read_notice(
        notice_headers, notice_body
    )


@pytest.mark.parametrize("off", [-299, 299])
def test_just_under_five_minutes_is_fresh(
    pay_alone: WeChatPay, seal: Seal, notice_body: bytes, off: int
) -> None:
    assert pay_alone.read_notice(seal(notice_body, at=NOW + timedelta(seconds=off)), notice_body)


@pytest.mark.parametrize("off", [-300, 300, -86_400 * 30, -86_400 * 400, 86_400])
def test_five_minutes_off_is_stale(pay_alone: WeChatPay, seal: Seal, notice_body: bytes, off: int) -> None:
    error = refuses(pay_alone, seal(notice_body, at=NOW + timedelta(seconds=off)), notice_body)
    assert str(error) == "signed too long ago or ahead of time"


def test_a_foreign_key_is_refused(pay_alone: WeChatPay, seal: Seal, notice_body: bytes, keys: Any) -> None:
    refuses(pay_alone, seal(notice_body, key=keys.foreign), notice_body)
    refuses(pay_alone, seal(notice_body, key=keys.merchant), notice_body)
    refuses(pay_alone, seal(notice_body, key=keys.next_platform), notice_body)


@pytest.mark.parametrize(
    "serial", ["PUB_KEY_ID_1", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "zz", "x" * 65]
)
def test_an_unknown_serial_is_refused_without_asking_anybody(
    pay_alone: WeChatPay, seal: Seal, notice_body: bytes, serial: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "app.clients.http.Connection.send", lambda *_a, **_k: pytest.fail("it called outside")
    )
    refuses(pay_alone, seal(notice_body, serial=serial), notice_body)


def test_a_probe_is_refused(pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes) -> None:
    signature = "WECHATPAY/SIGNTEST/" + notice_headers["Wechatpay-Signature"][19:]
    assert "probe" in str(
        refuses(pay_alone, notice_headers | {"Wechatpay-Signature": signature}, notice_body)
    )


HEADERS = ["Timestamp", "Nonce", "Serial", "Signature-Type", "Signature"]
ODD = [
    "",
    " ",
    "\n",
    "-1",
    "1e9",
    "٣",
    "9" * 400,
    "森",
    "\ud800",
    "a\nb",
    "x" * 10_000,
    "AAAA",
    "====",
    "0x1",
    "\x00",
]


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_may_be_missing_or_odd(
    pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes, name: str
) -> None:
    refuses(pay_alone, {n: v for n, v in notice_headers.items() if n != f"Wechatpay-{name}"}, notice_body)
    for odd in ODD:
        refuses(pay_alone, notice_headers | {f"Wechatpay-{name}": odd}, notice_body)


def test_spaces_around_a_header_are_refused(
    pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes
) -> None:
    for name in notice_headers:
        refuses(pay_alone, notice_headers | {name: notice_headers[name] + " "}, notice_body)
        refuses(pay_alone, notice_headers | {name: notice_headers[name] + "\n"}, notice_body)


def test_no_headers_at_all_are_refused(pay_alone: WeChatPay, notice_body: bytes) -> None:
    refuses(pay_alone, {}, notice_body)


def test_a_line_feed_cannot_move_between_nonce_and_body(
    pay_alone: WeChatPay, seal: Seal, notice_body: bytes
) -> None:
    """The signed text is lines: with one allowed in the nonce, part of a body could pass for it."""
    signed = seal(b"x\n" + notice_body)
    refuses(pay_alone, signed | {"Wechatpay-Nonce": signed["Wechatpay-Nonce"] + "\nx"}, notice_body)


def test_a_notice_too_large_is_refused_before_any_mathematics(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, paid_order: Any
) -> None:
    body = envelope(paid_order | {"attach": "x" * 60_000})
    assert "large" in str(refuses(pay_alone, seal(body), body))


def test_another_apiv3_key_is_refused(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, paid_order: Any
) -> None:
    body = envelope(paid_order, key="f" * 32)
    refuses(pay_alone, seal(body), body)


ENVELOPES: list[dict[str, Any]] = [
    {"id": None},
    {"id": ""},
    {"id": 7},
    {"id": "x" * 65},
    {"create_time": None},
    {"create_time": "yesterday"},
    {"create_time": 1_795_240_630},
    {"create_time": "2026-13-41T00:00:00+08:00"},
    {"event_type": None},
    {"create_time": "9999-12-31T23:59:59-08:00"},
    {"create_time": "0001-01-01T00:00:00+14:00"},
    {"create_time": "2026-11-21T12:00:00"},
    {"event_type": "TRANSACTION.CLOSED"},
    {"event_type": "REFUND.SUCCESS"},
    {"event_type": "COMPLAINT.CREATED"},
    {"event_type": []},
    {"resource_type": "plain"},
    {"resource": None},
    {"resource": []},
    {"resource": {}},
    {"resource": {"algorithm": "AEAD_AES_256_GCM"}},
]


@pytest.mark.parametrize("changes", ENVELOPES)
def test_a_signed_envelope_not_as_specified_is_refused(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, paid_order: Any, changes: dict[str, Any]
) -> None:
    body = envelope(paid_order, **changes)
    refuses(pay_alone, seal(body), body)


LOCKS: list[dict[str, Any]] = [
    {"algorithm": "AEAD_SM4_GCM"},
    {"nonce": ""},
    {"nonce": "short"},
    {"nonce": "x" * 33},
    {"nonce": "森惠森惠森惠森惠森惠森惠"},
    {"nonce": None},
    {"nonce": "xdasfl67ekj9"},
    {"ciphertext": ""},
    {"ciphertext": "AAAA"},
    {"ciphertext": "*"},
    {"ciphertext": 7},
    {"associated_data": "refund"},
    {"associated_data": 7},
    {"associated_data": None},
]


@pytest.mark.parametrize("changes", LOCKS)
def test_a_resource_that_does_not_open_is_refused(
    pay_alone: WeChatPay, seal: Seal, notice_body: bytes, changes: dict[str, Any]
) -> None:
    told = json.loads(notice_body)
    told["resource"] |= changes
    changed = json.dumps(told).encode()
    refuses(pay_alone, seal(changed), changed)


RESOURCES: list[dict[str, Any]] = [
    {"appid": "wx0000000000000000"},
    {"appid": None},
    {"mchid": "1900000110"},
    {"mchid": 1900000109},
    {"trade_state": "NOTPAY"},
    {"trade_state": "REFUND"},
    {"out_trade_no": ""},
    {"out_trade_no": "x" * 33},
    {"out_trade_no": "a\x00b"},
    {"out_trade_no": "a\ud800b"},
    {"transaction_id": None},
    {"amount": {"total": "100"}},
    {"amount": {"total": 100.0, "currency": "CNY"}},
    {"amount": {"total": True, "currency": "CNY"}},
    {"amount": {"total": 0, "currency": "CNY"}},
    {"amount": {"total": 10**400, "currency": "CNY"}},
    {"amount": {"total": -100, "currency": "CNY"}},
    {"amount": {"total": 100}},
    {"amount": 100},
    {"payer": "o1"},
    {"payer": {"openid": 1}},
    {"success_time": None},
    {"success_time": "2026-11-21"},
]


@pytest.mark.parametrize("changes", RESOURCES)
def test_a_payment_not_as_specified_or_not_ours_is_refused(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, paid_order: Any, changes: dict[str, Any]
) -> None:
    body = envelope(paid_order | changes)
    refuses(pay_alone, seal(body), body)


@pytest.mark.parametrize(
    "changes",
    [
        {"mchid": "1"},
        {"mchid": None},
        {"refund_status": "CLOSED"},
        {"refund_status": None},
        {"refund_id": ""},
        {"amount": {"total": 100, "refund": "40"}},
        {"amount": {"total": 100}},
        {"amount": None},
        {"success_time": 7},
        {"amount": {"total": 100, "refund": 40, "currency": "USD"}},
    ],
)
def test_a_refund_not_as_specified_or_not_ours_is_refused(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, refund_noticed: Any, changes: dict[str, Any]
) -> None:
    body = envelope(refund_noticed | changes, "REFUND.SUCCESS")
    refuses(pay_alone, seal(body), body)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("mchid", {"mchid": "1900000110"}),
        ("appid", {"appid": "wx0000000000000000"}),
        ("mchid", {"mchid": "1900000110", "appid": "wx0000000000000000"}),
    ],
)
def test_a_payment_that_is_anothers_says_so_and_what_it_was_about(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, paid_order: Any, field: str, changes: Any
) -> None:
    body = envelope(paid_order | changes)
    error = refuses(pay_alone, seal(body), body)
    assert isinstance(error, ForeignRecord)
    assert (error.field, error.expected, error.told) == (field, paid_order[field], changes[field])
    assert error.record.out_trade_no == "SH20261121000001"
    assert paid_order["payer"]["openid"] not in f"{error}{error!r}"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("mchid", {"mchid": "1"}),
        ("currency", {"amount": {"total": 100, "refund": 40, "currency": "USD"}}),
    ],
)
def test_a_refund_that_is_anothers_says_so(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, refund_noticed: Any, field: str, changes: Any
) -> None:
    body = envelope(refund_noticed | changes, "REFUND.SUCCESS")
    error = refuses(pay_alone, seal(body), body)
    assert isinstance(error, ForeignRecord)
    assert error.field == field


@pytest.mark.parametrize("changes", [{"appid": None}, {"appid": ""}, {"mchid": 19000}, {"appid": ["wx"]}])
def test_a_payment_that_names_no_merchant_is_just_not_as_specified(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, paid_order: Any, changes: Any
) -> None:
    body = envelope(paid_order | changes)
    assert type(refuses(pay_alone, seal(body), body)) is Unverified


BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff",
    b"{}",
    b'{"id":NaN}',
    b'{"a":1,"a":2}',
    b"\xef\xbb\xbf{}",
    b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    b'{"a":"\\u0000"}',
    b'{"a":"\\ud800"}',
    b'{"a":1e999}',
    b'{"a":' + b"9" * 5000 + b"}",
    '{"a":1}'.encode("utf-16"),
]


@pytest.mark.parametrize("raw", BODIES)
def test_a_signed_body_that_is_not_plain_json_is_refused(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, raw: bytes
) -> None:
    refuses(pay_alone, seal(raw), raw)
    inside = envelope(raw)
    refuses(pay_alone, seal(inside), inside)


def test_a_key_that_stands_twice_is_refused(pay_alone: WeChatPay, seal: Seal, notice_body: bytes) -> None:
    twice = notice_body[:-1] + b', "id": "EV-2018022511223320873"}'
    refuses(pay_alone, seal(twice), twice)


def test_a_refusal_gives_away_neither_key_nor_payer(
    pay_alone: WeChatPay, seal: Seal, envelope: Any, paid_order: Any
) -> None:
    body = envelope(paid_order | {"payer": {"openid": 7}})
    error = refuses(pay_alone, seal(body), body)
    assert str(error) == "the notice is not as specified"
    assert error.__suppress_context__


def test_a_signature_written_differently_is_refused(
    pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes
) -> None:
    signature = base64.b64decode(notice_headers["Wechatpay-Signature"])
    for other in (base64.b64encode(b"\x00" + signature), base64.b64encode(signature[:-1])):
        refuses(pay_alone, notice_headers | {"Wechatpay-Signature": other.decode()}, notice_body)
