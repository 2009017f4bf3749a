"""Where people stand: their days, levels, streaks and badges, and what anyone may know of the rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.footprint import queries as footprint
from app.kit import clock
from app.kit.database import array, db
from app.offsets import queries as offsets
from app.rewards.models.badges import BadgeAward
from app.rewards.rules.badges import Badge, Life, badges, figure
from app.rewards.rules.days import ActiveDays, read_days
from app.rewards.rules.levels import Standing, level_of
from app.rewards.rules.streaks import Streak

_DAYS = text(
    "SELECT holder_id, year, scene, days FROM active_days WHERE holder_id = ANY(CAST(:holders AS bigint[]))"
    " ORDER BY holder_id, year, scene"
)
_GRAMS = text(
    f"SELECT holder_id, {accounts.balance_of(chart.REDUCTIONS, 'holder_id')} AS grams"
    " FROM unnest(CAST(:holders AS bigint[])) AS asked(holder_id)"
)


@dataclass(frozen=True, slots=True)
class BadgeFacts:
    """A badge as one person sees it: how far they have come, and since when they hold it."""

    badge: Badge
    figure: int
    earned_on: date | None

    @property
    def percent(self) -> int:
        """How much of it is done, rounded down."""
        return 100 if self.earned_on else min(99, self.figure * 100 // self.badge.needed)


@dataclass(frozen=True, slots=True)
class Trail:
    """All of a person's way so far: level, streak, days and badges, those they hold first."""

    standing: Standing
    streak: Streak
    days: ActiveDays
    badges: Sequence[BadgeFacts]

    @property
    def held(self) -> Sequence[BadgeFacts]:
        """The badges they hold, the latest first."""
        return [each for each in self.badges if each.earned_on]


def get_trail(holder_id: int) -> Trail:
    """A person's way so far, as of today."""
    life = read_lives([holder_id])[holder_id]
    held = list_held([holder_id]).get(holder_id, {})
    facts = [
        BadgeFacts(badge, figure(life, badge), _earned_on(held.get(badge.code)))
        for badge in badges().values()
        if badge.code in held or is_open(badge)
    ]
    return Trail(
        standing=level_of(accounts.get_balance(holder_id, chart.REDUCTIONS)),
        streak=life.days.streak(life.today),
        days=life.days,
        badges=sorted(facts, key=_latest_first),
    )


def _earned_on(award: BadgeAward | None) -> date | None:
    return award.earned_on if award else None


def _latest_first(facts: BadgeFacts) -> tuple[int, int]:
    """Those held, the latest first; the others, the nearest first."""
    return -(facts.earned_on.toordinal() if facts.earned_on else 0), -facts.percent


def is_open(badge: Badge) -> bool:
    """Whether it can be earned here: some act that it counts is counted on this instance."""
    return not badge.scenes or any(footprint.find_scene(scene) for scene in badge.scenes)


def list_open() -> list[Badge]:
    """The badges that can be earned here."""
    return [badge for badge in badges().values() if is_open(badge)]


def get_days(holder_id: int) -> ActiveDays:
    """The days on which a person acted."""
    return _read_days([holder_id]).get(holder_id, ActiveDays({}))


def read_lives(holder_ids: Sequence[int]) -> dict[int, Life]:
    """What badges look at, of each of these holders."""
    days = _read_days(holder_ids)
    months = footprint.accounts.count_recorded_months(holder_ids)
    retirers = offsets.retired.list_retirers(holder_ids)
    today = clock.business_day().toordinal()
    return {
        each: Life(days.get(each, ActiveDays({})), months.get(each, 0), each in retirers, today)
        for each in holder_ids
    }


def read_grams(holder_ids: Iterable[int]) -> dict[int, int]:
    """What each of these holders avoided in their life, by the books."""
    rows = db.session.execute(_GRAMS, {"holders": array(holder_ids)})
    return {row.holder_id: row.grams for row in rows}


def list_held(holder_ids: Iterable[int]) -> Mapping[int, Mapping[str, BadgeAward]]:
    """The badges that these holders hold now."""
    wanted = select(BadgeAward).where(BadgeAward.holder_id.in_(holder_ids), BadgeAward.withdrawn_at.is_(None))
    found: dict[int, dict[str, BadgeAward]] = {}
    for award in db.session.scalars(wanted.execution_options(populate_existing=True)):
        found.setdefault(award.holder_id, {})[award.badge] = award
    return found


def _read_days(holder_ids: Iterable[int]) -> dict[int, ActiveDays]:
    rows: dict[int, list[tuple[int, str, str]]] = {}
    for holder_id, *told in db.session.execute(_DAYS, {"holders": array(holder_ids)}):
        rows.setdefault(holder_id, []).append((told[0], told[1], told[2]))
    return {holder_id: read_days(found) for holder_id, found in rows.items()}
