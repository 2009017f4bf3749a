"""Emitted grams of a quantity: `per` of it make one unit of the factor; they round up once, at the end."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from app.footprint.rules.grams import grams_emitted

_KG = {"kgCO2": 1, "kgCO2e": 1, "tCO2": 1000, "tCO2e": 1000}
"""Kilograms in what stands above the stroke of a factor's unit."""


def kg_in(factor_unit: str) -> int:
    """How many kilograms one of the factor's own masses is. Raises ValueError for what is no emission."""
    mass = factor_unit.partition("/")[0]
    if mass not in _KG:
        raise ValueError(f"{factor_unit} does not say what is emitted")
    return _KG[mass]


def emission_grams(quantity: Fraction | int, per: int, factor_value: Decimal, factor_unit: str) -> int:
    """Grams emitted by `quantity`, of which `per` make one unit of the factor."""
    return grams_emitted(Fraction(quantity) * kg_in(factor_unit) / per, factor_value)


def recorded_grams(inputs: Mapping[str, Any], factor_value: Decimal, factor_unit: str) -> int:
    """Grams of a recorded emission, from its raw inputs alone."""
    return emission_grams(int(inputs["quantity"]), int(inputs.get("per", 1)), factor_value, factor_unit)


def shared_out(quantity: int, people: int) -> int:
    """One person's part of what a household uses, in whole units, rounded up."""
    return -(-quantity // people)
