"""Events' inventories as their holder may see them: stages, lines, differences, replay."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, or_, select, text

from app.footprint import rules
from app.footprint.models import InventoryLineRow, InventoryRow, InventoryStageRow
from app.footprint.queries.actions import Replay
from app.footprint.queries.catalogue import Factor, catalogue, factor_by_id
from app.footprint.queries.guides import Guide, guide_by_id
from app.kit.database import array, db
from app.kit.messages import LANGUAGES
from app.kit.problems import NotFound


@dataclass(frozen=True)
class InventoryLine:
    """One line: raw inputs, share, evidence, factor, grams. `number` stays when it is replaced."""

    guide: Guide
    number: int
    revision: int
    item: rules.Item
    inputs: Mapping[str, int]
    share: rules.Share
    grade: str
    evidence: str | None
    source: str | None
    factor: Factor
    emitted_g: int
    added_at: datetime
    ended_at: datetime | None = None
    id: int | None = None

    @property
    def told(self) -> Mapping[str, Any]:
        """What the guide says of this line's item."""
        return self.guide.items[self.item.key]

    @property
    def verified(self) -> bool:
        """Whether nothing in this line is unverified or our own choice."""
        return self.factor.verified and not self.item.assumed

    @property
    def mark(self) -> dict[str, str] | None:
        """What stands beside an unverified line: the factor's mark, or what we chose ourselves."""
        if self.item.assumed:
            return {lang: self.told[f"assumption_{lang}"] for lang in LANGUAGES}
        return self.factor.mark

    @property
    def replayed_g(self) -> int:
        """Its grams, computed again from its raw inputs."""
        return rules.line_grams(self.item, self.inputs, self.share, self.factor.value, self.factor.unit)


@dataclass(frozen=True)
class Stage:
    """The estimate or the final; `lines` are those that stand."""

    guide: Guide
    stage: str
    code: str | None
    starts_on: date
    ends_on: date
    onsite_heads: int
    online_heads: int
    excluded: Mapping[str, str]
    lines: Sequence[InventoryLine]
    first_starts_on: date
    first_ends_on: date
    closed_at: datetime | None = None
    closed_g: int | None = None

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day."""
        return self.starts_on, self.ends_on

    @property
    def days_changed(self) -> bool:
        """Whether it was opened with other days."""
        return self.days != (self.first_starts_on, self.first_ends_on)

    @property
    def emitted_g(self) -> int:
        """Grams of the stage: the sum of its lines."""
        return sum(line.emitted_g for line in self.lines)

    @property
    def unverified_g(self) -> int:
        """How many of them stand on something unverified."""
        return sum(line.emitted_g for line in self.lines if not line.verified)

    @property
    def by_type(self) -> dict[str, int]:
        """Grams by source type."""
        told = ((line.item.type, line.emitted_g) for line in self.lines)
        return rules.sum_by_type(self.guide.event.types, told)

    @property
    def heads(self) -> int:
        """Everybody who took part."""
        return self.onsite_heads + self.online_heads

    @property
    def per_head_g(self) -> int:
        """Grams a head, those from afar too."""
        return rules.per_head_g(self.emitted_g, self.heads)

    @property
    def online_share_bp(self) -> int:
        """The part that took part from afar."""
        return rules.online_share_bp(self.onsite_heads, self.online_heads)

    @property
    def completeness(self) -> rules.Completeness:
        """What is counted, left out and missing, and how well it is evidenced."""
        told = ((line.item.type, line.grade, line.emitted_g) for line in self.lines)
        return rules.completeness(self.guide.event, told, self.excluded)


@dataclass(frozen=True)
class Inventory:
    """An event with its stages."""

    id: int
    code: str
    holder_id: int
    name: str
    region: str
    guide: Guide
    created_at: datetime
    stages: Mapping[str, Stage]

    @property
    def difference(self) -> dict[str, Any] | None:
        """What the final has more than the estimate, in all and by type; None before both exist."""
        if len(self.stages) < len(rules.STAGES):
            return None
        estimate, final = self.stages[rules.ESTIMATE], self.stages[rules.FINAL]
        return {
            "change_g": final.emitted_g - estimate.emitted_g,
            "days_changed": final.days != estimate.days,
            "by_type": rules.differences(estimate.by_type, final.by_type),
        }

    @property
    def benchmark(self) -> Factor | None:
        """What a published event came to a head, for comparison only; it bears its own mark."""
        return catalogue().latest.get(self.guide.document["benchmark"]["factor"])


@dataclass(frozen=True)
class StageBrief:
    """A stage in a list: its grams are summed where they lie."""

    code: str
    emitted_g: int
    closed: bool


@dataclass(frozen=True)
class InventoryBrief:
    """An event in a list."""

    id: int
    code: str
    name: str
    region: str
    created_at: datetime
    stages: Mapping[str, StageBrief]


_CODE = re.compile(r"[0-9A-Z]{26}")
_COLUMNS = [
    getattr(InventoryRow, name)
    for name in ("id", "code", "holder_id", "name", "region", "guide_id", "created_at")
]
_BRIEF = text(
    "SELECT inventory_id, stage, code, closed_at IS NOT NULL AS closed, coalesce(emitted_g,"
    "   (SELECT sum(line.emitted_g)::bigint FROM inventory_line line"
    "     WHERE line.inventory_id = told.inventory_id AND line.stage = told.stage AND ended_at IS NULL), 0)"
    "   AS emitted_g"
    " FROM inventory_stage told WHERE inventory_id = ANY (CAST(:ids AS bigint[])) ORDER BY stage"
)
_AT_ONCE = 20


def get_inventory(holder_id: int, code: str) -> Inventory:
    """A holder's inventory. Raises `NotFound`, for another's too."""
    row = None
    if _CODE.fullmatch(code):
        wanted = select(*_COLUMNS).where(InventoryRow.code == code, InventoryRow.holder_id == holder_id)
        row = db.session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound()
    return _read([row._mapping])[0]


def read_inventories(ids: Iterable[int]) -> dict[int, Inventory]:
    """Inventories by id, whoever's they are; for rooms that know whom they may show them to."""
    rows = db.session.execute(select(*_COLUMNS).where(InventoryRow.id.in_(list(ids)))).all()
    return {found.id: found for found in _read([row._mapping for row in rows])}


def list_inventories(holder_id: int, limit: int, before: int | None = None) -> list[InventoryBrief]:
    """A holder's inventories, the last created first; `before` is an inventory's id."""
    wanted = select(*_COLUMNS).where(InventoryRow.holder_id == holder_id)
    if before is not None:
        wanted = wanted.where(InventoryRow.id < before)
    rows = db.session.execute(wanted.order_by(InventoryRow.id.desc()).limit(limit)).all()
    stages: dict[int, dict[str, StageBrief]] = {row.id: {} for row in rows}
    for told in db.session.execute(_BRIEF, {"ids": array(stages)}):
        stages[told.inventory_id][told.stage] = StageBrief(told.code, told.emitted_g, told.closed)
    return [
        InventoryBrief(row.id, row.code, row.name, row.region, row.created_at, stages[row.id]) for row in rows
    ]


def list_ending(days: Iterable[tuple[date, date]], limit: int, after: int = 0) -> Sequence[int]:
    """Inventories, by id, with a stage that ends between two of `days`; `after` is the last id before."""
    ending = or_(*(InventoryStageRow.ends_on.between(first, last) for first, last in days))
    wanted = select(InventoryStageRow.inventory_id).where(ending, InventoryStageRow.inventory_id > after)
    ordered = wanted.distinct().order_by(InventoryStageRow.inventory_id)
    return db.session.scalars(ordered.limit(limit)).all()


def sample_inventories(most: int) -> Iterator[Inventory]:
    """At most about `most` inventories of anybody's, spread evenly by id, a few at a time; for the proofs."""
    kth = text("id % (SELECT 1 + count(*) / :most FROM inventory) = 0")
    rows = db.session.execute(select(*_COLUMNS).where(kth), {"most": most}).all()
    for begin in range(0, len(rows), _AT_ONCE):
        yield from _read([row._mapping for row in rows[begin : begin + _AT_ONCE]])


def list_line_history(
    inventory: Inventory, stage: str, limit: int, after: int | None = None
) -> list[InventoryLine]:
    """The lines that a stage ever had, replaced and removed ones too, in the order they were added.

    `after` is a line's id.
    """
    wanted = select(InventoryLineRow).where(
        InventoryLineRow.inventory_id == inventory.id,
        InventoryLineRow.stage == stage,
        InventoryLineRow.id > (after or 0),
    )
    rows = db.session.scalars(wanted.order_by(InventoryLineRow.id).limit(limit))
    return [_line(inventory.guide, row) for row in rows]


def find_result(code: str) -> tuple[Inventory, Stage] | None:
    """The stage that a result's code names, whoever's it is; for `replay_stage`."""
    wanted = (
        select(*_COLUMNS, InventoryStageRow.stage)
        .join(InventoryStageRow, InventoryStageRow.inventory_id == InventoryRow.id)
        .where(InventoryStageRow.code == code)
    )
    row = db.session.execute(wanted).one_or_none() if _CODE.fullmatch(code) else None
    if row is None:
        return None
    told = dict(row._mapping)
    stage = told.pop("stage")
    [inventory] = _read([told])
    return inventory, inventory.stages[stage]


def replay_stage(stage: Stage) -> Replay:
    """Compute every line again from its raw inputs, share and factor, and the stage from its lines."""
    recorded: dict[str, Any] = {str(line.number): line.emitted_g for line in stage.lines}
    replayed: dict[str, Any] = {str(line.number): line.replayed_g for line in stage.lines}
    recorded["emitted_g"] = stage.emitted_g if stage.closed_g is None else stage.closed_g
    replayed["emitted_g"] = sum(line.replayed_g for line in stage.lines)
    return Replay(recorded, replayed, [name for name in recorded if recorded[name] != replayed[name]])


def _read(rows: Sequence[RowMapping | Mapping[str, Any]]) -> list[Inventory]:
    """Inventories with their stages and standing lines, in two more statements for all of them."""
    ids = [row["id"] for row in rows]
    guides = {row["id"]: guide_by_id(row["guide_id"]) for row in rows}
    lines: dict[tuple[int, str], list[InventoryLine]] = {}
    standing = (
        select(InventoryLineRow)
        .where(InventoryLineRow.inventory_id.in_(ids), InventoryLineRow.ended_at.is_(None))
        .order_by(InventoryLineRow.number)
    )
    for line in db.session.scalars(standing):
        found = lines.setdefault((line.inventory_id, line.stage), [])
        found.append(_line(guides[line.inventory_id], line))
    stages: dict[int, dict[str, Stage]] = {each: {} for each in ids}
    kept = select(InventoryStageRow).where(InventoryStageRow.inventory_id.in_(ids))
    for stage in db.session.scalars(kept.order_by(InventoryStageRow.stage)):
        whose = (stage.inventory_id, stage.stage)
        stages[stage.inventory_id][stage.stage] = _stage(
            guides[stage.inventory_id], stage, lines.get(whose, [])
        )
    inventories = []
    for row in rows:
        told = {name: value for name, value in row.items() if name != "guide_id"}
        inventories.append(Inventory(**told, guide=guides[row["id"]], stages=stages[row["id"]]))
    return inventories


def _stage(guide: Guide, row: InventoryStageRow, lines: Sequence[InventoryLine]) -> Stage:
    return Stage(
        guide=guide,
        stage=row.stage,
        code=row.code,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        onsite_heads=row.onsite_heads,
        online_heads=row.online_heads,
        excluded=row.excluded,
        lines=lines,
        first_starts_on=row.first_starts_on,
        first_ends_on=row.first_ends_on,
        closed_at=row.closed_at,
        closed_g=row.emitted_g,
    )


def _line(guide: Guide, row: InventoryLineRow) -> InventoryLine:
    return InventoryLine(
        guide=guide,
        number=row.number,
        revision=row.revision,
        item=guide.event.items[row.item],
        inputs=row.inputs,
        share=rules.Share(row.share_basis, row.share_part, row.share_whole),
        grade=row.grade,
        evidence=row.evidence,
        source=row.source,
        factor=factor_by_id(row.factor_id),
        emitted_g=row.emitted_g,
        added_at=row.added_at,
        ended_at=row.ended_at,
        id=row.id,
    )
