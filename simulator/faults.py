"""Misfortunes that can be switched on, each for a number of times and for a part of the world.

A fault waits at a *place*: a path prefix of an API ("/v3/pay"), "notice" for what the platform sends,
"refund" for how refunds end, or "voucher" for what the shop answers. It is used up `count` times.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simulator.errors import ControlRefused

NOTICE = "notice"
REFUND = "refund"
VOUCHER = "voucher"
#: Where the APIs live; only there can a request be hit.
API_PREFIXES = ("/v3", "/sns", "/cgi-bin", "/wxa", "/v1/vouchers")

#: kind -> (where it can wait, what it does). `seconds` has the meaning the text gives it.
KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "delay": (("api", NOTICE), "wait `seconds` before anything happens"),
    "late": (("api",), "take effect at once, answer after `seconds`"),
    "reset": (("api", NOTICE), "break the connection; an API request has no effect"),
    "lost_answer": (("api",), "take effect, then break the connection before the answer"),
    "http_500": (("api",), "answer 500 SYSTEM_ERROR without effect"),
    "http_429": (("api",), "answer 429 FREQUENCY_LIMITED without effect"),
    "errcode": (("api",), "mini-program APIs answer this `errcode` without effect"),
    "wrong_signature": (("api", NOTICE), "sign with a foreign key"),
    "wrong_serial": (("api", NOTICE), "name an unknown key id"),
    "unsigned": (("api", NOTICE), "leave the signature headers out"),
    "stale_answer": (("api",), "sign with a time `seconds` in the past"),
    "stale_notice": ((NOTICE,), "sign with a time `seconds` in the past"),
    "wrong_amount": ((NOTICE,), "state one fen more than was paid, correctly signed"),
    "duplicate": ((NOTICE,), "deliver two copies at the same moment"),
    "reorder": ((NOTICE,), "hold back until the next notice has gone out, at most `seconds`"),
    "drop_notice": ((NOTICE,), "never deliver; only asking finds out"),
    "refund_abnormal": ((REFUND,), "the next refund ends ABNORMAL"),
    "refund_closed": ((REFUND,), "the next refund ends CLOSED"),
    "voucher_refused": ((VOUCHER,), "the shop has none of what is asked for, signed"),
    "voucher_pending": ((VOUCHER,), "the shop says that it is not ready, and issues nothing"),
    "voucher_foreign_key": ((VOUCHER,), "the letter is signed with another key"),
    "voucher_other_number": ((VOUCHER,), "the letter is about another number"),
}
DEFAULT_SECONDS = {"delay": 1.0, "late": 1.0, "stale_answer": 3600.0, "stale_notice": 3600.0, "reorder": 2.0}
LONGEST_S = 3600.0


@dataclass
class Fault:
    """One misfortune waiting at `path`, `count` more times."""

    kind: str
    path: str
    count: int
    seconds: float
    errcode: int = -1

    def meets(self, place: str) -> bool:
        """Tell whether it waits at this place."""
        return place.startswith(self.path) if self.path.startswith("/") else place == self.path


class Faults:
    """The list of faults that are on; safe for threads."""

    def __init__(self) -> None:
        """Start with a kind world."""
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, wish: dict[str, Any]) -> Fault:
        """Switch one on from a control request; ControlRefused says what is wrong with the wish."""
        kind = wish.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            raise ControlRefused(f"kind must be one of {', '.join(KINDS)}")
        places = KINDS[kind][0]
        path = wish.get("path", places[0] if places[0] != "api" else None)
        if not isinstance(path, str) or _place_of(path) not in places:
            raise ControlRefused(
                f"path of {kind} must be one of: "
                + ", ".join("an API path prefix" if p == "api" else p for p in places)
            )
        fault = Fault(
            kind,
            path,
            _whole(wish, "count", 1, least=1),
            _seconds(wish, kind),
            _whole(wish, "errcode", -1, least=-99999, most=2**31 - 1),
        )
        with self._lock:
            self._waiting.append(fault)
        return fault

    def take(self, place: str, kinds: Iterable[str] = KINDS) -> dict[str, Fault]:
        """Use up and return, by kind, the faults among `kinds` that wait at `place`."""
        wanted, met = set(kinds), {}
        with self._lock:
            for fault in self._waiting:
                if fault.kind in wanted and fault.kind not in met and fault.meets(place):
                    fault.count -= 1
                    met[fault.kind] = fault
            self._waiting = [fault for fault in self._waiting if fault.count > 0]
        return met

    def waiting(self) -> list[dict[str, Any]]:
        """List what is still on."""
        with self._lock:
            return [dict(vars(fault)) for fault in self._waiting]

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._waiting.clear()


def _place_of(path: str) -> str:
    """Return the sort of place a path names: api, notice, refund, or itself when it is neither."""
    return "api" if path.startswith(API_PREFIXES) else path


def _whole(wish: dict[str, Any], name: str, default: int, least: int, most: int = 1_000_000) -> int:
    """Read an integer of a wish."""
    value = wish.get(name, default)
    if type(value) is not int or not least <= value <= most:
        raise ControlRefused(f"{name} must be a whole number from {least}")
    return value


def _seconds(wish: dict[str, Any], kind: str) -> float:
    """Read the `seconds` of a wish."""
    value = wish.get("seconds", DEFAULT_SECONDS.get(kind, 0.0))
    if type(value) not in (int, float) or not 0 <= value <= LONGEST_S:
        raise ControlRefused(f"seconds must be a number from 0 to {LONGEST_S:.0f}")
    return float(value)
