"""What is true of bank accounts 收款账户. Pure."""

import re
import unicodedata

_NUMBER = re.compile(r"[0-9]{8,32}")
_SPACED = re.compile(r"[ \u00a0-]")
_LEADS = ("=", "+", "-", "@", "'")


def read_number(written: str) -> str | None:
    """An account's number without the spaces and hyphens that people group it by; None for anything else.

    Cards have 16 to 19 digits, accounts of organisations up to 32 by bank.
    """
    number = _SPACED.sub("", written)
    return number if _NUMBER.fullmatch(number) else None


def is_name(written: str) -> bool:
    """Whether this may be an account's or a bank's name.

    A name that a spreadsheet would take for a formula is refused rather than altered: the bank compares
    it character by character.
    """
    controls = any(unicodedata.category(character)[0] == "C" for character in written)
    return bool(written) and written == written.strip() and not controls and not written.startswith(_LEADS)
