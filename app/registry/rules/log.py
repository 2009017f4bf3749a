"""What the public log says of an issuance and of a retirement, and which days are to be sealed. Pure.

A leaf is canonical JSON as RFC 8785 writes it (sorted keys, no spaces, no fractions), so that a stranger
who holds the facts can write it again to the byte. It names nobody: a certificate and its beneficiary stand
in it as digests, which only that certificate opens.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

ISSUANCE, RETIREMENT = "issuance", "retirement"
SAFE_AFTER = timedelta(minutes=10)
"""How long after midnight a day is sealed: what was begun before it has long been committed by then."""
OVERDUE_AFTER = timedelta(hours=1)
"""How long after midnight a day that is not sealed needs somebody's attention."""
LATE = timedelta(days=1)
"""How far before the last seal facts are looked for that came too late for it."""


def canonical(document: Mapping[str, Any]) -> str:
    """The one way to write a document of ours."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def second(at: datetime) -> str:
    """A moment as leaves and certificates write it."""
    return at.isoformat(timespec="seconds")


def certificate_digest(number: str) -> str:
    """What stands for a certificate in the log; its number is random, so nobody finds it by trying."""
    return hashlib.sha256(b"senhui certificate\0" + number.encode()).hexdigest()


def beneficiary_digest(beneficiary: str | None, salt: str) -> str:
    """What stands for a beneficiary, or for none: without the salt the two look alike."""
    return hashlib.sha256(canonical({"beneficiary": beneficiary, "salt": salt}).encode()).hexdigest()


@dataclass(frozen=True)
class Leaf:
    """One line of the log."""

    reference: int
    at: datetime
    kind: str
    quantity_kg: int
    text: str


def issuance_leaf(reference: int, at: datetime, first_serial: int, last_serial: int, **facts: Any) -> Leaf:
    """The leaf of an issuance; `facts` are what it says besides its serials."""
    return _leaf(ISSUANCE, reference, at, first_serial, last_serial, facts)


def retirement_leaf(
    reference: int,
    at: datetime,
    first_serial: int,
    last_serial: int,
    *,
    serial: str,
    purpose: str,
    sample: bool,
    certificate: str,
    beneficiary: str,
) -> Leaf:
    """The leaf of a retirement; `certificate` and `beneficiary` are digests."""
    facts = {
        "serial": serial,
        "purpose": purpose,
        "sample": sample,
        "certificate": certificate,
        "beneficiary": beneficiary,
    }
    return _leaf(RETIREMENT, reference, at, first_serial, last_serial, facts)


def _leaf(kind: str, reference: int, at: datetime, first: int, last: int, facts: Mapping[str, Any]) -> Leaf:
    quantity_kg = last - first + 1
    said = {
        "kind": kind,
        "at": second(at),
        "first_serial": first,
        "last_serial": last,
        "quantity_kg": quantity_kg,
        **facts,
    }
    return Leaf(reference, at, kind, quantity_kg, canonical(said))


@dataclass(frozen=True)
class Line:
    """Where all units stand: issued = active + reserved + pledged + retired + cancelled, in kilograms."""

    issued_kg: int
    active_kg: int
    reserved_kg: int
    pledged_kg: int
    retired_kg: int
    cancelled_kg: int

    @property
    def holds(self) -> bool:
        """Whether nothing is missing and nothing too much."""
        standing = self.active_kg + self.reserved_kg + self.pledged_kg
        return self.issued_kg == standing + self.retired_kg + self.cancelled_kg


def next_day(sealed: date | None, first: date | None) -> date | None:
    """The day to seal after the one sealed last, from the `first` with an issuance on; no day is skipped."""
    return sealed + timedelta(days=1) if sealed else first
