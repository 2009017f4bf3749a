"""Taking stock of an event: its estimate, its final, their lines. What was closed stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from app.footprint import announcements, queries, rules
from app.footprint.errors.inventories import (
    EstimateOpen,
    EventNotOver,
    FinalOpened,
    InventoryIncomplete,
    StageClosed,
    TooManyInventories,
    TooManyLines,
    TooManyRevisions,
)
from app.footprint.models import InventoryLineRow, InventoryRow, InventoryStageRow
from app.footprint.queries import EVENT_INVENTORY, Guide, Inventory, InventoryLine, Stage
from app.footprint.rules import Fault
from app.footprint.services.faults import unreadable
from app.footprint.services.turns import begin_turn
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.messages import language
from app.kit.problems import NotFound


@dataclass(frozen=True, slots=True)
class Facts:
    """When an event is and who takes part."""

    starts_on: date
    ends_on: date
    onsite_heads: int
    online_heads: int


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line as it is told: an item of the guide, its measures, whose share, and how one knows."""

    item: str
    inputs: Mapping[str, Any]
    grade: str
    evidence: str | None = None
    source: str | None = None
    share: rules.Share | None = None


def estimate_event(facts: Facts, region: str, lines: Sequence[NewLine], excluded: Mapping[str, str]) -> Stage:
    """An event's figures from lines, for anyone; nothing is written. Raises `Unreadable`."""
    guide = queries.latest_guide(EVENT_INVENTORY)
    faults = _event_faults(guide, facts, region, excluded)
    computed = []
    for place, told in enumerate(lines):
        found, line = _compute(guide, f"lines/{place}/", told, region, facts.starts_on, place + 1, 1)
        faults += found
        computed += [line] if line else []
    if faults:
        raise unreadable(faults)
    return Stage(
        guide,
        rules.ESTIMATE,
        None,
        facts.starts_on,
        facts.ends_on,
        facts.onsite_heads,
        facts.online_heads,
        dict(excluded),
        computed,
        facts.starts_on,
        facts.ends_on,
    )


def create_inventory(
    holder_id: int, name: str, region: str, facts: Facts, stage: str = rules.ESTIMATE
) -> Inventory:
    """Begin to take stock of an event with its estimate, or at once with its final.

    Raises `Unreadable`, `TooManyInventories`.
    """
    guide = queries.latest_guide(EVENT_INVENTORY)
    faults = _event_faults(guide, facts, region, {})
    if rules.is_blank(name):
        faults.append(Fault("name", "footprint.field_blank"))
    if faults:
        raise unreadable(faults)
    return begin_inventory(holder_id, name, region, facts, stage, guide)


def begin_inventory(
    holder_id: int, name: str, region: str, facts: Facts, stage: str, guide: Guide
) -> Inventory:
    """An inventory by a guide, from facts that were read already. Raises `TooManyInventories`."""
    begin_turn(holder_id)
    mine = select(func.count()).where(InventoryRow.holder_id == holder_id)
    if (db.session.scalar(mine) or 0) >= rules.MOST_INVENTORIES:
        raise TooManyInventories(most=rules.MOST_INVENTORIES)
    row = InventoryRow(
        code=random_code(),
        holder_id=holder_id,
        name=name,
        region=region,
        guide_id=guide.id,
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    _open_stage(row.id, stage, facts)
    return queries.get_inventory(holder_id, row.code)


def open_final(holder_id: int, code: str, facts: Facts) -> Inventory:
    """Begin the final stage, against an estimate that no longer changes.

    Raises `NotFound`, `EstimateOpen`, `FinalOpened`, `Unreadable`.
    """
    inventory = queries.get_inventory(holder_id, code)
    faults = _event_faults(inventory.guide, facts, inventory.region, {})
    if faults:
        raise unreadable(faults)
    estimate = _lock(inventory, rules.ESTIMATE) if rules.ESTIMATE in inventory.stages else None
    # Asked again: whoever else opens it holds the same row.
    if rules.FINAL in queries.get_inventory(holder_id, code).stages:
        raise FinalOpened()
    if estimate is not None and estimate.closed_at is None:
        raise EstimateOpen()
    _open_stage(inventory.id, rules.FINAL, facts)
    return queries.get_inventory(holder_id, code)


def change_stage(
    holder_id: int, code: str, stage: str, facts: Facts, excluded: Mapping[str, str]
) -> Inventory:
    """Say anew when an open stage's event is, who takes part, and which source types are left out, and why.

    Raises `NotFound`, `StageClosed`, `Unreadable`.
    """
    inventory = queries.get_inventory(holder_id, code)
    row = _lock_open(inventory, stage)
    faults = _event_faults(inventory.guide, facts, inventory.region, excluded)
    if faults:
        raise unreadable(faults)
    row.starts_on, row.ends_on = facts.starts_on, facts.ends_on
    row.onsite_heads, row.online_heads = facts.onsite_heads, facts.online_heads
    row.excluded = dict(excluded)
    db.session.flush()
    return queries.get_inventory(holder_id, code)


def add_line(holder_id: int, code: str, stage: str, told: NewLine) -> InventoryLine:
    """Add a line to an open stage.

    Raises `NotFound`, `StageClosed`, `TooManyLines`, `TooManyRevisions`, `Unreadable`.
    """
    inventory = queries.get_inventory(holder_id, code)
    _lock_open(inventory, stage)
    whose = (InventoryLineRow.inventory_id == inventory.id, InventoryLineRow.stage == stage)
    number, standing = db.session.execute(
        select(
            func.coalesce(func.max(InventoryLineRow.number), 0),
            func.count().filter(InventoryLineRow.ended_at.is_(None)),
        ).where(*whose)
    ).one()
    if standing >= rules.MOST_LINES:
        raise TooManyLines(most=rules.MOST_LINES)
    return _write(inventory, stage, told, number + 1, 1)


def replace_line(holder_id: int, code: str, stage: str, number: int, told: NewLine) -> InventoryLine:
    """Put another line in the place of one; the replaced one is kept. Raises as `add_line`."""
    inventory = queries.get_inventory(holder_id, code)
    _lock_open(inventory, stage)
    return _write(inventory, stage, told, number, _end(inventory, stage, number) + 1)


def remove_line(holder_id: int, code: str, stage: str, number: int) -> None:
    """Take a line out of an open stage; it is kept as removed. Raises `NotFound`, `StageClosed`."""
    inventory = queries.get_inventory(holder_id, code)
    _lock_open(inventory, stage)
    _end(inventory, stage, number)


def close_stage(holder_id: int, code: str, stage: str) -> Inventory:
    """Close a stage for ever at the sum of its lines.

    Both stages answer for every source type, by a line or a reason; a final one is closed when the
    event is over. Raises `NotFound`, `StageClosed`, `InventoryIncomplete`, `EventNotOver`, and what whoever
    has something to add before refuses.
    """
    inventory = queries.get_inventory(holder_id, code)
    announcements.tell_closing(inventory.id)
    row = _lock_open(inventory, stage)
    standing = queries.get_inventory(holder_id, code).stages[stage]
    if stage == rules.FINAL and row.ends_on >= clock.business_day():
        raise EventNotOver(ends_on=row.ends_on.isoformat())
    missing = standing.completeness.missing
    if missing or not standing.lines:
        names = {each["key"]: each[f"name_{language()}"] for each in inventory.guide.document["type"]}
        raise InventoryIncomplete(missing=", ".join(names[each] for each in missing or names))
    row.closed_at, row.emitted_g = clock.now(), standing.emitted_g
    db.session.flush()
    announcements.tell_closed(inventory.id, stage)
    return queries.get_inventory(holder_id, code)


def _open_stage(inventory_id: int, stage: str, facts: Facts) -> None:
    db.session.add(
        InventoryStageRow(
            inventory_id=inventory_id,
            stage=stage,
            code=random_code(),
            starts_on=facts.starts_on,
            ends_on=facts.ends_on,
            first_starts_on=facts.starts_on,
            first_ends_on=facts.ends_on,
            onsite_heads=facts.onsite_heads,
            online_heads=facts.online_heads,
            excluded={},
            opened_at=clock.now(),
        )
    )
    db.session.flush()


def _lock(inventory: Inventory, stage: str) -> InventoryStageRow:
    """The stage's row, held until the end of the transaction. Raises `NotFound`."""
    wanted = select(InventoryStageRow).where(
        InventoryStageRow.inventory_id == inventory.id, InventoryStageRow.stage == stage
    )
    row = db.session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFound()
    return row


def _lock_open(inventory: Inventory, stage: str) -> InventoryStageRow:
    """The row of a stage that may still change. Raises `NotFound`, `StageClosed`."""
    row = _lock(inventory, stage)
    if row.closed_at is not None:
        raise StageClosed()
    return row


def _end(inventory: Inventory, stage: str, number: int) -> int:
    """End the line that stands at `number`; returns its revision. Raises `NotFound`."""
    ended = db.session.scalars(
        update(InventoryLineRow)
        .where(
            InventoryLineRow.inventory_id == inventory.id,
            InventoryLineRow.stage == stage,
            InventoryLineRow.number == number,
            InventoryLineRow.ended_at.is_(None),
        )
        .values(ended_at=clock.now())
        .returning(InventoryLineRow.revision)
    ).one_or_none()
    if ended is None:
        raise NotFound()
    return ended


def _write(inventory: Inventory, stage: str, told: NewLine, number: int, revision: int) -> InventoryLine:
    """Compute a line and keep it; the stage's row is held. Raises `Unreadable`, `TooManyRevisions`."""
    whose = (InventoryLineRow.inventory_id == inventory.id, InventoryLineRow.stage == stage)
    if (db.session.scalar(select(func.count()).where(*whose)) or 0) >= rules.MOST_REVISIONS:
        raise TooManyRevisions(most=rules.MOST_REVISIONS)
    starts_on = inventory.stages[stage].starts_on
    faults, line = _compute(inventory.guide, "", told, inventory.region, starts_on, number, revision)
    if faults or line is None:
        raise unreadable(faults)
    db.session.add(
        InventoryLineRow(
            inventory_id=inventory.id,
            stage=stage,
            number=number,
            revision=revision,
            item=line.item.key,
            inputs=dict(line.inputs),
            share_basis=line.share.basis,
            share_part=line.share.part,
            share_whole=line.share.whole,
            grade=line.grade,
            evidence=line.evidence,
            source=line.source,
            factor_id=line.factor.id,
            emitted_g=line.emitted_g,
            added_at=line.added_at,
        )
    )
    db.session.flush()
    return line


def _event_faults(guide: Guide, facts: Facts, region: str, excluded: Mapping[str, str]) -> list[Fault]:
    faults = rules.event_faults(facts.starts_on, facts.ends_on, facts.onsite_heads, facts.online_heads)
    if region not in queries.emission_kinds()["electricity"].regions:
        faults.append(Fault("region", "footprint.field_province"))
    faults += [
        Fault(f"excluded/{each}", "kit.field_one_of", {"choices": ", ".join(guide.event.types)})
        for each in excluded
        if each not in guide.event.types
    ]
    faults += [
        Fault(f"excluded/{each}", "footprint.field_blank")
        for each, reason in excluded.items()
        if rules.is_blank(reason)
    ]
    return faults


def _compute(
    guide: Guide, where: str, told: NewLine, region: str, starts_on: date, number: int, revision: int
) -> tuple[list[Fault], InventoryLine | None]:
    """A line with its factor and grams, or what is wrong with it; `where` is the beginning of its fields."""
    item = guide.event.items.get(told.item)
    if item is None:
        return [Fault(f"{where}item", "footprint.field_item")], None
    sole = next(basis for basis, is_whole in guide.event.bases.items() if is_whole)
    share = told.share or rules.Share(sole)
    faults = rules.line_faults(guide.event, where, item, told.inputs)
    faults += rules.share_faults(guide.event, where, share)
    grades = guide.event.grades
    if told.grade not in grades:
        faults.append(Fault(f"{where}grade", "kit.field_one_of", {"choices": ", ".join(grades)}))
    elif told.grade != grades[-1] and rules.is_blank(told.evidence):
        faults.append(Fault(f"{where}evidence", "footprint.field_evidence"))
    factor = queries.find_factor(item.factor_key(region), f"{starts_on:%Y-%m}")
    if factor is None:
        faults.append(Fault(f"{where}item", "footprint.field_item_too_old"))
    if faults or factor is None:
        return faults, None
    grams = rules.line_grams(item, told.inputs, share, factor.value, factor.unit)
    line = InventoryLine(
        guide=guide,
        number=number,
        revision=revision,
        item=item,
        inputs=dict(told.inputs),
        share=share,
        grade=told.grade,
        evidence=told.evidence,
        source=told.source,
        factor=factor,
        emitted_g=grams,
        added_at=clock.now(),
    )
    return [], line
