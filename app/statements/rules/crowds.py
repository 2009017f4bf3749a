"""Publishing what people of a region did together so that nobody can be singled out. Pure.

Contributions wait at a region until enough people's are together; then they are released as one batch, for
ever. A published figure of any region on any day is a sum of batches, and so is every difference of two:
a parent less its parts, a day less the day before, or both. The finest that anybody can get at by adding
and subtracting is one batch, and each batch is safe for itself (docs/decisions/0032).

Sources: k-anonymity, Sweeney (2002). The setting's default of 11 is the cell size suppression policy of US
CMS (2017, 2024): no cell of 1 to 10, nor one from which such a cell can be derived. That nobody may stand
out is the p% rule of statistical offices (ESSNet SDC, Handbook on Statistical Disclosure Control, ch. 4).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_PEOPLE = 5
"""No setting lets a batch have fewer people; a CHECK in the database says the same."""
UNCERTAIN_PERCENT = 50
"""What is left of a batch without its two largest contributors, in percent of the largest, at least: whoever
contributed second most still does not know the largest closer than that."""
ROUNDED_TO_G = {"avoided": 1_000, "emitted": 10_000, "offset": 10_000}
"""What a batch is rounded to when it is published: avoided and offset grams down, emitted grams up."""
DIGITS = (12, 9, 6, 4, 2, 0)
"""The levels from the smallest to all regions together, by the digits of their codes."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What waits at one region for one line: how many people, and how it is spread over them.

    `absolute_g` is the sum without signs; `largest_g` and `second_g` are the two largest without signs.
    """

    people: int
    grams: int
    absolute_g: int
    largest_g: int
    second_g: int


def publishable(crowd: Crowd, least_people: int) -> bool:
    """Whether what waits can be released: enough people, and none of them stands out."""
    rest_g = crowd.absolute_g - crowd.largest_g - crowd.second_g
    enough = crowd.people >= max(least_people, LEAST_PEOPLE)
    return enough and rest_g * 100 >= crowd.largest_g * UNCERTAIN_PERCENT


def published_g(line: str, grams: int) -> int:
    """A batch's grams as they are published."""
    size = ROUNDED_TO_G[line]
    return -(-grams // size) * size if line == "emitted" else grams // size * size


def wider(digits: int) -> int:
    """The digits of the next larger level."""
    return DIGITS[DIGITS.index(digits) + 1]


def digest_of(releases: Sequence[tuple[str, str, int]], before: str) -> str:
    """SHA-256 over the digest of the day before and each of a day's releases, line by line."""
    lines = [before, *(f"{region} {line} {grams}" for region, line, grams in releases)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
