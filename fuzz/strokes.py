"""Damage to bytes and to text, without knowing what they mean."""

import itertools
from collections.abc import Iterator
from random import Random

STRANGE: tuple[str, ...] = (*' \t\n\r\x00=!%+/.-_\\",;\xa0é', "\r\n")


class Positions:
    """Every bit of something, one after the other and then again, so that none is left to chance."""

    def __init__(self) -> None:
        self._turn: Iterator[int] = itertools.count()

    def flip(self, raw: bytes) -> bytes:
        """`raw` with the next bit turned over."""
        # One bit of every byte first, then the next bit: a short run touches every byte as well.
        lap, place = divmod(next(self._turn), len(raw))
        changed = bytearray(raw)
        changed[place] ^= 1 << lap % 8
        return bytes(changed)

    def cut(self, raw: bytes) -> bytes:
        """The next shorter beginning of `raw`."""
        return raw[: next(self._turn) % len(raw)]


def scarred(dice: Random, raw: bytes) -> bytes:
    """`raw` with a piece lost, doubled, moved, overwritten, or something put in."""
    first, second = sorted(dice.choices(range(len(raw) + 1), k=2))
    piece = raw[first:second]
    changed = dice.choice(
        (
            raw[:first] + raw[second:],
            raw[:second] + piece + raw[second:],
            raw[:first] + raw[second:] + piece,
            raw[:first] + dice.randbytes(second - first) + raw[second:],
            raw[:first] + dice.choice(STRANGE).encode() + raw[first:],
        )
    )
    return changed if changed != raw else raw + b"\x00"


def sprinkled(dice: Random, text: str) -> str:
    """`text` with a strange character somewhere in it."""
    place = dice.randrange(len(text) + 1)
    return text[:place] + dice.choice(STRANGE) + text[place:]
