"""What operators do with redemptions: parcels sent, complaints answered, points given back by two of them."""

from sqlalchemy import select

from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.database import db
from app.rewards.errors.redemptions import OwnReturn, RedemptionFixed, ReturnPending, ReturnUnknown
from app.rewards.models.redemptions import Dispatch, PartnerIssue, ReturnRequest
from app.rewards.queries.redemptions import TRACKING, RedemptionFacts
from app.rewards.rules.items import Supply
from app.rewards.rules.redemptions import ReturnReason, Step
from app.rewards.services.redemptions import fulfil, give_back, lock, tell

_STANDS = (Step.RESERVED, Step.FULFILLED)


def send_parcel(operator_id: int, code: str, carrier: str, tracking: str) -> RedemptionFacts:
    """Record that it is on its way. Raises `RedemptionUnknown`, `RedemptionFixed`."""
    found = lock(None, code)
    if found.supply is not Supply.DELIVERY or found.step is not Step.RESERVED:
        raise RedemptionFixed()
    dispatch = db.session.get_one(Dispatch, found.row.id, with_for_update=True, populate_existing=True)
    dispatch.carrier, dispatch.shipped_by = carrier, operator_id
    dispatch.tracking_sealed = sealing.seal(tracking, TRACKING.format(code))
    fulfil(found.row, Supply.DELIVERY)
    db.session.flush()
    audit.record(operator_id, "reward_sent", code, {"carrier": carrier})
    tell(found, "parcel_sent")
    return found


def answer_complaint(operator_id: int, code: str, answer: str) -> RedemptionFacts:
    """Tell its holder what was found; what is not returned concludes as it would have.

    Raises `RedemptionUnknown`, `RedemptionFixed` where nothing waits for an answer.
    """
    found = lock(None, code)
    row = found.row
    if row.complained_at is None or row.answered_at is not None or found.step is not Step.FULFILLED:
        raise RedemptionFixed()
    row.answered_by, row.answered_at, row.answer = operator_id, clock.now(), answer
    db.session.flush()
    audit.record(operator_id, "complaint_answered", code, {"answer": answer})
    tell(found, "complaint_answered")
    return found


def request_return(operator_id: int, code: str, reason: str) -> ReturnRequest:
    """Propose that the points go back; until another decides, nothing concludes by itself.

    Raises `RedemptionUnknown`, `RedemptionFixed`, `ReturnPending`.
    """
    found = lock(None, code)
    if found.step not in _STANDS:
        raise RedemptionFixed()
    if _open(found.row.id) is not None:
        raise ReturnPending()
    wish = ReturnRequest(
        redemption_id=found.row.id, reason=reason, requested_by=operator_id, requested_at=clock.now()
    )
    db.session.add(wish)
    db.session.flush()
    audit.record(operator_id, "return_requested", code, {"reason": reason})
    return wish


def decide_return(operator_id: int, code: str, *, approved: bool) -> RedemptionFacts:
    """Give the points back as another proposed, or do not; anybody may decline.

    What was handed over is not put up again: nobody else shall get a code that was no good. Raises
    `RedemptionUnknown`, `ReturnUnknown`, `OwnReturn`, `RedemptionFixed`.
    """
    found = lock(None, code)
    wish = _open(found.row.id)
    if wish is None:
        raise ReturnUnknown()
    if approved and wish.requested_by == operator_id:
        raise OwnReturn()
    if approved and found.step not in _STANDS:
        raise RedemptionFixed()
    wish.decided_by, wish.decided_at, wish.approved = operator_id, clock.now(), approved
    db.session.flush()
    audit.record(operator_id, "return_approved" if approved else "return_declined", code, {})
    if approved:
        _stop_asking(found.row.id)
        unsent = found.supply is Supply.DELIVERY and found.step is Step.RESERVED
        give_back(found.row, ReturnReason.BY_OPERATORS, restock=unsent)
        tell(found, "returned_by_operators")
    return found


def _stop_asking(redemption_id: int) -> None:
    issue = db.session.get(PartnerIssue, redemption_id, with_for_update=True, populate_existing=True)
    if issue is not None and issue.ended_at is None:
        issue.ended_at = clock.now()
        db.session.flush()


def _open(redemption_id: int) -> ReturnRequest | None:
    return db.session.scalar(
        select(ReturnRequest)
        .where(ReturnRequest.redemption_id == redemption_id, ReturnRequest.decided_at.is_(None))
        .execution_options(populate_existing=True)
    )
