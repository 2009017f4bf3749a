"""Verifying organisations 组织核实: only then may their name be printed as a name.

Asked for by an owner with the unified social credit code, decided by an operator who has looked it up.
"""

from psycopg import errors as pg
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.announcements import ORGANISATION_CHANGED
from app.accounts.errors import CreditCodeTaken, VerificationDecided, VerificationPending
from app.accounts.models import Holder, Membership, Organisation, Verification
from app.accounts.services import audit, notices
from app.kit import clock
from app.kit.announcements import announce
from app.kit.database import db
from app.kit.problems import NotFound


def ask(organisation_id: int, member_id: int, name: str, credit_code: str) -> Verification:
    """Ask for an organisation to be known by this name and code, which was checked by its check digit.

    Raises `VerificationPending`, `CreditCodeTaken`.
    """
    db.session.get_one(Organisation, organisation_id, with_for_update=True, populate_existing=True)
    open_ = select(Verification.id).where(
        Verification.organisation_id == organisation_id, Verification.decided_at.is_(None)
    )
    if db.session.scalar(open_) is not None:
        raise VerificationPending()
    _require_free(organisation_id, credit_code)
    wish = Verification(
        organisation_id=organisation_id,
        name=name,
        credit_code=credit_code,
        requested_by=member_id,
        requested_at=clock.now(),
    )
    db.session.add(wish)
    db.session.flush()
    return wish


def approve(operator_id: int, verification_id: int) -> Verification:
    """Let an organisation show the name that an operator has looked up under its code.

    Raises `NotFound`, `VerificationDecided`, `CreditCodeTaken`.
    """
    wish, organisation = _decide(operator_id, verification_id, approved=True)
    _require_free(organisation.holder_id, wish.credit_code)
    organisation.credit_code, organisation.verified_at = wish.credit_code, wish.decided_at
    organisation.told_name = wish.name
    holder = db.session.get_one(Holder, organisation.holder_id)
    holder.name = wish.name
    try:
        db.session.flush()
    except IntegrityError as error:  # another was verified under it at the same moment
        if isinstance(error.orig, pg.UniqueViolation):
            raise CreditCodeTaken() from error
        raise
    details = {"name": wish.name, "credit_code": wish.credit_code}
    audit.record(operator_id, "organisation_verified", holder.code, details)
    _tell(wish, "accounts.notice_verified", name=wish.name)
    return wish


def decline(operator_id: int, verification_id: int, reason: str) -> Verification:
    """Refuse a wish, saying why; another one may follow. Raises `NotFound`, `VerificationDecided`."""
    wish, organisation = _decide(operator_id, verification_id, approved=False)
    wish.reason = reason
    db.session.flush()
    code = db.session.get_one(Holder, organisation.holder_id).code
    audit.record(operator_id, "organisation_declined", code, {"reason": reason})
    _tell(wish, "accounts.notice_verification_declined", name=wish.name, reason=reason)
    return wish


def _decide(operator_id: int, verification_id: int, *, approved: bool) -> tuple[Verification, Organisation]:
    found = db.session.get(Verification, verification_id)
    if found is None:
        raise NotFound()
    organisation = db.session.get_one(
        Organisation, found.organisation_id, with_for_update=True, populate_existing=True
    )
    db.session.refresh(found, with_for_update=True)
    if found.decided_at is not None:
        raise VerificationDecided()
    found.decided_by, found.decided_at, found.approved = operator_id, clock.now(), approved
    return found, organisation


def _require_free(organisation_id: int, credit_code: str) -> None:
    taken = select(Organisation.holder_id).where(
        Organisation.credit_code == credit_code, Organisation.holder_id != organisation_id
    )
    if db.session.scalar(taken) is not None:
        raise CreditCodeTaken()


def _tell(wish: Verification, message: str, **details: str) -> None:
    owners = select(Membership.member_id).where(
        Membership.organisation_id == wish.organisation_id,
        Membership.role == "owner",
        Membership.ended_at.is_(None),
    )
    notices.tell(db.session.scalars(owners), message, f"verification:{wish.id}", **details)
    kind = "organisation.verified" if wish.approved else "organisation.declined"
    told = {"organisation_id": wish.organisation_id, "kind": kind, "subject": wish.credit_code}
    announce(ORGANISATION_CHANGED, told)
