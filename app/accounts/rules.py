"""What is true of sign-in, of operators and of their log: life times, roles, locks, the chain. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hmac import compare_digest
from typing import NamedTuple

from pyotp import HOTP

REFRESH_LIFE = timedelta(days=30)
SECOND_CHANCE = timedelta(seconds=10)
"""A client that lost our answer may ask again with the token before, once, for this long.

Source: RFC 9700 section 4.14 (rotation with reuse detection)."""


class RefreshVerdict(StrEnum):
    """What a presented refresh token deserves."""

    ROTATE = "rotate"
    """First use: give a successor."""
    REPEAT = "repeat"
    """The answer was lost: give the same successor again."""
    EXPIRED = "expired"
    """Too old; nothing else is wrong."""
    REUSED = "reused"
    """Used before: someone else has it; end the family."""


def refresh_verdict(
    now: datetime, expires_at: datetime, used_at: datetime | None, successor_used: bool
) -> RefreshVerdict:
    """Judge a refresh token by its times and by whether its successor was used already."""
    if used_at is None:
        return RefreshVerdict.ROTATE if now < expires_at else RefreshVerdict.EXPIRED
    if not successor_used and now - used_at <= SECOND_CHANCE:
        return RefreshVerdict.REPEAT
    return RefreshVerdict.REUSED


OPERATOR_SESSION_LIFE = timedelta(hours=10)
"""A working day: nobody stays in the console over night. Source: OWASP Session Management Cheat Sheet."""
LEAST_PASSWORD = 12
"""Characters of an operator's password at least. Source: NIST SP 800-63B asks 8 and advises more."""
MOST_PASSWORD = 200
_LEAST_DIFFERENT = 6
_OPERATOR_NAME = re.compile(r"[\w.@-]{1,40}")
_SAMPLE = "sample-"
"""Operators of a development instance begin with this, and nobody else may."""

ROLES: Mapping[str, frozenset[str]] = {
    "admin": frozenset(
        {
            "operators.write",
            "audit.read",
            "money.read",
            "registry.read",
            "footprint.read",
            "partners.read",
            "dockets.read",
            "courts.read",
            "rewards.read",
        }
    ),
    "finance": frozenset({"money.read", "money.write", "rewards.read"}),
    "registry": frozenset({"registry.read", "registry.write"}),
    "footprint": frozenset({"footprint.read", "footprint.write"}),
    "partners": frozenset({"partners.read", "partners.write"}),
    "duties": frozenset({"duties.read", "duties.write"}),
    "courts": frozenset({"dockets.read", "dockets.write", "courts.read", "courts.write"}),
    "clerk": frozenset({"dockets.read", "dockets.write"}),
    "words": frozenset({"words.read", "words.write"}),
    "rewards": frozenset({"rewards.read", "rewards.write"}),
    "auditor": frozenset(
        {
            "money.read",
            "audit.read",
            "registry.read",
            "footprint.read",
            "partners.read",
            "dockets.read",
            "courts.read",
            "duties.read",
            "rewards.read",
        }
    ),
}
"""What each role may do. Enrolling people and moving money are never in one role.

`courts` looks after all courts and their dockets; a `clerk` sees those of the one court they are bound to.
"""


def is_sample(name: str) -> bool:
    """Whether an operator of this name belongs to a development instance."""
    return name.startswith(_SAMPLE)


def name_fault(name: str) -> str | None:
    """What is wrong with an operator's name, None when nothing is."""
    if not _OPERATOR_NAME.fullmatch(name):
        return "a name has 1 to 40 letters, digits, dots, hyphens or @"
    return None


def password_fault(name: str, password: str) -> str | None:
    """The message that says what is wrong with a new password, None when nothing is.

    Length counts, not the kinds of characters; what anyone would try first is refused.
    Source: NIST SP 800-63B, 5.1.1.2.
    """
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        return "accounts.password_length"
    if len(set(password)) < _LEAST_DIFFERENT or name.casefold() in password.casefold():
        return "accounts.password_guessable"
    return None


STEP_S = 30
"""Seconds that one code of an authenticator app lasts. Source: RFC 6238."""


def matching_step(secret: str, code: str, at: datetime, last_step: int) -> int | None:
    """The time step of which `code` is the code, within one step of `at` and after the last one used.

    None when there is none: a code works once, and none before it works any more (RFC 6238, 5.2).
    """
    present = int(at.timestamp()) // STEP_S
    generator = HOTP(secret)
    fitting = [
        step
        for step in (present - 1, present, present + 1)
        if compare_digest(generator.at(step), code) and step > last_step
    ]
    return max(fitting, default=None)


_FREE_FAILURES = 4
_FIRST_LOCK_S, _LONGEST_LOCK_S = 30, 900


def lock_after(failures: int) -> timedelta:
    """How long nobody may try to sign in as an operator after so many failures in a row.

    Nothing at first, then 30 s doubling to 15 minutes: guessing becomes hopeless (under 100 tries a day),
    and whoever guesses in another's name keeps them out for minutes, never for good.
    """
    if failures <= _FREE_FAILURES:
        return timedelta()
    doublings = min(failures - _FREE_FAILURES - 1, 10)
    return timedelta(seconds=min(_FIRST_LOCK_S * 2**doublings, _LONGEST_LOCK_S))


class AuditLine(NamedTuple):
    """One entry of the audit log as it is sealed: every word of it, and its place in the chain."""

    position: int
    entry_id: int
    operator: str | None
    action: str
    subject: str
    details: str
    acted_us: int
    written_us: int

    def follow(self, previous: bytes) -> bytes:
        """The link of this line: SHA-256 over the link before it and the line itself."""
        written = json.dumps(self, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(previous + written.encode()).digest()


CHAIN_START = bytes(32)
"""What the first line of the audit log follows."""
HEAD_EVERY = timedelta(hours=1)
"""How often the head of a growing chain is signed."""
SEALED_WITHIN = timedelta(minutes=1)
"""How long an entry may stay unsealed before something is wrong with the sealer."""


MEMBER_ROLES: Mapping[str, frozenset[str]] = {
    "owner": frozenset({"read", "orders", "units", "causes", "money", "members", "keys", "vouchers"}),
    "buyer": frozenset({"read", "orders", "units", "causes", "vouchers"}),
    "accountant": frozenset({"read", "money"}),
    "viewer": frozenset({"read"}),
    "cashier": frozenset({"read", "vouchers"}),
}
"""What each role may do in an organisation's name: read what is its own, order, use units, open causes
and see to them; money is budgets and invoices, keys are API keys
and webhooks; a cashier marks coupons used."""
KEY_SCOPES = ("read", "orders", "units", "causes", "money", "vouchers")
"""What an API key may be given; a key never lets anybody in, nor makes another key."""
INVITATION_LIFE = timedelta(days=7)
MOST_MEMBERS = 200
MOST_INVITATIONS = 20
"""Invitations that may wait at once."""
MOST_KEYS = 10
LONGEST_KEY_LIFE = timedelta(days=366)
LONGEST_OVERLAP = timedelta(days=7)
"""How long a key that is replaced may still work."""
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(rf"[{_CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}")
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def read_credit_code(written: str) -> str | None:
    """A unified social credit code 统一社会信用代码 in its one form; None when its check character is wrong.

    Source: GB 32100-2015, appendix A: weights 3^(i-1) mod 31, check value 31 - (sum mod 31).
    """
    code = written.strip().upper().replace(" ", "")
    if not _CREDIT_CODE.fullmatch(code):
        return None
    total = sum(
        weight * _CREDIT_ALPHABET.index(c) for weight, c in zip(_CREDIT_WEIGHTS, code[:17], strict=True)
    )
    return code if _CREDIT_ALPHABET[-total % 31] == code[17] else None
