"""What is decided of accounts in which a signal found something: nothing, holding, taking back.

Holding lets nothing be redeemed for a time and moves nothing. Taking back withdraws the acts, and with them
all that was made of them. It needs two operators and waits until the time to appeal is over, so that what
an appeal undoes has never happened. Whoever decides takes
the account's turn alone, whoever redeems shares it: nothing is set aside while it is held.
"""

from datetime import datetime

from sqlalchemy import select, text, update

from app.accounts.services import audit, notices
from app.footprint import services as footprint
from app.footprint.queries import likeness
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.rewards.errors.fairness import (
    AnotherOperatorNeeded,
    InquiryDecided,
    NothingToTakeBack,
    RedeemingHeld,
)
from app.rewards.models.fairness import FairnessAppeal, Inquiry, Measure
from app.rewards.queries import fairness as known
from app.rewards.queries.fairness_rules import limits
from app.rewards.rules.fairness import Decision, Ended

_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('rewards fairness:' || :holder, 0))")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('rewards fairness:' || :holder, 0))")


def require_free(holder_id: int) -> None:
    """Let nothing be set aside for somebody whose redeeming is held. Raises `RedeemingHeld`.

    Before any other lock of the transaction; no decision to hold comes in between until it has ended.
    """
    db.session.execute(_SHARED, {"holder": str(holder_id)})
    held = known.find_standing(holder_id)
    if held is not None:
        raise RedeemingHeld(code=held.code, until=held.until.astimezone(clock.SHANGHAI).date())


def begin_turn(holder_id: int) -> None:
    """Wait until nobody redeems or decides about this holder; held until the transaction ends."""
    db.session.execute(_ALONE, {"holder": str(holder_id)})


def hold_by_itself(inquiry: Inquiry, holder_id: int, until: datetime) -> Measure:
    """Hold what a signal found until somebody has looked."""
    begin_turn(holder_id)
    measure = _write(inquiry, holder_id, Decision.HOLD, until)
    _tell(measure, "rewards.notice_held")
    return measure


def judge(operator_id: int, inquiry_code: str, holder_id: int, decision: str, reason: str) -> Measure:
    """Decide about one account of an inquiry, once. The holder reads the reason.

    Taking back is a proposal until another agrees, and holds meanwhile. What the signal held by itself ends,
    and an appeal against it is answered with the decision. Raises `NotFound`, `InquiryDecided`,
    `NothingToTakeBack`.
    """
    begin_turn(holder_id)
    inquiry = known.get_inquiry(inquiry_code, lock=True)
    party = known.get_party(inquiry, holder_id)
    if not party.waits:
        raise InquiryDecided()
    if decision == Decision.TAKE_BACK and not likeness.list_standing(holder_id, party.acts):
        raise NothingToTakeBack()
    for each in party.measures:
        if each.automatic:
            _replace(operator_id, each.row, reason, granted=decision == Decision.NOTHING)
    now = clock.now()
    ends = {
        Decision.NOTHING: now,
        Decision.HOLD: limits().reach("hold_days", now),
        Decision.TAKE_BACK: limits().reach("confirm_days", now),
    }[Decision(decision)]
    measure = _write(inquiry, holder_id, Decision(decision), ends, operator_id, reason)
    if decision == Decision.NOTHING:
        end(measure, Ended.NOTHING, operator_id)
    _tell(measure, f"rewards.notice_{'looked_at' if decision == Decision.NOTHING else 'held'}")
    _close_once_decided(inquiry.id)
    details = {"inquiry": inquiry.code, "rule": inquiry.rule, "measure": measure.code}
    audit.record(operator_id, f"fairness_{decision}", inquiry.code, details)
    return measure


def confirm(operator_id: int, measure_code: str) -> Measure:
    """Agree that points are taken back once the time to appeal is over.

    Raises `NotFound`, `InquiryDecided`, `AnotherOperatorNeeded`.
    """
    measure = _lock(measure_code)
    proposed = measure.kind == Decision.TAKE_BACK and measure.confirmed_at is None
    if not proposed or measure.ended_at is not None or measure.until <= clock.now():
        raise InquiryDecided()
    if measure.decided_by == operator_id:
        raise AnotherOperatorNeeded()
    now = clock.now()
    measure.confirmed_by, measure.confirmed_at = operator_id, now
    measure.until = limits().reach("appeal_days", now)
    db.session.flush()
    _tell(measure, "rewards.notice_taking", points=known.standing_thanks(_acts_of(measure)))
    _close_once_decided(measure.inquiry_id)
    audit.record(operator_id, "fairness_confirmed", measure.code)
    return measure


def lift(operator_id: int, measure_code: str) -> Measure:
    """End a measure early: what is held is free, a proposal is declined, nothing will be taken back.

    Raises `NotFound`, `InquiryDecided` for one that has ended.
    """
    measure = _lock(measure_code)
    if measure.ended_at is not None:
        raise InquiryDecided()
    proposed = measure.kind == Decision.TAKE_BACK and measure.confirmed_at is None
    end(measure, Ended.DECLINED if proposed else Ended.LIFTED, operator_id)
    _tell(measure, "rewards.notice_free")
    audit.record(operator_id, "fairness_declined" if proposed else "fairness_lifted", measure.code)
    return measure


def end(measure: Measure, why: Ended, operator_id: int | None = None) -> None:
    """Let a measure stand no more; None as operator is time itself, or an answer."""
    measure.ended_at, measure.ended_why, measure.ended_by = clock.now(), why, operator_id
    db.session.flush()


def end_due() -> int:
    """End what has run out: holds, and proposals that nobody agreed with; returns how many."""
    now = clock.now()
    rows = db.session.scalars(
        select(Measure)
        .where(Measure.ended_at.is_(None), Measure.until <= now, Measure.confirmed_at.is_(None))
        .order_by(Measure.id)
        .with_for_update(skip_locked=True)
    ).all()
    for measure in rows:
        end(measure, Ended.DECLINED if measure.kind == Decision.TAKE_BACK else Ended.OVER)
        _tell(measure, "rewards.notice_free")
    return len(rows)


def list_takings() -> list[str]:
    """The codes of measures whose time to appeal is over and that no appeal waits against."""
    waiting = select(FairnessAppeal.id).where(
        FairnessAppeal.measure_id == Measure.id, FairnessAppeal.answered_at.is_(None)
    )
    wanted = select(Measure.code).where(
        Measure.ended_at.is_(None),
        Measure.confirmed_at.is_not(None),
        Measure.until <= clock.now(),
        ~waiting.exists(),
    )
    return list(db.session.scalars(wanted.order_by(Measure.id)))


def carry_out(measure_code: str) -> int:
    """Withdraw the acts of a measure and end it; returns the points that go back with them. Once.

    Whatever had been made of the acts, points, boards and badges, follows as when their holder withdraws
    them.
    """
    measure = _lock(measure_code)
    if measure.ended_at is not None or measure_code not in list_takings():
        return 0
    acts = _acts_of(measure)
    points = known.standing_thanks(acts)
    for code in likeness.list_standing(measure.holder_id, acts):
        footprint.withdraw_action(measure.holder_id, code)
    measure.points_taken = points
    end(measure, Ended.TAKEN)
    _tell(measure, "rewards.notice_taken", points=points)
    audit.record(None, "fairness_taken_back", measure.code, {"points": points})
    return points


def _acts_of(measure: Measure) -> list[int]:
    inquiry = db.session.get_one(Inquiry, measure.inquiry_id)
    return known.get_party(inquiry, measure.holder_id).acts


def _write(
    inquiry: Inquiry,
    holder_id: int,
    kind: Decision,
    until: datetime,
    operator_id: int | None = None,
    reason: str | None = None,
) -> Measure:
    begun_at = clock.now()
    measure = Measure(
        code=random_code(12),
        inquiry_id=inquiry.id,
        holder_id=holder_id,
        kind=kind,
        reason=reason,
        begun_at=begun_at,
        until=max(until, begun_at),
        decided_by=operator_id,
    )
    db.session.add(measure)
    db.session.flush()
    return measure


def _lock(measure_code: str) -> Measure:
    """A measure in its account's turn, with its row locked. Raises `NotFound`."""
    begin_turn(known.get_measure(measure_code).row.holder_id)
    wanted = select(Measure).where(Measure.code == measure_code).with_for_update()
    return db.session.scalars(wanted.execution_options(populate_existing=True)).one()


def _replace(operator_id: int, held: Measure, reason: str, *, granted: bool) -> None:
    """End what a signal held by itself, as a person has decided now; that answers an appeal against it."""
    db.session.refresh(held, with_for_update=True)  # its time may be over at this very moment
    if held.ended_at is None:
        end(held, Ended.DECIDED, operator_id)
    db.session.execute(
        update(FairnessAppeal)
        .where(FairnessAppeal.measure_id == held.id, FairnessAppeal.answered_at.is_(None))
        .values(answered_by=operator_id, answered_at=clock.now(), granted=granted, reason=reason)
    )


def _close_once_decided(inquiry_id: int) -> None:
    """Close an inquiry when every account in it is decided, what needs two by two; of two at once, one."""
    inquiry = db.session.get_one(Inquiry, inquiry_id, with_for_update=True, populate_existing=True)
    if inquiry.closed_at is not None:
        return
    parties = known.list_parties(inquiry)
    decided = [each.decided for each in parties]
    if all(each and (each.row.kind != Decision.TAKE_BACK or each.taking) for each in decided):
        inquiry.closed_at = clock.now()
        db.session.flush()


def _tell(measure: Measure, message: str, **details: int) -> None:
    until = f"{measure.until.astimezone(clock.SHANGHAI):%Y-%m-%d}"
    notices.tell([measure.holder_id], message, measure.code, until=until, **details)
