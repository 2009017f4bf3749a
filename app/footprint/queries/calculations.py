"""A person's month as the questions give it: the estimate, what was kept of it, and its replay."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import RowMapping, select, text

from app.footprint import rules
from app.footprint.models import CalculationRow
from app.footprint.queries.actions import Replay
from app.footprint.queries.catalogue import Factor, factor_by_id
from app.footprint.queries.guides import Guide, guide_by_id
from app.footprint.queries.kinds import EmissionKind, emission_kinds
from app.kit.database import db
from app.kit.problems import NotFound

MOST_LEVERS = 6


@dataclass(frozen=True)
class Line:
    """One kind of a month: the person's own part of a whole, its factor and grams."""

    kind: EmissionKind
    quantity: int
    whole: int
    people: int
    question: str
    origin: str
    inputs: Mapping[str, Any]
    factor: Factor
    emitted_g: int


@dataclass(frozen=True)
class Help:
    """One thing that could be otherwise, and the grams a month it would avoid: a sum, not a credit.

    `verified` is False where a factor behind it is not.
    """

    key: str
    name_zh: str
    name_en: str
    avoided_g: int
    verified: bool


@dataclass(frozen=True)
class Estimate:
    """A person's month, this one where none is named; the total is the sum of its lines."""

    guide: Guide
    region: str
    people: int
    month: str | None
    origins: Mapping[str, str]
    lines: Sequence[Line]

    @property
    def emitted_g(self) -> int:
        """Grams of the month."""
        return sum(line.emitted_g for line in self.lines)

    @property
    def unverified_g(self) -> int:
        """How many of them stand on a factor that is not verified."""
        return sum(line.emitted_g for line in self.lines if not line.factor.verified)

    @property
    def assumed_g(self) -> int:
        """How many of them stand on a quantity that nobody measured."""
        return sum(line.emitted_g for line in self.lines if line.origin != rules.MEASURED)

    @property
    def by_category(self) -> list[dict[str, Any]]:
        """Grams by category in the document's order, those without grams too."""
        sums = {each["key"]: 0 for each in self.guide.document["category"]}
        for line in self.lines:
            sums[line.kind.category] += line.emitted_g
        return [{**each, "emitted_g": sums[each["key"]]} for each in self.guide.document["category"]]

    @property
    def helps(self) -> list[Help]:
        """What would help most, each for itself, the most first."""
        found = [each for lever in self.guide.questionnaire.levers if (each := self._help(lever))]
        return sorted(found, key=lambda each: (-each.avoided_g, each.key))[:MOST_LEVERS]

    def _help(self, lever: rules.Lever) -> Help | None:
        """What a lever avoids, with the factors that the lines have; None for nothing, or for want of one."""
        quantities = {line.kind.kind: line.quantity for line in self.lines}
        factors = {line.kind.kind: line.factor for line in self.lines}
        avoided_g, verified = 0, True
        for name, quantity in rules.moved(lever, quantities).items():
            kind = emission_kinds()[name]
            factor = factors.get(name) or kind.find_factor(self.region, self.month)
            if factor is None:
                return None
            before, after = (
                rules.emission_grams(amount, kind.per, factor.value, factor.unit)
                for amount in (Fraction(quantities.get(name, 0)), quantity)
            )
            avoided_g += before - after
            verified = verified and factor.verified
        if avoided_g <= 0:
            return None
        names = {each["key"]: each for each in self.guide.document["lever"]}[lever.key]
        return Help(lever.key, names["name_zh"], names["name_en"], avoided_g, verified)


@dataclass(frozen=True)
class Calculation:
    """A month that was kept: what was answered and what came out."""

    id: int
    code: str
    holder_id: int
    month: str
    answers: Mapping[str, Any]
    measured: Mapping[str, Any]
    emitted_g: int
    computed_at: datetime
    estimate: Estimate


@dataclass(frozen=True)
class MonthResult:
    """What an earlier month came to, by its last calculation."""

    month: str
    code: str
    emitted_g: int


_COLUMNS = [
    getattr(CalculationRow, name)
    for name in (
        "id",
        "code",
        "holder_id",
        "month",
        "answers",
        "measured",
        "emitted_g",
        "computed_at",
        "guide_id",
        "lines",
    )
]
_AT_ONCE = 100
_CODE = re.compile(r"[0-9A-Z]{26}")
_MONTHS = text(
    "SELECT month, code, emitted_g FROM (SELECT DISTINCT ON (month) month, code, emitted_g FROM calculation"
    "  WHERE holder_id = :holder AND month < :month ORDER BY month DESC, id DESC) last"
    " ORDER BY month DESC LIMIT :limit"
)


def estimate_of(
    guide: Guide, answers: Mapping[str, Any], measured: Mapping[str, Any], month: str | None = None
) -> Estimate:
    """The month that follows from sound answers, with the factors of that month, or of this one."""
    answered = rules.follow(guide.questionnaire, answers, measured)
    lines = []
    for entry in answered.entries:
        kind = emission_kinds()[entry.kind]
        factor = kind.find_factor(answered.region, month)
        if factor is None:
            raise LookupError(f"{entry.kind} has no factor in {answered.region}")
        inputs = {"quantity": entry.quantity, "unit": kind.unit, "region": answered.region, "per": kind.per}
        grams = rules.recorded_grams(inputs, factor.value, factor.unit)
        lines.append(
            Line(
                kind,
                entry.quantity,
                entry.whole,
                entry.people,
                entry.question,
                entry.origin,
                inputs,
                factor,
                grams,
            )
        )
    return Estimate(guide, answered.region, answered.people, month, answered.origins, lines)


def stored_lines(estimate: Estimate) -> list[dict[str, Any]]:
    """The lines of an estimate as they are kept."""
    return [
        {
            "kind": line.kind.kind,
            "whole": line.whole,
            "people": line.people,
            "question": line.question,
            "origin": line.origin,
            "inputs": dict(line.inputs),
            "factor_id": line.factor.id,
            "emitted_g": line.emitted_g,
        }
        for line in estimate.lines
    ]


def get_calculation(holder_id: int, code: str) -> Calculation:
    """A holder's month. Raises `NotFound`, for another's too."""
    row = None
    if _CODE.fullmatch(code):
        wanted = select(*_COLUMNS).where(CalculationRow.code == code, CalculationRow.holder_id == holder_id)
        row = db.session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound()
    return _read(row._mapping)


def list_calculations(holder_id: int, limit: int, before: int | None = None) -> list[Calculation]:
    """A holder's months, the last computed first; `before` is a calculation's id."""
    wanted = select(*_COLUMNS).where(CalculationRow.holder_id == holder_id)
    if before is not None:
        wanted = wanted.where(CalculationRow.id < before)
    rows = db.session.execute(wanted.order_by(CalculationRow.id.desc()).limit(limit))
    return [_read(row._mapping) for row in rows]


def sample_calculations(most: int) -> Iterator[Calculation]:
    """At most about `most` kept months of anybody's, spread evenly by id, streamed; for the proofs."""
    kth = text("id % (SELECT 1 + count(*) / :most FROM calculation) = 0")
    streamed = {"yield_per": _AT_ONCE}
    for row in db.session.execute(select(*_COLUMNS).where(kth), {"most": most}, execution_options=streamed):
        yield _read(row._mapping)


def earlier_months(holder_id: int, month: str, limit: int = 12) -> list[MonthResult]:
    """What the holder's earlier months came to, the nearest first."""
    rows = db.session.execute(_MONTHS, {"holder": holder_id, "month": month, "limit": limit})
    return [MonthResult(row.month, row.code, row.emitted_g) for row in rows]


def replay_calculation(calculation: Calculation) -> Replay:
    """Compute a kept month again from its answers, its own questions and its own factors."""
    answered = rules.follow(
        calculation.estimate.guide.questionnaire, calculation.answers, calculation.measured
    )
    quantities = {entry.kind: entry.quantity for entry in answered.entries}
    recorded: dict[str, Any] = {"emitted_g": calculation.emitted_g}
    replayed: dict[str, Any] = {"emitted_g": 0}
    for line in calculation.estimate.lines:
        inputs = {**line.inputs, "quantity": quantities.pop(line.kind.kind, 0)}
        grams = rules.recorded_grams(inputs, line.factor.value, line.factor.unit)
        recorded[line.kind.kind], replayed[line.kind.kind] = line.emitted_g, grams
        replayed["emitted_g"] += grams
    for kind in quantities:
        recorded[kind], replayed[kind] = None, quantities[kind]
    return Replay(recorded, replayed, [name for name in recorded if recorded[name] != replayed[name]])


def _read(row: RowMapping) -> Calculation:
    told = dict(row)
    guide = guide_by_id(told.pop("guide_id"))
    answered = rules.follow(guide.questionnaire, told["answers"], told["measured"])
    lines = list(_read_lines(told.pop("lines")))
    estimate = Estimate(guide, answered.region, answered.people, told["month"], answered.origins, lines)
    return Calculation(**told, estimate=estimate)


def _read_lines(stored: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    for told in stored:
        yield Line(
            kind=emission_kinds()[told["kind"]],
            quantity=told["inputs"]["quantity"],
            whole=told["whole"],
            people=told["people"],
            question=told["question"],
            origin=told["origin"],
            inputs=told["inputs"],
            factor=factor_by_id(told["factor_id"]),
            emitted_g=told["emitted_g"],
        )
