"""WeChat Pay API v3 (JSAPI, public-key mode): ask for a payment, ask after it, give it back.

Every call is one request under a number of ours and is safe to repeat with the same values. The bytes
sent are the bytes signed, and no 2xx is believed without WeChat Pay's own signature.
Source: WeChat Pay API v3, mini-program payment; field rules beside each call.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from hashlib import sha1
from io import BytesIO
from secrets import token_hex
from urllib.parse import quote, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from app.clients.errors import (
    Misconfigured,
    NotReady,
    OrderPaid,
    OutsideError,
    RateLimited,
    Refused,
    Unreachable,
    Unverified,
)
from app.clients.http import Answer, Connection
from app.clients.pay_records import (
    MOST_FEN,
    ForeignRecord,
    Notice,
    Refund,
    Transaction,
    notice_from,
    refund_from,
    transaction_from,
)
from app.clients.pay_signing import Merchant, Platform, load_private_key, load_public_key, open_resource
from app.clients.shapes import SHANGHAI, json_object, optional_text, otherwise, section, text, utc_now

__all__ = [
    "ForeignRecord",
    "Notice",
    "Refund",
    "Transaction",
    "WeChatPay",
    "load_private_key",
    "load_public_key",
]

LARGEST_NOTICE_BYTES = 64 * 1024
LARGEST_BILL_BYTES = 256 << 20
BILL_WITHIN_S = 120.0

# The code decides, not the status. What is not listed is a plain `Refused`.
_REFUSALS: Mapping[str, type[Refused]] = {
    "APPID_MCHID_NOT_MATCH": Misconfigured,
    "FREQUENCY_LIMITED": RateLimited,
    "MCH_NOT_EXISTS": Misconfigured,
    "NO_AUTH": Misconfigured,
    "ORDERPAID": OrderPaid,
    "RATELIMIT_EXCEEDED": RateLimited,
    "SIGN_ERROR": Misconfigured,
    "STATEMENT_CREATING": NotReady,
}
_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")


class WeChatPay:
    """One merchant at WeChat Pay. `base_url` is https://api.mch.weixin.qq.com or a stand-in's origin.

    `platform_public_keys` holds WeChat Pay's public key by its PUB_KEY_ID, the current one first, and
    beside it at most the next one. `apiv3_key` has 32 bytes. Raises `ValueError` on unusable values.
    """

    def __init__(
        self,
        base_url: str,
        appid: str,
        mchid: str,
        merchant_serial: str,
        merchant_private_key: RSAPrivateKey,
        platform_public_keys: Mapping[str, RSAPublicKey],
        apiv3_key: str,
        notify_url: str,
        refund_notify_url: str,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        if not platform_public_keys or len(apiv3_key.encode()) != 32:
            raise ValueError("WeChat Pay needs a public key and an APIv3 key of 32 bytes")
        self._appid, self._mchid, self._apiv3_key = appid, mchid, apiv3_key.encode()
        self._notify_url, self._refund_notify_url = notify_url, refund_notify_url
        self._merchant = Merchant(mchid, merchant_serial, merchant_private_key)
        self._platform = Platform(dict(platform_public_keys))
        self._now = now
        self._connection = Connection(base_url, sign=self._signed)

    def prepay(
        self,
        *,
        out_trade_no: str,
        description: str,
        amount_fen: int,
        payer_openid: str,
        expires_at: datetime,
        attach: str | None = None,
    ) -> str:
        """Open an order and return its prepay_id, which lives two hours.

        Repeated with the same values it gives a new prepay_id, with others it is refused
        (OUT_TRADE_NO_USED), so the caller freezes them first. `expires_at` ends paying but closes
        nothing. Raises `OrderPaid`, `Refused`, `Unreachable` (repeat or query), `Unverified`.
        """
        told = self._ask(
            "POST",
            "/v3/pay/transactions/jsapi",
            {
                "appid": self._appid,
                "mchid": self._mchid,
                "description": description,
                "out_trade_no": _number(out_trade_no, _TRADE_NO),
                "time_expire": expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
                "notify_url": self._notify_url,
                "amount": {"total": _fen(amount_fen), "currency": "CNY"},
                "payer": {"openid": payer_openid},
                **({"attach": attach} if attach else {}),
            },
        )
        with _as_specified():
            return text(told, "prepay_id")

    def client_params(self, prepay_id: str) -> dict[str, str]:
        """Give what the phone hands to `wx.requestPayment`. Its success there proves nothing."""
        timestamp, nonce, package = str(int(self._now().timestamp())), token_hex(16), f"prepay_id={prepay_id}"
        return {
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._merchant.sign(self._appid, timestamp, nonce, package),
        }

    def query(self, out_trade_no: str) -> Transaction | None:
        """Ask how the order stands; None where WeChat Pay knows of none (ORDER_NOT_EXIST).

        Raises `ForeignRecord` where the answer names another merchant or mini-program.
        """
        target = f"{_order(out_trade_no)}?{urlencode({'mchid': self._mchid})}"
        told = self._find(target, missing="ORDER_NOT_EXIST")
        if told is None:
            return None
        with _as_specified():
            transaction = transaction_from(told, self._appid, self._mchid)
            _same(transaction.out_trade_no, out_trade_no)
            return transaction

    def close(self, out_trade_no: str) -> None:
        """Close an unpaid order; closing again is harmless. Raises `OrderPaid` when the money came first."""
        self._ask("POST", f"{_order(out_trade_no)}/close", {"mchid": self._mchid})

    def refund(
        self,
        *,
        out_refund_no: str,
        out_trade_no: str,
        amount_fen: int,
        total_fen: int,
        reason: str | None = None,
    ) -> Refund:
        """Ask for `amount_fen` of an order of `total_fen` to go back. The answer only means accepted.

        After any failure repeat with the same `out_refund_no`: one number is refunded once. Source:
        refund rules: at most 50 partial refunds, a minute apart, within a year of the payment.
        """
        told = self._ask(
            "POST",
            "/v3/refund/domestic/refunds",
            {
                "out_trade_no": _number(out_trade_no, _TRADE_NO),
                "out_refund_no": _number(out_refund_no, _REFUND_NO),
                "notify_url": self._refund_notify_url,
                "amount": {"refund": _fen(amount_fen), "total": _fen(total_fen), "currency": "CNY"},
                **({"reason": reason} if reason else {}),
            },
        )
        with _as_specified():
            refund = refund_from(told)
            _same(
                (refund.out_refund_no, refund.out_trade_no, refund.amount_fen, refund.total_fen),
                (out_refund_no, out_trade_no, amount_fen, total_fen),
            )
            return refund

    def query_refund(self, out_refund_no: str) -> Refund | None:
        """Ask how the refund stands; None where WeChat Pay knows of none (RESOURCE_NOT_EXISTS)."""
        number = quote(_number(out_refund_no, _REFUND_NO), safe="")
        told = self._find(f"/v3/refund/domestic/refunds/{number}", missing="RESOURCE_NOT_EXISTS")
        if told is None:
            return None
        with _as_specified():
            refund = refund_from(told)
            _same(refund.out_refund_no, out_refund_no)
            return refund

    def trade_bill(self, day: date) -> bytes | None:
        """Fetch every trade of `day` (Asia/Shanghai) as WeChat Pay's CSV, or None when there was none.

        Ready the next day from 10:00 (`NotReady` before), kept three months.
        """
        return self._bill("tradebill", bill_date=day.isoformat(), bill_type="ALL")

    def fundflow_bill(self, day: date, account_type: str = "BASIC") -> bytes | None:
        """Fetch every movement of `day` on an account (BASIC, OPERATION, FEES); else as `trade_bill`."""
        return self._bill("fundflowbill", bill_date=day.isoformat(), account_type=account_type)

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Read a notice from its headers (in any case) and its raw bytes, or raise `Unverified`.

        It is then signed, fresh, whole and about this merchant; what lacks only the last is the
        `Unverified` that knows what it was about, a `ForeignRecord`. Still the caller's to compare:
        amount, currency and payer with the order, and whether it was seen before.
        """
        if len(body) > LARGEST_NOTICE_BYTES:
            raise Unverified("the notice is too large")
        self._platform.verify(headers, body, self._now())
        with otherwise(Unverified("the notice is not as specified")):
            envelope = json_object(body)
            resource = json_object(open_resource(section(envelope, "resource"), self._apiv3_key))
            return notice_from(envelope, resource, self._appid, self._mchid)

    def _signed(self, method: str, target: str, body: bytes) -> Mapping[str, str]:
        return {
            "Authorization": self._merchant.authorization(method, target, body, self._now()),
            # Asks for answers signed with this key and not with a certificate.
            "Wechatpay-Serial": next(iter(self._platform.keys)),
        }

    def _ask(
        self, method: str, target: str, fields: Mapping[str, object] | None = None
    ) -> Mapping[str, object]:
        """One signed request and its verified answer; nothing for a 204."""
        body = b"" if fields is None else json.dumps(fields, ensure_ascii=False).encode()
        answer = self._connection.send(method, target, body)
        if answer.status >= 400:
            raise _refusal(target, answer)
        self._platform.verify(answer.headers, answer.body, self._now())
        with _as_specified():
            return json_object(answer.body) if answer.body else {}

    def _find(self, target: str, *, missing: str) -> Mapping[str, object] | None:
        try:
            return self._ask("GET", target)
        except Refused as refusal:
            if refusal.code == missing:
                return None
            raise

    def _bill(self, kind: str, **query: str) -> bytes | None:
        told = self._find(
            f"/v3/bill/{kind}?{urlencode({**query, 'tar_type': 'GZIP'})}", missing="NO_STATEMENT_EXIST"
        )
        if told is None:
            return None
        with _as_specified():
            _same(text(told, "hash_type"), "SHA1")
            digest = text(told, "hash_value").lower()
            place = urlsplit(text(told, "download_url", 2048))
        # Only path and query: our signature is shown to no host but the one we were configured with.
        target = f"/{place.path.lstrip('/')}?{place.query}"
        answer = self._connection.send(
            "GET", target, largest_bytes=LARGEST_BILL_BYTES, within_s=BILL_WITHIN_S
        )
        if answer.status >= 400:
            raise _refusal(target, answer)
        bill = _unzipped(answer.body)
        if sha1(bill, usedforsecurity=False).hexdigest() != digest:
            raise Unverified("the bill is not the one WeChat Pay announced")
        return bill


def _refusal(target: str, answer: Answer) -> OutsideError:
    """Name the error an answer of 4xx stands for. One without a code was not written by WeChat Pay."""
    path = target.partition("?")[0]
    with otherwise(Unreachable(f"{path}: status {answer.status}, not an answer of WeChat Pay")):
        told = json_object(answer.body)
        code, message = text(told, "code", 64), optional_text(told, "message", 1024) or ""
    if code == "SYSTEM_ERROR":
        return Unreachable(f"{path}: {code}")
    kind = _REFUSALS.get(code, RateLimited if answer.status == 429 else Refused)
    return kind(code, message, answer.headers.get("Request-ID", ""))


def _as_specified() -> AbstractContextManager[None]:
    return otherwise(Unverified("the answer is signed but not as specified"))


def _order(out_trade_no: str) -> str:
    return f"/v3/pay/transactions/out-trade-no/{quote(_number(out_trade_no, _TRADE_NO), safe='')}"


def _number(number: str, allowed: re.Pattern[str]) -> str:
    if not allowed.fullmatch(number):
        raise ValueError("a number WeChat Pay would not take")
    return number


def _fen(amount_fen: int) -> int:
    if type(amount_fen) is not int or not 1 <= amount_fen <= MOST_FEN:
        raise ValueError("an amount is a whole number of fen, at least one")
    return amount_fen


def _same(told: object, asked: object) -> None:
    if told != asked:
        raise ValueError("the answer to another question")


def _unzipped(content: bytes) -> bytes:
    """Return the plain bytes of a gzip file, or `content` itself where the transport has unpacked it."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        bill = gzip.GzipFile(fileobj=BytesIO(content)).read(LARGEST_BILL_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise Unverified("the bill does not unpack") from None
    if len(bill) > LARGEST_BILL_BYTES:
        raise Unverified("the bill is too large")
    return bill
