"""What each signal looks at, brought to facts, and what its rule makes of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import text

from app.accounts import queries as accounts
from app.footprint.queries import likeness
from app.footprint.queries.likeness import Alike
from app.kit import clock
from app.kit.database import db
from app.rewards.queries.fairness_rules import limits
from app.rewards.queries.fairness_rules import rules as fairness_rules
from app.rewards.rules import fairness as rules
from app.rewards.rules.fairness import Fact, Finding, Rule, Told

_SPENT = text(
    "SELECT s.payee_id, s.holder_id, (reserved_at AT TIME ZONE 'Asia/Shanghai')::date AS day,"
    "   sum(points)::int AS points FROM spending s WHERE reserved_at >= :begin AND returned_at IS NULL"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
_PARCELS = text(
    "WITH sent AS (SELECT holder_id, (reserved_at AT TIME ZONE 'Asia/Shanghai')::date AS day, what, digest"
    "   FROM dispatch d JOIN redemption r ON r.id = d.redemption_id"
    "   CROSS JOIN LATERAL (VALUES ('place', place_digest), ('phone', phone_digest)) told (what, digest)"
    "   WHERE reserved_at >= :begin AND digest IS NOT NULL)"
    " SELECT what || encode(digest, 'hex') AS mark, holder_id, day FROM sent WHERE (what, digest) IN ("
    "   SELECT what, digest FROM sent GROUP BY what, digest"
    "   HAVING count(DISTINCT holder_id) BETWEEN :least AND :crowd)"
    " GROUP BY what, digest, holder_id, day ORDER BY what, digest, holder_id, day"
)
_MEMBERS = text(
    "SELECT group_id, holder_id FROM group_member WHERE left_at IS NULL AND group_id IN ("
    "   SELECT group_id FROM group_member WHERE joined_at >= :begin) ORDER BY group_id, holder_id"
)
_DECIDED = text(
    "SELECT p.holder_id, max((i.closed_at AT TIME ZONE 'Asia/Shanghai')::date + CASE WHEN EXISTS ("
    "     SELECT FROM fairness_measure m WHERE m.inquiry_id = i.id AND m.holder_id = p.holder_id"
    "     AND m.decided_by IS NOT NULL AND m.kind <> 'nothing'"
    "     AND coalesce(m.ended_why, '') NOT IN ('appeal', 'declined')) THEN 0 ELSE :rest END) AS day"
    " FROM fairness_inquiry i JOIN fairness_party p ON p.inquiry_id = i.id"
    " WHERE i.rule = :rule AND i.closed_at IS NOT NULL GROUP BY p.holder_id"
)


@dataclass(frozen=True)
class Sign:
    """How a signal is looked for: what it reads, and what its rule makes of that."""

    read: Callable[[Rule, date], list[Told]]
    find: Callable[[Iterable[Told], int], list[Finding]]


def look(rule: Rule, day: date) -> list[Finding]:
    """What `rule` finds on `day` for accounts of which it was not decided already.

    With those that are left in peace the others are compared, or the one who was found beside them could
    go on as before.
    """
    sign, decided = SIGNS[rule.key], _decided(rule.key)
    told = sign.read(rule, rule.since(day))
    return sign.find((each.since(decided.get(each.holder_id)) for each in told), rule.least)


def _decided(key: str) -> dict[int, date]:
    """Up to which day an account's data says nothing any more for a signal, since somebody has decided on it.

    Where nothing was found wrong the account is left in peace for `rest_days`.
    """
    rows = db.session.execute(_DECIDED, {"rule": key, "rest": limits().rest_days})
    return {row.holder_id: row.day for row in rows}


def _told(row: Alike, unit: str) -> Told:
    fact = Fact(row.on, row.scene, row.value, unit, tuple(row.acts))
    return Told(row.mark, row.holder_id, fact, row.told_on)


def _same_steps(rule: Rule, since: date) -> list[Told]:
    bounds = rule.bounds
    rows = likeness.list_same_steps(since, bounds["steps"], bounds["run"], bounds["crowd"])
    return [_told(row, "steps") for row in rows]


def _repeated_steps(rule: Rule, since: date) -> list[Told]:
    rows = likeness.list_repeated_steps(since, rule.bounds["steps"], rule.least)
    return [_told(row, "steps") for row in rows]


def _same_journeys(rule: Rule, since: date) -> list[Told]:
    return [_told(row, "m") for row in likeness.list_same_journeys(since, rule.bounds["crowd"])]


def _same_photos(rule: Rule, since: date) -> list[Told]:
    return [_told(row, "photos") for row in likeness.list_near_photos(since)]


def _same_person(rule: Rule, since: date) -> list[Told]:
    return [
        Told(row.mark, row.holder_id, Fact(clock.business_day(row.since), None, 1, "accounts"))
        for row in accounts.likeness.list_same_users()
    ]


def _own_shop(rule: Rule, since: date) -> list[Told]:
    begin = datetime.combine(since, time(), clock.SHANGHAI)
    rows = db.session.execute(_SPENT, {"begin": begin}).all()
    own = accounts.likeness.list_acting({(row.payee_id, row.holder_id) for row in rows}, begin)
    return [
        Told(row.payee_id, row.holder_id, Fact(row.day, None, row.points, "points"))
        for row in rows
        if (row.payee_id, row.holder_id) in own
    ]


def _same_address(rule: Rule, since: date) -> list[Told]:
    begin = datetime.combine(since, time(), clock.SHANGHAI)
    asked = {"begin": begin, "least": rule.least, "crowd": rule.bounds["crowd"]}
    return [
        Told(row.mark, row.holder_id, Fact(row.day, None, 1, "parcels"))
        for row in db.session.execute(_PARCELS, asked)
    ]


def _new_group(rule: Rule, since: date) -> list[Told]:
    begin = datetime.combine(since, time(), clock.SHANGHAI)
    rows = db.session.execute(_MEMBERS, {"begin": begin}).all()
    opened = accounts.likeness.list_opened([row.holder_id for row in rows], begin)
    borne_out = likeness.list_borne_out(sorted(opened))
    return [
        Told(
            row.group_id,
            row.holder_id,
            Fact(clock.business_day(at), None, int(at.timestamp()), "accounts"),
        )
        for row in rows
        if (at := opened.get(row.holder_id)) is not None and row.holder_id not in borne_out
    ]


def _together(told: Iterable[Told], least: int) -> list[Finding]:
    return rules.bursts(told, least, timedelta(minutes=fairness_rules()["new_group"].bounds["minutes"]))


SIGNS: Mapping[str, Sign] = {
    "same_steps": Sign(_same_steps, rules.alike),
    "same_journeys": Sign(_same_journeys, rules.alike),
    "same_photos": Sign(_same_photos, rules.alike),
    "repeated_steps": Sign(_repeated_steps, rules.repeated),
    "same_person": Sign(_same_person, rules.crowded),
    "own_shop": Sign(_own_shop, rules.adding_up),
    "same_address": Sign(_same_address, rules.crowded),
    "new_group": Sign(_new_group, _together),
}
"""Every signal of `data/fairness.toml` by its key."""
