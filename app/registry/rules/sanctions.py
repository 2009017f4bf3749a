"""What is true of sanctions 处罚: their kinds, what they stop, and who may take which step. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

SUSPEND, LIMIT, REMOVE = "suspend", "limit", "remove"
KINDS = (SUSPEND, LIMIT, REMOVE)
HALTING = (SUSPEND, REMOVE)
"""These stop every new sale, transfer and payout; a limit only narrows sales."""
GROUNDS = (
    "investigation",
    "false_documents",
    "double_claim",
    "overstated",
    "unreported_loss",
    "breach_of_terms",
    "dispute",
    "other",
)
"""Why; names in the message catalogue. The operator's own words stand beside them."""

FREE, LIMITED, HALTED = 0, 1, 2
"""What stands against selling from a lot, as its row carries it: nothing, a daily limit, everything."""

PROPOSED, DECLINED, IMPOSED = "proposed", "declined", "imposed"
LIFT_PROPOSED, LIFT_DECLINED, LIFTED, EXPIRED = "lift_proposed", "lift_declined", "lifted", "expired"
STANDING = (IMPOSED, LIFT_PROPOSED, LIFT_DECLINED)
"""A sanction whose last step is one of these is in force."""
WAITING: Mapping[str, tuple[str, str]] = {
    PROPOSED: (IMPOSED, DECLINED),
    LIFT_PROPOSED: (LIFTED, LIFT_DECLINED),
}
"""Steps that wait for another operator, with what follows when they agree and when somebody declines."""
NEXT: Mapping[str | None, frozenset[str]] = {
    None: frozenset({PROPOSED, IMPOSED}),
    PROPOSED: frozenset({IMPOSED, DECLINED}),
    IMPOSED: frozenset({LIFT_PROPOSED, EXPIRED}),
    LIFT_PROPOSED: frozenset({LIFTED, LIFT_DECLINED, EXPIRED}),
    LIFT_DECLINED: frozenset({LIFT_PROPOSED, EXPIRED}),
}
"""Which step may follow which; migration 0014 holds the same as a trigger. What is not here has ended."""
PUBLISHED = (IMPOSED, LIFTED, EXPIRED)
"""Steps that the public register shows: nobody is named for what was only proposed."""


@dataclass(frozen=True, slots=True)
class SanctionTerms:
    """What a sanction says: why, what it narrows (limits only), its last day in Shanghai if it has one."""

    kind: str
    ground: str
    reason: str
    no_new_lots: bool = False
    daily_kg: int | None = None
    last_day: date | None = None


def first_step(kind: str) -> str:
    """Stopping is urgent and one person's; a removal begins as a proposal."""
    return PROPOSED if kind == REMOVE else IMPOSED


def terms_fault(terms: SanctionTerms, today: date) -> str | None:
    """What is wrong with these terms, as the name of the field that is to be filled in otherwise."""
    limits = terms.no_new_lots or terms.daily_kg is not None
    tests = (
        (terms.kind not in KINDS, "kind"),
        (terms.ground not in GROUNDS, "ground"),
        (limits != (terms.kind == LIMIT), "daily_kg"),
        (terms.daily_kg is not None and terms.daily_kg <= 0, "daily_kg"),
        (terms.last_day is not None and (terms.kind == REMOVE or terms.last_day < today), "last_day"),
    )
    return next((name for wrong, name in tests if wrong), None)


def restraint(kind: str, daily_kg: int | None) -> int:
    """What one sanction in force means for the lots that it concerns."""
    if kind in HALTING:
        return HALTED
    return FREE if daily_kg is None else LIMITED
