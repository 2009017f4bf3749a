"""The way to a recognised programme: signed letters out, signed letters back.

Nothing that comes back is believed here; whoever reads the letters checks their signatures.
"""

import json

from app.clients import shapes
from app.clients.errors import RateLimited, Refused, Unreachable
from app.clients.http import Connection, origin

LETTERS = ("offer", "acceptance", "refusal", "deed", "withdrawal")
LONGEST = 64 * 1024
_TARGET, _TOO_MANY = "/v1/handovers", 429


def is_address(base_url: str, *, production: bool) -> bool:
    """Whether a base URL is one that we call: https, or http to this machine outside production."""
    try:
        return origin(base_url).startswith("https:") or not production
    except ValueError:
        return False


def fetch_statement(base_url: str) -> str:
    """What a programme states of its own units at this moment, signed.

    Raises `Unreachable`, also for what is no answer to this.
    """
    answer = Connection(base_url).send("GET", "/v1/statement", largest_bytes=LONGEST)
    try:
        return shapes.text(shapes.json_object(answer.body), "document", LONGEST)
    except ValueError:
        raise Unreachable("GET /v1/statement: not an answer that we understand") from None


def send_letter(base_url: str, document: str) -> dict[str, str]:
    """Give a letter to its other side; returns the letters that stand there about the same handover.

    Raises `Unreachable`, and `Refused` when the other side does not take it.
    """
    body = json.dumps({"document": document}).encode()
    answer = Connection(base_url).send("POST", _TARGET, body, largest_bytes=4 * LONGEST)
    try:
        told = shapes.json_object(answer.body)
        if answer.status >= 400:
            refusal = RateLimited if answer.status == _TOO_MANY else Refused
            raise refusal(shapes.optional_text(told, "code", 64) or str(answer.status))
        found = {name: shapes.optional_text(told, name, LONGEST) for name in LETTERS}
    except ValueError:
        raise Unreachable(f"POST {_TARGET}: not an answer that we understand") from None
    return {name: text for name, text in found.items() if text is not None}
