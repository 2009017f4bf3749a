"""What makes a month's record say what a kept calculation says, and what is left as it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text

from app.footprint import rules
from app.footprint.queries.calculations import Calculation, Line
from app.footprint.queries.catalogue import Factor, factor_by_id
from app.footprint.queries.kinds import EmissionKind, emission_kinds
from app.kit.database import db


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind of a month as it is recorded: raw inputs, factor and grams."""

    kind: str
    inputs: Mapping[str, Any]
    factor: Factor
    emitted_g: int


@dataclass(frozen=True, slots=True)
class Recording:
    """The figures that differ from what stands, and the kinds that stay because nobody answered."""

    figures: Sequence[Figure]
    left: Sequence[EmissionKind]


_STANDING = text(
    "SELECT DISTINCT ON (kind) kind, inputs, factor_id, emitted_g FROM emission"
    " WHERE holder_id = :holder AND month = :month ORDER BY kind, revision DESC"
)


def recording_of(calculation: Calculation) -> Recording:
    """What a calculation changes of its month's record, with its own factors, inputs and grams.

    A kind that was recorded and that the answers no longer have becomes zero. Kinds that the questions
    do not ask for stay as they are, and so does what was recorded and a skipped question would change.
    """
    values = {"holder": calculation.holder_id, "month": calculation.month}
    standing = {row.kind: row._mapping for row in db.session.execute(_STANDING, values)}
    told = {line.kind.kind: line for line in calculation.estimate.lines}
    figures: list[Figure] = []
    left: list[EmissionKind] = []
    for question in calculation.estimate.guide.questionnaire.questions:
        stands = {kind: standing[kind] for kind in question.kinds if kind in standing}
        changed = [
            figure
            for kind in sorted(question.kinds)
            if (figure := _changed(told.get(kind), stands.get(kind))) is not None
        ]
        if changed and stands and _skipped(calculation, question, changed, stands):
            left += [emission_kinds()[kind] for kind in sorted(stands)]
        else:
            figures += changed
    return Recording(figures, left)


def _changed(line: Line | None, stands: RowMapping | None) -> Figure | None:
    """The figure of a kind, where it is another than the one that stands."""
    if line is not None:
        figure = Figure(line.kind.kind, line.inputs, line.factor, line.emitted_g)
        if stands is None:
            return figure if line.quantity else None
        same = (line.quantity, line.factor.id) == (stands["inputs"]["quantity"], stands["factor_id"])
        return None if same else figure
    if stands is None or not stands["inputs"]["quantity"]:
        return None
    nothing = {**stands["inputs"], "quantity": 0}
    return Figure(stands["kind"], nothing, factor_by_id(stands["factor_id"]), 0)


def _skipped(
    calculation: Calculation,
    question: rules.Question,
    changed: Sequence[Figure],
    stands: Mapping[str, RowMapping],
) -> bool:
    """Whether a default would overwrite what stands: the question's own, or one that makes it fall.

    Of what a household shares the number of people is a part of the answer, of electricity the grid.
    """
    origins = calculation.estimate.origins
    if origins[question.key] == rules.ASSUMED:
        return True
    parts = {"people"} if question.shared else set()
    if any(emission_kinds()[kind].provinces for kind in question.kinds):
        parts.add("province")
    if not any(origins[part] == rules.ASSUMED for part in parts):
        return False
    before_g: int = sum(stands[figure.kind]["emitted_g"] for figure in changed if figure.kind in stands)
    return sum(figure.emitted_g for figure in changed) < before_g
