"""What a registry states of its own units, signed: the figures and the moment. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

STATEMENT = "registry-statement+jws"
FIGURES = ("issued_kg", "held_kg", "retired_kg", "cancelled_kg")
_MOST_KG = 10**15
_CLOCKS_DIFFER = timedelta(minutes=5)
"""A statement dated further ahead would stay the latest one whatever its registry states afterwards."""


def read_statement(content: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The figures of a statement and its moment, as read at `now`. Raises ValueError naming the sentence."""
    figures: dict[str, Any] = {name: content.get(name) for name in FIGURES}
    for value in figures.values():
        if type(value) is not int or not 0 <= value <= _MOST_KG:
            raise ValueError("registry.statement_figure")
    if figures["issued_kg"] != figures["held_kg"] + figures["retired_kg"] + figures["cancelled_kg"]:
        raise ValueError("registry.statement_sum")
    try:
        stated_at = datetime.fromisoformat(str(content.get("stated_at")))
    except ValueError as error:
        raise ValueError("registry.statement_moment") from error
    if stated_at.tzinfo is None or not 2015 <= stated_at.year <= 2100:
        raise ValueError("registry.statement_moment")
    if stated_at > now + _CLOCKS_DIFFER:
        raise ValueError("registry.statement_ahead")
    return {**figures, "stated_at": stated_at.astimezone(UTC)}
