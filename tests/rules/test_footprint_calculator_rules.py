"""Documents that would ask or compute nonsense are refused with the rule they break."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from app.footprint import rules
from app.footprint.queries import EVENT_INVENTORY, PERSON_MONTH
from app.footprint.rules import GuideRefused
from app.footprint.services.guides import read_file


def without_a_question(document: Any) -> None:
    document["question"].pop()


def twice_the_same_kind(document: Any) -> None:
    document["question"][3]["option"][1]["feeds"]["electricity"] = 5


def a_default_that_is_no_option(document: Any) -> None:
    document["question"][2]["default"] = "enormous"


def a_fractional_feed(document: Any) -> None:
    document["question"][2]["option"][0]["feeds"]["electricity"] = 1.5


def a_share_above_one(document: Any) -> None:
    document["lever"][0]["moves"][0]["share"] = "1.5"


def a_lever_on_nothing(document: Any) -> None:
    document["lever"][0]["moves"][0]["from"] = "dragons"


def a_share_that_is_no_number(document: Any) -> None:
    document["lever"][0]["moves"][0]["share"] = "half"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_a_question, "12 questions"),
        (twice_the_same_kind, "one question"),
        (a_default_that_is_no_option, "default"),
        (a_fractional_feed, "whole and positive"),
        (a_share_above_one, "share"),
        (a_lever_on_nothing, "lever"),
        (a_share_that_is_no_number, "person-month version 1"),
    ],
)
def test_questions_that_make_no_sense_are_refused(spoil: Callable[[Any], None], said: str) -> None:
    document = read_file(PERSON_MONTH)
    rules.read_questionnaire(document)
    spoil(document)
    with pytest.raises(GuideRefused, match=said):
        rules.read_questionnaire(document)


def five_types(document: Any) -> None:
    document["type"].pop()


def an_item_of_no_type(document: Any) -> None:
    document["item"][0]["type"] = "magic"


def an_unknown_measure(document: Any) -> None:
    document["item"][0]["measures"] = ["barrels"]


def an_item_without_measures(document: Any) -> None:
    document["item"][0]["measures"] = []


def no_per(document: Any) -> None:
    document["item"][0]["per"] = 0


def two_wholes(document: Any) -> None:
    document["basis"][1]["whole"] = True


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (five_types, "6 source types"),
        (an_item_of_no_type, "known type"),
        (an_unknown_measure, "measures are known"),
        (an_item_without_measures, "is measured"),
        (no_per, "per is positive"),
        (two_wholes, "one basis"),
    ],
)
def test_a_guide_that_makes_no_sense_is_refused(spoil: Callable[[Any], None], said: str) -> None:
    document = read_file(EVENT_INVENTORY)
    rules.read_event_guide(document)
    spoil(document)
    with pytest.raises(GuideRefused, match=said):
        rules.read_event_guide(document)


def test_tonnes_and_kilograms_of_a_factor_are_never_confused() -> None:
    """The default for purchased heat is 0.11 t a GJ: 1,000 MJ emit 110 kg."""
    assert rules.emission_grams(1000, 1000, Decimal("0.11"), "tCO2/GJ") == 110_000
    assert rules.emission_grams(1000, 1000, Decimal("0.11"), "kgCO2/GJ") == 110
    with pytest.raises(ValueError, match="does not say what is emitted"):
        rules.kg_in("GJ/t")


def test_every_kind_of_the_questions_has_its_measure_in_bounds() -> None:
    for question in rules.read_questionnaire(read_file(PERSON_MONTH)).questions:
        for key in question.measures:
            assert 1 <= question.most_of(key) <= rules.MOST_MEASURED
