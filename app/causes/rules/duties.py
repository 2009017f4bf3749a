"""What is true of the tree-planting duty 全民义务植树: tariffs, ages, trees, parts of a payment. Pure.

A tariff says what gives trees; it never says that a duty is discharged. That is for the greening office.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

NEEDED_TREES = 3
"""Trees from which on a year's duty counts as done."""
MOST_TREES = 5
"""Trees of a year's duty at most; what goes beyond is honoured. Source: 开展全民义务植树运动的决议 (3–5)."""


class Basis(StrEnum):
    """What a tariff counts trees by."""

    YUAN = "yuan"
    KILOGRAMS = "kilograms"
    NONE = "none"


class Use(StrEnum):
    """Whether carbon may be bought by a tariff."""

    RULE = "rule"
    SAMPLE = "sample"
    REFUSED = "refused"


@dataclass(frozen=True)
class Tariff:
    """What gives how many trees in a region, who says so, and whether carbon may be bought by it.

    `sum` is fen or kilograms by the basis; `sums_most` how many times it counts where the source names one
    sum only; `confirmed_year` the last year that a source tells of it.
    """

    code: str
    version: int
    region: str
    place_zh: str
    place_en: str
    from_year: int
    until_year: int | None
    confirmed_year: int
    basis: Basis
    sum: int | None
    trees: int | None
    sums_most: int | None
    form: str
    use: Use
    reason: str | None
    grade: str
    source: str
    source_url: str
    note_zh: str
    note_en: str

    def reaches(self, region: str, year: int) -> bool:
        """Whether it speaks of this region in this year."""
        last = year if self.until_year is None else self.until_year
        return region.startswith(self.region) and self.from_year <= year <= last

    def amount_for(self, trees: int) -> int:
        """The fen or kilograms that give `trees`. Raises ValueError where nothing gives them."""
        if self.sum is None or self.trees is None:
            raise ValueError(f"{self.code} gives no trees")
        sums = -(-trees // self.trees)
        return self.sum * (sums if self.sums_most is None else min(sums, self.sums_most))


def fitting_tariff(tariffs: Iterable[Tariff], region: str, year: int) -> Tariff | None:
    """The tariff for a person of `region`; None where nothing speaks of it.

    One that may be used comes before one that is refused, the nearest region before a larger one, and what
    was confirmed last before what is older.
    """
    fitting = (each for each in tariffs if each.reaches(region, year))
    return max(
        fitting,
        key=lambda each: (each.use is not Use.REFUSED, len(each.region), each.confirmed_year),
        default=None,
    )


@dataclass(frozen=True)
class Counted:
    """Trees that a purchase gives by a tariff; `rest` is what gave none, `missing` what the next ones lack.

    Both are fen or kilograms by the basis; `missing` is None where more gives no more trees.
    """

    trees: int
    rest: int
    missing: int | None


def count_trees(tariff: Tariff, paid_fen: int, retired_kg: int) -> Counted:
    """Whole trees only: what does not reach the next one stays visible as the rest."""
    amount = paid_fen if tariff.basis is Basis.YUAN else retired_kg
    if tariff.sum is None or tariff.trees is None:
        return Counted(0, amount, None)
    sums = amount // tariff.sum
    if tariff.sums_most is not None:
        sums = min(sums, tariff.sums_most)
    rest = amount - sums * tariff.sum
    full = tariff.sums_most is not None and sums == tariff.sums_most
    return Counted(sums * tariff.trees, rest, None if full else tariff.sum - rest)


def behind_trees(tariff: Tariff, amount_fen: int, quantity_kg: int, trees: Sequence[int]) -> list["Part"]:
    """The money and kilograms behind numbers of trees, one after another; what gave none is behind none."""
    by_money = tariff.basis is Basis.YUAN
    leading, following = (amount_fen, quantity_kg) if by_money else (quantity_kg, amount_fen)
    reached = [tariff.amount_for(sum(trees[:place])) for place in range(len(trees) + 1)]
    parts = [after - before for before, after in pairwise(reached)]
    others = in_proportion(following, [*parts, leading - reached[-1]])
    return [
        Part(*((part, other) if by_money else (other, part)))
        for part, other in zip(parts, others, strict=False)
    ]


@dataclass(frozen=True)
class Progress:
    """Where a person's year stands: trees of the duty, and those beyond it, which are honoured."""

    duty_trees: int
    honour_trees: int

    @property
    def reached(self) -> bool:
        """Whether enough trees stand for the year's duty to be reported as done."""
        return self.duty_trees >= NEEDED_TREES

    @property
    def lacking(self) -> int:
        """Trees that the year's duty still lacks."""
        return max(0, NEEDED_TREES - self.duty_trees)


def progress(trees: int, honour: bool) -> Progress:
    """Up to five trees are the year's duty, the rest an honour; whoever owes none is only honoured."""
    duty_trees = 0 if honour else min(trees, MOST_TREES)
    return Progress(duty_trees, trees - duty_trees)


@dataclass(frozen=True)
class Ages:
    """The ages, in years reached within the year, at which a region's people owe the duty."""

    region: str
    least: int
    most_men: int
    most_women: int
    source: str
    grade: str


AGES = (
    Ages("", 11, 60, 55, "国发〔1982〕36 号，各地沿用（转载）", "C"),
    Ages("3714", 18, 60, 55, "德州市规定（转载）：18 岁起；11–17 岁由学校组织", "C"),
    Ages("4601", 18, 60, 55, "海口市规定（转载）：18 岁起；上限从全国规定", "C"),
)
SEXES = ("male", "female")


def ages_of(region: str) -> Ages:
    """The ages that hold in a region: the nearest rule that speaks of it."""
    return max((each for each in AGES if region.startswith(each.region)), key=lambda each: len(each.region))


OLDEST = 120
"""Years after which a birth year is a slip of the pen."""


class Standing(StrEnum):
    """What an age means for the duty."""

    OWES = "owes"
    OUTSIDE = "outside"
    IMPOSSIBLE = "impossible"


def standing(region: str, birth_year: int, year: int, sex: str | None = None) -> Standing:
    """Whether a person born in `birth_year` owes the duty of `year`.

    Sex is asked of nobody: where it is not told, the wider range holds.
    """
    ages, age = ages_of(region), year - birth_year
    if not 0 <= age <= OLDEST:
        return Standing.IMPOSSIBLE
    most = ages.most_women if sex == "female" else ages.most_men
    return Standing.OWES if ages.least <= age <= most else Standing.OUTSIDE


@dataclass(frozen=True)
class Part:
    """One person's part of a payment for several."""

    amount_fen: int
    quantity_kg: int


def split_payment(basis: Basis, amount_fen: int, quantity_kg: int, lacking: Sequence[int]) -> list[Part]:
    """Split a purchase among persons, of whom each lacks so much, in fen or kilograms by the basis.

    One after another has what they lack, since only a whole year's trees are worth a certificate, and whoever
    comes to a list later takes nothing from those it was paid for; what is left over is split evenly. Every
    fen and every kilogram has its person, and the one follows the other.
    """
    by_money = basis is Basis.YUAN
    left, following = (amount_fen, quantity_kg) if by_money else (quantity_kg, amount_fen)
    parts = []
    for lack in lacking:
        parts.append(min(lack, left))
        left -= parts[-1]
    evenly = in_proportion(left, [1] * len(lacking))
    parts = [part + more for part, more in zip(parts, evenly, strict=True)]
    others = in_proportion(following, parts)
    return [
        Part(*((part, other) if by_money else (other, part)))
        for part, other in zip(parts, others, strict=True)
    ]


def in_proportion(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of `total` by weight, exact in their sum: each ends where its share of the way is reached.

    Raises ValueError when there is something to split and nobody to have it.
    """
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("nobody has a part")
        return [0] * len(weights)
    parts, way, given = [], 0, 0
    for weight in weights:
        way += weight
        reached = total * way // whole
        parts.append(reached - given)
        given = reached
    return parts


GROUP_KINDS = ("family", "staff")
MOST_PEOPLE = 1_000
"""Persons of one group: what one payment is split by, and one file says."""
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ ·.'’-](?=[^\W\d_])){1,29}")
_SUFFIX = re.compile(r"[0-9A-Z]{4}")


def read_name(written: str) -> str | None:
    """A person's name brought to one writing; None for what is no name, such as a formula."""
    name = " ".join(unicodedata.normalize("NFKC", written).replace("•", "·").split())
    return name if _NAME.fullmatch(name) else None


def read_suffix(written: str) -> str | None:
    """The last four characters of an identity document; None for anything else."""
    suffix = unicodedata.normalize("NFKC", written).strip().upper()
    return suffix if _SUFFIX.fullmatch(suffix) else None


@dataclass(frozen=True)
class Person:
    """Who a duty is of, as told; `line` is where they stand in a list."""

    name: str
    birth_year: int
    id_suffix: str
    sex: str | None = None
    honour: bool = False
    print_name: bool = False
    line: int = 0

    @property
    def identity(self) -> str:
        """What tells one person from another; only ever kept as a keyed digest."""
        return f"{self.name.casefold()}\0{self.birth_year}\0{self.id_suffix}"
