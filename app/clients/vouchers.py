"""The way to a giver's server that issues vouchers: signed requests out, signed letters back.

What it answers counts only when its key has signed it, for the very number that was asked; everything else,
a refusal without a signature too, leaves the outcome unknown. Ask again under the same number.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.clients import shapes
from app.clients.errors import Unreachable, Unverified
from app.clients.http import Connection, Signer, origin
from app.kit import letters
from app.kit.letters import PublicKey
from app.kit.message_signatures import SentRequest, authority_of, signed_headers

LETTER = "senhui-voucher+jws"
"""The `typ` of every answer."""
STATES = ("issued", "pending", "refused", "cancelled")
LONGEST = 16 * 1024
_TARGET = "/v1/vouchers"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a partner says of one number: a voucher, not yet, none and why, or that it never will be."""

    state: str
    code: str | None = None
    last_day: date | None = None


def signer(base_url: str, keyid: str, sign: Callable[[bytes], bytes], now_s: Callable[[], int]) -> Signer:
    """What signs each request to this address, over its method, authority, path and exact body."""

    def headers(method: str, target: str, body: bytes) -> dict[str, str]:
        sent = SentRequest(method, authority_of(base_url), target, "", {})
        return signed_headers(sent, body, keyid, now_s(), sign)

    return headers


class VoucherPartner:
    """One giver's server. Made anew for each asking; nothing of it is kept."""

    def __init__(self, base_url: str, public_key: bytes, sign: Signer) -> None:
        self._connection = Connection(base_url, sign=sign)
        self._key = PublicKey(public_key)
        self._where = origin(base_url)

    def issue(self, number: str, product: str) -> Letter:
        """Ask for the voucher of this number; asked again, it is the same one.

        Raises `Unreachable` and `Unverified`: either way nobody knows whether there is one.
        """
        return self._ask(number, _TARGET, {"number": number, "product": product})

    def cancel(self, number: str) -> Letter:
        """Ask that there be none for this number; what was issued before is told instead.

        Raises as `issue` does.
        """
        return self._ask(number, f"{_TARGET}/{number}/cancellation", {"number": number})

    def _ask(self, number: str, target: str, told: dict[str, str]) -> Letter:
        body = json.dumps(told, ensure_ascii=False).encode()
        answer = self._connection.send("POST", target, body, largest_bytes=4 * LONGEST)
        silence = Unreachable(f"POST {self._where}{target}: status {answer.status}")
        with shapes.otherwise(silence):
            document = shapes.text(shapes.json_object(answer.body), "document", LONGEST)
        return self._read(number, document)

    def _read(self, number: str, document: str) -> Letter:
        try:
            told = letters.read_letter(document, LETTER, [self._key])
        except letters.LetterRefused as fault:
            raise Unverified(f"the letter about a voucher is refused: {fault}") from None
        with shapes.otherwise(Unverified("the letter about a voucher is not as agreed")):
            state = shapes.text(told, "state", 20)
            if told.get("number") != number or state not in STATES:
                raise ValueError("another number, or an unknown state")
            if state != "issued":
                return Letter(state)
            last_day = shapes.optional_text(told, "last_day", 10)
            return Letter(
                state,
                shapes.text(told, "code", 64),
                date.fromisoformat(last_day) if last_day else None,
            )
