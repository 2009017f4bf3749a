"""What is true of drives: where they stand, what counts, and when one may speak of charity."""

from datetime import UTC, date, datetime

import pytest

from app.rewards.rules.drives import (
    Charity,
    DriveStatus,
    Goal,
    drive_faults,
    drive_status,
    manner,
    read_fundraising_number,
    spending_kind,
)

NOW = datetime(2026, 11, 26, tzinfo=UTC)
TODAY = date(2026, 11, 26)
DAYS = (TODAY, date(2026, 12, 26))
CODE = "53990000MJ0000001R"


@pytest.mark.parametrize(
    ("published", "closed", "days", "left", "status"),
    [
        (None, None, DAYS, 5, DriveStatus.DRAFT),
        (None, NOW, DAYS, 5, DriveStatus.CLOSED),
        (NOW, None, (date(2026, 11, 27), DAYS[1]), 5, DriveStatus.AHEAD),
        (NOW, None, DAYS, 5, DriveStatus.OPEN),
        (NOW, None, (TODAY, TODAY), 5, DriveStatus.OPEN),
        (NOW, None, (date(2026, 10, 1), date(2026, 11, 25)), 5, DriveStatus.OVER),
        (NOW, None, (date(2026, 10, 1), date(2026, 11, 25)), 0, DriveStatus.REACHED),
        (NOW, NOW, DAYS, 0, DriveStatus.CLOSED),
    ],
)
def test_a_drive_stands_where_its_stamps_its_days_and_its_goal_say(
    published: datetime | None,
    closed: datetime | None,
    days: tuple[date, date],
    left: int,
    status: DriveStatus,
) -> None:
    assert drive_status(published, closed, days, left, TODAY) is status


def test_points_and_kilograms_are_never_added() -> None:
    money, units = Goal(1000, None), Goal(None, 1000)
    assert (money.left(400, 5000), units.left(400, 50)) == (600, 950)
    assert (money.share_bp(999, 5000), money.share_bp(1000, 0)) == (9990, 10_000)
    assert units.share_bp(999_999, 0) == 0
    assert (Goal(None, 3).share_bp(0, 1), Goal(None, 3).left(0, 4)) == (3333, 0)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"{CODE}A26007", f"{CODE}A26007"),
        (f" {CODE.lower()} a26007 ", f"{CODE}A26007"),
        (f"{CODE}26007", None),
        (f"{CODE}A2600", None),
        ("53990000MJ0000002XA26007", None),
        ("", None),
    ],
)
def test_a_fundraising_number_is_one_of_the_organisation_that_names_it(
    written: str, read: str | None
) -> None:
    assert read_fundraising_number(written, CODE) == read


@pytest.mark.parametrize(
    ("goal", "days", "until", "step_kg", "field"),
    [
        (Goal(None, None), DAYS, None, 10, "goal_kg"),
        (Goal(1, 1), DAYS, None, 10, "goal_kg"),
        (Goal(None, 15), DAYS, None, 10, "goal_kg"),
        (Goal(None, 20), DAYS, None, None, "project"),
        (Goal(1, None), (TODAY, date(2026, 11, 25)), None, None, "ends_on"),
        (Goal(1, None), (date(2026, 10, 1), date(2026, 11, 25)), None, None, "ends_on"),
        (Goal(1, None), (TODAY, date(2027, 11, 28)), None, None, "ends_on"),
        (Goal(1, None), DAYS, date(2026, 12, 25), None, "fundraising_until"),
    ],
)
def test_a_drive_that_cannot_be_is_told_by_its_field(
    goal: Goal, days: tuple[date, date], until: date | None, step_kg: int | None, field: str
) -> None:
    charity = Charity("示例", CODE, f"{CODE}A26007", until) if until else None
    assert list(drive_faults(goal, days, TODAY, charity, step_kg)) == [field]


def test_only_a_named_charity_is_spoken_of_and_paid_for_as_charity() -> None:
    charity = Charity("示例", CODE, f"{CODE}A26007", DAYS[1])
    assert drive_faults(Goal(None, 20), DAYS, TODAY, charity, 10) == {}
    assert (manner(charity), spending_kind(charity)) == ("charity", "charity")
    assert (manner(None), spending_kind(None)) == ("plain", "village")
