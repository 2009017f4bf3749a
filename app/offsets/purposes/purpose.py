"""The questions that every purpose answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Purpose:
    """One reason to retire units.

    `cause` is the kind of holder that owes what is bought for it, such as an event with books of its own;
    None where the buyer owes it. `certificate` is the message that says what the certificate attests.
    `self_service` says whether a buyer chooses it alone, without a cause. `products` are those that may
    serve it, None for all. `courtesies` says whether money may go back though its units stay used up; not
    where somebody is told how much was paid, and that it was enough. `owes_bought` says that what is bought
    is what is owed: it is written once it was retired, and nothing stays carried.
    """

    name: str
    certificate: str
    cause: str | None = None
    self_service: bool = False
    products: frozenset[str] | None = None
    courtesies: bool = True
    owes_bought: bool = False
