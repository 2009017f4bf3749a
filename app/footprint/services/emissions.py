"""Recording what a person's month emitted. Whether it opens a due is the business of a room above."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import BigInteger, String, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.footprint import queries, rules
from app.footprint.queries import Emission, EmissionKind, Factor, Figure
from app.footprint.rules import HOME_REGION, Fault
from app.footprint.services.faults import unreadable
from app.kit import clock
from app.kit.database import db
from app.kit.messages import language
from app.kit.problems import Conflict

_INSERT = text(
    "INSERT INTO emission (holder_id, month, kind, revision, inputs, factor_id, emitted_g, recorded_at)"
    " SELECT :holder, CAST(:month AS varchar), kind, 1 + coalesce((SELECT max(revision) FROM emission"
    "     WHERE holder_id = :holder AND month = CAST(:month AS varchar) AND kind = told.kind), 0),"
    "   CAST(inputs AS jsonb), factor_id, emitted_g, :now"
    " FROM unnest(:kinds, :inputs, :factors, :grams) WITH ORDINALITY"
    "   AS told(kind, inputs, factor_id, emitted_g, place) ORDER BY place"
    " ON CONFLICT DO NOTHING RETURNING id, kind, revision"
).bindparams(
    *(bindparam(name, type_=ARRAY(String)) for name in ("kinds", "inputs")),
    *(bindparam(name, type_=ARRAY(BigInteger)) for name in ("factors", "grams")),
)
_RECORDED = text(
    "SELECT DISTINCT kind FROM emission WHERE holder_id = :holder AND month = CAST(:month AS varchar)"
)


def record_emission(
    holder_id: int, month: str, entries: Sequence[tuple[str, int]], region: str = HOME_REGION
) -> list[Emission]:
    """Record what `holder_id` emitted in `month` (YYYY-MM): one row an entry of (kind, quantity).

    Kinds and their units are those of `queries.emission_kinds`; grams round up. A kind recorded again
    is corrected: the new row is its next revision and the earlier one stays; only a correction may be
    zero. `region` (such as CN-FJ) chooses the grid. Raises `Unreadable` naming the field, or `Conflict`
    when the same month and kind is being recorded at this very moment.
    """
    return _insert(holder_id, month, _compute(month, entries, region, _standing(holder_id, month)))


def record_figures(holder_id: int, month: str, figures: Sequence[Figure]) -> list[Emission]:
    """Record figures that were computed and kept before, as they are: their inputs, factors and grams.

    Each kind stands in them once. Raises `Unreadable` for a month too far back, `Conflict`.
    """
    faults = rules.month_faults(month, f"{clock.business_day():%Y-%m}")
    if faults:
        raise unreadable(faults)
    return _insert(holder_id, month, {figure.kind: figure for figure in figures})


def _insert(holder_id: int, month: str, figures: Mapping[str, Figure]) -> list[Emission]:
    """Write each kind's next revision. Raises `Conflict`."""
    now = clock.now()
    values = {
        "holder": holder_id,
        "month": month,
        "kinds": list(figures),
        "inputs": [json.dumps(dict(figure.inputs)) for figure in figures.values()],
        "factors": [figure.factor.id for figure in figures.values()],
        "grams": [figure.emitted_g for figure in figures.values()],
        "now": now,
    }
    rows = db.session.execute(_INSERT, values).all()
    if len(rows) < len(figures):
        raise Conflict()
    return [
        Emission(
            id=row.id,
            month=month,
            kind=row.kind,
            revision=row.revision,
            inputs=figures[row.kind].inputs,
            emitted_g=figures[row.kind].emitted_g,
            recorded_at=now,
            current=True,
            factor=figures[row.kind].factor,
        )
        for row in rows
    ]


def _standing(holder_id: int, month: str) -> frozenset[str]:
    """The kinds that were recorded for this month before."""
    values = {"holder": holder_id, "month": month}
    return frozenset(db.session.scalars(_RECORDED, values))


def _compute(
    month: str, entries: Sequence[tuple[str, int]], region: str, standing: frozenset[str]
) -> dict[str, Figure]:
    """Each kind's figure. Raises `Unreadable` with every fault of the request."""
    faults = rules.month_faults(month, f"{clock.business_day():%Y-%m}")
    asked = None if faults else month
    figures: dict[str, Figure] = {}
    for place, (name, quantity) in enumerate(entries):
        kind = queries.emission_kinds().get(name)
        factor = kind.find_factor(region, asked) if kind else None
        least = 0 if name in standing else 1
        fault = _fault(place, name in figures, kind, factor, quantity, least)
        if fault is not None:
            faults.append(fault)
        elif kind is not None and factor is not None:
            inputs = {"quantity": quantity, "unit": kind.unit, "region": region}
            if kind.per != 1:
                inputs["per"] = kind.per
            emitted_g = rules.recorded_grams(inputs, factor.value, factor.unit)
            figures[name] = Figure(name, inputs, factor, emitted_g)
    if faults:
        raise unreadable(faults)
    return figures


def _fault(
    place: int, again: bool, kind: EmissionKind | None, factor: Factor | None, quantity: int, least: int
) -> Fault | None:
    """What is wrong with one entry."""
    entry = f"entries/{place}"
    if kind is None:
        return Fault(f"{entry}/kind", "footprint.field_kind")
    if again:
        return Fault(f"{entry}/kind", "footprint.field_kind_twice")
    if factor is None:
        return Fault("region", "footprint.field_region", {"kind": getattr(kind, f"name_{language()}")})
    if not least <= quantity <= rules.MOST_QUANTITY:
        limits = {"least": least, "most": rules.MOST_QUANTITY}
        return Fault(f"{entry}/quantity", "kit.field_between", limits)
    return None
