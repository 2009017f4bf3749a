"""Where a refund stands, when it may be replaced, and what a file is."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from app.offsets import rules
from app.offsets.rules import Channel, RefundStamps, RefundStatus, refund_status

AT = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "status"),
    [
        ((), RefundStatus.REQUESTED),
        (("declined_at",), RefundStatus.DECLINED),
        (("opened_at",), RefundStatus.OPEN),
        (("opened_at", "accepted_at"), RefundStatus.PROCESSING),
        (("opened_at", "accepted_at", "abnormal_at"), RefundStatus.ABNORMAL),
        (("opened_at", "accepted_at", "abnormal_at", "closed_at"), RefundStatus.CLOSED),
        (("opened_at", "accepted_at", "closed_at", "succeeded_at"), RefundStatus.SUCCEEDED),
    ],
)
def test_the_last_edge_says_where_a_refund_stands(passed: tuple[str, ...], status: RefundStatus) -> None:
    assert refund_status(RefundStamps(**dict.fromkeys(passed, AT))) is status


def test_only_what_cannot_arrive_any_more_is_replaced() -> None:
    replaced = {
        (status, channel, refused, by_bank)
        for status, channel, refused, by_bank in product(RefundStatus, Channel, (False, True), (False, True))
        if rules.replaceable(status, channel, refused, by_bank=by_bank)
    }
    under_a_new_number = {each for each in replaced if not each[3]}
    assert {(status, channel) for status, channel, _, _ in under_a_new_number} == {
        (RefundStatus.CLOSED, Channel.WECHAT)
    }
    by_bank = {(status, channel, refused) for status, channel, refused, bank in replaced if bank}
    assert {status for status, _, _ in by_bank} == {
        RefundStatus.OPEN,
        RefundStatus.ABNORMAL,
        RefundStatus.CLOSED,
    }
    assert (RefundStatus.OPEN, Channel.WECHAT, False) not in by_bank


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"%PDF-1.7", "pdf"),
        (b"\x89PNG\r\n\x1a\n..", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"GIF89a", None),
        (b"<svg/>", None),
        (b" %PDF-1.7", None),
        (b"", None),
    ],
)
def test_a_file_is_what_its_first_bytes_say(content: bytes, media: str | None) -> None:
    assert rules.media_of(content) == media


def test_a_refused_delivery_is_reported_ever_more_seldom() -> None:
    pauses = [rules.shipping_pause(attempts) for attempts in range(1, 20)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(minutes=2), timedelta(hours=6))
