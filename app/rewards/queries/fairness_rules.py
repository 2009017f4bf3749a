"""The published signals and limits of fairness, as the file `data/fairness.toml` has them."""

import tomllib
from functools import cache
from pathlib import Path

from app.kit.messages import language
from app.rewards.rules.fairness import Limits, Rule

FILE = Path(__file__).parents[1] / "data" / "fairness.toml"
_TEXTS = ("name", "unit", "reason", "fair")


@cache
def _read() -> tuple[Limits, dict[str, Rule]]:
    told = tomllib.loads(FILE.read_text("utf-8"))
    limits = Limits(**told.pop("limits"))
    return limits, {
        key: Rule(
            key=key,
            window_days=rule["window_days"],
            least=rule["least"],
            hold_days=rule["hold_days"],
            bounds=rule["bounds"],
            texts={f"{name}_{lang}": rule[f"{name}_{lang}"] for name in _TEXTS for lang in ("zh", "en")},
        )
        for key, rule in told.items()
    }


def limits() -> Limits:
    """How long anything may take."""
    return _read()[0]


def rules() -> dict[str, Rule]:
    """Every signal by its key, as published."""
    return _read()[1]


def said(key: str, what: str = "name") -> str:
    """A text of a signal in the reader's language: its `name`, `reason`, or `fair` ways to look like it."""
    return rules()[key].texts[f"{what}_{language()}"]
