"""Reversals 逆转: forest that burnt, was felled or died, and what makes its carbon good.

Unsold units of that issuance go first, then the buffer pool's, oldest first. What was retired or bought
stays. What nothing covers is owed, in public, until an operator covers it from units that came later.
"""

import structlog
from sqlalchemy import select

from app.accounts.services import audit, notices
from app.kit.announcements import announce
from app.kit.database import db
from app.registry.errors import MandateUnknown, NotEnoughFree, NothingOwed
from app.registry.models import Issuance, Mandate
from app.registry.queries.reversals import HOLDERS, HOLDS_LOST, PLEDGEES, details_of, reversed_kg
from app.registry.queries.serials import Series, get_series
from app.registry.rules import owed_kg
from app.registry.services.acts import By
from app.registry.services.cancellations import cancel_from_pool, cancel_units

TOPIC = "registry.units_reversed"
_log = structlog.get_logger(__name__)


def require_left(series: Series, quantity_kg: int) -> None:
    """Refuse to lose more of an issuance than was ever issued, over all its reversals.

    What is counted twice would be made good twice, by everybody's buffer pool. Raises `NotEnoughFree`.
    """
    if reversed_kg(series.issuance_id) + quantity_kg > series.serials.quantity_kg:
        raise NotEnoughFree()


def carry_out(mandate: Mandate, series: Series, operator_id: int) -> None:
    """Cancel what a reversal takes, and announce it. For the mandate's approval, which has locked it.

    Raises `NotEnoughFree` when others approved meanwhile leave no room for it.
    """
    # Reversals of one issuance go one by one; whoever cuts its blocks meanwhile is not kept waiting.
    issuance = select(Issuance.id).where(Issuance.id == series.issuance_id)
    with db.session.no_autoflush:  # approved, this one would count itself
        db.session.execute(issuance.with_for_update(key_share=True))
        require_left(series, mandate.quantity_kg)
    mandate.unsold_kg = mandate.buffer_kg = 0
    _cover(mandate, operator_id)
    db.session.flush()
    announce(TOPIC, {"code": mandate.code})


def cover(operator_id: int, code: str) -> int:
    """Cover what is still owed, as far as there is something now; returns the kilograms.

    Raises `MandateUnknown`, and `NothingOwed` when nothing could be covered.
    """
    mandate = db.session.query(Mandate).where(Mandate.code == code).with_for_update().one_or_none()
    if mandate is None or mandate.kind != "reversal" or mandate.approved_at is None:
        raise MandateUnknown()
    covered_kg = _cover(mandate, operator_id)
    if not covered_kg:
        raise NothingOwed()
    audit.record(operator_id, "reversal_covered", mandate.code, {"kg": covered_kg})
    announce(TOPIC, {"code": mandate.code})
    return covered_kg


def _cover(mandate: Mandate, operator_id: int) -> int:
    left = owed_kg(mandate.quantity_kg, mandate.unsold_kg, mandate.buffer_kg)
    if not left:
        return 0
    by, reason = By(operator_id=operator_id), mandate.reason or ""
    unsold = cancel_units(mandate.issuance_id, left, reason, by, mandate.code)
    pool = cancel_from_pool(left - unsold, reason, by, mandate.code) if left > unsold else 0
    mandate.unsold_kg = (mandate.unsold_kg or 0) + unsold
    mandate.buffer_kg = (mandate.buffer_kg or 0) + pool
    db.session.flush()
    return unsold + pool


def tell_concerned(code: str) -> int:
    """Tell everyone who holds, held back or has a pledge of these units; returns how many.

    Whoever retired some is told by the room that knows the orders.
    """
    mandate = db.session.query(Mandate).where(Mandate.code == code).one()
    details = details_of(mandate, get_series(mandate.issuance_id))
    values = {"issuance": mandate.issuance_id, "code": code, "issuer": mandate.holder_id}
    told = notices.tell([mandate.holder_id], "registry.notice_reversal_issuer", code, **details)
    for rows, message in (
        (HOLDERS, "registry.notice_reversal_holder"),
        (PLEDGEES, "registry.notice_reversal_pledgee"),
        (HOLDS_LOST, "registry.notice_reversal_hold"),
    ):
        told += notices.tell_from(rows, values, message, code, details)
    _log.info("reversal told", code=code, holders=told)
    return told
