"""The limits that hold acts, from `data/plausibility.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.footprint import rules
from app.footprint.queries.catalogue import Methodology
from app.footprint.rules import Limits

_FILE = Path(__file__).parents[1] / "data" / "plausibility.toml"


@dataclass(frozen=True)
class LimitRule:
    """One limit as it is published: the platform's value, its name and its reason."""

    key: str
    value: int
    name_zh: str
    name_en: str
    reason_zh: str
    reason_en: str


@cache
def limit_rules() -> Mapping[str, LimitRule]:
    """All limits by key; read once."""
    told = tomllib.loads(_FILE.read_text("utf-8"))
    return {key: LimitRule(key, **told[key]) for key in rules.LIMITS}


@cache
def _values() -> dict[str, int]:
    return {rule.key: rule.value for rule in limit_rules().values()}


def find_limits(methodology: Methodology) -> Limits:
    """What holds a person's declared acts of this scene."""
    return rules.limits_of(methodology.document, _values())
