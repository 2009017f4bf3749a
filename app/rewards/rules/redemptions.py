"""What is true of a redemption: its steps, how long each waits, how a partner is asked. Pure.

    reserved ──► fulfilled ──► done
        └───────────┴────────► returned

The points are set aside when it is reserved. The giver is paid when it is done, and not before: a coupon
of ours when its shop marks it used; a code of the giver's, or a parcel, some days after it was handed over,
so that whoever got a bad one has the time to say so. What is returned gives the points back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from app.rewards.rules.items import Supply


class Step(StrEnum):
    """Where a redemption stands."""

    RESERVED = "reserved"
    FULFILLED = "fulfilled"
    DONE = "done"
    RETURNED = "returned"


class ReturnReason(StrEnum):
    """Why points went back."""

    BY_HOLDER = "by_holder"
    LAPSED = "lapsed"
    """A coupon of ours that nobody used in time."""
    PARTNER_REFUSED = "partner_refused"
    PARTNER_SILENT = "partner_silent"
    """The partner could not be reached, and then confirmed that nothing was issued."""
    BY_OPERATORS = "by_operators"


CONCLUDES: Mapping[Supply, Step] = {
    Supply.OWN: Step.RETURNED,
    Supply.UPLOADED: Step.DONE,
    Supply.PARTNER: Step.DONE,
    Supply.DELIVERY: Step.DONE,
}
"""What becomes of a fulfilled redemption by itself when its time is over: what was not used is returned."""
CODE_REST = timedelta(days=7)
"""How long a giver's code can be complained of before its giver is paid."""
PARCEL_REST = timedelta(days=15)
"""How long after it was sent a parcel counts as received by itself.

Source: 15 days, as the large shops confirm receipt of ordinary parcels."""
RESTS: Mapping[Supply, timedelta] = {
    Supply.UPLOADED: CODE_REST,
    Supply.PARTNER: CODE_REST,
    Supply.DELIVERY: PARCEL_REST,
}
ADDRESS_KEPT = timedelta(days=7)
"""How long after a parcel is done or returned its address is kept."""
DIGEST_KEPT = timedelta(days=180)
"""How long the digests of an address and a telephone are kept, which tell only whether two are the same."""
COMPLAINT_KEPT = timedelta(days=180)
"""How long after the end a complaint's words are kept; the answer, and what came of it, stay."""
REMIND_BEFORE = timedelta(days=7)
LONGEST_COMPLAINT = 200
VOUCHER_BYTES = 16
"""Characters of a coupon of ours before its check character, five bits each."""

ASK_AFTER = (
    timedelta(seconds=2),
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
)
"""When a partner that gave no answer is asked again, under the same number; the last one again and again."""
GIVE_UP_AFTER = timedelta(hours=1)
"""How long a partner is asked to issue; from then on it is asked to cancel the same number.

Nobody waits longer for a coupon; and only its own word that nothing was issued gives the points back."""


def step_of(fulfilled_at: datetime | None, done_at: datetime | None, returned_at: datetime | None) -> Step:
    """Where a redemption stands, by its stamps."""
    latest = ((returned_at, Step.RETURNED), (done_at, Step.DONE), (fulfilled_at, Step.FULFILLED))
    return next((step for at, step in latest if at is not None), Step.RESERVED)


def ask_again(attempts: int) -> timedelta:
    """How long to wait after so many tries without an answer."""
    return ASK_AFTER[min(attempts, len(ASK_AFTER)) - 1]


def may_return(supply: Supply, step: Step) -> bool:
    """Whether its holder may give it back: a coupon of ours not used yet, a parcel not sent yet."""
    return (supply, step) in ((Supply.OWN, Step.FULFILLED), (Supply.DELIVERY, Step.RESERVED))


def may_complain(supply: Supply, step: Step) -> bool:
    """Whether its holder may say that what came is no good: what was handed over and is not paid yet."""
    return supply is not Supply.OWN and step is Step.FULFILLED
