"""What holds for every amount, factor and order of events."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.footprint import rules
from app.footprint.services.methodologies import FILE, read_documents

METHODS = {
    each["scene"]: rules.read_method(each)
    for each in read_documents(FILE.read_text("utf-8"))
    if rules.counts(each)
}
amounts = st.decimals(0, 10**7, allow_nan=False, allow_infinity=False, places=3)
factors = st.decimals(0, 1000, allow_nan=False, allow_infinity=False, places=8)
weights = st.sampled_from([Decimal("1"), Decimal("0.5"), Decimal("0.33"), Decimal("0")])


@given(amounts, factors, weights)
def test_avoided_grams_are_the_whole_grams_below_the_exact_figure(
    amount: Decimal, factor: Decimal, weight: Decimal
) -> None:
    exact = Fraction(amount) * Fraction(factor) * Fraction(weight) * 1000
    grams = rules.grams_avoided(amount, factor, weight)
    assert 0 <= grams <= exact < grams + 1


@given(amounts, factors)
def test_emitted_grams_are_the_whole_grams_above_the_exact_figure(amount: Decimal, factor: Decimal) -> None:
    exact = Fraction(amount) * Fraction(factor) * 1000
    grams = rules.grams_emitted(amount, factor)
    assert grams - 1 < exact <= grams
    assert grams - rules.grams_avoided(amount, factor) in (0, 1)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=20))
def test_growing_in_many_steps_gives_what_growing_at_once_gives(counts: list[int]) -> None:
    walking, before, total = METHODS["walking"], 0, 0
    for steps in sorted(counts):
        inputs = {"steps": steps, "steps_before": before}
        total += rules.Decision(walking, Decimal("0.00002"), "measured", inputs).computed_g
        before = steps
    assert total == rules.Decision(walking, Decimal("0.00002"), "measured", {"steps": before}).computed_g


@given(st.lists(st.integers(0, 5000), max_size=30), st.integers(1, 3000))
def test_a_day_never_passes_its_cap_and_never_loses_room(computed: list[int], cap: int) -> None:
    held = 0
    for grams in computed:
        held += rules.credited_g(grams, held, cap)
    assert held == min(sum(computed), cap)


@given(
    st.sampled_from(["metro", "bus", "shared_bike"]),
    st.integers(0, 10**9),
    st.integers(1_420_070_400, 4_102_444_800),  # 2015 to 2100
    st.integers(1, 1_000_000),
    st.none() | st.integers(1, 172_800),
)
def test_a_trip_stays_on_its_holders_stretch(
    scene: str, holder: int, started_s: int, distance_m: int, duration_s: int | None
) -> None:
    started_at = datetime.fromtimestamp(started_s, UTC)
    begin, end = rules.trip_minutes(METHODS[scene], holder, started_at, distance_m, duration_s)
    assert begin < end
    assert begin // rules.MINUTES_PER_HOLDER == (end - 1) // rules.MINUTES_PER_HOLDER == holder
    assert end < 2**63


@given(st.sampled_from(["metro", "bus", "shared_bike"]), st.integers(1, 200_000), st.integers(1, 100_000))
def test_what_is_believed_moves_at_a_believable_speed(scene: str, distance_m: int, duration_s: int) -> None:
    method = METHODS[scene]
    kmh = Fraction(distance_m, 1000) / Fraction(duration_s, 3600)
    believed = not rules.trip_faults(method, distance_m, duration_s)
    assert believed == (
        method.bounds.least <= distance_m <= method.bounds.most
        and (method.bounds.slowest_kmh or 0) <= kmh <= (method.bounds.fastest_kmh or 0)
    )


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_shorter_trip_never_avoids_more(km: int, more: int) -> None:
    def grams(distance_m: int) -> int:
        inputs = {"distance_m": distance_m}
        return rules.Decision(METHODS["metro"], Decimal("0.0468"), "declared", inputs).computed_g

    assert grams(km * 1000) <= grams((km + more) * 1000)


@given(st.timedeltas(timedelta(days=-40), timedelta(days=40)))
def test_a_moment_is_refused_for_one_reason_or_none(ago: timedelta) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    faults = rules.moment_faults(now - ago, now)
    assert bool(faults) == (ago > rules.OLDEST or -ago > rules.CLOCK_SKEW)
    assert len(faults) <= 1
