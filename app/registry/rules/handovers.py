"""What is true of handovers 移交 between two registries: their letters, their states, who has title. Pure.

    giver                                    receiver
    drafted  (units locked)
    offered  ──────── offer ───────────────► pending    (holds nothing)
                                             accepted   (room kept for exactly these units)
    executed ◄─────── acceptance ──────────
             ──────── deed ────────────────► completed  (units issued)

Title passes in the giver's transaction that signs the deed, and in no other. Until it the units are
the giver's, locked; from it on they are the receiver's, who can always obtain the deed again. The giver
withdraws only while no acceptance is recorded: after the expiry, or when the receiver has refused.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum


class Letter(StrEnum):
    """The kinds of signed letters; each is the `typ` of its JWS."""

    OFFER = "handover-offer+jws"
    ACCEPTANCE = "handover-acceptance+jws"
    REFUSAL = "handover-refusal+jws"
    DEED = "handover-deed+jws"
    WITHDRAWAL = "handover-withdrawal+jws"


class Given(StrEnum):
    """Where a handover stands at its giver."""

    DRAFTED = "drafted"
    OFFERED = "offered"
    EXECUTED = "executed"
    WITHDRAWN = "withdrawn"


class Taken(StrEnum):
    """Where a handover stands at its receiver."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CLOSED = "closed"


OFFER_LIFE = timedelta(days=14)
"""How long an offer binds its giver; after that they may withdraw it."""


def given_status(
    offered_at: datetime | None, executed_at: datetime | None, withdrawn_at: datetime | None
) -> Given:
    """What the giver's time stamps say."""
    latest = ((executed_at, Given.EXECUTED), (withdrawn_at, Given.WITHDRAWN), (offered_at, Given.OFFERED))
    return next((status for at, status in latest if at is not None), Given.DRAFTED)


def taken_status(
    accepted_at: datetime | None, completed_at: datetime | None, closed_at: datetime | None
) -> Taken:
    """What the receiver's time stamps say."""
    latest = ((completed_at, Taken.COMPLETED), (closed_at, Taken.CLOSED), (accepted_at, Taken.ACCEPTED))
    return next((status for at, status in latest if at is not None), Taken.PENDING)


def may_withdraw(status: Given, expires_at: datetime | None, now: datetime) -> bool:
    """Whether the giver may take the units back by themselves: never once an acceptance is recorded."""
    expired = expires_at is not None and now >= expires_at
    return status is Given.DRAFTED or (status is Given.OFFERED and expired)


def misfit(expected: Mapping[str, object], told: Mapping[str, object]) -> str | None:
    """The first member of a letter that is not as it must be; None when all are."""
    return next((name for name, value in expected.items() if told.get(name) != value), None)
