"""What holds for every answer, every line and every order in which lines are told."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.footprint import rules
from app.footprint.queries import EVENT_INVENTORY, PERSON_MONTH, emission_kinds
from app.footprint.services.guides import read_file

QUESTIONS = rules.read_questionnaire(read_file(PERSON_MONTH))
EVENT = rules.read_event_guide(read_file(EVENT_INVENTORY))
CHOICES = [question for question in QUESTIONS.questions if question.form == "choice"]
REGIONS = emission_kinds()["electricity"].regions
FACTOR = Decimal("0.4211")

answers = st.fixed_dictionaries(
    {},
    optional={
        **{question.key: st.sampled_from(sorted(question.options)) for question in CHOICES},
        "province": st.sampled_from(REGIONS),
        "people": st.integers(1, 20),
    },
)
measures = st.fixed_dictionaries(
    {},
    optional={key: st.integers(0, each.most_of(key)) for each in CHOICES for key in each.measures},
)
shares = st.integers(1, 10**6).flatmap(
    lambda whole: st.builds(rules.Share, st.just("time"), st.integers(1, whole), st.just(whole))
)
items = st.sampled_from(sorted(EVENT.items.values(), key=lambda item: item.key))
lines = items.flatmap(
    lambda item: st.tuples(
        st.just(item),
        st.fixed_dictionaries({key: st.integers(1, EVENT.limits[key]) for key in item.measures}),
        shares,
    )
)


def quantities(given_answers: Mapping[str, Any], measured: Mapping[str, int]) -> dict[str, int]:
    return {entry.kind: entry.quantity for entry in rules.follow(QUESTIONS, given_answers, measured).entries}


def grams(item: rules.Item, inputs: Mapping[str, int], share: rules.Share) -> int:
    return rules.line_grams(item, inputs, share, FACTOR, "kgCO2/kWh")


@given(answers, measures)
def test_whatever_is_answered_soundly_is_accepted_and_gives_whole_positive_quantities(
    told: dict[str, Any], measured: dict[str, int]
) -> None:
    assert rules.answer_faults(QUESTIONS, told, measured, REGIONS) == []
    for entry in rules.follow(QUESTIONS, told, measured).entries:
        assert 1 <= entry.quantity <= rules.MOST_QUANTITY
        assert entry.quantity * entry.people >= entry.whole > (entry.quantity - 1) * entry.people


@given(answers, measures)
def test_what_is_kept_as_json_gives_the_same_month_again(
    told: dict[str, Any], measured: dict[str, int]
) -> None:
    kept = json.loads(json.dumps([told, measured]))
    document = json.loads(json.dumps(read_file(PERSON_MONTH), sort_keys=True))
    again = rules.follow(rules.read_questionnaire(document), *kept)
    first = rules.follow(QUESTIONS, told, measured)
    assert sorted(again.entries, key=lambda each: each.kind) == sorted(
        first.entries, key=lambda each: each.kind
    )


@given(
    answers, measures, st.sampled_from(sorted(key for each in CHOICES for key in each.measures)), st.data()
)
def test_measuring_more_never_gives_less(
    told: dict[str, Any], measured: dict[str, int], key: str, data: st.DataObject
) -> None:
    question = next(each for each in CHOICES if key in each.measures)
    low, high = sorted(data.draw(st.integers(0, question.most_of(key))) for _ in range(2))
    less, more = (quantities(told, {**measured, key: value}) for value in (low, high))
    assert all(more.get(kind, 0) >= amount for kind, amount in less.items())
    others = set(less) | set(more)
    assert all(less.get(kind) == more.get(kind) for kind in others - set(question.measures[key]))


@given(answers, st.integers(1, 19))
def test_one_more_at_home_never_raises_ones_own_part(told: dict[str, Any], people: int) -> None:
    fewer, more = (quantities({**told, "people": each}, {}) for each in (people, people + 1))
    assert all(more[kind] <= amount for kind, amount in fewer.items())


@given(answers, measures, st.sampled_from(QUESTIONS.levers))
def test_a_lever_moves_no_more_than_there_is(
    told: dict[str, Any], measured: dict[str, int], lever: rules.Lever
) -> None:
    held = quantities(told, measured)
    changed = rules.moved(lever, held)
    assert all(amount >= 0 for amount in changed.values())
    sources = {move.source for move in lever.moves}
    assert all(changed[kind] < held[kind] for kind in sources & set(changed))
    assert bool(changed) == bool(sources & set(held))


@given(lines, st.data())
def test_a_larger_line_never_emits_less(
    line: tuple[rules.Item, dict[str, int], rules.Share], data: st.DataObject
) -> None:
    item, inputs, share = line
    measure = data.draw(st.sampled_from(item.measures))
    larger = {**inputs, measure: data.draw(st.integers(inputs[measure], EVENT.limits[measure]))}
    assert grams(item, larger, share) >= grams(item, inputs, share)
    part = data.draw(st.integers(share.part, share.whole))
    assert grams(item, inputs, rules.Share("time", part, share.whole)) >= grams(item, inputs, share)


@given(lines, st.integers(2, 12))
def test_shares_of_a_line_add_up_to_the_line_but_for_rounding_up(
    line: tuple[rules.Item, dict[str, int], rules.Share], parts: int
) -> None:
    item, inputs, _ = line
    whole = grams(item, inputs, rules.Share("sole"))
    split = sum(grams(item, inputs, rules.Share("time", 1, parts)) for _ in range(parts))
    assert whole <= split <= whole + parts


@given(lines)
def test_a_line_is_the_whole_grams_above_the_exact_figure(
    line: tuple[rules.Item, dict[str, int], rules.Share],
) -> None:
    item, inputs, share = line
    exact = Fraction(FACTOR) * 1000 * share.fraction / item.per
    for measure in item.measures:
        exact *= inputs[measure]
    assert grams(item, inputs, share) - 1 < exact <= grams(item, inputs, share)


stages = st.lists(
    st.tuples(st.sampled_from(EVENT.types), st.sampled_from(EVENT.grades), st.integers(0, 10**9)), max_size=30
)


@given(stages, st.randoms())
def test_a_stage_is_the_sum_of_its_lines_in_whatever_order(
    told: list[tuple[str, str, int]], random: Any
) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)
    sums = rules.sum_by_type(EVENT.types, ((type_, amount) for type_, _, amount in told))
    assert sums == rules.sum_by_type(EVENT.types, ((type_, amount) for type_, _, amount in shuffled))
    assert sum(sums.values()) == sum(amount for _, _, amount in told)
    complete = rules.completeness(EVENT, told, {})
    assert complete == rules.completeness(EVENT, shuffled, {})
    assert sum(complete.by_grade.values()) == sum(sums.values())
    assert set(complete.counted) | set(complete.missing) == set(EVENT.types)
    assert 0 <= complete.evidenced_bp <= 10_000


@given(stages, stages)
def test_estimate_and_final_differ_by_exactly_their_difference(
    before: list[tuple[str, str, int]], after: list[tuple[str, str, int]]
) -> None:
    estimate, final = (
        rules.sum_by_type(EVENT.types, ((type_, amount) for type_, _, amount in told))
        for told in (before, after)
    )
    change = rules.differences(estimate, final)
    assert sum(change.values()) == sum(final.values()) - sum(estimate.values())
    assert all(estimate[type_] + change[type_] == final[type_] for type_ in EVENT.types)
