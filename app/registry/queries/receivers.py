"""Who may be given units: the one answer for every way by which units come to somebody."""

from dataclasses import dataclass

from app.accounts import queries as accounts

_KINDS = ("person", "household", "village", "organisation")
"""The platform has no units of its own, what is in the pool got there by an issuance, and for an event or
another cause units are retired: nobody could ever take them out of its books."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A holder who may be given units."""

    id: int
    kind: str


def find_receiver(code: str) -> Receiver | None:
    """The holder with this public code, None when there is none who may be given units."""
    holder = accounts.find_holder(code)
    return None if holder is None or holder.kind not in _KINDS else Receiver(holder.id, holder.kind)
