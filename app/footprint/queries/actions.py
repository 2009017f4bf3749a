"""Actions and steps as their holder may see them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, select, tuple_
from sqlalchemy.dialects.postgresql import Range

from app.footprint import rules
from app.footprint.models import ActionRow, SceneDayRow, StepDayRow
from app.footprint.queries.catalogue import Factor, Methodology, factor_by_id, methodology_by_id
from app.kit.database import db
from app.kit.messages import language, t
from app.kit.problems import NotFound


@dataclass(frozen=True, slots=True)
class Action:
    """One recorded act with the methodology and factor that it was computed with."""

    id: int
    code: str
    holder_id: int
    scene: str
    occurred_on: date
    occurred_at: datetime | None
    source: str
    grade: str
    inputs: Mapping[str, Any]
    computed_g: int
    before_g: int
    avoided_g: int
    cap_reason: str | None
    recorded_at: datetime
    withdrawn_at: datetime | None
    methodology: Methodology
    factor: Factor

    @property
    def decision(self) -> rules.Decision:
        """The decision, from the raw inputs alone."""
        return rules.Decision(
            self.methodology.method, self.factor.value, self.grade, self.inputs, self.before_g
        )

    @property
    def weight(self) -> str:
        """How much a gram counts by its evidence."""
        return str(self.decision.weight)

    @property
    def cap_g(self) -> int:
        """The day's cap: the methodology's, or what a decision lifted it to for this act."""
        return int(self.inputs.get(rules.CAP_SET, self.methodology.method.cap_g))

    @property
    def cap(self) -> dict[str, Any]:
        """The day's cap as this action met it; `text` says in words why less was credited."""
        return {
            "cap_g": self.cap_g,
            "before_g": self.before_g,
            "reason": self.cap_reason,
            "text": self._cap_text() if self.cap_reason else None,
        }

    @property
    def held(self) -> Mapping[str, Any] | None:
        """The limit that holds this act: its `rule`, what it `allowed` and what was `found`."""
        held: Mapping[str, Any] | None = self.inputs.get(rules.HELD)
        return held

    @property
    def status(self) -> str:
        """What became of it: withdrawn, held, capped, or credited in full."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        return {None: "credited", rules.HELD: "held"}.get(self.cap_reason, "capped")

    def _cap_text(self) -> str:
        scene = self.methodology.document[f"scene_{language()}"]
        if self.held:
            return t("footprint.held", scene=scene, rule=self._limit_text(self.held))
        return t(
            f"footprint.{self.cap_reason}",
            scene=scene,
            period=t(f"footprint.period_{self.methodology.method.period}"),
            cap_g=self.cap_g,
            before_g=self.before_g,
            computed_g=self.computed_g,
            avoided_g=self.avoided_g,
            reason=self.methodology.document["cap"][f"reason_{language()}"],
        )

    @staticmethod
    def _limit_text(held: Mapping[str, Any]) -> str:
        return t(f"footprint.limit_{held['rule']}", allowed=held["allowed"], found=held["found"])


@dataclass(frozen=True)
class Replay:
    """An action computed again: what was recorded, what comes out now, and which figures differ."""

    recorded: dict[str, Any]
    replayed: dict[str, Any]
    differences: list[str]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


@dataclass(frozen=True)
class StepDay:
    """One day's steps, what they were credited, and whether the day is full."""

    day: date
    steps: int
    avoided_g: int
    cap_g: int | None
    capped: bool


_CODE = re.compile(r"[0-9A-Z]{26}")
NAMES = (
    *(name for name in Action.__dataclass_fields__ if name not in ("methodology", "factor")),
    "methodology_id",
    "factor_id",
)
"""The columns that `read_action` takes."""
_COLUMNS = [getattr(ActionRow, name) for name in NAMES]


def read_action(row: RowMapping) -> Action:
    """An action from the columns of its row."""
    told = dict(row)
    methodology = methodology_by_id(told.pop("methodology_id"))
    factor = factor_by_id(told.pop("factor_id"))
    return Action(**told, methodology=methodology, factor=factor)


def get_action(holder_id: int, code: str) -> Action:
    """A holder's action. Raises `NotFound`, for another's too."""
    row = None
    if _CODE.fullmatch(code):
        row = db.session.execute(
            select(*_COLUMNS).where(ActionRow.holder_id == holder_id, ActionRow.code == code)
        ).one_or_none()
    if row is None:
        raise NotFound()
    return read_action(row._mapping)


def get_action_by_id(holder_id: int, action_id: int) -> Action:
    """A holder's action by its id. Raises `NotFound`."""
    row = db.session.execute(
        select(*_COLUMNS).where(ActionRow.holder_id == holder_id, ActionRow.id == action_id)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return read_action(row._mapping)


def get_actions_by_id(holder_id: int, action_ids: Collection[int]) -> dict[int, Action]:
    """Those of a holder's actions, by their ids."""
    rows = db.session.execute(
        select(*_COLUMNS).where(ActionRow.holder_id == holder_id, ActionRow.id.in_(action_ids))
    )
    actions = [read_action(row._mapping) for row in rows]
    return {each.id: each for each in actions}


def list_actions(holder_id: int, limit: int, before: int | None = None) -> list[Action]:
    """A holder's actions, the last recorded first, withdrawn ones too; `before` is an action's id."""
    wanted = select(*_COLUMNS).where(ActionRow.holder_id == holder_id)
    if before is not None:
        wanted = wanted.where(ActionRow.id < before)
    rows = db.session.execute(wanted.order_by(ActionRow.id.desc()).limit(limit))
    return [read_action(row._mapping) for row in rows]


def list_actions_by_id(holder_id: int, action_ids: Collection[int]) -> dict[int, Action]:
    """Those of a holder's actions that have these ids, by id."""
    wanted = select(*_COLUMNS).where(ActionRow.holder_id == holder_id, ActionRow.id.in_(action_ids))
    found = (read_action(row._mapping) for row in db.session.execute(wanted))
    return {action.id: action for action in found}


def list_acts_since(
    holder_id: int, scene: str, first: date, last: date | None = None
) -> list[tuple[int, date]]:
    """A holder's standing acts of a scene from a day on, up to `last` where it is given: id and day."""
    wanted = select(ActionRow.id, ActionRow.occurred_on).where(
        ActionRow.holder_id == holder_id,
        ActionRow.scene == scene,
        ActionRow.occurred_on >= first,
        ActionRow.withdrawn_at.is_(None),
    )
    if last is not None:
        wanted = wanted.where(ActionRow.occurred_on <= last)
    return [(row.id, row.occurred_on) for row in db.session.execute(wanted.order_by(ActionRow.id))]


def credited_on(action: Action) -> int:
    """What the day and scene of an action have been credited."""
    day = (action.holder_id, action.occurred_on, action.scene)
    return int(
        db.session.scalar(
            select(SceneDayRow.credited_g).where(
                tuple_(SceneDayRow.holder_id, SceneDayRow.day, SceneDayRow.scene) == day
            )
        )
        or 0
    )


def find_trip(holder_id: int, minutes: tuple[int, int]) -> Action | None:
    """A standing trip of the holder's that overlaps these minutes (`rules.trip_minutes`)."""
    row = db.session.execute(
        select(*_COLUMNS)
        .where(
            ActionRow.holder_id == holder_id,
            ActionRow.withdrawn_at.is_(None),
            ActionRow.trip.overlaps(Range(*minutes)),
        )
        .order_by(ActionRow.trip)
        .limit(1)
    ).one_or_none()
    return read_action(row._mapping) if row else None


def replay(action: Action) -> Replay:
    """Compute an action again from its raw inputs, its own methodology and its own factor."""
    decision = action.decision
    names = ("computed_g", "avoided_g", "cap_reason")
    recorded = {name: getattr(action, name) for name in names}
    replayed = {name: getattr(decision, name) for name in names}
    return Replay(recorded, replayed, [name for name in names if recorded[name] != replayed[name]])


def list_steps(holder_id: int, limit: int = 31, before: date | None = None) -> list[StepDay]:
    """A holder's days of steps, the newest first; `before` leaves out that day and later ones."""
    credited = (
        (SceneDayRow.holder_id == StepDayRow.holder_id)
        & (SceneDayRow.day == StepDayRow.day)
        & (SceneDayRow.scene == rules.WALKING)
    )
    wanted = (
        select(StepDayRow.day, StepDayRow.steps, SceneDayRow.credited_g, SceneDayRow.cap_g)
        .outerjoin(SceneDayRow, credited)
        .where(StepDayRow.holder_id == holder_id)
        .order_by(StepDayRow.day.desc())
        .limit(limit)
    )
    if before is not None:
        wanted = wanted.where(StepDayRow.day < before)
    return [
        StepDay(row.day, row.steps, row.credited_g or 0, row.cap_g, _is_full(row.credited_g, row.cap_g))
        for row in db.session.execute(wanted)
    ]


def _is_full(credited_g: int | None, cap_g: int | None) -> bool:
    return credited_g is not None and cap_g is not None and credited_g >= cap_g
