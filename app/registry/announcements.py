"""What this room tells, in the fact's own transaction.

`registry.letter_waits` {"side": "given" | "taken", "id"}: a signed letter of a handover is ready to be
sent to its other side; heard by this room's own jobs, which send it where the programme has an address.
"""

from app.kit.announcements import announce

LETTER_WAITS = "registry.letter_waits"


def tell_letter(side: str, row_id: int) -> None:
    """Tell that a handover, as `given` or `taken`, has a letter to send."""
    announce(LETTER_WAITS, {"side": side, "id": row_id})
