"""What was said against measures, and against acts that earned nothing; and what was answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.footprint import queries as footprint
from app.footprint.queries import Action
from app.footprint.queries.actions import get_action_by_id, get_actions_by_id
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.messages import t
from app.kit.problems import NotFound
from app.rewards.models import PointGrant
from app.rewards.models.fairness import FairnessAppeal
from app.rewards.queries.fairness_rules import limits

ACTION, APPEAL = "action", "appeal"
"""The sources of what is granted for acts, and on appeals; `source_id` is the act's, or the appeal's."""


@dataclass(frozen=True)
class AppealFacts:
    """What somebody said against a measure or an act, and the answer; `by` are operators' ids."""

    id: int
    code: str
    holder_id: int
    measure_id: int | None
    grant_id: int | None
    words: str | None
    raised_at: datetime
    due_at: datetime
    against: tuple[int, ...]
    proposed_by: int | None
    programme_id: int | None
    points: int | None
    answered_by: int | None
    answered_at: datetime | None
    granted: bool | None
    reason: str | None

    @property
    def status(self) -> str:
        """Where it stands: waiting, granted or refused."""
        if self.answered_at is None:
            return "waiting"
        return "granted" if self.granted else "refused"


@dataclass(frozen=True)
class ActCase:
    """An act that earned nothing: which and why, and what was said about it."""

    grant: PointGrant
    action: Action
    appeal: AppealFacts | None

    @property
    def reason(self) -> str:
        """Why it earned nothing, in words."""
        return t(f"rewards.unthanked_{self.grant.reason}")

    @property
    def may_appeal(self) -> bool:
        """Whether its holder can appeal now, once."""
        ends = limits().reach("act_appeal_days", self.grant.granted_at)
        return self.appeal is None and self.action.withdrawn_at is None and clock.now() < ends


def words_context(code: str) -> str:
    """Where an appeal's words are sealed for."""
    return f"fairness_appeal:{code}"


def read_appeal(row: FairnessAppeal) -> AppealFacts:
    """An appeal as its holder and operators read it, without its words once they were erased."""
    sealed = row.words_sealed
    return AppealFacts(
        id=row.id,
        code=row.code,
        holder_id=row.holder_id,
        measure_id=row.measure_id,
        grant_id=row.grant_id,
        words=sealing.unseal(sealed, words_context(row.code)) if sealed else None,
        raised_at=row.raised_at,
        due_at=row.due_at,
        against=tuple(each for each in (row.against, row.against_too, row.proposed_by) if each is not None),
        proposed_by=row.proposed_by,
        programme_id=row.programme_id,
        points=row.points,
        answered_by=row.answered_by,
        answered_at=row.answered_at,
        granted=row.granted,
        reason=row.reason,
    )


def list_appeals(limit: int, after: int | None = None, *, waiting: bool = True) -> list[AppealFacts]:
    """Appeals: those that wait, the longest first; or those that were answered, the last first."""
    wanted = select(FairnessAppeal).limit(limit)
    if waiting:
        wanted = wanted.where(FairnessAppeal.answered_at.is_(None), FairnessAppeal.id > (after or 0))
        wanted = wanted.order_by(FairnessAppeal.id)
    else:
        wanted = wanted.where(FairnessAppeal.answered_at.is_not(None)).order_by(FairnessAppeal.id.desc())
        wanted = wanted.where(FairnessAppeal.id < after) if after else wanted
    return [read_appeal(each) for each in db.session.scalars(wanted)]


def get_appeal(code: str, *, lock: bool = False) -> FairnessAppeal:
    """One appeal. Raises `NotFound`."""
    wanted = select(FairnessAppeal).where(FairnessAppeal.code == code)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(wanted)
    if found is None:
        raise NotFound()
    return found


def list_own_appeals(holder_id: int, limit: int = 100) -> list[AppealFacts]:
    """What a holder has said, the last first."""
    rows = db.session.scalars(
        select(FairnessAppeal)
        .where(FairnessAppeal.holder_id == holder_id)
        .order_by(FairnessAppeal.id.desc())
        .limit(limit)
    )
    return [read_appeal(each) for each in rows]


def get_act_case(holder_id: int, action_code: str) -> ActCase:
    """An act of a holder's that earned nothing. Raises `NotFound` for any other."""
    action = footprint.get_action(holder_id, action_code)
    grant = db.session.scalar(
        select(PointGrant).where(
            PointGrant.source == ACTION, PointGrant.source_id == action.id, PointGrant.points == 0
        )
    )
    if grant is None:
        raise NotFound()
    return _act_cases([grant], {action.id: action})[0]


def get_act_case_of(appeal: FairnessAppeal) -> ActCase:
    """The act that an appeal is about."""
    grant = db.session.get_one(PointGrant, appeal.grant_id)
    action = get_action_by_id(grant.holder_id, grant.source_id)
    return _act_cases([grant], {action.id: action})[0]


def _act_cases(grants: Sequence[PointGrant], actions: Mapping[int, Action]) -> list[ActCase]:
    asked = select(FairnessAppeal).where(FairnessAppeal.grant_id.in_([each.id for each in grants]))
    appeals = {each.grant_id: read_appeal(each) for each in db.session.scalars(asked)}
    return [
        ActCase(each, actions[each.source_id], appeals.get(each.id))
        for each in grants
        if each.source_id in actions
    ]


def find_about(action_id: int) -> int | None:
    """The appeal about an act's having earned nothing, if there is one."""
    return db.session.scalar(
        select(FairnessAppeal.id)
        .join(PointGrant, PointGrant.id == FairnessAppeal.grant_id)
        .where(PointGrant.source == ACTION, PointGrant.source_id == action_id)
    )


def is_granted(appeal_id: int) -> bool:
    """Whether an appeal was granted by now."""
    return bool(db.session.scalar(select(FairnessAppeal.granted).where(FairnessAppeal.id == appeal_id)))


def list_unthanked(holder_id: int, limit: int = 20) -> list[ActCase]:
    """The last acts that earned nothing though they stand, the newest first."""
    rows = db.session.scalars(
        select(PointGrant)
        .where(
            PointGrant.holder_id == holder_id,
            PointGrant.source == ACTION,
            PointGrant.points == 0,
            PointGrant.taken_back_at.is_(None),
        )
        .order_by(PointGrant.id.desc())
        .limit(limit)
    ).all()
    return _act_cases(rows, get_actions_by_id(holder_id, [row.source_id for row in rows]))
