"""Who may be given units: the one answer for every way by which units come to somebody."""

from dataclasses import dataclass

from app.accounts import chart
from app.accounts import queries as accounts

_NOBODY = (chart.PLATFORM, chart.BUFFER_POOL)
"""The platform has no units of its own, and what is in the pool got there by an issuance."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A holder who may be given units."""

    id: int
    kind: str


def find_receiver(code: str) -> Receiver | None:
    """The holder with this public code, None when there is none who may be given units."""
    holder = accounts.find_holder(code)
    return None if holder is None or holder.id in _NOBODY else Receiver(holder.id, holder.kind)
