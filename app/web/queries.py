"""What the pages and the command line ask of all rooms at once."""

from dataclasses import dataclass
from datetime import datetime

from app.accounts import chart
from app.accounts import queries as accounts
from app.causes import queries as causes
from app.footprint import queries as footprint
from app.kit import clock
from app.kit.database import snapshot
from app.kit.proof import Proof
from app.kit.recently import Recently
from app.offsets import queries as offsets
from app.registry import queries as registry
from app.rewards import queries as rewards
from app.statements import queries as statements
from app.treasury import queries as treasury

ROOMS = (accounts, footprint, registry, offsets, causes, treasury, rewards, statements)


def proofs_of_all_rooms() -> list[Proof]:
    """Every room's proofs, read in one snapshot so that figures of two rooms belong together."""
    with snapshot():
        return [proof for room in ROOMS for proof in room.prove()]


@dataclass(frozen=True)
class PublicBooks:
    """The books as anyone may read them, and when they were read."""

    at: datetime
    proofs: tuple[Proof, ...]

    @property
    def failing(self) -> int:
        """How many claims do not hold."""
        return sum(not proof.holds for proof in self.proofs)


@dataclass(frozen=True)
class PublicTotals:
    """What all people together have done; avoided and retired grams are different claims, never added."""

    avoided_g: int
    retired_g: int
    paid_to_forests_fen: int


def _books() -> PublicBooks:
    return PublicBooks(clock.now(), tuple(proofs_of_all_rooms()))


def _totals() -> PublicTotals:
    ask = accounts.sum_entries
    return PublicTotals(
        avoided_g=ask(chart.RECORD_ACTION) - ask(chart.WITHDRAW_ACTION),
        retired_g=sum(map(ask, (chart.RETIRE, chart.RETIRE_SURPLUS, chart.RETIRE_OWN, chart.RETIRE_OWN_DUE))),
        paid_to_forests_fen=ask(chart.CREDIT_SELLER) + ask(chart.CREDIT_VILLAGE),
    )


public_books = Recently(_books)
public_totals = Recently(_totals)
