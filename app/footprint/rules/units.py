"""Unit arithmetic, checked when data is loaded and never while serving: nothing else may import this.

The vocabulary is closed: a unit that is not written here is refused. CO2 and CO2e are different
quantities, so that nothing adds the one to the other.
"""

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from pint import UnitRegistry
from pint.errors import DimensionalityError, PintError

_VOCABULARY = """
kilo- = 1000 = k-
mega- = 1000000 = M-
giga- = 1000000000 = G-
tera- = 1000000000000 = T-
gram = [mass] = g
tonne = 1000000 * gram = t
metre = [length] = m
cubic_metre = metre ** 3 = m3
standard_cubic_metre = metre ** 3 = Nm3
litre = 0.001 * metre ** 3 = L
joule = [energy] = J
watt_hour = 3600 * joule = Wh
meal = [time]
day = 3 * meal
year = 365.25 * day = yr
month = year / 12
carbon_dioxide = [carbon_dioxide] = gCO2
tonne_carbon_dioxide = 1000000 * gCO2 = tCO2
equivalent = [equivalent] = gCO2e
tonne_equivalent = 1000000 * gCO2e = tCO2e
tonne_carbon = tCO2 * 44 / 12 = tC
forest_energy = [forest_energy] = kg_energy
person = [person] = p
participant = [participant]
trip = [trip]
step = [step]
room = [room]
night = [night]
sheet = [sheet]
pair = [pair]
order = [order]
unit = [unit]
box = [box]
tree = [tree]
payment = [payment]
donation = [donation]
yuan = [money] = CNY
"""
_PER_ENERGY = ("CO2/kWh", "CO2e/kWh")
_BY_CATEGORY = {
    "electricity": _PER_ENERGY,
    "heat": ("CO2/GJ", "CO2e/GJ"),
    "fuel": (
        *("CO2/kg", "CO2e/kg", "CO2/L", "CO2e/L", "CO2/Nm3", "CO2e/m3"),
        *("GJ/t", "GJ/Nm3", "tC/TJ", "kg/L", "1"),
    ),
    "passenger_transport": ("CO2/km", "CO2e/km", "CO2/p.km", "CO2e/p.km"),
    "freight": ("CO2/t.km", "CO2e/t.km"),
    "water": ("CO2e/t", "CO2e/m3", "CO2/t", "CO2/m3"),
    "material": ("CO2e/kg", "CO2/kg", "CO2e/sheet"),
    "waste": ("CO2e/kg", "CO2/kg"),
    "hotel": ("CO2e/room.night",),
    "diet": ("CO2e/p.day",),
    "behaviour_er": tuple(
        f"{gas}/{done}"
        for gas in ("CO2", "CO2e")
        for done in ("p.km", "km", "trip", "step", "day", "kg", "unit", "pair", "order", "box", "kWh")
    ),
    "methodology_param": ("CO2/p.km", "CO2e/p.km"),
    "reward": ("CNY/day",),
    "tree": (
        *("kg_energy/tree", "kg_energy/day", "kg_energy/payment", "kg_energy/donation"),
        *("CO2/tree", "CO2/tree.yr", "CO2/m3", "tree/p.yr"),
    ),
    "event_rule": ("month",),
    "event_benchmark": ("CO2/participant", "CO2e/participant"),
}
"""What a factor of each category is a factor of."""
CATEGORIES = tuple(_BY_CATEGORY)

Quantity = tuple[Fraction, str]
"""A number and its unit as written."""


class UnitsRefused(ValueError):
    """Units that are unknown or do not fit; the text says which."""


_PRODUCT = r"[A-Za-z]\w*(\.(10)?[A-Za-z]\w*)*"
_WRITTEN = re.compile(rf"(1|{_PRODUCT})(/{_PRODUCT})?", re.ASCII)


@cache
def _registry() -> "UnitRegistry[Decimal]":
    return UnitRegistry(_VOCABULARY.strip().splitlines(), non_int_type=Decimal)


@cache
def _parse(written: str) -> Any:
    """A unit as the data writes it: `.` multiplies, what stands after the `/` divides as a whole."""
    if not _WRITTEN.fullmatch(written):
        raise UnitsRefused(f"no such unit: {written}")
    above, _, below = written.partition("/")
    spelled = _spell(above) + (f"/({_spell(below)})" if below else "")
    try:
        return _registry().Quantity(_registry().parse_expression(spelled))
    except (PintError, AttributeError, AssertionError) as error:
        raise UnitsRefused(f"no such unit: {written}") from error


def _spell(part: str) -> str:
    return re.sub(r"\b10yr\b", "(10*yr)", part).replace(".", "*")


def check_unit(category: str, unit: str) -> None:
    """Refuse a unit that is unknown, or that no factor of this category is in. Raises `UnitsRefused`."""
    if category not in _BY_CATEGORY:
        raise UnitsRefused(f"no such category: {category}")
    # A bare CO2 stands for a gram of it: dimensions are compared, not sizes.
    fitting = (re.sub(r"^CO2(e?)", r"gCO2\1", each) for each in _BY_CATEGORY[category])
    told = _parse(unit).dimensionality
    if all(_parse(each).dimensionality != told for each in fitting):
        raise UnitsRefused(f"a factor of {category} is not in {unit}")


def check_formula(terms: list[tuple[Quantity, str]], amount: Quantity) -> None:
    """Refuse a formula that does not come out in kilograms of one gas as it is written.

    `amount` is the raw input that makes one unit; each of `terms` says how many of the factor's units
    one unit takes, and the factor's own unit. Raises `UnitsRefused`.
    """
    gases = {"kgCO2e" if "CO2e" in unit else "kgCO2" for _, unit in terms}
    if len(gases) > 1:
        raise UnitsRefused("CO2 and CO2e do not add up")
    gas = gases.pop()
    for (share, share_unit), unit in terms:
        product = _parse(amount[1]) * Decimal(amount[0].numerator) / Decimal(amount[0].denominator)
        product = product * _parse(share_unit) * _parse(unit)
        try:
            size = round(product.to(gas).magnitude, 20)  # of 28 digits: a third has none that is exact
        except DimensionalityError as error:
            raise UnitsRefused(
                f"{amount[0]} {amount[1]} × {share} {share_unit} × {unit} is not in {gas}"
            ) from error
        if size != 1:
            raise UnitsRefused(f"{amount[0]} {amount[1]} × {share} {share_unit} × {unit} is {size} {gas}")


def joined(written: list[str]) -> str:
    """The unit of a product of quantities in these units. Raises `UnitsRefused`."""
    parts = [each.partition("/") for each in written]
    for each in written:
        _parse(each)
    above = ".".join(part for part, _, _ in parts if part != "1") or "1"
    below = ".".join(part for _, _, part in parts if part)
    return f"{above}/{below}" if below else above


def check_same(one: Quantity, other: Quantity) -> None:
    """Refuse two quantities that are not the same amount of one thing. Raises `UnitsRefused`."""
    try:
        size = _parse(one[1]).to(_parse(other[1]).units) / _parse(other[1])
    except DimensionalityError as error:
        raise UnitsRefused(f"{one[1]} is not a measure of {other[1]}") from error
    if Fraction(size.magnitude) * one[0] != other[0]:
        raise UnitsRefused(f"{one[0]} {one[1]} is not {other[0]} {other[1]}")


def as_avoided(value: Decimal, unit: str, wanted: str) -> Decimal:
    """A value in `unit` as one in `wanted`, whichever of CO2 and CO2e; for comparing only."""
    told, asked = (_parse(each.replace("CO2e", "CO2")) for each in (unit, wanted))
    try:
        return Decimal(value * told.to(asked.units).magnitude / asked.magnitude)
    except DimensionalityError as error:
        raise UnitsRefused(f"{unit} cannot be compared with {wanted}") from error
