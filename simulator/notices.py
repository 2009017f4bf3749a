"""The platform's post office: encrypts, signs, delivers and repeats notices to the merchant.

Source: WeChat Pay API v3, "支付成功回调通知" (answer within 5 s, 200 or 204 accepts, otherwise repeated after
15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h) and "签名探测" (signatures that begin with
WECHATPAY/SIGNTEST/ and must be refused).
"""

import base64
import json
import secrets
import time
from functools import cache
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.clock import Clock, rfc3339
from simulator.faults import NOTICE, Fault, Faults
from simulator.keys import Keys
from simulator.signatures import SCHEME, encrypted_resource, sign, signed_text
from simulator.state import Notice, State
from simulator.timetable import Timetable

#: Seconds of the provider's time before each repetition.
RETRY_AFTER_S = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
#: Wall-clock seconds a merchant has to answer; not sped up, because the merchant is not.
ANSWER_WITHIN_S = 5.0
ACCEPTED = (200, 204)
PROBE = "WECHATPAY/SIGNTEST/"
_DISPATCH_FAULTS = ("drop_notice", "delay", "duplicate", "reorder")
_ENVELOPE_FAULTS = ("reset", "wrong_signature", "wrong_serial", "unsigned", "stale_notice", "wrong_amount")


def signature_headers(key: rsa.RSAPrivateKey, key_id: str, body: bytes, age_s: float = 0.0) -> dict[str, str]:
    """Return the `Wechatpay-…` headers over a body, as of `age_s` seconds ago."""
    timestamp, nonce = str(int(time.time() - age_s)), secrets.token_hex(16)
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": key_id,
        "Wechatpay-Signature-Type": SCHEME,
        "Wechatpay-Signature": sign(key, signed_text(timestamp, nonce, body)),
    }


@cache
def _foreign_key() -> rsa.RSAPrivateKey:
    """Return a key that nobody trusts."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def headers_with(keys: Keys, body: bytes, faults: dict[str, Fault]) -> dict[str, str]:
    """Return the signature headers the platform puts on `body`, spoilt by the faults among `faults`."""
    if "unsigned" in faults:
        return {}
    stale = faults.get("stale_notice") or faults.get("stale_answer")
    key = keys.platform_key
    if "wrong_signature" in faults:
        key = _foreign_key()
    serial = "PUB_KEY_ID_0000000000" if "wrong_serial" in faults else keys.public_key_id
    return signature_headers(key, serial, body, stale.seconds if stale else 0.0)


class PostOffice:
    """Keeps every notice until it is accepted or the last repetition has failed."""

    def __init__(self, keys: Keys, clock: Clock, state: State, faults: Faults, timetable: Timetable) -> None:
        """Take the parts it works with."""
        self._keys, self._clock, self._state = keys, clock, state
        self._faults, self._timetable = faults, timetable
        self._held: list[str] = []

    def publish(
        self, event_type: str, summary: str, url: str, resource: dict[str, Any], reference: str
    ) -> Notice:
        """Write a notice and send it out at once, unless a fault has other plans."""
        notice = Notice(
            id=f"EV-{secrets.token_hex(12)}",
            event_type=event_type,
            summary=summary,
            url=url,
            kind=event_type.split(".")[0].lower(),
            resource=resource,
            reference=reference,
            created_at=self._clock.now(),
            due_at=self._clock.real(),
        )
        faults = self._faults.take(NOTICE, _DISPATCH_FAULTS)
        if "drop_notice" in faults:
            notice.status = "dropped"
        with self._state.changing():
            self._state.notices[notice.id] = notice
        if notice.status == "pending":
            self._dispatch(notice, faults)
        return notice

    def resume(self) -> None:
        """Take up the notices an earlier run left undelivered."""
        for notice in list(self._state.notices.values()):
            if notice.status == "pending":
                self._send_in(notice.due_at - self._clock.real(), notice.id)

    def resend(self, reference: str, count: int) -> int:
        """Deliver every notice about `reference` `count` more times at once; returns how many went."""
        with self._state.lock:
            ids = [notice.id for notice in self._state.notices.values() if notice.reference == reference]
        for notice_id in ids * count:
            self._send_in(0, notice_id, repeats=False)
        return len(ids) * count

    def probe(self, url: str) -> int | None:
        """Send a letter with a probing signature; returns the merchant's HTTP status, None for no answer."""
        body = json.dumps({"id": f"EV-{secrets.token_hex(12)}", "event_type": "SIGNTEST"}).encode()
        headers = signature_headers(self._keys.platform_key, self._keys.public_key_id, body)
        headers["Wechatpay-Signature"] = PROBE + base64.b64encode(secrets.token_bytes(256)).decode()
        return self._put_in_letterbox(url, body, headers, broken=False)[0]

    def _dispatch(self, notice: Notice, faults: dict[str, Fault]) -> None:
        """Send a new notice on its way."""
        if "reorder" in faults:
            with self._state.lock:
                self._held.append(notice.id)
            self._timetable.after(faults["reorder"].seconds, lambda: self._release(notice.id))
            return
        wait_s = faults["delay"].seconds if "delay" in faults else 0.0
        self._send_in(wait_s, notice.id)
        if "duplicate" in faults:
            self._send_in(wait_s, notice.id, repeats=False)

    def _release(self, notice_id: str) -> None:
        """Let a held notice go, if it has not gone yet."""
        with self._state.lock:
            if notice_id not in self._held:
                return
            self._held.remove(notice_id)
        self._send_in(0, notice_id)

    def _send_in(self, seconds: float, notice_id: str, repeats: bool = True) -> None:
        """Plan one delivery; only one that `repeats` plans the next after a failure."""
        self._timetable.after(seconds, lambda: self._deliver(notice_id, repeats))

    def _deliver(self, notice_id: str, repeats: bool) -> None:
        """Make one attempt, write it down and plan what follows."""
        notice = self._state.notices[notice_id]
        if repeats and notice.status != "pending":
            return
        faults = self._faults.take(NOTICE, _ENVELOPE_FAULTS)
        body = self._letter(notice, faults)
        headers = headers_with(self._keys, body, faults)
        began = time.monotonic()
        status, error = self._put_in_letterbox(notice.url, body, headers, broken="reset" in faults)
        attempt = {
            "at": rfc3339(self._clock.real()),
            "status": status,
            "error": error,
            "signed_at": headers.get("Wechatpay-Timestamp"),
            "faults": sorted(faults),
            "took_ms": round((time.monotonic() - began) * 1000),
            "answered_at": self._clock.real(),
        }
        with self._state.changing():
            notice.attempts.append(attempt)
            if status in ACCEPTED:
                notice.status = "delivered"
            elif repeats:
                self._plan_repetition(notice)
            held = [other for other in self._held if other != notice_id]
        for other in held:
            self._release(other)

    def _plan_repetition(self, notice: Notice) -> None:
        """Plan the next attempt, or give up after the fifteenth repetition."""
        if notice.failures >= len(RETRY_AFTER_S):
            notice.status = "exhausted"
            return
        wait_s = self._clock.wait_s(RETRY_AFTER_S[notice.failures])
        notice.failures += 1
        notice.due_at = self._clock.real() + wait_s
        self._send_in(wait_s, notice.id)

    def _letter(self, notice: Notice, faults: dict[str, Fault]) -> bytes:
        """Write the body of a notice, freshly encrypted."""
        resource = notice.resource
        if "wrong_amount" in faults:
            amount = resource["amount"]
            resource = resource | {"amount": amount | {"total": amount["total"] + 1}}
        letter = {
            "id": notice.id,
            "create_time": rfc3339(notice.created_at),
            "event_type": notice.event_type,
            "resource_type": "encrypt-resource",
            "summary": notice.summary,
            "resource": encrypted_resource(self._keys.apiv3_key, notice.kind, resource),
        }
        return json.dumps(letter, ensure_ascii=False, separators=(",", ":")).encode()

    @staticmethod
    def _put_in_letterbox(
        url: str, body: bytes, headers: dict[str, str], broken: bool
    ) -> tuple[int | None, str]:
        """POST a letter and return (HTTP status or None, what went wrong).

        A `broken` one hangs up without waiting for the answer, so its effect is unknown to both sides.
        """
        headers = headers | {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "User-Agent": "Mozilla/4.0",
            "Request-ID": secrets.token_hex(16),
        }
        with requests.Session() as session:
            # No proxy of the environment: the merchant is on this machine.
            session.trust_env = False
            try:
                with session.post(
                    url,
                    data=body,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=(ANSWER_WITHIN_S, 0.001 if broken else ANSWER_WITHIN_S),
                ) as reply:
                    return (None, "connection reset") if broken else (reply.status_code, "")
            except requests.RequestException as error:
                return None, "connection reset" if broken else type(error).__name__
