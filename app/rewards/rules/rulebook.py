"""The rulebook of points 积分规则 as it is published; its figures are those of the rules. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.rewards.rules.expiry import STAGES
from app.rewards.rules.tariffs import LONGEST_LIFE_MONTHS, NOTICE_DAYS, RETURNED_LIVE_DAYS

FIGURES: Mapping[str, int] = {
    "years": LONGEST_LIFE_MONTHS // 12,
    "first": STAGES[0],
    "second": STAGES[1],
    "returned": RETURNED_LIVE_DAYS,
    "notice": NOTICE_DAYS,
}
"""What the words in braces stand for: the very figures by which points are granted and expire."""


@dataclass(frozen=True)
class Article:
    """One article, with its source where another rulebook says the same."""

    key: str
    title_zh: str
    title_en: str
    zh: str
    en: str
    source: str | None


@dataclass(frozen=True)
class Rulebook:
    """One version of the rules."""

    version: str
    valid_from: date
    articles: tuple[Article, ...]


def read_rulebook(told: Mapping[str, Any]) -> Rulebook:
    """The rulebook from its file. Raises `KeyError` for a figure that no rule has."""
    return Rulebook(
        told["version"],
        date.fromisoformat(told["valid_from"]),
        tuple(
            Article(
                each["key"],
                each["title_zh"],
                each["title_en"],
                each["zh"].format_map(FIGURES),
                each["en"].format_map(FIGURES),
                each.get("source"),
            )
            for each in told["article"]
        ),
    )
