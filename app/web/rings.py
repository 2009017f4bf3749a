"""The geometry of a ring of parts, drawn as SVG circles of one stroke each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

WHOLE = 10_000
"""The ring's length, and all shares together, in basis points."""
GAP = 60
"""What is left open between two parts."""


@dataclass(frozen=True)
class Part:
    """One part of a ring: its place among all that were asked for, its share, and its stroke."""

    place: int
    name: str
    amount: int
    share_bp: int
    start: int

    @property
    def stroke(self) -> int:
        """The length that is drawn: the share without the gap, and never nothing."""
        return self.share_bp if self.share_bp == WHOLE else max(self.share_bp - GAP, 20)


def ring(amounts: Sequence[tuple[str, int]]) -> tuple[Part, ...]:
    """The parts of a ring, those without an amount left out; their shares are exactly the whole.

    What rounding leaves over goes to the parts that lost most by it.
    """
    held = [(place, name, amount) for place, (name, amount) in enumerate(amounts) if amount > 0]
    total = sum(amount for _, _, amount in held)
    shares = {place: amount * WHOLE // total for place, _, amount in held}
    lost = sorted(held, key=lambda each: (-(each[2] * WHOLE % total), each[0]))
    for place, _, _ in lost[: WHOLE - sum(shares.values())] if held else ():
        shares[place] += 1
    parts, start = [], 0
    for place, name, amount in held:
        parts.append(Part(place, name, amount, shares[place], start))
        start += shares[place]
    return tuple(parts)
