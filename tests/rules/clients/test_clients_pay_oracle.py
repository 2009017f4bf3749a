"""Our client beside `wechatpayv3`, which others wrote: same requests, same signatures, same reading."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from wechatpayv3 import WeChatPay as Oracle
from wechatpayv3 import WeChatPayType
from wechatpayv3.utils import build_authorization

from app.clients.pay import WeChatPay

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
NUMBER, REFUND_NUMBER, OPENID = "SH20261121000001", "SHR20261121000001", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
DESCRIPTION, EXPIRES_AT = "顺昌一元碳汇 10 千克", datetime(2026, 11, 21, 4, 15, tzinfo=UTC)
DOWNLOAD = "/v3/billdownload/file?token=a-b_c%2Bd%3D&tartype=gzip"


@pytest.fixture(autouse=True)
def _same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle has no clock to hand in."""
    monkeypatch.setattr(time, "time", NOW.timestamp)


@pytest.fixture
def oracle(keys: Any, stranger: Any) -> Any:
    made = Oracle(
        wechatpay_type=WeChatPayType.MINIPROG,
        mchid="1900000109",
        private_key=keys.merchant.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        cert_serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
        appid="wx8888888888888888",
        apiv3_key="0123456789abcdef0123456789ABCDEF",
        notify_url="https://senhui.example/pay/notices",
        public_key=keys.platform.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        public_key_id="PUB_KEY_ID_0114232134912410000000000000",
    )
    made._core._gate_way = stranger.origin
    return made


CALLS: dict[str, tuple[str, Any, int, Callable[[WeChatPay], Any], Callable[[Any], Any]]] = {
    "prepay": (
        "/v3/pay/transactions/jsapi",
        {"prepay_id": "wx1"},
        200,
        lambda pay: pay.prepay(
            out_trade_no=NUMBER,
            description=DESCRIPTION,
            amount_fen=100,
            payer_openid=OPENID,
            expires_at=EXPIRES_AT,
        ),
        lambda oracle: oracle.pay(
            DESCRIPTION,
            NUMBER,
            {"total": 100, "currency": "CNY"},
            {"openid": OPENID},
            time_expire="2026-11-21T12:15:00+08:00",
        ),
    ),
    "query": (
        f"/v3/pay/transactions/out-trade-no/{NUMBER}",
        "paid_order",
        200,
        lambda pay: pay.query(NUMBER),
        lambda oracle: oracle.query(out_trade_no=NUMBER),
    ),
    "close": (
        f"/v3/pay/transactions/out-trade-no/{NUMBER}/close",
        None,
        204,
        lambda pay: pay.close(NUMBER),
        lambda oracle: oracle.close(NUMBER),
    ),
    "refund": (
        "/v3/refund/domestic/refunds",
        "refund_told",
        200,
        lambda pay: pay.refund(
            out_refund_no=REFUND_NUMBER, out_trade_no=NUMBER, amount_fen=40, total_fen=100, reason="售罄"
        ),
        lambda oracle: oracle.refund(
            REFUND_NUMBER,
            {"refund": 40, "total": 100, "currency": "CNY"},
            out_trade_no=NUMBER,
            reason="售罄",
            notify_url="https://senhui.example/pay/refund-notices",
        ),
    ),
    "query_refund": (
        f"/v3/refund/domestic/refunds/{REFUND_NUMBER}",
        "refund_told",
        200,
        lambda pay: pay.query_refund(REFUND_NUMBER),
        lambda oracle: oracle.query_refund(REFUND_NUMBER),
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_both_send_the_same_request_and_sign_it_alike(
    call: str,
    stranger: Any,
    pay: WeChatPay,
    oracle: Any,
    pay_says: Any,
    keys: Any,
    request: pytest.FixtureRequest,
) -> None:
    path, told, status, ours, theirs = CALLS[call]
    pay_says(path, request.getfixturevalue(told) if isinstance(told, str) else told, status)
    ours(pay)
    theirs(oracle)
    mine, other = stranger.heard
    assert (mine.method, mine.target) == (other.method, other.target)
    assert (mine.body and json.loads(mine.body)) == (other.body and json.loads(other.body))
    assert mine.headers["Wechatpay-Serial"] == other.headers["Wechatpay-Serial"]
    assert mine.headers["Authorization"] == authorization_by_the_oracle(mine, keys)


def test_both_ask_for_a_bill_alike(
    stranger: Any, pay: WeChatPay, oracle: Any, pay_says: Any, keys: Any
) -> None:
    digest = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    told = {"hash_type": "SHA1", "hash_value": digest, "download_url": stranger.origin + DOWNLOAD}
    for path in ("/v3/bill/tradebill", "/v3/bill/fundflowbill"):
        pay_says(path, told)
    pay_says("/v3/billdownload/file", None)
    pay.trade_bill(date(2026, 11, 20))
    pay.fundflow_bill(date(2026, 11, 20))
    oracle.trade_bill("2026-11-20")
    oracle.download_bill(told["download_url"])
    oracle.fundflow_bill("2026-11-20")
    oracle.download_bill(told["download_url"])
    mine, others = stranger.heard[:4], stranger.heard[4:]
    assert [heard.target for heard in mine] == [heard.target for heard in others]
    for heard in mine:
        assert heard.headers["Authorization"] == authorization_by_the_oracle(heard, keys)


def authorization_by_the_oracle(heard: Any, keys: Any) -> str:
    """What the oracle writes for the request as it arrived, under the nonce that was used."""
    nonce = re.search(r'nonce_str="([0-9a-f]{32})"', heard.headers["Authorization"])
    assert nonce
    serial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
    return str(
        build_authorization(
            heard.target, heard.method, "1900000109", serial, keys.merchant, heard.body.decode(), nonce[1]
        )
    )


def test_the_phone_gets_the_signature_the_oracle_would_give(pay: WeChatPay, oracle: Any) -> None:
    told = pay.client_params("wx201410272009395522657a690389285100")
    assert told["package"] == "prepay_id=wx201410272009395522657a690389285100"
    assert (told["signType"], told["timeStamp"]) == ("RSA", str(int(NOW.timestamp())))
    signed = ["wx8888888888888888", told["timeStamp"], told["nonceStr"], told["package"]]
    assert told["paySign"] == oracle.sign(signed)
    assert set(told) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert pay.client_params("wx1")["nonceStr"] != told["nonceStr"]


def test_both_read_the_same_notice(
    pay: WeChatPay, oracle: Any, seal: Any, envelope: Any, paid_order: Any
) -> None:
    body = envelope(paid_order)
    read = oracle.callback(seal(body), body)
    assert read["resource"] == pay.read_notice(seal(body), body).resource.raw == paid_order
