"""The mini-program's server API: who signed in, and our own access token.

Source: WeChat mini-program server API, `code2Session`, `getStableAccessToken`, `checkSessionKey`,
`uploadShippingInfo`, `isTradeManaged`, `getOrder`, `msgSecCheck` (version 2).
"""

import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlencode

from app.clients.errors import (
    Busy,
    CodeRefused,
    Misconfigured,
    OutsideError,
    RateLimited,
    Refused,
    TokenRefused,
    Unreachable,
    UserBlocked,
)
from app.clients.http import Connection
from app.clients.shapes import (
    SHANGHAI,
    flag,
    json_object,
    optional_text,
    otherwise,
    section,
    text,
    utc_now,
    whole,
)

# Waits before asking again after "system busy"; then the caller hears `Busy`.
BUSY_PAUSES_S = (0.1, 0.3)

_SESSION_INVALID = "87009"
_ORDERS = "/wxa/sec/order"
# How an order is named (mchid and out_trade_no), what is delivered (nothing by parcel), in how many parts.
_BY_MERCHANT, _VIRTUAL, _AT_ONCE = 1, 3, 1
# Delivered before; changed once before; nothing new in it. Source: WeChat, 小程序发货信息管理服务.
_SHIPPED_BEFORE = frozenset({"10060002", "10060003", "10060023"})
_OUTCOMES: Mapping[int, type[Busy] | type[Refused]] = {
    -1: Busy,
    40001: TokenRefused,
    40002: Misconfigured,  # grant_type
    40013: Misconfigured,  # appid
    40014: TokenRefused,
    40029: CodeRefused,  # invalid
    40125: Misconfigured,  # secret
    40163: CodeRefused,  # been used
    40164: Misconfigured,  # our address is not on the list
    40226: UserBlocked,
    41002: Misconfigured,  # appid missing
    42001: TokenRefused,
    45009: Misconfigured,  # the day's quota is spent
    45011: RateLimited,  # 100 a minute and user
}
_CODE = re.compile(r"[\x21-\x7e]{1,256}")
_TRACE = re.compile(r"rid: ([\w-]+)", re.ASCII)
_CHECK_VERSION, _COMMENT, MOST_CHECKED = 2, 2, 2500
_SUGGESTIONS = frozenset({"pass", "review", "risky"})
# A token is renewed this long before it ends; WeChat keeps the old one valid meanwhile.
_TOKEN_MARGIN_S = 300
_LONGEST_TOKEN_S = 7200


class TokenCache(Protocol):
    """Where access tokens are kept, shared by all processes. It must not raise: when down it is empty."""

    def get(self, key: str) -> str | None:
        """Return the value under `key`, or None when there is none any more."""

    def set(self, key: str, value: str, ttl_s: int) -> None:
        """Keep `value` under `key` for `ttl_s` seconds."""


class OwnMemory:
    """A `TokenCache` of one process, for when none is handed in."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._kept: dict[str, tuple[str, datetime]] = {}

    def get(self, key: str) -> str | None:
        """Return the value under `key` until its time is over."""
        value, ends_at = self._kept.get(key, (None, None))
        return value if ends_at and self._now() < ends_at else None

    def set(self, key: str, value: str, ttl_s: int) -> None:
        """Keep `value` under `key` for `ttl_s` seconds."""
        self._kept[key] = (value, self._now() + timedelta(seconds=ttl_s))


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in. `session_key` decrypts this person's data: never to a phone, never into a log."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    session_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What WeChat thinks of words: `pass`, `review` (somebody should look) or `risky`, and its own label."""

    suggest: str
    label: int
    trace_id: str | None


class MiniProgram:
    """One mini-program at WeChat. `base_url` is https://api.weixin.qq.com or a stand-in's origin."""

    def __init__(
        self,
        base_url: str,
        appid: str,
        secret: str,
        *,
        cache: TokenCache | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._appid, self._secret = appid, secret
        self._cache = cache or OwnMemory(now)
        self._connection = Connection(base_url)

    def code_to_session(self, js_code: str) -> Session:
        """Exchange the code of `wx.login` (5 minutes, used once) for its owner's session.

        Raises `CodeRefused`, `UserBlocked`, `RateLimited`, `Misconfigured`, or `Unreachable`: then the
        code may be used up, so the phone must bring a new one.
        """
        if not _CODE.fullmatch(js_code):
            raise CodeRefused("40029", "not the shape of a code")
        told = self._ask(
            "GET",
            "/sns/jscode2session",
            {
                "appid": self._appid,
                "secret": self._secret,
                "js_code": js_code,
                "grant_type": "authorization_code",
            },
        )
        with otherwise(Unreachable("/sns/jscode2session: not an answer of WeChat")):
            return Session(text(told, "openid"), optional_text(told, "unionid"), text(told, "session_key"))

    def check_session(self, openid: str, session_key: str) -> bool:
        """Tell whether `session_key` is still the valid one of `openid`. Errors as of `stable_token`."""
        signature = session_signature(session_key)
        query = {"openid": openid, "signature": signature, "sig_method": "hmac_sha256"}
        try:
            self._ask_with_token("GET", "/wxa/checksession", query)
        except Refused as refusal:
            if refusal.code == _SESSION_INVALID:
                return False
            raise
        return True

    def is_trade_managed(self) -> bool:
        """Tell whether WeChat holds this mini-program's funds until each order is reported as delivered."""
        told = self._ask_with_token("POST", f"{_ORDERS}/is_trade_managed", {}, {"appid": self._appid})
        with otherwise(Unreachable(f"{_ORDERS}/is_trade_managed: not an answer of WeChat")):
            return flag(told, "is_trade_managed")

    def upload_shipping_info(
        self, *, mchid: str, out_trade_no: str, item_desc: str, payer_openid: str, uploaded_at: datetime
    ) -> None:
        """Report an order as delivered without a parcel, so that its funds are released.

        Reporting it again is harmless. Raises `Refused` (10060001: WeChat does not know the payment yet;
        10060004: it is refunded or was never paid), `RateLimited`, `Misconfigured`, `Unreachable`.
        """
        fields = {
            "order_key": {"order_number_type": _BY_MERCHANT, "mchid": mchid, "out_trade_no": out_trade_no},
            "logistics_type": _VIRTUAL,
            "delivery_mode": _AT_ONCE,
            "shipping_list": [{"item_desc": item_desc[:120]}],
            "upload_time": uploaded_at.astimezone(SHANGHAI).isoformat(timespec="milliseconds"),
            "payer": {"openid": payer_openid},
        }
        try:
            self._ask_with_token("POST", f"{_ORDERS}/upload_shipping_info", {}, fields)
        except Refused as refusal:
            if refusal.code not in _SHIPPED_BEFORE:
                raise

    def shipping_state(self, *, mchid: str, out_trade_no: str) -> int:
        """Ask how an order stands: 1 to be delivered, 2 delivered, 3 received, 4 over, 5 refunded, 6 held.

        Errors as of `upload_shipping_info`.
        """
        fields = {"merchant_id": mchid, "merchant_trade_no": out_trade_no}
        told = self._ask_with_token("POST", f"{_ORDERS}/get_order", {}, fields)
        with otherwise(Unreachable(f"{_ORDERS}/get_order: not an answer of WeChat")):
            return whole(section(told, "order"), "order_state", 1, 99)

    def msg_sec_check(self, openid: str, content: str) -> Suggestion:
        """Ask what WeChat thinks of words that `openid` wants shown to others, of at most `MOST_CHECKED`.

        Raises `Refused` (61010: not in the mini-program within two hours; 40003: nobody of ours),
        `RateLimited`, `Misconfigured`, `Unreachable`: then nothing is known about the words.
        """
        fields = {"version": _CHECK_VERSION, "scene": _COMMENT, "openid": openid, "content": content}
        told = self._ask_with_token("POST", "/wxa/msg_sec_check", {}, fields)
        with otherwise(Unreachable("/wxa/msg_sec_check: not an answer of WeChat")):
            result = section(told, "result")
            suggest = text(result, "suggest", 10)
            if suggest not in _SUGGESTIONS:
                raise ValueError("not a suggestion")
            return Suggestion(suggest, whole(result, "label", 0, 10**6), optional_text(told, "trace_id"))

    def stable_token(self) -> str:
        """Return our access token, from the cache while it lasts.

        Raises `Misconfigured`, `RateLimited`, `Unreachable`.
        """
        return self._cache.get(self._token_name) or self._renewed_token()

    @property
    def _token_name(self) -> str:
        return f"wx:token:{self._appid}"

    def _renewed_token(self) -> str:
        """Ask for the token and keep it.

        In the normal mode used here WeChat repeats the token it gave while that lasts, so processes that
        ask together do not take it from one another and need no lock.
        """
        credentials = {"grant_type": "client_credential", "appid": self._appid, "secret": self._secret}
        told = self._ask("POST", "/cgi-bin/stable_token", {}, json.dumps(credentials).encode())
        with otherwise(Unreachable("/cgi-bin/stable_token: not an answer of WeChat")):
            token = text(told, "access_token", 2048)
            lasts_s = whole(told, "expires_in", 1, _LONGEST_TOKEN_S)
        self._cache.set(self._token_name, token, max(60, lasts_s - _TOKEN_MARGIN_S))
        return token

    def _ask_with_token(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        fields: Mapping[str, object] | None = None,
    ) -> Mapping[str, object]:
        """Ask with the kept token, and once more with a fresh one when it is no longer accepted."""
        body = b"" if fields is None else json.dumps(fields, ensure_ascii=False).encode()
        try:
            return self._ask(method, path, {"access_token": self.stable_token(), **query}, body)
        except TokenRefused:
            return self._ask(method, path, {"access_token": self._renewed_token(), **query}, body)

    def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: bytes = b""
    ) -> Mapping[str, object]:
        """Ask, and ask again after "system busy"; nothing else is asked twice, since codes work once."""
        target = f"{path}?{urlencode(query)}" if query else path
        for pause_s in BUSY_PAUSES_S:
            try:
                return self._ask_once(method, target, body)
            except Busy:
                time.sleep(pause_s)
        return self._ask_once(method, target, body)

    def _ask_once(self, method: str, target: str, body: bytes) -> Mapping[str, object]:
        answer = self._connection.send(method, target, body)
        path = target.partition("?")[0]
        with otherwise(Unreachable(f"{path}: not an answer of WeChat")):
            # The type is text/plain and the status 200 also for errors, so only the content counts.
            told = json_object(answer.body)
            errcode = whole(told, "errcode", -(2**31), 2**31) if "errcode" in told else 0
            if answer.status != HTTPStatus.OK:
                raise ValueError("another server's answer")
        if errcode:
            raise _outcome(path, errcode, str(told.get("errmsg", "")))
        return told


def session_signature(session_key: str, message: bytes = b"") -> str:
    """HMAC-SHA256 under a session key, whose base64 text itself is the key and not what it encodes."""
    return hmac.digest(session_key.encode(), message, "sha256").hex()


def _outcome(path: str, errcode: int, errmsg: str) -> OutsideError:
    """Name the error an errcode stands for; one that is not in the table is a plain `Refused`."""
    kind = _OUTCOMES.get(errcode, Refused)
    if issubclass(kind, Refused):
        trace = _TRACE.search(errmsg)
        return kind(str(errcode), errmsg, trace[1] if trace else "")
    return kind(f"{path}: {errcode}")
