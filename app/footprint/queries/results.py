"""Every kind of computed result: what it was computed by, and how it is computed again.

A new kind of result is one line in `RESULT_KINDS`. Its table names the factor, and where it has one
the methodology, of each of its rows; a change of either is then announced before it takes effect.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from app.footprint.queries.actions import Replay, get_action, replay
from app.kit.database import array, db
from app.kit.problems import NotFound


@dataclass(frozen=True)
class Replayed:
    """A result computed again from its own raw inputs, factor and methodology."""

    kind: str
    code: str
    inputs: Any
    factor: Any
    methodology: Any
    recorded: dict[str, Any]
    replayed: dict[str, Any]
    differences: list[str]
    same: bool


@dataclass(frozen=True)
class ResultKind:
    """One kind of result.

    `find` gives a holder's result by its code and raises `NotFound`; `replay` computes it again.
    Without them its rows are proved by `flask prove` but carry no code to ask by. A result has
    `inputs`, a `factor` and, where one counted it, a `methodology`.
    """

    name: str
    table: str
    by_methodology: bool
    find: Callable[[int, str], Any] | None = None
    replay: Callable[[Any], Replay] | None = None


RESULT_KINDS = (
    ResultKind("action", "action", True, get_action, replay),
    ResultKind("emission", "emission", False),
)


def replay_result(holder_id: int, code: str) -> Replayed:
    """A holder's result computed again, whatever its kind. Raises `NotFound`, for another's too."""
    for kind in RESULT_KINDS:
        if kind.find is None or kind.replay is None:
            continue
        try:
            result = kind.find(holder_id, code)
        except NotFound:
            continue
        again = kind.replay(result)
        return Replayed(
            kind=kind.name,
            code=code,
            inputs=result.inputs,
            factor=result.factor,
            methodology=getattr(result, "methodology", None),
            recorded=again.recorded,
            replayed=again.replayed,
            differences=again.differences,
            same=again.same,
        )
    raise NotFound()


def exist_by_factors(factor_ids: Collection[int]) -> bool:
    """Whether any result was computed with one of these factors."""
    return any(_exist(kind.table, "factor_id", factor_ids) for kind in RESULT_KINDS)


def exist_by_methodologies(methodology_ids: Collection[int]) -> bool:
    """Whether any result was computed by one of these methodologies."""
    return any(
        _exist(kind.table, "methodology_id", methodology_ids) for kind in RESULT_KINDS if kind.by_methodology
    )


def _exist(table: str, column: str, ids: Collection[int]) -> bool:
    if not ids:
        return False
    wanted = text(f"SELECT EXISTS (SELECT FROM {table} WHERE {column} = ANY (CAST(:ids AS bigint[])))")
    return bool(db.session.scalar(wanted, {"ids": array(ids)}))
