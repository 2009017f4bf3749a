"""Courts and who their clerks are; what an operator may see of dockets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.causes.errors.dockets import CourtUnknown
from app.causes.models.dockets import Court, CourtClerk, Docket
from app.kit.database import db


@dataclass(frozen=True, slots=True)
class Scope:
    """The courts whose dockets an operator may see; None is all of them."""

    courts: frozenset[int] | None

    def covers(self, court_id: int) -> bool:
        """Whether a court's dockets are theirs to see."""
        return self.courts is None or court_id in self.courts


@dataclass(frozen=True, slots=True)
class CourtFacts:
    """A court: its holder's id and code, its name, what kind of organ it is."""

    id: int
    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class ClerkFacts:
    """That an operator is a court's clerk, since when, by whose word."""

    id: int
    operator_id: int
    bound_by: int
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class CourtLine:
    """A court in a list, with its clerks and how many dockets it has."""

    court: CourtFacts
    clerks: Sequence[ClerkFacts]
    dockets: int


def scope_of(operator: OperatorFacts) -> Scope:
    """All dockets for who looks after courts, a clerk's own court otherwise: no court, no docket."""
    if operator.may("courts.read"):
        return Scope(None)
    bound = select(CourtClerk.court_id).where(
        CourtClerk.operator_id == operator.id, CourtClerk.ended_at.is_(None)
    )
    return Scope(frozenset(db.session.scalars(bound)))


def list_courts(scope: Scope) -> list[CourtFacts]:
    """The courts within a scope, by name."""
    wanted = select(Court).order_by(Court.name)
    if scope.courts is not None:
        wanted = wanted.where(Court.holder_id.in_(scope.courts))
    return _facts(db.session.scalars(wanted).all())


def get_courts(court_ids: Sequence[int]) -> dict[int, CourtFacts]:
    """These courts by id."""
    rows = db.session.scalars(select(Court).where(Court.holder_id.in_(set(court_ids)))).all()
    return {each.id: each for each in _facts(rows)}


def find_court(scope: Scope, code: str) -> CourtFacts:
    """The court with this code, within a scope. Raises `CourtUnknown`."""
    holder = accounts.find_holder(code)
    found = get_courts([holder.id]) if holder is not None and scope.covers(holder.id) else {}
    if not found:
        raise CourtUnknown()
    return next(iter(found.values()))


def list_court_lines() -> list[CourtLine]:
    """All courts with their clerks; for who looks after courts."""
    counts = {
        row[0]: row[1]
        for row in db.session.execute(select(Docket.court_id, func.count()).group_by(Docket.court_id))
    }
    clerks: dict[int, list[ClerkFacts]] = {}
    standing = select(CourtClerk).where(CourtClerk.ended_at.is_(None)).order_by(CourtClerk.id)
    for each in db.session.scalars(standing):
        facts = ClerkFacts(each.id, each.operator_id, each.bound_by, each.bound_at)
        clerks.setdefault(each.court_id, []).append(facts)
    return [
        CourtLine(court, clerks.get(court.id, ()), counts.get(court.id, 0))
        for court in list_courts(Scope(None))
    ]


def _facts(courts: Sequence[Court]) -> list[CourtFacts]:
    holders = accounts.list_holders([court.holder_id for court in courts])
    return [CourtFacts(each.holder_id, holders[each.holder_id].code, each.name, each.kind) for each in courts]
