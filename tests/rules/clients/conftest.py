"""A small real server on loopback that says what a test wants, and the keys of merchant and WeChat Pay."""

import base64
import json
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from app.clients import http
from app.clients.pay import WeChatPay

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
SERIAL = "PUB_KEY_ID_0114232134912410000000000000"
NEXT_SERIAL = "PUB_KEY_ID_0114232134912410000000000001"
MERCHANT_SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
APPID, MCHID, APIV3_KEY = "wx8888888888888888", "1900000109", "0123456789abcdef0123456789ABCDEF"


class Stranger(ThreadingHTTPServer):
    """Answers each path with its scripted replies in turn, the last one for ever; remembers what it heard."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ear)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.heard: list[SimpleNamespace] = []
        self.connections = 0
        self.over = threading.Event()
        self._script: dict[str, list[Callable[[_Ear], None]]] = defaultdict(list)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Count the connections."""
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what these tests are about."""

    def says(self, path: str, body: Any = b"", status: int = 200, **headers: str) -> None:
        """Answer `path` with bytes, or with JSON, under the given status and headers (`_` for `-`)."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._script[path].append(lambda ear: ear.answer(content, status, named))

    def does(self, path: str, act: Callable[["_Ear"], None]) -> None:
        """Answer `path` by calling `act` with the handler."""
        self._script[path].append(act)

    def next_act(self, path: str) -> Callable[["_Ear"], None]:
        """Take the reply that is due for `path`."""
        acts = self._script[path]
        return acts.pop(0) if len(acts) > 1 else acts[0]


class _Ear(BaseHTTPRequestHandler):
    server: Stranger
    protocol_version = "HTTP/1.1"

    def _hear(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.heard.append(
            SimpleNamespace(method=self.command, target=self.path, headers=self.headers, body=body)
        )
        self.server.next_act(self.path.partition("?")[0])(self)

    do_GET = do_POST = _hear  # noqa: N815 - the names http.server calls

    def log_message(self, *_args: Any) -> None:
        """Say nothing on the terminal."""

    def answer(self, body: bytes, status: int, headers: dict[str, str]) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", **headers}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if status == 204 else body)

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self.server.over.wait(10)
        self.close_connection = True

    def reset(self) -> None:
        """Tear the connection down without a word."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def raw(self, content: bytes) -> None:
        """Write these bytes and hang up."""
        self.wfile.write(content)
        self.close_connection = True

    def drip(self) -> None:
        """Send a long answer one byte at a time, each well within the time-out of a read."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not self.server.over.wait(0.05):
            self.wfile.write(b" ")


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """The outside world, on a free port of loopback."""
    server = Stranger()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """Read time-outs of 0.3 s in place of 5, so that waiting for them is short."""
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.3)
    return 0.3


@pytest.fixture(scope="session")
def keys() -> SimpleNamespace:
    """Three key pairs: the merchant's, WeChat Pay's, and one that is nobody's."""
    made = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(4)]
    return SimpleNamespace(merchant=made[0], platform=made[1], next_platform=made[2], foreign=made[3])


@pytest.fixture(scope="session")
def seal(keys: SimpleNamespace) -> Callable[..., dict[str, str]]:
    """The headers with which WeChat Pay signs a body, written here a second time from the specification."""

    def sealed(
        body: bytes,
        *,
        at: datetime = NOW,
        key: Any = None,
        serial: str = SERIAL,
        nonce: str = "nOnCe0123456789",
    ) -> dict[str, str]:
        timestamp = str(int(at.timestamp()))
        message = timestamp.encode() + b"\n" + nonce.encode() + b"\n" + body + b"\n"
        signature = (key or keys.platform).sign(message, PKCS1v15(), SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
        }

    return sealed


@pytest.fixture(scope="session")
def new_pay(keys: SimpleNamespace) -> Callable[[str], WeChatPay]:
    """Make a client of the shop's merchant at an origin."""
    public = {SERIAL: keys.platform.public_key(), NEXT_SERIAL: keys.next_platform.public_key()}

    def made(origin: str) -> WeChatPay:
        return WeChatPay(
            origin,
            APPID,
            MCHID,
            MERCHANT_SERIAL,
            keys.merchant,
            public,
            APIV3_KEY,
            "https://senhui.example/pay/notices",
            "https://senhui.example/pay/refund-notices",
            now=lambda: NOW,
        )

    return made


@pytest.fixture
def pay(stranger: Stranger, new_pay: Callable[[str], WeChatPay]) -> WeChatPay:
    """The client, talking to the stranger."""
    return new_pay(stranger.origin)


@pytest.fixture
def pay_says(stranger: Stranger, seal: Callable[..., dict[str, str]]) -> Callable[..., None]:
    """Let the stranger answer a path as WeChat Pay does: JSON, signed."""

    def said(path: str, told: Any = None, status: int = 200, **changes: Any) -> None:
        body = b"" if told is None else json.dumps(told, ensure_ascii=False).encode()
        headers = seal(body, **changes) | {"Request-ID": "08F7", "Content-Type": "application/json"}
        stranger.does(path, lambda ear: ear.answer(body, status, headers))

    return said


@pytest.fixture(scope="session")
def envelope() -> Callable[..., bytes]:
    """The body of a notice around a resource, encrypted as WeChat Pay does it."""

    def closed(resource: Any, event_type: str = "TRANSACTION.SUCCESS", /, **changes: Any) -> bytes:
        plain = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
        aad = changes.pop("associated_data", "transaction")
        key = changes.pop("key", APIV3_KEY).encode()
        sealed = AESGCM(key).encrypt(b"fdasfl67ekj9", plain, (aad or "").encode())
        locked = {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": aad,
            "nonce": "fdasfl67ekj9",
        }
        notice = {
            "id": "EV-2018022511223320873",
            "create_time": "2026-11-21T12:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": {name: value for name, value in locked.items() if value is not None},
        }
        return json.dumps(notice | changes, ensure_ascii=False).encode()

    return closed


@pytest.fixture(scope="session")
def paid_order() -> dict[str, Any]:
    """A paid order as query and notice tell it."""
    return {
        "appid": APPID,
        "mchid": MCHID,
        "out_trade_no": "SH20261121000001",
        "transaction_id": "4200002026112100000000000001",
        "trade_type": "JSAPI",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": "2026-11-21T11:59:58+08:00",
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "amount": {"total": 100, "payer_total": 100, "currency": "CNY", "payer_currency": "CNY"},
    }


@pytest.fixture(scope="session")
def refund_told() -> dict[str, Any]:
    """A refund as the answer to a request or a query tells it."""
    return {
        "refund_id": "50000000382019052709732678859",
        "out_refund_no": "SHR20261121000001",
        "transaction_id": "4200002026112100000000000001",
        "out_trade_no": "SH20261121000001",
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": "2026-11-21T11:59:59+08:00",
        "status": "PROCESSING",
        "amount": {"total": 100, "refund": 40, "payer_total": 100, "payer_refund": 40, "currency": "CNY"},
    }


@pytest.fixture(scope="session")
def pay_alone(new_pay: Callable[[str], WeChatPay]) -> WeChatPay:
    """A client with nobody to talk to: reading a notice must not need anybody."""
    return new_pay("http://127.0.0.1:9")


@pytest.fixture(scope="session")
def notice_body(envelope: Callable[..., bytes], paid_order: dict[str, Any]) -> bytes:
    """A payment notice as it should be."""
    return envelope(paid_order)


@pytest.fixture(scope="session")
def notice_headers(seal: Callable[..., dict[str, str]], notice_body: bytes) -> dict[str, str]:
    """The headers of that notice."""
    return seal(notice_body)


@pytest.fixture(scope="session")
def refund_noticed(refund_told: dict[str, Any]) -> dict[str, Any]:
    """A refund as a notice tells it: with the merchant and `refund_status`, without a currency."""
    told = {
        name: value for name, value in refund_told.items() if name not in ("status", "channel", "create_time")
    }
    done = {"mchid": "1900000109", "refund_status": "SUCCESS", "success_time": "2026-11-21T12:00:00+08:00"}
    return told | done | {"amount": {"total": 100, "refund": 40, "payer_total": 100, "payer_refund": 40}}
