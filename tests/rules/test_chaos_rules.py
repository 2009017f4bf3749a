"""The harness itself: what it plans, and that it sees every way in which money or units can go wrong."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from chaos.killer import WEIGHTS, plan
from chaos.provider import Paid
from chaos.verdict import Outcome, Verdict, judge

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SETTLED = Outcome(credited=True, settled_at=NOON)
REFUNDED = Outcome(credited=True, refunding_at=NOON, refunded_at=NOON)
BACK = ("SUCCESS", 100)


def settled(at: datetime) -> Outcome:
    return Outcome(credited=True, settled_at=at)


def verdict(outcome: Outcome | None, *refunds: tuple[str, int], acked: bool = True) -> Verdict:
    """The verdict on one order of a yuan that the provider was paid for."""
    paid = Paid("A", 100, NOON.timestamp() if acked else None, list(refunds))
    return judge({"A": paid}, {"A": outcome} if outcome else {})


def test_a_seed_gives_the_same_plan_and_another_one_another() -> None:
    assert plan(40, 60, seed=7) == plan(40, 60, seed=7)
    assert plan(40, 60, seed=7) != plan(40, 60, seed=8)


@pytest.mark.parametrize("seed", range(20))
def test_every_kind_is_killed_in_the_shortest_plan_and_by_weight_in_a_long_one(seed: int) -> None:
    assert {blow.kind for blow in plan(len(WEIGHTS), 6, seed)} == set(WEIGHTS)
    blows = plan(600, 900, seed)
    assert 800 < sum(blow.after_s for blow in blows) < 1000
    made = Counter(blow.kind for blow in blows)
    assert made["horse"] > made["postgres"] > made["web"] > 0


@pytest.mark.parametrize(("outcome", "refunds"), [(SETTLED, []), (REFUNDED, [BACK])])
def test_one_outcome_is_clean(outcome: Outcome, refunds: list[tuple[str, int]]) -> None:
    assert verdict(outcome, *refunds).clean


@pytest.mark.parametrize(
    ("outcome", "refunds"),
    [
        (None, []),
        (Outcome(), []),
        (Outcome(credited=True), []),
        (Outcome(credited=True, refunding_at=NOON), []),
        (Outcome(credited=True, refunding_at=NOON), [BACK]),
        (REFUNDED, []),
        (REFUNDED, [("PROCESSING", 100)]),
        (REFUNDED, [("ABNORMAL", 100)]),
        (REFUNDED, [("SUCCESS", 99)]),
    ],
)
def test_a_payment_without_an_end_on_both_sides_is_lost(
    outcome: Outcome | None, refunds: list[tuple[str, int]]
) -> None:
    seen = verdict(outcome, *refunds)
    assert list(seen.lost) == ["A"]
    assert not seen.clean


def test_a_payment_of_which_nothing_was_heard_is_for_the_bill_to_tell_only_when_no_question_will() -> None:
    expired = verdict(Outcome(expired_at=NOON), acked=False)
    assert (expired.unheard, len(expired.lost)) == (1, 0)
    assert len(verdict(Outcome(), acked=False).lost) == 1
    assert len(verdict(Outcome(expired_at=NOON)).lost) == 1


@pytest.mark.parametrize(
    ("outcome", "refunds"),
    [
        (SETTLED, [BACK]),
        (SETTLED, [("PROCESSING", 100)]),
        (REFUNDED, [BACK, BACK]),
        (Outcome(credited=True, settled_at=NOON, refunding_at=NOON), []),
    ],
)
def test_two_outcomes_are_double(outcome: Outcome, refunds: list[tuple[str, int]]) -> None:
    seen = verdict(outcome, *refunds)
    assert seen.double == ["A"]
    assert not seen.clean


def test_an_order_nobody_paid_must_not_be_credited() -> None:
    seen = judge({"A": Paid("A", 100, NOON.timestamp())}, {"A": SETTLED, "B": Outcome(credited=True)})
    assert seen.believed == ["B"]
    assert not seen.clean


def test_books_that_do_not_prove_and_units_sold_twice_are_not_clean() -> None:
    ledger, found = {"A": Paid("A", 100, NOON.timestamp())}, {"A": SETTLED}
    assert judge(ledger, found).clean
    assert not judge(ledger, found, oversold_kg=1).clean
    assert not judge(ledger, found, unbalanced_lines=["BAD"]).clean


def test_a_run_in_which_nothing_was_acknowledged_proves_nothing() -> None:
    assert not verdict(SETTLED, acked=False).clean
    assert not judge({}, {}).clean


def test_settling_is_timed_from_the_acknowledgement_and_never_negative() -> None:
    ledger = {str(n): Paid(str(n), 100, NOON.timestamp()) for n in range(100)}
    found = {str(n): settled(NOON + timedelta(milliseconds=n)) for n in range(100)}
    assert judge(ledger, found).settle_p99_ms == 98
    assert judge(ledger, {"1": settled(NOON - timedelta(hours=1))}).settle_p99_ms == 0
