"""The points tariff. Pure. A tariff never changes backwards: a new one gets a new version."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tariff:
    """How many grams avoided earn a point, under which version."""

    version: str
    grams_per_point: int

    def points(self, avoided_g: int) -> int:
        """Whole points for these grams, rounded down."""
        return avoided_g // self.grams_per_point


TARIFF = Tariff("2026-1", 10)
"""10 g a point: the order of the published tariffs of such platforms (8 to 43 g a point).

Source: the Luzhou tariff, walking 8.2 g and clothes 42.7 g a point."""
