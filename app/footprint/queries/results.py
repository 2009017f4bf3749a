"""Every kind of computed result: what it was computed by, and how it is computed again.

A new kind of result is one line in `RESULT_KINDS`. Its rows name the factors, and where there is one the
methodology, that they were computed with; a change of either is then announced before it takes effect.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.footprint.queries import calculations, inventories
from app.footprint.queries.actions import Action, Replay, get_action, replay
from app.footprint.queries.calculations import Calculation, get_calculation
from app.footprint.queries.catalogue import Factor, Methodology
from app.footprint.queries.inventories import Stage
from app.footprint.queries.months import Emission, get_emission, replay_emission
from app.kit.database import array, db
from app.kit.problems import NotFound


@dataclass(frozen=True)
class Traced:
    """What a result was computed from: raw inputs, factors and, where one counted it, a methodology."""

    inputs: Any
    factors: Sequence[Factor]
    methodology: Methodology | None = None


@dataclass(frozen=True)
class Replayed:
    """A result computed again from its own raw inputs, factors and methodology."""

    kind: str
    code: str
    inputs: Any
    factors: Sequence[Factor]
    methodology: Methodology | None
    recorded: dict[str, Any]
    replayed: dict[str, Any]
    differences: list[str]
    same: bool


@dataclass(frozen=True)
class ResultKind:
    """One kind of result.

    `find` gives a holder's result by its code and raises `NotFound`; `trace` says what it was computed
    from, `replay` computes it again. `rows` are all of them in SQL, `factor` the column of a factor's id.
    """

    name: str
    find: Callable[[int, str], Any]
    trace: Callable[[Any], Traced]
    replay: Callable[[Any], Replay]
    rows: str
    factor: str = "factor_id"
    by_methodology: bool = False


def _find_stage(holder_id: int, code: str) -> Stage:
    found = inventories.find_result(code)
    if found is None or found[0].holder_id != holder_id:
        raise NotFound()
    return found[1]


def _trace_action(action: Action) -> Traced:
    others = action.methodology.factors[1:]
    return Traced(action.inputs, (action.factor, *others), action.methodology)


def _trace_emission(emission: Emission) -> Traced:
    return Traced(emission.inputs, (emission.factor,))


def _trace_calculation(calculation: Calculation) -> Traced:
    told = {"answers": calculation.answers, "measured": calculation.measured}
    return Traced(told, _each(line.factor for line in calculation.estimate.lines))


def _trace_stage(stage: Stage) -> Traced:
    told = {str(line.number): line.inputs for line in stage.lines}
    return Traced(told, _each(line.factor for line in stage.lines))


def _each(factors: Iterable[Factor]) -> list[Factor]:
    """Every factor once, in the order of its first use."""
    return list({factor.id: factor for factor in factors}.values())


RESULT_KINDS = (
    ResultKind("action", get_action, _trace_action, replay, "action", by_methodology=True),
    ResultKind("emission", get_emission, _trace_emission, replay_emission, "emission"),
    ResultKind(
        "calculation",
        get_calculation,
        _trace_calculation,
        calculations.replay_calculation,
        "calculation, jsonb_array_elements(lines) line",
        "(line->>'factor_id')::bigint",
    ),
    ResultKind("inventory", _find_stage, _trace_stage, inventories.replay_stage, "inventory_line"),
)


def replay_result(holder_id: int, code: str) -> Replayed:
    """A holder's result computed again, whatever its kind. Raises `NotFound`, for another's too."""
    for kind in RESULT_KINDS:
        try:
            result = kind.find(holder_id, code)
        except NotFound:
            continue
        traced, again = kind.trace(result), kind.replay(result)
        return Replayed(
            kind=kind.name,
            code=code,
            inputs=traced.inputs,
            factors=traced.factors,
            methodology=traced.methodology,
            recorded=again.recorded,
            replayed=again.replayed,
            differences=again.differences,
            same=again.same,
        )
    raise NotFound()


def exist_by_factors(factor_ids: Collection[int]) -> bool:
    """Whether any result was computed with one of these factors."""
    return any(_exist(kind.rows, kind.factor, factor_ids) for kind in RESULT_KINDS)


def exist_by_methodologies(methodology_ids: Collection[int]) -> bool:
    """Whether any result was computed by one of these methodologies."""
    return any(
        _exist(kind.rows, "methodology_id", methodology_ids) for kind in RESULT_KINDS if kind.by_methodology
    )


def _exist(rows: str, column: str, ids: Collection[int]) -> bool:
    if not ids:
        return False
    wanted = text(f"SELECT EXISTS (SELECT FROM {rows} WHERE {column} = ANY (CAST(:ids AS bigint[])))")
    return bool(db.session.scalar(wanted, {"ids": array(ids)}))
