"""Showing a year to others and taking it back: by a person's own wish alone, and never for a reward."""

from sqlalchemy.dialects.postgresql import insert

from app.kit import clock
from app.kit.database import db
from app.kit.problems import NotFound
from app.rewards.models.badges import YearLink
from app.rewards.queries import years


def show_year(holder_id: int, year: int) -> str:
    """Let whoever has its link see a person's year; returns the link's secret. Shown twice, it is one link.

    After it was taken back it is another one: the old one leads nowhere for ever. Raises `NotFound` for a
    year that there is nothing to show of.
    """
    if years.get_year(holder_id, year).empty:
        raise NotFound()
    now = clock.now()
    first = years.hash_of(years.secret_of(holder_id, year, 1))
    fresh = insert(YearLink).values(holder_id=holder_id, year=year, issue=1, link_hash=first, shown_at=now)
    db.session.execute(fresh.on_conflict_do_nothing())
    link = years.find_link(holder_id, year, lock=True)
    assert link is not None
    if link.withdrawn_at is not None:
        link.issue += 1
        link.link_hash = years.hash_of(years.secret_of(holder_id, year, link.issue))
        link.shown_at, link.withdrawn_at = now, None
    return years.secret_of(holder_id, year, link.issue)


def hide_year(holder_id: int, year: int) -> None:
    """Take a year's link back; it leads nowhere at once. Raises `NotFound` when the year is not shown."""
    years.require_year(year)
    link = years.find_link(holder_id, year, lock=True)
    if link is None or link.withdrawn_at is not None:
        raise NotFound()
    link.withdrawn_at = clock.now()
