"""What WeChat Pay writes: payments told in a notice, encrypted and signed with the platform's own key."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator import Keys
from simulator.notices import signature_headers

Fields = Mapping[str, Any]
AT = "2026-11-21T12:00:00+08:00"


@dataclass(frozen=True)
class Target:
    """An order that waits for its payment."""

    code: str
    amount_fen: int
    openid: str


@dataclass(frozen=True)
class Letter:
    """A notice as it travels."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Pen:
    """WeChat Pay's hand. What it signs is authentic, however wrong it may be."""

    keys: Keys

    def paid(self, order: Target) -> dict[str, Any]:
        """The payment that fits `order`, under a transaction number of its own."""
        return {
            "appid": self.keys.appid,
            "mchid": self.keys.mchid,
            "out_trade_no": order.code,
            "transaction_id": f"42{secrets.randbelow(10**26):026d}",
            "trade_type": "JSAPI",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": AT,
            "payer": {"openid": order.openid},
            "amount": {
                "total": order.amount_fen,
                "payer_total": order.amount_fen,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }

    def envelope(self, resource: Fields | bytes, event_type: str = "TRANSACTION.SUCCESS") -> bytes:
        """The body of a notice around `resource`, which is encrypted."""
        plain = resource if isinstance(resource, bytes) else written(resource)
        nonce = secrets.token_hex(6)
        kind = event_type.partition(".")[0].lower()
        sealed = AESGCM(self.keys.apiv3_key.encode()).encrypt(nonce.encode(), plain, kind.encode())
        notice = {
            "id": f"EV-{secrets.token_hex(12)}",
            "create_time": AT,
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": {
                "original_type": kind,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": kind,
                "nonce": nonce,
            },
        }
        return written(notice)

    def sign(self, body: bytes, age_s: float = 0.0) -> Letter:
        """Sign any bytes, as of `age_s` seconds ago."""
        return Letter(
            signature_headers(self.keys.platform_key, self.keys.public_key_id, body, age_s) | JSON, body
        )

    def write(self, resource: Fields | bytes, event_type: str = "TRANSACTION.SUCCESS") -> Letter:
        """A whole notice around `resource`."""
        return self.sign(self.envelope(resource, event_type))


def written(fields: Fields) -> bytes:
    """`fields` as JSON, even where their text is none that UTF-8 allows."""
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


JSON = {"Content-Type": "application/json"}
