"""A simulator of its own for every test, a merchant who signs by hand, and a letterbox for notices."""

import base64
import json
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechatpayv3 import WeChatPay, WeChatPayType

import simulator

#: Waits of the provider last a thousandth: a refund ends after 0.06 s.
TEST_SPEED = 1000.0


class Letterbox:
    """The merchant's notice address: keeps what arrives and answers the statuses it was told to."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.letters: list[tuple[float, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.wait_s = 0.0
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                box.letters.append((time.time(), dict(self.headers), body))
                time.sleep(box.wait_s)
                self.send_response(box.statuses.pop(0) if box.statuses else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Write nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A sender that hangs up is part of the game."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/notices"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def wait_for(self, count: int, within_s: float = 10.0) -> list[tuple[float, dict[str, str], bytes]]:
        """Return the letters once there are `count`; fails when they do not come in time."""
        eventually(lambda: len(self.letters) >= count, within_s)
        return self.letters

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class Merchant:
    """The app's side, written by hand from WeChat's documents and the files of `wechat.env` alone."""

    def __init__(self, base_url: str, var: Path, notify_url: str) -> None:
        """Read `wechat.env` as the app would."""
        lines = (var / "wechat.env").read_text().splitlines()
        self.env = dict(line.split("=", 1) for line in lines)
        self.base_url, self.notify_url = base_url, notify_url
        self.mchid, self.appid = self.env["WECHAT_PAY_MCHID"], self.env["WECHAT_APPID"]
        private = Path(self.env["WECHAT_PAY_PRIVATE_KEY_FILE"]).read_bytes()
        self._key: Any = serialization.load_pem_private_key(private, None)
        public = Path(self.env["WECHAT_PAY_PUBLIC_KEY_FILE"]).read_bytes()
        self._platform: Any = serialization.load_pem_public_key(public)
        self.session = requests.Session()
        self.session.trust_env = False

    def sign(self, text: str) -> str:
        """Sign with the merchant's key."""
        return base64.b64encode(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()

    def headers(self, method: str, target: str, body: str, **changed: str) -> dict[str, str]:
        """Return the headers of a signed request; `changed` spoils fields after signing."""
        stamp = changed.pop("signed_at", str(int(time.time())))
        nonce = secrets.token_hex(16)
        fields = {
            "mchid": self.mchid,
            "nonce_str": nonce,
            "timestamp": stamp,
            "signature": self.sign(f"{method}\n{target}\n{stamp}\n{nonce}\n{body}\n"),
            "serial_no": self.env["WECHAT_PAY_MERCHANT_SERIAL"],
        } | changed
        value = ",".join(f'{name}="{text}"' for name, text in fields.items())
        return {
            "Authorization": f"WECHATPAY2-SHA256-RSA2048 {value}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "test",
        }

    def call(self, method: str, target: str, body: Any = None, **changed: str) -> requests.Response:
        """Send a signed request; a body that is not a string is written as JSON."""
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        return self.session.request(
            method,
            self.base_url + target,
            data=text.encode(),
            timeout=20,
            headers=self.headers(method, target, text, **changed),
        )

    def verified(self, headers: Any, body: bytes) -> bool:
        """Check the platform's signature, key id and time on an answer or a notice."""
        stamp, nonce = headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"]
        text = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
        if headers["Wechatpay-Serial"] != self.env["WECHAT_PAY_PUBLIC_KEY_ID"]:
            return False
        if abs(time.time() - int(stamp)) > 300:
            return False
        try:
            self._platform.verify(
                base64.b64decode(headers["Wechatpay-Signature"]), text, padding.PKCS1v15(), hashes.SHA256()
            )
        except Exception:
            return False
        return True

    def opened(self, body: bytes) -> dict[str, Any]:
        """Decrypt a notice's resource."""
        sealed = json.loads(body)["resource"]
        key = AESGCM(self.env["WECHAT_PAY_APIV3_KEY"].encode())
        plain = key.decrypt(
            sealed["nonce"].encode(),
            base64.b64decode(sealed["ciphertext"]),
            sealed["associated_data"].encode(),
        )
        return dict(json.loads(plain))

    def control(self, act: str, **wish: Any) -> requests.Response:
        """Ask the control room."""
        return self.session.post(f"{self.base_url}/control/{act}", json=wish, timeout=20)

    def state(self) -> dict[str, Any]:
        """Look at everything."""
        return dict(self.session.get(f"{self.base_url}/control/state", timeout=20).json())

    def openid(self, account: str = "1") -> str:
        """Return an account's openid, making the account."""
        return str(self.control("accounts", account=account).json()["openid"])

    def order(self, out_trade_no: str = "ORDER-0001", total_fen: int = 100, **changed: Any) -> dict[str, Any]:
        """Return the body of a prepay request."""
        return {
            "appid": self.appid,
            "mchid": self.mchid,
            "description": "一元碳汇 10 kg",
            "out_trade_no": out_trade_no,
            "notify_url": self.notify_url,
            "attach": "x,y",
            "amount": {"total": total_fen, "currency": "CNY"},
            "payer": {"openid": self.openid()},
        } | changed

    def pay_parameters(self, prepay_id: str) -> dict[str, str]:
        """Return the signed parameters of wx.requestPayment."""
        stamp, nonce, package = str(int(time.time())), secrets.token_hex(16), f"prepay_id={prepay_id}"
        return {
            "appId": self.appid,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.sign(f"{self.appid}\n{stamp}\n{nonce}\n{package}\n"),
        }

    def prepay(self, **order: Any) -> str:
        """Open an order and return its prepay id."""
        answer = self.call("POST", "/v3/pay/transactions/jsapi", self.order(**order))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["prepay_id"])

    def pay(self, prepay_id: str) -> requests.Response:
        """Pay as the phone of a script does."""
        parameters = self.pay_parameters(prepay_id)
        return self.session.post(f"{self.base_url}/phone/api/pay", json=parameters, timeout=20)

    def paid_order(self, out_trade_no: str = "ORDER-0001", total_fen: int = 100) -> str:
        """Open and pay an order."""
        answer = self.pay(self.prepay(out_trade_no=out_trade_no, total_fen=total_fen))
        assert answer.json() == {"result": "ok"}
        return out_trade_no

    def query(self, out_trade_no: str) -> requests.Response:
        """Query by our own number."""
        return self.call("GET", f"/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={self.mchid}")


def eventually(true: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait until something is true; AssertionError when it does not become so."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., None]:
    """Give tests the waiting function."""
    return eventually


@pytest.fixture(scope="session")
def made_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make RSA keys once: they are the slow part of starting a simulator."""
    var = tmp_path_factory.mktemp("keys")
    simulator.ensure_keys(var)
    return var


@pytest.fixture
def var(made_keys: Path, tmp_path: Path) -> Path:
    """A directory for one simulator, with keys in it."""
    return Path(shutil.copytree(made_keys, tmp_path / "wechat"))


@pytest.fixture
def running(var: Path) -> Iterator[simulator.Running]:
    """A simulator serving on a free port."""
    with simulator.serve(var, speed=TEST_SPEED) as started:
        yield started


@pytest.fixture
def letterbox() -> Iterator[Letterbox]:
    """A merchant's notice address."""
    box = Letterbox()
    yield box
    box.close()


@pytest.fixture
def merchant(running: simulator.Running, var: Path, letterbox: Letterbox) -> Merchant:
    """A merchant at the running simulator."""
    return Merchant(running.base_url, var, letterbox.url)


@pytest.fixture
def merchant_at(letterbox: Letterbox) -> Callable[[str, Path], Merchant]:
    """A way to get a merchant at any simulator."""
    return lambda base_url, var: Merchant(base_url, var, letterbox.url)


@pytest.fixture
def oracle(merchant: Merchant) -> WeChatPay:
    """A third party's client: proves that the simulator is not only understood by its own author."""
    env = merchant.env
    client = WeChatPay(
        wechatpay_type=WeChatPayType.MINIPROG,
        mchid=merchant.mchid,
        appid=merchant.appid,
        private_key=Path(env["WECHAT_PAY_PRIVATE_KEY_FILE"]).read_text(),
        cert_serial_no=env["WECHAT_PAY_MERCHANT_SERIAL"],
        apiv3_key=env["WECHAT_PAY_APIV3_KEY"],
        notify_url=merchant.notify_url,
        public_key=Path(env["WECHAT_PAY_PUBLIC_KEY_FILE"]).read_text(),
        public_key_id=env["WECHAT_PAY_PUBLIC_KEY_ID"],
        timeout=(3, 20),
    )
    client._core._gate_way = merchant.base_url
    return client
