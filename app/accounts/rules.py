"""What is true of sign-in and of operators: life times, second chances, roles. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

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


LEAST_PASSWORD = 12
"""Characters of an operator's password at least. Source: NIST SP 800-63B asks 8 and advises more."""

ROLES: Mapping[str, frozenset[str]] = {
    "admin": frozenset({"operators.write", "audit.read", "money.read"}),
    "finance": frozenset({"money.read", "money.write"}),
    "registry": frozenset({"registry.write"}),
    "auditor": frozenset({"money.read", "audit.read"}),
}
"""What each role may do. Enrolling people and moving money are never in one role."""
