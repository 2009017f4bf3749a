"""The kinds of emission that a person can record, from `data/emissions.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.footprint.queries.catalogue import Factor, find_factor

FILE = Path(__file__).parents[1] / "data" / "emissions.toml"


@dataclass(frozen=True)
class EmissionKind:
    """One kind: its unit, how many of it make one unit of its factor, and its factor or series of factors.

    The factor may differ by province. `category` is where a picture of the month shows the kind.
    """

    kind: str
    category: str
    name_zh: str
    name_en: str
    unit: str
    unit_zh: str
    per: int
    factor_key: str
    provinces: tuple[str, ...]
    note_zh: str
    note_en: str

    @property
    def regions(self) -> list[str]:
        """The regions that have a factor of their own, such as CN-FJ; empty where one serves all."""
        return [f"CN-{province.upper()}" for province in self.provinces]

    def find_factor(self, region: str, month: str | None = None) -> Factor | None:
        """This kind's factor in `region` for a month `YYYY-MM`, or this one; None where there is none."""
        if self.provinces and region not in self.regions:
            return None
        return find_factor(self.factor_key.format(province=region[3:].lower()), month)


@cache
def emission_kinds() -> dict[str, EmissionKind]:
    """All kinds by name; read once."""
    told = tomllib.loads(FILE.read_text("utf-8"))
    return {
        kind: EmissionKind(
            kind=kind,
            category=about["category"],
            name_zh=about["name_zh"],
            name_en=about["name_en"],
            unit=about["unit"],
            unit_zh=about["unit_zh"],
            per=about.get("per", 1),
            factor_key=about["factor"],
            provinces=tuple(about.get("provinces", ())),
            note_zh=about["note_zh"],
            note_en=about["note_en"],
        )
        for kind, about in told.items()
    }
