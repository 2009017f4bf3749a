"""Opening courts, and saying which operators are their clerks."""

from psycopg import errors as pg
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from app.accounts import queries as accounts
from app.accounts import services as holders
from app.accounts.services import audit
from app.causes.errors.dockets import ClerkRefused, CourtNameTaken
from app.causes.models.dockets import Court, CourtClerk
from app.causes.queries.courts import CourtFacts, Scope, find_court
from app.kit import clock
from app.kit.database import db
from app.kit.messages import t

CLERK = "clerk"
"""The role that lets an operator be a court's clerk."""


def open_court(operator_id: int, name: str, kind: str, region: str | None = None) -> CourtFacts:
    """Open the books of a court, procuratorate, police or administration. Raises `CourtNameTaken`."""
    holder = holders.open_organisation(operator_id, name, region)
    db.session.add(
        Court(holder_id=holder.id, name=name, kind=kind, opened_by=operator_id, opened_at=clock.now())
    )
    try:
        db.session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, pg.UniqueViolation):
            raise
        raise CourtNameTaken() from error
    audit.record(operator_id, "court_opened", holder.code, {"kind": kind})
    return CourtFacts(holder.id, holder.code, name, kind)


def bind_clerk(operator_id: int, court_code: str, clerk_name: str) -> CourtClerk:
    """Make an operator of the role `clerk` a court's clerk, and of no other court any more.

    Raises `CourtUnknown`, `ClerkRefused` for who is no clerk, has left, or is oneself.
    """
    court = find_court(Scope(None), court_code)
    known = next((each for each in accounts.operators.list_operators() if each.name == clerk_name), None)
    if known is None or CLERK not in known.roles or known.ended_at is not None:
        raise _refused("causes.clerk_of_other_role")
    clerk_id = next(each for each, name in accounts.operators.list_names().items() if name == clerk_name)
    if clerk_id == operator_id:
        raise _refused("causes.clerk_oneself")
    before = db.session.scalar(_standing(clerk_id))
    if before is not None:
        if before.court_id == court.id:
            return before
        _end(operator_id, before)
    bound = CourtClerk(operator_id=clerk_id, court_id=court.id, bound_by=operator_id, bound_at=clock.now())
    db.session.add(bound)
    db.session.flush()
    audit.record(operator_id, "clerk_bound", court.code, {"clerk": clerk_name})
    return bound


def end_clerk(operator_id: int, court_code: str, clerk_name: str) -> None:
    """Let a clerk see nothing of a court any more, from this moment on. Raises `ClerkRefused`."""
    court = find_court(Scope(None), court_code)
    clerk_id = next((each for each, name in accounts.operators.list_names().items() if name == clerk_name), 0)
    bound = db.session.scalar(_standing(clerk_id).where(CourtClerk.court_id == court.id))
    if bound is None:
        raise _refused("causes.clerk_not_bound")
    _end(operator_id, bound)
    audit.record(operator_id, "clerk_ended", court.code, {"clerk": clerk_name})


def _standing(clerk_id: int) -> Select[CourtClerk]:
    return (
        select(CourtClerk)
        .where(CourtClerk.operator_id == clerk_id, CourtClerk.ended_at.is_(None))
        .with_for_update()
    )


def _end(operator_id: int, bound: CourtClerk) -> None:
    bound.ended_by, bound.ended_at = operator_id, clock.now()
    db.session.flush()


def _refused(message: str) -> ClerkRefused:
    return ClerkRefused(errors=[{"pointer": "#/clerk", "detail": t(message)}])
