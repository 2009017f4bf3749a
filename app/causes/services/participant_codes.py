"""Codes and marks that follow from our key: nothing of them is kept but digests."""

import hmac

from app.causes.rules.lists import plain
from app.kit.codes import read_code, spelled, with_check
from app.kit.sealing import digester

CODE_LENGTH = 10
"""Fifty bits, and a check character: nobody guesses one while reports are bounded."""
MARK_LENGTH = 20


def code_of(event_id: int, number: str) -> str:
    """The one-time code of whoever has this number at an event."""
    drawn = spelled(digester("participant number")(f"{event_id}\0{plain(number)}"))
    begins = range(len(drawn) - CODE_LENGTH)
    # As `checked_code`: a check value that is a symbol is drawn again.
    return next(filter(str.isalnum, (with_check(drawn[at : at + CODE_LENGTH]) for at in begins)))


def person_of(event_id: int, code: str) -> bytes:
    """What is kept of a one-time code."""
    return digester("participant code")(f"{event_id}\0{code}")[:16]


def read_person(event_id: int, written: str) -> bytes | None:
    """What is kept of a code as somebody typed it; None when it cannot be one."""
    code = read_code(written)
    return person_of(event_id, code) if code is not None and len(code) == CODE_LENGTH + 1 else None


def device_of(event_id: int, token: str) -> bytes:
    """What is kept of the phone that reports: nothing by which it is known elsewhere."""
    return digester("participant device")(f"{event_id}\0{token}")[:16]


def mark_of(event_id: int, link_round: int) -> str:
    """What signs the link by which an event's participants report themselves."""
    return spelled(digester("participant link")(f"{event_id}\0{link_round}"))[:MARK_LENGTH]


def is_mark(event_id: int, link_round: int, written: str) -> bool:
    """Whether `written` signs the link of this round."""
    return hmac.compare_digest(mark_of(event_id, link_round).encode(), written.upper().encode())
