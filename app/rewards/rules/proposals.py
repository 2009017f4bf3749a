"""What two operators decide of a programme: that it opens, that its tariff changes, that it closes. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from app.rewards.rules.spending import Kind
from app.rewards.rules.tariffs import LONGEST_LIFE_MONTHS, NOTICE_DAYS, PENDING_DAYS, Tariff

LEAST_GRAMS_PER_POINT, MOST_GRAMS_PER_POINT = 2, 100_000
"""Never one to one, so that nobody takes points for grams; the table holds the same bounds."""
MOST_PENDING_DAYS = 90
_SHORTEST_MONTH = 28


class ProposalKind(StrEnum):
    """What one operator proposes and another approves."""

    OPEN = "open"
    TARIFF = "tariff"
    CLOSE = "close"


@dataclass(frozen=True)
class TariffTerms:
    """A tariff as it is proposed; it gets its version when it is announced."""

    valid_from: date
    grams_per_point: int
    scenes: Mapping[str, int] = field(default_factory=dict)
    pending_days: Mapping[str, int] = field(default_factory=lambda: dict(PENDING_DAYS))
    life_months: int = 24

    @property
    def fault(self) -> str | None:
        """The name of the first term that is out of bounds; None when all are sound."""
        grams = (self.grams_per_point, *filter(None, self.scenes.values()))
        if not all(LEAST_GRAMS_PER_POINT <= each <= MOST_GRAMS_PER_POINT for each in grams):
            return "grams_per_point"
        if not 1 <= self.life_months <= LONGEST_LIFE_MONTHS:
            return "life_months"
        # Whoever waits longer than points live would never see them active.
        longest = min(MOST_PENDING_DAYS, self.life_months * _SHORTEST_MONTH - 1)
        return None if all(0 <= each <= longest for each in self.pending_days.values()) else "pending_days"

    def written(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {
            "valid_from": self.valid_from.isoformat(),
            "scenes": dict(self.scenes),
            "pending_days": dict(self.pending_days),
        }


@dataclass(frozen=True)
class ProgrammeTerms:
    """A programme as it is proposed, with its first tariff."""

    sponsor_id: int
    name: str
    region: str | None
    begins_on: date
    ends_on: date | None
    pays_for: tuple[str, ...] | None
    tariff: TariffTerms

    @property
    def fault(self) -> str | None:
        """The name of the first term that makes no sense; None when all are sound."""
        if self.ends_on is not None and self.ends_on < self.begins_on:
            return "ends_on"
        if self.pays_for is not None and not set(self.pays_for) <= set(Kind):
            return "pays_for"
        return self.tariff.fault

    def written(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {
            "begins_on": self.begins_on.isoformat(),
            "ends_on": self.ends_on and self.ends_on.isoformat(),
            "pays_for": self.pays_for and list(self.pays_for),
            "tariff": self.tariff.written(),
        }


def read_tariff(told: Mapping[str, Any]) -> TariffTerms:
    """A proposed tariff from its JSON."""
    return TariffTerms(**{**told, "valid_from": date.fromisoformat(told["valid_from"])})


def read_programme(told: Mapping[str, Any]) -> ProgrammeTerms:
    """A proposed programme from its JSON."""
    return ProgrammeTerms(
        told["sponsor_id"],
        told["name"],
        told["region"],
        date.fromisoformat(told["begins_on"]),
        date.fromisoformat(told["ends_on"]) if told["ends_on"] else None,
        tuple(told["pays_for"]) if told["pays_for"] else None,
        read_tariff(told["tariff"]),
    )


def earliest_change(today: date) -> date:
    """The first day from which a tariff that is announced today may count."""
    return today + timedelta(days=NOTICE_DAYS)


def fen_per_kg(grams_per_point: int) -> Decimal:
    """What a kilogram earns by a tariff, in fen of the sponsor's money: one point is one fen."""
    return (Decimal(1000) / grams_per_point).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Worth:
    """What a kilogram avoided earns beside what a kilogram of forest carbon costs: a gift, not a price."""

    earns_fen: Decimal
    forest_fen: Decimal | None

    @property
    def times(self) -> Decimal | None:
        """How many times the one is the other, to one decimal."""
        if not self.forest_fen:
            return None
        return (self.earns_fen / self.forest_fen).quantize(Decimal("0.1"), ROUND_HALF_UP)


def worth(tariff: Tariff, forest_fen_per_t: int | None) -> Worth:
    """What a kilogram earns by a tariff, and what one of forest carbon costs at this price a tonne."""
    forest = (
        None if forest_fen_per_t is None else (Decimal(forest_fen_per_t) / 1000).quantize(Decimal("0.01"))
    )
    return Worth(fen_per_kg(tariff.grams_per_point), forest)
