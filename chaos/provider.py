"""The provider's side: acts on the phone, mischief with its notices, forgeries, and its ledger.

The ledger is the simulator's own memory, which stands outside the instance and is never killed: what was
paid, which notice of it was acknowledged when, and what was given back.
"""

import json
import random
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from chaos.instance import Instance
from simulator.faults import Fault
from simulator.keys import ensure_keys
from simulator.notices import headers_with
from simulator.signatures import encrypted_resource

ACCEPTED = (200, 204)
_NOTICE = ("duplicate", "reorder", "delay", "reset", "wrong_signature", "wrong_serial", "unsigned")
_NOTICE_RARE = ("stale_notice", "drop_notice")
_CALLS = ("reset", "lost_answer", "http_500", "http_429")
SPOILT = ("wrong_signature", "wrong_serial", "unsigned", "stale_notice")
MISCHIEF = [
    *(("notice", kind) for kind in (*_NOTICE, *_NOTICE, *_NOTICE_RARE)),
    *((path, kind) for path in ("/v3/pay", "/v3/refund") for kind in _CALLS),
]
"""Where and what; when a notice never comes, the truth has to be asked for."""


@dataclass
class Paid:
    """An order that the provider was paid for: since when its notice is acknowledged, and what went back."""

    code: str
    amount_fen: int
    acked_at: float | None = None
    refunds: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Ledger:
    """What the provider knows: every paid order by its code, and how many notices it still has to deliver."""

    paid: dict[str, Paid]
    undelivered: int


class Provider:
    """One caller of the simulator; one a thread."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.keys = ensure_keys(instance.folder / "simulator")
        self.http = requests.Session()
        self.http.trust_env = False

    def login(self, account: str) -> tuple[str, str]:
        """A code for signing in, and the openid behind it."""
        code = self._post("/phone/api/login", account=account)["code"]
        return str(code), str(self._post("/control/accounts", account=account)["openid"])

    def pay(self, sheet: dict[str, Any]) -> bool:
        """Pay on the phone; False when the provider takes no money for this order any more."""
        return bool(self._post("/phone/api/pay", **sheet).get("result") == "ok")

    def pay_late(self, code: str) -> bool:
        """Pay although the provider has closed the order: the payment was first, word of it comes late."""
        return "transaction_id" in self._post("/control/pay_late", out_trade_no=code)

    def tell_again(self, code: str, count: int) -> None:
        """Deliver an order's notices more often than needed."""
        self._post("/control/notice", out_trade_no=code, count=count)

    def misbehave(self, dice: random.Random) -> None:
        """Switch one fault on, for the next one to three notices or calls."""
        path, kind = dice.choice(MISCHIEF)
        seconds = {"seconds": dice.uniform(0.1, 2.0)} if kind in ("delay", "reorder") else {}
        self._post("/control/faults", path=path, kind=kind, count=dice.randint(1, 3), **seconds)

    def behave(self) -> None:
        """Switch all faults off."""
        self.http.delete(f"{self.instance.phone}/control/faults", timeout=30)

    def ledger(self) -> Ledger:
        """What was paid, acknowledged and given back until now."""
        state = self.http.get(f"{self.instance.phone}/control/state", timeout=60).json()
        paid = {
            each["out_trade_no"]: Paid(each["out_trade_no"], each["amount_fen"])
            for each in state["transactions"]
            if "transaction_id" in each
        }
        for refund in state["refunds"]:
            paid[refund["out_trade_no"]].refunds.append((refund["status"], refund["amount"]["refund"]))
        for notice in state["notices"]:
            if notice["kind"] == "transaction":
                paid[notice["reference"]].acked_at = _acked_at(notice)
        return Ledger(paid, sum(notice["status"] == "pending" for notice in state["notices"]))

    def forge(self, code: str, openid: str, amount_fen: int) -> dict[str, int]:
        """Tell the instance of a payment that never was, in every way; returns each way's answer."""
        genuine = {
            "appid": self.keys.appid,
            "mchid": self.keys.mchid,
            "out_trade_no": code,
            "transaction_id": f"42000{secrets.randbelow(10**23):023}",
            "trade_type": "JSAPI",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": datetime.now(UTC).isoformat(timespec="seconds"),
            "payer": {"openid": openid},
            "amount": {
                "total": amount_fen,
                "payer_total": amount_fen,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }
        return {way: self._deliver(genuine | lie, spoilt) for way, (lie, spoilt) in _lies(genuine).items()}

    def _deliver(self, resource: dict[str, Any], spoilt: str) -> int:
        """Post a notice as the provider would; the answer's status, 0 for none."""
        letter = {
            "id": f"EV-{secrets.token_hex(12)}",
            "create_time": resource["success_time"],
            "event_type": "TRANSACTION.SUCCESS",
            "resource_type": "encrypt-resource",
            "summary": "支付成功",
            "resource": encrypted_resource(self.keys.apiv3_key, "transaction", resource),
        }
        body = json.dumps(letter, ensure_ascii=False).encode()
        faults = {spoilt: Fault(spoilt, "notice", 1, 3600.0)} if spoilt else {}
        headers = headers_with(self.keys, body, faults) | {"Content-Type": "application/json"}
        try:
            url = f"{self.instance.url}/v1/wechat-pay/notices"
            return self.http.post(url, data=body, headers=headers, timeout=5).status_code
        except requests.RequestException:
            return 0

    def _post(self, path: str, /, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.post(f"{self.instance.phone}{path}", json=body, timeout=30).json()
        return answer


def _acked_at(notice: dict[str, Any]) -> float | None:
    """When the merchant first accepted a notice."""
    times = [each["answered_at"] for each in notice["attempts"] if each["status"] in ACCEPTED]
    return min(times, default=None)


def _lies(genuine: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str]]:
    """Every way to forge: what is changed in the resource, and how the signature is spoilt.

    The first ways carry all the right facts under a bad signature and must be refused; the others are
    signed with the provider's own key and do not fit the order, so they may be heard, and not believed.
    """
    amount = genuine["amount"]
    return {
        **{way: ({}, way) for way in SPOILT},
        "another merchant": ({"mchid": "1900000109"}, ""),
        "another app": ({"appid": "wx0000000000000000"}, ""),
        "another payer": ({"payer": {"openid": "o" * 28}}, ""),
        "another amount": ({"amount": amount | {"total": 1, "payer_total": 1}}, ""),
        "another currency": ({"amount": amount | {"currency": "USD"}}, ""),
    }
