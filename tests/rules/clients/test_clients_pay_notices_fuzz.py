"""Notices of WeChat Pay under arbitrary damage: nothing but the one error ever comes out."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clients.errors import Unverified
from app.clients.pay import Notice, WeChatPay

Seal = Callable[..., dict[str, str]]
HEADERS = ["Timestamp", "Nonce", "Serial", "Signature-Type", "Signature"]


def refuses(pay: WeChatPay, headers: dict[str, str], body: bytes) -> None:
    """Expect the one error."""
    with pytest.raises(Unverified):
        pay.read_notice(headers, body)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_flipped_bit_of_the_body_is_refused(
    pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes, data: Any
) -> None:
    bit = data.draw(st.integers(0, len(notice_body) * 8 - 1))
    changed = bytearray(notice_body)
    changed[bit // 8] ^= 1 << bit % 8
    refuses(pay_alone, notice_headers, bytes(changed))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_flipped_bit_of_a_header_is_refused(
    pay_alone: WeChatPay, notice_headers: Any, notice_body: bytes, data: Any
) -> None:
    name = data.draw(st.sampled_from(sorted(notice_headers)))
    changed = bytearray(notice_headers[name].encode())
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    refuses(pay_alone, notice_headers | {name: changed.decode("latin-1")}, notice_body)


@settings(max_examples=150, deadline=None)
@given(
    odd=st.dictionaries(st.sampled_from([f"Wechatpay-{name}" for name in HEADERS]), st.text(), max_size=3),
    raw=st.binary(max_size=300),
)
def test_any_headers_and_any_body_are_refused(
    pay_alone: WeChatPay, notice_headers: Any, odd: dict[str, str], raw: bytes
) -> None:
    refuses(pay_alone, notice_headers | odd, raw)
    refuses(pay_alone, odd, raw)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def noticed_or_refused(pay: WeChatPay, seal: Seal, body: bytes) -> None:
    """Whatever WeChat Pay itself signs, a notice or the one error comes out."""
    with suppress(Unverified):
        assert isinstance(pay.read_notice(seal(body), body), Notice)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), value=JSONS)
def test_any_signed_envelope_is_read_or_refused(
    pay_alone: WeChatPay, seal: Seal, notice_body: bytes, data: Any, value: Any
) -> None:
    told = json.loads(notice_body)
    place = data.draw(st.sampled_from([told, told["resource"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = value
    noticed_or_refused(pay_alone, seal, json.dumps(told).encode())


@settings(max_examples=150, deadline=None)
@given(data=st.data(), value=JSONS)
def test_any_signed_resource_is_read_or_refused(
    pay_alone: WeChatPay,
    seal: Seal,
    envelope: Any,
    paid_order: Any,
    refund_noticed: Any,
    data: Any,
    value: Any,
) -> None:
    event, told = data.draw(
        st.sampled_from([("TRANSACTION.SUCCESS", paid_order), ("REFUND.SUCCESS", refund_noticed)])
    )
    name = data.draw(st.sampled_from(sorted(told)))
    noticed_or_refused(pay_alone, seal, envelope({**told, name: value}, event))


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=100))
def test_any_signed_bytes_are_refused(pay_alone: WeChatPay, seal: Seal, envelope: Any, raw: bytes) -> None:
    refuses(pay_alone, seal(raw), raw)
    inside = envelope(raw)
    refuses(pay_alone, seal(inside), inside)
