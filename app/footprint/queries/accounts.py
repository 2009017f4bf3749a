"""A person's acts and emissions over any stretch of days: sums, and every line one after another.

The sums come from the days of each scene and from emissions, so they cost what the person did in that
time, whatever else the tables hold. Avoided and emitted grams are two claims; nothing here adds them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, text, tuple_

from app.footprint.models import ActionRow
from app.footprint.queries.actions import NAMES, Action, read_action
from app.footprint.queries.catalogue import Factor, Methodology, catalogue, factor_by_id
from app.footprint.queries.months import Emission
from app.footprint.rules import in_force
from app.kit.clock import business_day
from app.kit.database import array, db

UNITS = ("day", "month", "year")
"""What sums can be split by."""


@dataclass(frozen=True, slots=True)
class Avoided:
    """Grams credited for one scene in one part of a stretch, which begins on `starts`."""

    starts: date
    scene: str
    grams: int


@dataclass(frozen=True, slots=True)
class Emitted:
    """Grams of one kind in one part of a stretch, as they stand, with the factor they were computed with."""

    starts: date
    kind: str
    grams: int
    factor: Factor


_AVOIDED = text(
    "SELECT date_trunc(:unit, day)::date AS starts, scene, sum(credited_g)::bigint AS grams FROM scene_day"
    " WHERE holder_id = :holder AND day BETWEEN :first AND :last AND credited_g > 0"
    " GROUP BY 1, 2 ORDER BY 1, 2"
)
_RECORDED_MONTHS = text(
    "SELECT holder_id, count(DISTINCT month) AS months FROM emission"
    " WHERE holder_id = ANY(CAST(:holders AS bigint[])) GROUP BY holder_id"
)
_STANDING = (
    "SELECT DISTINCT ON (month, kind) month, kind, factor_id, emitted_g FROM emission"
    " WHERE holder_id = :holder AND month || '-01' BETWEEN :first AND :last"
    " ORDER BY month, kind, revision DESC"
)
_EMITTED = text(
    "SELECT date_trunc(:unit, (month || '-01')::date)::date AS starts, kind, factor_id,"
    f" sum(emitted_g)::bigint AS grams FROM ({_STANDING}) standing GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
_LINES = text(
    "SELECT id, month, kind, revision, inputs, factor_id, emitted_g, recorded_at, NOT EXISTS ("
    "   SELECT 1 FROM emission later WHERE later.holder_id = e.holder_id AND later.month = e.month"
    "      AND later.kind = e.kind AND later.revision > e.revision) AS current"
    " FROM emission e WHERE holder_id = :holder AND month || '-01' BETWEEN :first AND :last"
    "  AND (month || '-01', id) > (:day, :id) ORDER BY month, id LIMIT :limit"
)
_AVOIDED_UPTO = text(
    "SELECT coalesce(sum(avoided_g), 0)::bigint FROM action WHERE holder_id = :holder"
    " AND occurred_on >= :first AND (occurred_on, id) <= (:day, :id) AND withdrawn_at IS NULL"
)
_EMITTED_UPTO = text(
    "SELECT coalesce(sum(emitted_g), 0)::bigint FROM emission e WHERE holder_id = :holder"
    " AND month || '-01' >= :first AND (month || '-01', id) <= (:day, :id) AND NOT EXISTS ("
    "   SELECT 1 FROM emission later WHERE later.holder_id = e.holder_id AND later.month = e.month"
    "      AND later.kind = e.kind AND later.revision > e.revision)"
)
_DAYS = text(
    "SELECT id, occurred_on, grade FROM action"
    " JOIN unnest(CAST(:holders AS bigint[]), CAST(:ids AS bigint[])) AS asked(holder_id, id)"
    " USING (holder_id, id)"
)


def sum_avoided(holder_id: int, first: date, last: date, unit: str) -> list[Avoided]:
    """What was credited from `first` to `last`, by scene and by day, month or year (`UNITS`)."""
    values = {"holder": holder_id, "first": first, "last": last, "unit": unit}
    return [Avoided(*row) for row in db.session.execute(_AVOIDED, values)]


def sum_emitted(holder_id: int, first: date, last: date, unit: str) -> list[Emitted]:
    """What stands as emitted, by kind and factor. A month counts where its first day lies in the stretch."""
    values = {"holder": holder_id, "first": str(first), "last": str(last), "unit": unit}
    return [
        Emitted(row.starts, row.kind, row.grams, factor_by_id(row.factor_id))
        for row in db.session.execute(_EMITTED, values)
    ]


def mark_of(scene: str, first: date) -> dict[str, str] | None:
    """What must stand beside a scene's grams of days from `first` on, as long as any may be unverified.

    Whatever version may have counted one of them speaks, whether it counts today or not: an act is counted
    on its day or later, so those that another one of their pack had followed by then cannot have.
    """
    known = catalogue()
    packs = {choice.pack for choice in known.choices if in_force(choice, known.day)}
    told = [each for each in known.methodologies.values() if each.method.scene == scene and each.in_force]
    for place, each in enumerate(told):
        followed = any(later.pack == each.pack and _begins(later) < first for later in told[place + 1 :])
        if each.pack in packs and not followed and each.mark:
            return each.mark
    return None


def _begins(methodology: Methodology) -> date:
    return methodology.effective_from or business_day(methodology.loaded_at)


def list_acts(
    holder_id: int, first: date, last: date, after: tuple[date, int], limit: int
) -> Sequence[Action]:
    """A stretch's actions in the order of their days, withdrawn ones too, from behind (day, id) on."""
    wanted = (
        select(*(getattr(ActionRow, name) for name in NAMES))
        .where(ActionRow.holder_id == holder_id, ActionRow.occurred_on.between(first, last))
        .where(tuple_(ActionRow.occurred_on, ActionRow.id) > after)
        .order_by(ActionRow.occurred_on, ActionRow.id)
        .limit(limit)
    )
    return [read_action(row._mapping) for row in db.session.execute(wanted)]


def list_recorded(
    holder_id: int, first: date, last: date, after: tuple[date, int], limit: int
) -> Sequence[Emission]:
    """A stretch's emissions in the order of their months, corrected ones too, from behind (day, id) on."""
    values = {"holder": holder_id, "first": str(first), "last": str(last)}
    values |= {"day": str(after[0]), "id": after[1], "limit": limit}
    found = []
    for row in db.session.execute(_LINES, values):
        told = dict(row._mapping)
        factor = factor_by_id(told.pop("factor_id"))
        found.append(Emission(**told, factor=factor))
    return found


def avoided_upto(holder_id: int, first: date, upto: tuple[date, int]) -> int:
    """Grams of a stretch's actions up to and with (day, id)."""
    values = {"holder": holder_id, "first": first, "day": upto[0], "id": upto[1]}
    return int(db.session.scalar(_AVOIDED_UPTO, values) or 0)


def emitted_upto(holder_id: int, first: date, upto: tuple[date, int]) -> int:
    """Grams of a stretch's standing emissions up to and with (day, id)."""
    values = {"holder": holder_id, "first": str(first), "day": str(upto[0]), "id": upto[1]}
    return int(db.session.scalar(_EMITTED_UPTO, values) or 0)


def days_and_grades(acts: Iterable[tuple[int, int]]) -> dict[int, tuple[date, str]]:
    """The day and the grade of evidence of acts of (holder, id), by id."""
    pairs = sorted(set(acts))
    values = {"holders": array(holder for holder, _ in pairs), "ids": array(act for _, act in pairs)}
    return {row.id: (row.occurred_on, row.grade) for row in db.session.execute(_DAYS, values)}


def count_recorded_months(holder_ids: Iterable[int]) -> dict[int, int]:
    """For how many months each of these holders recorded emissions; who recorded none is left out."""
    rows = db.session.execute(_RECORDED_MONTHS, {"holders": array(holder_ids)})
    return {row.holder_id: row.months for row in rows}


def credited_days_from() -> str:
    """A relation in SQL, lent to another room's statement: holder_id, day and scene that have grams."""
    return "(SELECT holder_id, day, scene FROM scene_day WHERE credited_g > 0)"


def acts_from() -> str:
    """A relation in SQL, lent to another room's statement: id, holder_id, occurred_on, avoided_g."""
    return "(SELECT id, holder_id, occurred_on, avoided_g FROM action)"


def emitted_from() -> str:
    """A relation in SQL, lent to another room's set-based statement: what recording emissions changed.

    From `:since` to before `:until`: holder_id, recorded_at, grams. A correction is the difference it
    makes, and has the time of the first figure: whoever asks can tell whose it was.
    """
    return (
        "(SELECT e.holder_id, first.recorded_at, e.emitted_g - coalesce(before.emitted_g, 0) AS grams"
        " FROM emission e JOIN emission first ON first.holder_id = e.holder_id"
        "   AND first.month = e.month AND first.kind = e.kind AND first.revision = 1"
        " LEFT JOIN emission before ON before.holder_id = e.holder_id"
        "   AND before.month = e.month AND before.kind = e.kind AND before.revision = e.revision - 1"
        " WHERE e.recorded_at >= :since AND e.recorded_at < :until)"
    )
