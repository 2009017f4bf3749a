"""Sealing a day of regions: what people did is counted, released where it is safe, rolled up and signed.

One transaction a day, so a crash leaves the day undone and the next look does all of it. The rule is
`rules.crowds`; here it is carried out level by level, from villages up.
"""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from app.kit import clock, signing
from app.kit.database import allow_bulk, db, write
from app.statements.models import RegionSnapshot
from app.statements.queries import crowds
from app.statements.rules.crowds import (
    DIGITS,
    UNCERTAIN_PERCENT,
    digest_of,
    wider,
)

_BEGINNING = datetime(2015, 1, 1, tzinfo=UTC)
_LOCK = text("LOCK TABLE region_snapshot IN SHARE ROW EXCLUSIVE MODE")
# In no order: forgotten shares keep their ids, and ids must not stand between those of known neighbours.
_COUNT = text(
    "INSERT INTO region_share (day, person, region, line, grams)"
    f" SELECT :day, person, region, line, grams FROM ({crowds.shares_sql()}) told ORDER BY random()"
)
_RELEASE = text(
    "INSERT INTO region_release (day, region, line, people, grams, published_g)"
    " VALUES (:day, :region, :line, :people, :grams, :published_g)"
)
_ASSIGN = text(
    "UPDATE region_share s SET release_id = r.id FROM region_release r WHERE s.release_id IS NULL"
    " AND length(s.region) = :digits AND (r.day, r.region, r.line) = (:day, s.region, s.line)"
)
_PUSH = text(
    "UPDATE region_share SET region = left(region, :wider)"
    " WHERE release_id IS NULL AND length(region) = :digits"
)
_ROLL = text(
    "INSERT INTO region_month AS known (region, month, line, published_g) "
    + crowds.ROLLED.format(which="day = :day")
    + " ON CONFLICT (region, month, line)"
    " DO UPDATE SET published_g = known.published_g + excluded.published_g"
)


def seal_day(day: date, until: datetime, least_people: int) -> RegionSnapshot | None:
    """Seal what happened before `until` as the snapshot of `day`; None when it, or a later one, is there."""
    allow_bulk(minutes=5)
    db.session.execute(_LOCK)  # two who seal take turns
    last = crowds.find_last_snapshot()
    if last is not None and last.day >= day:
        return None
    write(_COUNT, {"day": day, "since": last.until if last else _BEGINNING, "until": until})
    ends_month = (day + timedelta(days=1)).day == 1
    for digits in DIGITS:
        _release_level(day, digits, least_people, push=ends_month and digits > 0)
    write(_ROLL, {"day": day})
    return _sign(day, until, least_people, last)


def _release_level(day: date, digits: int, least_people: int, push: bool) -> None:
    """Release the crowds of one level that are safe; at a month's end the others go up."""
    releases = [
        {
            "day": day,
            "region": each.region,
            "line": each.line,
            "people": each.crowd.people,
            "grams": each.crowd.grams,
            "published_g": each.published_g,
        }
        for each in crowds.list_waiting(digits)
        if each.publishable(least_people)
    ]
    if releases:
        db.session.execute(_RELEASE, releases)
        write(_ASSIGN, {"day": day, "digits": digits})
    if push:
        write(_PUSH, {"digits": digits, "wider": wider(digits)})


def _sign(day: date, until: datetime, least_people: int, last: RegionSnapshot | None) -> RegionSnapshot:
    releases = crowds.list_releases(day)
    digest = digest_of(releases, last.digest if last else "")
    claims = {
        "day": day.isoformat(),
        "until": until.isoformat(),
        "least_people": least_people,
        "uncertain_percent": UNCERTAIN_PERCENT,
        "releases": len(releases),
        "digest": digest,
    }
    snapshot = RegionSnapshot(
        day=day,
        until=until,
        least_people=least_people,
        releases=len(releases),
        digest=digest,
        document=signing.seal().sign(claims, crowds.SNAPSHOT_KIND),
        sealed_at=clock.now(),
    )
    db.session.add(snapshot)
    db.session.flush()
    return snapshot
