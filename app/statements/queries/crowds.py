"""What waits to be published of regions, what was, and how all of it is recomputed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.footprint import queries as footprint
from app.kit import clock
from app.kit.database import db
from app.offsets import queries as offsets
from app.registry.rules.log import OVERDUE_AFTER
from app.statements.models import RegionSnapshot
from app.statements.rules.crowds import DIGITS, Crowd, publishable, published_g

SNAPSHOT_KIND = "region-snapshot+jws"


@dataclass(frozen=True, slots=True)
class WaitingCrowd:
    """A crowd, and where and for which line it waits.

    `standing_g` is what was published there before, looked up only for a crowd that takes something off.
    """

    region: str
    line: str
    crowd: Crowd
    standing_g: int

    @property
    def published_g(self) -> int:
        """What would be published of it."""
        return published_g(self.line, self.crowd.grams)

    def publishable(self, least_people: int) -> bool:
        """Whether it can be released: safe for everybody in it, and its region keeps nothing or more."""
        return publishable(self.crowd, least_people) and self.standing_g + self.published_g >= 0


def shares_sql() -> str:
    """What people did from `:since` to before `:until`, each since they chose their home; for the sealing.

    person, region, line, grams. Nobody's joining brings their past along, so nothing jumps when they do;
    nor what they take back or correct of it, which another region was given, or none.
    """
    flows = {
        "avoided": accounts.homes.credited_from(chart.RECORD_ACTION, chart.WITHDRAW_ACTION),
        "emitted": footprint.accounts.emitted_from(),
        "offset": offsets.retired.retired_from(),
    }
    told = " UNION ALL ".join(
        f"SELECT holder_id, recorded_at, grams, '{line}' AS line FROM {rows} {line}_flow"
        for line, rows in flows.items()
    )
    return (
        "SELECT flow.holder_id AS person, home.region, line, sum(grams)::bigint AS grams"
        f" FROM ({told}) flow JOIN {accounts.homes.homes_from()} home ON home.holder_id = flow.holder_id"
        "   AND flow.recorded_at >= home.chosen_at GROUP BY 1, 2, 3 HAVING sum(grams) <> 0"
    )


# Whose days cancel out is nobody who adds to the crowd: they are released with it, and not counted.
_CROWDS = (
    "WITH person AS (SELECT {by}, person, abs(sum(grams)) AS size, sum(grams) AS grams"
    "   FROM region_share WHERE {which} GROUP BY {by}, person),"
    " ranked AS (SELECT *, row_number() OVER (PARTITION BY {by} ORDER BY size DESC) AS place FROM person)"
    " SELECT {by}, count(*) FILTER (WHERE size > 0) AS people, sum(grams)::bigint AS grams,"
    " sum(size)::bigint AS absolute_g, max(size) FILTER (WHERE place = 1)::bigint AS largest_g,"
    " coalesce(max(size) FILTER (WHERE place = 2), 0)::bigint AS second_g FROM ranked GROUP BY {by}"
)
_WAITING = text(
    "SELECT waits.*, CASE WHEN waits.grams < 0 THEN (SELECT coalesce(sum(published_g), 0)::bigint"
    "   FROM region_release r WHERE (r.region, r.line) = (waits.region, waits.line)) ELSE 0 END AS standing_g"
    f" FROM ({_CROWDS.format(by='region, line', which='release_id IS NULL AND length(region) = :digits')})"
    " waits ORDER BY region, line"
)
RELEASED = _CROWDS.format(by="release_id", which="release_id IS NOT NULL")

_LEVELS = ", ".join(f"({digits})" for digits in DIGITS)
ROLLED = (
    "SELECT left(region, digits) AS region, to_char(day, 'YYYY-MM') AS month, line,"
    f" sum(published_g)::bigint AS published_g FROM region_release CROSS JOIN (VALUES {_LEVELS}) l (digits)"
    " WHERE length(region) >= digits AND {which} GROUP BY 1, 2, 3"
)
"""Releases of `which` days as every region that holds them shows them, by month."""


def list_waiting(digits: int) -> list[WaitingCrowd]:
    """The crowds that wait at regions of one level."""
    rows = db.session.execute(_WAITING, {"digits": digits})
    return [WaitingCrowd(region, line, Crowd(*figures), stands) for region, line, *figures, stands in rows]


def find_last_snapshot() -> RegionSnapshot | None:
    """The last day that was sealed."""
    return db.session.scalar(select(RegionSnapshot).order_by(RegionSnapshot.day.desc()).limit(1))


def first_home_at() -> datetime | None:
    """When the first of those who are at home somewhere chose it."""
    found: datetime | None = db.session.scalar(
        text(f"SELECT min(chosen_at) FROM {accounts.homes.homes_from()} home")
    )
    return found


def find_day_to_seal() -> date | None:
    """The next day to be sealed, whether it is over or not; None before anybody chose a home region."""
    last, first = find_last_snapshot(), first_home_at()
    if last is not None:
        return last.day + timedelta(days=1)
    return clock.business_day(first) if first else None


def count_days_unsealed() -> int:
    """How many days should have been sealed by now, and are not: each has had an hour for it."""
    day = find_day_to_seal()
    return max((clock.business_day(clock.now() - OVERDUE_AFTER) - day).days, 0) if day else 0


_RELEASES = text(
    "SELECT region, line, published_g FROM region_release WHERE day = :day ORDER BY region, line"
)


def list_releases(day: date) -> list[tuple[str, str, int]]:
    """What a day released: region, line and published grams, in the order in which they are signed."""
    return [(row.region, row.line, row.published_g) for row in db.session.execute(_RELEASES, {"day": day})]
