"""What the model remembers of a purchase: the order, money in doubt, readings of the bank, refunds."""

from dataclasses import dataclass
from datetime import date, datetime

Subject = int | tuple[str, str, str]
"""What a refund is a part of: an order's id, or a doubt's name, order code and transaction."""

RefundKey = tuple[Subject, int]
"""A refund: the first, second … of its subject. Its number is chance, which the model does not predict."""


@dataclass(frozen=True)
class Order:
    """A purchase and what became of it. `offline` is how it is to be paid, `bank` how it was."""

    id: int
    code: str
    holder: int
    lot: int
    kg: int
    fen: int
    reserved_at: datetime
    expires_at: datetime
    offline: bool = False
    status: str = "reserved"
    transaction: str | None = None
    bank: bool = False
    due_g: int | None = None
    carry_g: int | None = None


@dataclass(frozen=True)
class Doubt:
    """A word of payment that did not fit: how often it was heard, and the money held for it."""

    bank: bool
    sightings: int = 0
    held_fen: int | None = None
    resolved_by: int | None = None


@dataclass(frozen=True)
class Reading:
    """What one operator has read on the bank's statement; `agreed` once a second one read the same."""

    fen: int
    day: date
    agreed: bool = False


@dataclass(frozen=True)
class Refund:
    """Money on its way back."""

    fen: int
    total_fen: int
    source: str
    bank: bool
    requested_by: int | None = None
    requested_at: datetime | None = None
    reference: str | None = None
    replaces: RefundKey | None = None
    approved_by: int | None = None
    opened: bool = False
    declined: bool = False
    refused: bool = False
    unknown_at: datetime | None = None
    accepted: bool = False
    abnormal: bool = False
    closed: bool = False
    succeeded: bool = False
    doubled: bool = False

    @property
    def requested(self) -> bool:
        """Whether it waits for a second operator."""
        return not (self.opened or self.declined)

    @property
    def alive(self) -> bool:
        """Whether its money has gone back or still may."""
        return self.succeeded or not (self.declined or self.closed)

    @property
    def stuck(self) -> bool:
        """Whether the provider cannot deliver it."""
        return (self.abnormal or self.closed) and not self.succeeded

    @property
    def unheard(self) -> bool:
        """Whether it was opened and nothing has been heard of it."""
        return self.opened and not (self.accepted or self.stuck or self.succeeded)
