"""Counting the days on which people act, and giving badges for them. Nothing here moves points or grams.

A day counts as long as footprint credits it: both `count` and `uncount` look there, under the lock of the
holder's standing, so that acts may be heard of in any order and any number of times.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import text

from app.accounts.queries.holders import is_person
from app.accounts.services import notices
from app.footprint import queries as footprint
from app.kit import clock
from app.kit.database import array, db, text_array, write
from app.offsets import queries as offsets
from app.rewards.models.badges import BadgeAward
from app.rewards.queries import badges as known
from app.rewards.rules.badges import Earned, badges, earned
from app.rewards.rules.days import BITS
from app.rewards.rules.levels import level_of, levels
from app.rewards.rules.tariffs import Act

LATE = timedelta(minutes=5)
"""How long something that has a time already may stay invisible: its transaction is not over yet."""
_BIT = f"bit_or(set_bit(B'0'::bit({BITS}), extract(doy FROM day)::integer - 1, 1))"
_TURN = text(
    "INSERT INTO badge_standing (holder_id, stale)"
    " SELECT DISTINCT holder_id, true FROM unnest(CAST(:holders AS bigint[])) AS act(holder_id)"
    f" WHERE {is_person('holder_id')} ORDER BY holder_id ON CONFLICT (holder_id) DO UPDATE SET stale = true"
)
_COUNT = text(
    "INSERT INTO active_days AS known (holder_id, year, scene, days)"
    f" SELECT holder_id, extract(year FROM day)::smallint, scene, {_BIT}"
    " FROM unnest(CAST(:holders AS bigint[]), CAST(:days AS date[]), CAST(:scenes AS text[]))"
    "   AS act(holder_id, day, scene)"
    f" JOIN {footprint.accounts.credited_days_from()} credited USING (holder_id, day, scene)"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    " ON CONFLICT (holder_id, year, scene) DO UPDATE SET days = known.days | excluded.days"
    " WHERE known.days & excluded.days <> excluded.days"
)
_UNCOUNT = text(
    "UPDATE active_days SET days = set_bit(days, extract(doy FROM CAST(:day AS date))::integer - 1, 0)"
    " WHERE holder_id = :holder AND year = extract(year FROM CAST(:day AS date)) AND scene NOT IN ("
    f"   SELECT scene FROM {footprint.accounts.credited_days_from()} credited"
    "   WHERE holder_id = :holder AND day = :day)"
)
_OTHERS = "SELECT holder_id FROM {emitted} recorded UNION SELECT holder_id FROM {retired} retired"
_OTHER_TURNS = text(
    "INSERT INTO badge_standing (holder_id, stale) SELECT holder_id, true FROM ("
    + _OTHERS.format(emitted=footprint.accounts.emitted_from(), retired=offsets.retired.retired_from())
    + f") others WHERE {is_person('holder_id')} ORDER BY holder_id"
    " ON CONFLICT (holder_id) DO UPDATE SET stale = true"
)
_WATCH = text("SELECT until FROM badge_watch WHERE id = 1 FOR UPDATE")
_WATCHED = text("UPDATE badge_watch SET until = :until WHERE id = 1")
_STALE = text(
    "SELECT holder_id, level FROM badge_standing WHERE stale ORDER BY holder_id LIMIT :limit"
    " FOR UPDATE SKIP LOCKED"
)
_LOOKED = text(
    "UPDATE badge_standing SET stale = false, level = seen.level"
    " FROM unnest(CAST(:holders AS bigint[]), CAST(:levels AS smallint[])) AS seen(holder_id, level)"
    " WHERE badge_standing.holder_id = seen.holder_id"
)
_AWARD = text(
    "INSERT INTO badge_award AS known (holder_id, badge, version, figure, earned_on, awarded_at)"
    " SELECT holder_id, badge, version, figure, earned_on, :now FROM unnest(CAST(:holders AS bigint[]),"
    "   CAST(:badges AS text[]), CAST(:versions AS text[]), CAST(:figures AS integer[]),"
    "   CAST(:days AS date[]))"
    "   AS fresh(holder_id, badge, version, figure, earned_on) ORDER BY holder_id, badge"
    " ON CONFLICT (holder_id, badge) DO UPDATE SET version = excluded.version, figure = excluded.figure,"
    "   earned_on = excluded.earned_on, awarded_at = excluded.awarded_at, withdrawn_at = NULL"
    " WHERE known.withdrawn_at IS NOT NULL"
)
_WITHDRAW = text(
    "UPDATE badge_award SET withdrawn_at = :now FROM unnest(CAST(:holders AS bigint[]),"
    "   CAST(:badges AS text[])) AS lost(holder_id, badge)"
    " WHERE badge_award.holder_id = lost.holder_id AND badge_award.badge = lost.badge"
    " AND badge_award.withdrawn_at IS NULL"
)


def count(acts: Sequence[Act]) -> None:
    """Count the days of recorded acts, of however many holders; it is their turn to be looked at."""
    if acts:
        _take_turns(act.holder_id for act in acts)
        told = {
            "holders": array(act.holder_id for act in acts),
            "days": array(act.occurred_on.isoformat() for act in acts),
            "scenes": text_array(act.scene for act in acts),
        }
        db.session.execute(_COUNT, told)


def uncount(holder_id: int, day: date) -> None:
    """An act of this day was withdrawn: whatever is not credited on it any more no longer counts."""
    _take_turns([holder_id])
    db.session.execute(_UNCOUNT, {"holder": holder_id, "day": day})


def _take_turns(holder_ids: Iterable[int]) -> None:
    db.session.execute(_TURN, {"holders": array(sorted(set(holder_ids)))})


def watch_others() -> int:
    """Let those have their turn who recorded emissions or had forest retired lately; returns how many.

    What has a time already may not be visible yet, so every look begins a little before the last one ended.
    """
    until = db.session.scalar(_WATCH)
    now = clock.now()
    found = write(_OTHER_TURNS, {"since": until - LATE, "until": now})
    db.session.execute(_WATCHED, {"until": now})
    return found


def give_badges(limit: int = 100) -> int:
    """Look at people whose turn it is; returns how many. They keep what they earned, and are told of it.

    Whoever counts their next act waits until this is written, and gives them another turn.
    """
    turns = {row.holder_id: row.level for row in db.session.execute(_STALE, {"limit": limit})}
    if not turns:
        return 0
    lives, held = known.read_lives(list(turns)), known.list_held(turns)
    fulfilled = {holder_id: earned(life) for holder_id, life in lives.items()}
    _award(
        [
            (holder_id, code, each.figure, each.on)
            for holder_id, found in fulfilled.items()
            for code, each in found.items()
            if code not in held.get(holder_id, {})
        ]
    )
    _withdraw(
        [
            (holder_id, code)
            for holder_id, awards in held.items()
            for code, award in awards.items()
            if _lost(award, fulfilled[holder_id])
        ]
    )
    _raise_levels(turns)
    return len(turns)


def _lost(award: BadgeAward, fulfilled: Mapping[str, Earned]) -> bool:
    """Whether acts were withdrawn without which it was not earned; another rule takes nothing back."""
    badge = badges().get(award.badge)
    return badge is not None and badge.version == award.version and badge.code not in fulfilled


def _award(fresh: Sequence[tuple[int, str, int, date]]) -> None:
    if not fresh:
        return
    holders, codes, figures, days = zip(*fresh, strict=True)
    values = {
        "holders": array(holders),
        "badges": text_array(codes),
        "versions": text_array(badges()[code].version for code in codes),
        "figures": array(figures),
        "days": array(map(date.isoformat, days)),
        "now": clock.now(),
    }
    db.session.execute(_AWARD, values)
    _tell("rewards.notice_badge", list(zip(holders, codes, strict=True)))


def _withdraw(lost: Sequence[tuple[int, str]]) -> None:
    if not lost:
        return
    values = {"holders": array(holder_id for holder_id, _ in lost), "now": clock.now()}
    db.session.execute(_WITHDRAW, {**values, "badges": text_array(code for _, code in lost)})
    _tell("rewards.notice_badge_withdrawn", lost)


def _tell(message: str, concerned: Sequence[tuple[int, str]]) -> None:
    """Tell of badges given or gone: each time anew, since one that is gone may be earned and go again."""
    moment = int(clock.now().timestamp())
    for code in sorted({code for _, code in concerned}):
        badge = badges()[code]
        notices.tell(
            [holder_id for holder_id, each in concerned if each == code],
            message,
            f"badge.{code}.{moment}",
            name_zh=badge.name_zh,
            name_en=badge.name_en,
        )


def _raise_levels(turns: Mapping[int, int]) -> None:
    """Note the highest level each has ever had, and tell of a new one."""
    reached = {each: level_of(grams).level.number for each, grams in known.read_grams(turns).items()}
    for level in levels()[1:]:
        risen = [each for each, number in reached.items() if turns[each] < number == level.number]
        named = {"name_zh": level.name_zh, "name_en": level.name_en}
        notices.tell(risen, "rewards.notice_level", f"level.{level.code}", **named)
    highest = {holder_id: max(before, reached[holder_id]) for holder_id, before in turns.items()}
    db.session.execute(_LOOKED, {"holders": array(highest), "levels": array(highest.values())})
