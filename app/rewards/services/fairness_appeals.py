"""What holders say against measures, and against acts that earned nothing; and the answers 申诉.

Who decided does not answer. An appeal against a measure that nobody answers in time is granted.
"""

from typing import Any

from sqlalchemy import select

from app.accounts.queries import homes
from app.accounts.services import audit, notices
from app.kit import clock, sealing
from app.kit.codes import random_code
from app.kit.database import db
from app.rewards.errors.fairness import (
    AnotherOperatorNeeded,
    AppealAnswered,
    AppealClosed,
    ProgrammeDoesNotThank,
    ProposalChanged,
)
from app.rewards.models import PointGrant
from app.rewards.models.fairness import FairnessAppeal, Measure
from app.rewards.queries import fairness as known
from app.rewards.queries import fairness_appeals, programmes
from app.rewards.queries.fairness_appeals import APPEAL, get_act_case, get_act_case_of, words_context
from app.rewards.queries.fairness_rules import limits
from app.rewards.rules.fairness import Ended
from app.rewards.services import fairness, grants
from app.rewards.services.programmes import lock_promises


def appeal(holder_id: int, measure_code: str, words: str) -> FairnessAppeal:
    """Appeal against a measure while it stands, once. The same words again change nothing.

    Raises `NotFound`, `AppealClosed`.
    """
    fairness.begin_turn(holder_id)
    told = known.get_measure(measure_code, holder_id)
    if told.appeal is not None and told.appeal.words == words:
        return fairness_appeals.get_appeal(told.appeal.code)
    if not told.may_appeal:
        raise AppealClosed()
    row = told.row
    return _open(holder_id, words, measure_id=row.id, against=row.decided_by, against_too=row.confirmed_by)


def appeal_act(holder_id: int, action_code: str, words: str) -> FairnessAppeal:
    """Appeal against an act's having earned nothing, once. The same words again change nothing.

    Raises `NotFound`, `AppealClosed`.
    """
    fairness.begin_turn(holder_id)
    case = get_act_case(holder_id, action_code)
    if case.appeal is not None and case.appeal.words == words:
        return fairness_appeals.get_appeal(case.appeal.code)
    if not case.may_appeal:
        raise AppealClosed()
    return _open(holder_id, words, grant_id=case.grant.id)


def _open(holder_id: int, words: str, **about: Any) -> FairnessAppeal:
    now = clock.now()
    code = random_code(12)
    row = FairnessAppeal(
        code=code,
        holder_id=holder_id,
        words_sealed=sealing.seal(words, words_context(code)),
        raised_at=now,
        due_at=limits().reach("answer_days", now),
        **about,
    )
    db.session.add(row)
    db.session.flush()
    return row


def propose(operator_id: int, appeal_code: str, programme_code: str) -> FairnessAppeal:
    """Propose that a programme thanks for an act after all, by its own tariff and for its own region.

    Another answers. Proposing anew replaces what was proposed. Raises `NotFound`, `AppealAnswered`,
    `ProgrammeUnknown`, `ProgrammeDoesNotThank`.
    """
    row = _lock(appeal_code)
    if row.grant_id is None:
        raise AppealAnswered()
    action = get_act_case_of(row).action
    programme = programmes.find_programme(programme_code)
    offer = next(
        (each for each in programmes.list_offers() if each.programme_id == programme.holder_id), None
    )
    region = homes.list_regions([row.holder_id]).get(row.holder_id)
    tariff = offer.tariff_on(action.occurred_on) if offer and offer.covers(region) else None
    points = tariff.points(action.scene, action.avoided_g) if tariff else None
    if not points or action.withdrawn_at is not None:
        raise ProgrammeDoesNotThank()
    row.proposed_by, row.proposed_at = operator_id, clock.now()
    row.programme_id, row.points = programme.holder_id, points
    db.session.flush()
    details = {"programme": programme_code, "points": points, "action": action.code}
    audit.record(operator_id, "fairness_proposed", row.code, details)
    return row


def answer(
    operator_id: int, appeal_code: str, reason: str, *, granted: bool, programme: str | None = None
) -> FairnessAppeal:
    """Answer an appeal; the holder reads the reason. What is granted ends the measure, or thanks for the act.

    `programme` is the code of who pays, as whoever answers has read it. Raises `NotFound`,
    `AppealAnswered`, `AnotherOperatorNeeded`, `ProposalChanged`, and `ProgrammeDoesNotThank` when nobody
    has proposed who pays, or the fund does not cover it any more.
    """
    row = _lock(appeal_code)
    if operator_id in (row.against, row.against_too, row.proposed_by):
        raise AnotherOperatorNeeded()
    if granted and row.grant_id is not None:
        _thank(row, programme)
    _settle(row, operator_id, reason, granted=granted)
    audit.record(operator_id, f"fairness_appeal_{'granted' if granted else 'refused'}", row.code)
    return row


def grant_late() -> int:
    """Grant the appeals against measures that nobody has answered in time; returns how many."""
    late = select(FairnessAppeal.code).where(
        FairnessAppeal.answered_at.is_(None),
        FairnessAppeal.measure_id.is_not(None),
        FairnessAppeal.due_at <= clock.now(),
    )
    codes = db.session.scalars(late.order_by(FairnessAppeal.holder_id, FairnessAppeal.id)).all()
    for code in codes:
        row = _lock(code)
        _settle(row, None, None, granted=True)
        audit.record(None, "fairness_appeal_late", row.code)
    return len(codes)


def _lock(appeal_code: str) -> FairnessAppeal:
    """An appeal in its holder's turn, with its row locked. Raises `NotFound`, `AppealAnswered`."""
    fairness.begin_turn(fairness_appeals.get_appeal(appeal_code).holder_id)
    row = fairness_appeals.get_appeal(appeal_code, lock=True)
    if row.answered_at is not None:
        raise AppealAnswered()
    return row


def _settle(row: FairnessAppeal, operator_id: int | None, reason: str | None, *, granted: bool) -> None:
    row.answered_by, row.answered_at = operator_id, clock.now()
    row.granted, row.reason = granted, reason
    db.session.flush()
    if granted and row.measure_id is not None:
        measure = db.session.get_one(Measure, row.measure_id, with_for_update=True, populate_existing=True)
        if measure.ended_at is None:
            fairness.end(measure, Ended.APPEAL, operator_id)
    message = f"rewards.notice_appeal_{'granted' if granted else 'refused'}"
    notices.tell([row.holder_id], message, row.code)


def _thank(row: FairnessAppeal, programme: str | None) -> None:
    """Let the programme that was proposed thank for the act, if nothing has by now."""
    if row.programme_id is None or row.points is None:
        raise ProgrammeDoesNotThank()
    if programme is None or programmes.find_programme(programme).holder_id != row.programme_id:
        raise ProposalChanged()
    lock_promises([row.programme_id])
    grants.lock_points(row.holder_id)
    act = db.session.get_one(PointGrant, row.grant_id, with_for_update=True, populate_existing=True)
    if act.points or act.taken_back_at is not None:
        raise ProgrammeDoesNotThank()
    if not grants.grant(row.programme_id, APPEAL, [(row.id, row.holder_id, row.points)]):
        raise ProgrammeDoesNotThank()


def take_back(holder_id: int, action_id: int) -> None:
    """Take back what was granted on an appeal for an act that is withdrawn now; before the act's own lot.

    Whoever answers holds the same turn: what they grant is seen here, or they see that the act is gone.
    """
    appeal_id = fairness_appeals.find_about(action_id)
    if appeal_id is None:
        return
    fairness.begin_turn(holder_id)
    if fairness_appeals.is_granted(appeal_id):
        grants.take_back(holder_id, APPEAL, appeal_id)
