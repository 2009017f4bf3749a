"""What the signals of fairness see, and what they leave in peace."""

from datetime import date, timedelta

import pytest

from app.rewards.queries import fairness_rules, fairness_signs
from app.rewards.rules.fairness import (
    Fact,
    Told,
    adding_up,
    alike,
    bursts,
    crowded,
    published,
    repeated,
)

DAY = date(2026, 11, 1)


def told(holder_id: int, *marks: object) -> list[Told]:
    """One fact a mark, each on a day of its own."""
    return [
        Told(
            mark,
            holder_id,
            Fact(DAY + timedelta(days=place), "walking", 1, "steps", (holder_id * 100 + place,)),
        )
        for place, mark in enumerate(marks)
    ]


def test_two_accounts_are_alike_from_the_published_number_on_and_not_before() -> None:
    both = [*told(1, *"abcde"), *told(2, *"abcde"), *told(3, *"abcdx")]
    [found] = alike(both, 5)
    assert (found.found, found.holder_ids) == (5, (1, 2)), "the third shares four"
    assert alike(both, 6) == []


def test_what_is_kept_of_an_account_is_what_it_shares_and_nothing_else() -> None:
    [found] = alike([*told(1, *"abcxy"), *told(2, *"abcz")], 3)
    assert [fact.acts for fact in found.facts[1]] == [(100,), (101,), (102,)]
    assert len(found.facts[2]) == 3


def test_a_ring_in_which_each_is_like_the_next_is_one_finding() -> None:
    ring = [*told(1, "a", "b"), *told(2, "a", "b", "c", "d"), *told(3, "c", "d"), *told(9, "a", "d")]
    [found] = alike(ring, 2)
    assert found.holder_ids == (1, 2, 3, 9), "9 shares two with the middle one"


def test_who_tells_what_somebody_left_in_peace_tells_is_found_alone() -> None:
    in_peace = [each.since(each.fact.on) for each in told(1, *"abcde")]
    [found] = alike([*in_peace, *told(2, *"abcde")], 5)
    assert (found.found, found.holder_ids) == (5, (2,))
    assert alike([*in_peace, *(each.since(each.fact.on) for each in told(2, *"abcde"))], 5) == []
    [found] = crowded([*in_peace[:1], *told(2, "a")], 2)
    assert (found.found, found.holder_ids) == (2, (2,))


def test_what_was_withdrawn_and_is_told_again_counts_from_when_it_is_told() -> None:
    [first] = told(1, "a")
    again = first._replace(told_on=DAY + timedelta(days=20))
    assert (first.since(DAY).fresh, again.since(DAY).fresh) == (False, True)


def test_telling_one_thing_twice_is_sharing_it_once() -> None:
    assert alike([*told(1, "a", "a", "a"), *told(2, "a", "a", "a")], 2) == []


def test_one_number_day_after_day_is_seen_in_the_account_that_tells_it() -> None:
    [found] = repeated([*told(1, 8000, 8000, 8000, 8000, 9), *told(2, 8000, 8001, 8002, 8003)], 4)
    assert (found.found, found.holder_ids, len(found.facts[1])) == (4, (1,), 4)


def test_what_is_spent_adds_up_at_one_payee_and_not_over_several() -> None:
    rows = [Told(payee, 1, Fact(DAY, None, 300, "points")) for payee in (7, 7, 8)]
    [found] = adding_up(rows, 500)
    assert (found.found, len(found.facts[1])) == (600, 2)


def test_a_crowd_is_everybody_of_one_mark() -> None:
    [found] = crowded([*told(1, "u"), *told(2, "u"), *told(3, "v")], 2)
    assert (found.found, found.holder_ids) == (2, (1, 2))


def test_every_published_signal_is_looked_for_and_says_why_in_both_languages() -> None:
    rules = fairness_rules.rules()
    assert set(rules) == set(fairness_signs.SIGNS)
    for rule in rules.values():
        assert rule.least > 1
        assert all(rule.texts.values()), rule.key
        assert len(rule.texts["reason_zh"]) > 20, rule.key
        assert rule.hold_days <= fairness_rules.limits().hold_days
    assert {rule.hold_days for rule in rules.values()} > {0}, "most hold nothing by themselves"


@pytest.mark.parametrize(("count", "told"), [(4, 0), (5, 5), (19, 15)])
def test_the_public_reads_counts_in_steps(count: int, told: int) -> None:
    assert published(count) == told


def test_a_burst_is_who_was_opened_within_the_hour_and_nobody_else() -> None:
    def opened(holder_id: int, minute: int) -> Told:
        return Told("group", holder_id, Fact(DAY, None, minute * 60, "accounts"))

    members = [opened(number, 15 * number) for number in range(5)] + [opened(9, 600)]
    [found] = bursts(members, 5, timedelta(minutes=60))
    assert (found.found, found.holder_ids) == (5, (0, 1, 2, 3, 4))
    assert bursts(members, 5, timedelta(minutes=59)) == []
    in_peace = members[0].since(members[0].fact.on)
    [found] = bursts([in_peace, *members[1:]], 5, timedelta(minutes=60))
    assert (found.found, found.holder_ids) == (5, (1, 2, 3, 4))
