"""A person's year in review 年度回顾: three lines that are never added, the days, and what came of them.

Every figure is the one that stands in the person's account of that year, from the same sums.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from app.accounts import chart
from app.accounts import queries as accounts
from app.footprint import queries as footprint
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.problems import NotFound
from app.offsets import queries as offsets
from app.rewards.models.badges import BadgeAward, YearLink
from app.rewards.queries.badges import get_days
from app.rewards.rules.badges import Badge, badges
from app.rewards.rules.levels import Standing, level_of

FIRST_YEAR = 2015
_SECRET_BYTES = 18


@dataclass(frozen=True, slots=True)
class ScenePart:
    """What one kind of act avoided in the year, and on how many days it was done."""

    scene: str
    name_zh: str
    name_en: str
    grams: int
    days: int


@dataclass(frozen=True, slots=True)
class YearFacts:
    """A year: avoided, emitted and retired grams, each a claim of its own, and the days behind them.

    `avoided_by_month` has twelve figures. `recorded_months` are those whose emissions were recorded: the
    emitted grams are those of these months alone. `as_of` is when this was read; `over` whether the year is.
    """

    year: int
    as_of: datetime
    over: bool
    avoided_g: int
    avoided_by_month: tuple[int, ...]
    parts: Sequence[ScenePart]
    before_g: int
    emitted_g: int
    recorded_months: int
    retired_g: int
    active_days: int
    longest_streak: int
    badges: Sequence[tuple[Badge, date]]
    standing: Standing

    @property
    def best_month(self) -> int | None:
        """The number of the month in which most was avoided; None where nothing was."""
        most = max(self.avoided_by_month)
        return self.avoided_by_month.index(most) + 1 if most else None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to look back on."""
        return not (self.avoided_g or self.emitted_g or self.retired_g)


def require_year(year: int) -> None:
    """Refuse a year that has not begun or that we cannot know of. Raises `NotFound`."""
    if not FIRST_YEAR <= year <= clock.business_day().year:
        raise NotFound()


def get_year(holder_id: int, year: int) -> YearFacts:
    """A person's year as of now. Raises `NotFound` for one that has not begun or that we cannot know of."""
    require_year(year)
    now = clock.now()
    today = clock.business_day(now)
    first, last = date(year, 1, 1), date(year, 12, 31)
    avoided = footprint.accounts.sum_avoided(holder_id, first, last, "month")
    emitted = footprint.accounts.sum_emitted(holder_id, first, last, "month")
    before = footprint.accounts.sum_avoided(holder_id, date(year - 1, 1, 1), date(year - 1, 12, 31), "year")
    days = get_days(holder_id).within(first, last)
    by_month = [0] * 12
    for each in avoided:
        by_month[each.starts.month - 1] += each.grams
    return YearFacts(
        year=year,
        as_of=now,
        over=today > last,
        avoided_g=sum(by_month),
        avoided_by_month=tuple(by_month),
        parts=_parts(avoided, days.by_scene),
        before_g=sum(each.grams for each in before),
        emitted_g=sum(each.grams for each in emitted),
        recorded_months=len({each.starts for each in emitted}),
        retired_g=sum(offsets.retired.sum_retired(holder_id, first, last, "year").values()),
        active_days=len(days.all),
        longest_streak=days.streak(min(today, last).toordinal()).longest,
        badges=_badges_of(holder_id, year),
        standing=level_of(accounts.get_balance(holder_id, chart.REDUCTIONS)),
    )


def _parts(
    avoided: Sequence[footprint.accounts.Avoided], days: Mapping[str, frozenset[int]]
) -> list[ScenePart]:
    sums: dict[str, int] = {}
    for each in avoided:
        sums[each.scene] = sums.get(each.scene, 0) + each.grams
    parts = [
        ScenePart(scene, *footprint.scene_names(scene), grams, len(days.get(scene, ())))
        for scene, grams in sums.items()
    ]
    return sorted(parts, key=lambda part: -part.grams)


def _badges_of(holder_id: int, year: int) -> list[tuple[Badge, date]]:
    """The badges that were earned in a year and are still held, the earliest first."""
    wanted = select(BadgeAward.badge, BadgeAward.earned_on).where(
        BadgeAward.holder_id == holder_id,
        BadgeAward.withdrawn_at.is_(None),
        BadgeAward.earned_on.between(date(year, 1, 1), date(year, 12, 31)),
    )
    rows = db.session.execute(wanted.order_by(BadgeAward.earned_on, BadgeAward.badge))
    return [(badges()[row.badge], row.earned_on) for row in rows if row.badge in badges()]


def list_years(holder_id: int) -> list[int]:
    """The years of which a person's account has anything, the latest first; this one where none has."""
    today = clock.business_day()
    stretch = (holder_id, date(FIRST_YEAR, 1, 1), date(today.year, 12, 31), "year")
    found = {each.starts.year for each in footprint.accounts.sum_avoided(*stretch)}
    found |= {each.starts.year for each in footprint.accounts.sum_emitted(*stretch)}
    found |= {starts.year for starts in offsets.retired.sum_retired(*stretch)}
    return sorted(found or {today.year}, reverse=True)


def secret_of(holder_id: int, year: int, issue: int) -> str:
    """The secret of a year's link, which is kept nowhere; nobody can tell it without our key."""
    secret = sealing.digester("year_link")(f"{holder_id}:{year}:{issue}")[:_SECRET_BYTES]
    return base64.urlsafe_b64encode(secret).decode()


def hash_of(secret: str) -> bytes:
    """What a link's secret is found by."""
    return hashlib.sha256(secret.encode()).digest()


def find_link(holder_id: int, year: int, *, lock: bool = False) -> YearLink | None:
    """The link under which a person shows a year, taken back or not; None when there never was one."""
    wanted = select(YearLink).where(YearLink.holder_id == holder_id, YearLink.year == year)
    if lock:
        wanted = wanted.with_for_update()
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def find_secret(holder_id: int, year: int) -> str | None:
    """The secret of the link that leads to a person's year now; None when it is not shown."""
    link = find_link(holder_id, year)
    return secret_of(holder_id, year, link.issue) if link and link.withdrawn_at is None else None


def get_shown(secret: str) -> YearFacts:
    """The year that somebody shows under this link. Raises `NotFound`, also for one that was taken back."""
    link = db.session.scalar(
        select(YearLink).where(YearLink.link_hash == hash_of(secret), YearLink.withdrawn_at.is_(None))
    )
    if link is None:
        raise NotFound()
    return get_year(link.holder_id, link.year)
