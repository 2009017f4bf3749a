"""Numbers that people read aloud: random, in Crockford's base 32, with a check character.

Random, so that nobody finds another's certificate by counting; without I, L, O and U, so that a
number survives a phone call. Source: https://www.crockford.com/base32.html (alphabet and mod 37).
"""

import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK = _ALPHABET + "*~$=U"
_BY_BYTE = (_ALPHABET * 8).encode()
_READ_AS = str.maketrans("OIL", "011", "- ")


def random_code(length: int = 26) -> str:
    """`length` random characters, five bits each: 26 give 130 bits."""
    return spelled(secrets.token_bytes(length))


def spelled(content: bytes) -> str:
    """Random bytes, or a digest of something, as characters: five bits a byte."""
    return content.translate(_BY_BYTE).decode()


def with_check(code: str) -> str:
    """`code` followed by its check character, which finds any single wrong or swapped character."""
    return code + _CHECK[_value(code) % 37]


def checked_code(length: int) -> str:
    """A random code whose check character is a letter or digit too, fit for a web address.

    Five of the 37 check values are symbols; such a code is drawn again, which costs 0.25 bits.
    """
    while not (code := with_check(random_code(length))).isalnum():
        continue
    return code


def read_code(written: str) -> str | None:
    """What a person typed, brought to its one form; None when the check character is wrong."""
    typed = written.strip().upper()
    body, check = typed[:-1].translate(_READ_AS), typed[-1:]
    if not body or len(body) > 64 or any(c not in _ALPHABET for c in body):
        return None
    return body + check if with_check(body) == body + check else None


def _value(code: str) -> int:
    number = 0
    for character in code:
        number = number * 32 + _ALPHABET.index(character)
    return number
