"""What several people did in a stretch of days, added up by whatever they are counted under."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text

from app.kit.database import array, db


@dataclass(frozen=True, slots=True)
class Activity:
    """How many did anything, what they avoided, and on how many days of a person, added up."""

    people: int
    avoided_g: int
    days: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Which acts count: of these days, with one of these grades of evidence, of these scenes; none means all.

    Only acts that stand and were credited ever do.
    """

    first: date
    last: date
    grades: Sequence[str]
    scenes: Sequence[str] = ()

    @property
    def values(self) -> dict[str, Any]:
        """As parameters of a statement."""
        return {
            "first": self.first,
            "last": self.last,
            "grades": list(self.grades),
            "scenes": list(self.scenes),
        }


_COUNTED = (
    "occurred_on BETWEEN :first AND :last AND withdrawn_at IS NULL AND avoided_g > 0"
    " AND grade = ANY(:grades) AND (cardinality(CAST(:scenes AS text[])) = 0 OR scene = ANY(:scenes))"
)
_BY_LABEL = text(
    "SELECT label, count(*) AS people, sum(avoided_g)::bigint AS avoided_g, sum(days)::bigint AS days"
    " FROM (SELECT label, holder_id, sum(avoided_g) AS avoided_g, count(DISTINCT occurred_on) AS days"
    "   FROM unnest(CAST(:labels AS bigint[]), CAST(:holders AS bigint[])) AS counted(label, holder)"
    "   JOIN action ON holder_id = holder"
    f"   AND {_COUNTED} GROUP BY label, holder_id) AS persons GROUP BY label"
)
_ACTIVE = text(
    "SELECT holder FROM unnest(CAST(:holders AS bigint[])) AS counted(holder) WHERE EXISTS ("
    f" SELECT FROM action WHERE holder_id = holder AND {_COUNTED}) ORDER BY holder"
)


def tally(people: Sequence[tuple[int, int]], counted: Counted) -> dict[int, Activity]:
    """What these people, pairs of label and holder, did, by label; who did nothing has no label's entry."""
    labels, holders = ([pair[place] for pair in people] for place in (0, 1))
    values = {"labels": array(labels), "holders": array(holders), **counted.values}
    rows = db.session.execute(_BY_LABEL, values)
    return {row.label: Activity(row.people, row.avoided_g, row.days) for row in rows}


def list_active(holders: Sequence[int], counted: Counted) -> list[int]:
    """Which of these people have any such act."""
    return list(db.session.scalars(_ACTIVE, {"holders": array(holders), **counted.values}))
