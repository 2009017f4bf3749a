"""What can be known of operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.accounts import rules
from app.accounts.models import Operator, OperatorSession
from app.kit import clock
from app.kit.database import db
from app.kit.identity import Identity
from app.kit.problems import NotSignedIn


@dataclass(frozen=True)
class OperatorFacts:
    """An operator as routes and pages know them, and the session by which they are here."""

    id: int
    name: str
    roles: tuple[str, ...]
    session_id: int
    since: datetime

    def may(self, permission: str) -> bool:
        """Whether one of their roles carries `permission`."""
        return any(permission in rules.ROLES[role] for role in self.roles)

    @property
    def sample(self) -> bool:
        """Whether they belong to a development instance."""
        return rules.is_sample(self.name)


@dataclass(frozen=True)
class OperatorRecord:
    """An operator as the list of all shows them."""

    name: str
    roles: tuple[str, ...]
    created_at: datetime
    ended_at: datetime | None
    locked_until: datetime | None
    last_sign_in: datetime | None


def get_live_operator(identity: Identity) -> OperatorFacts:
    """The operator behind a console token whose session still lives. Raises `NotSignedIn`."""
    row = db.session.execute(
        select(Operator, OperatorSession.created_at)
        .join(OperatorSession, OperatorSession.operator_id == Operator.id)
        .where(
            OperatorSession.id == identity.session_id,
            OperatorSession.revoked_at.is_(None),
            OperatorSession.created_at > clock.now() - rules.OPERATOR_SESSION_LIFE,
            Operator.id == identity.holder_id,
            Operator.ended_at.is_(None),
        )
    ).first()
    if row is None:
        raise NotSignedIn()
    operator, since = row
    return OperatorFacts(operator.id, operator.name, tuple(operator.roles), identity.session_id, since)


def find_password_hash(name: str) -> str | None:
    """The stored hash of an operator who has not left; None when nobody has this name."""
    return db.session.scalar(
        select(Operator.password_hash).where(Operator.name == name, Operator.ended_at.is_(None))
    )


def list_names() -> dict[int, str]:
    """Every operator's name by id, those who left too."""
    return {row.id: row.name for row in db.session.execute(select(Operator.id, Operator.name))}


def list_operators() -> Sequence[OperatorRecord]:
    """Every operator by name, those who left too."""
    last = (
        select(func.max(OperatorSession.created_at))
        .where(OperatorSession.operator_id == Operator.id)
        .scalar_subquery()
    )
    rows = db.session.execute(select(Operator, last).order_by(Operator.name))
    return [
        OperatorRecord(
            each.name, tuple(each.roles), each.created_at, each.ended_at, each.locked_until, last_sign_in
        )
        for each, last_sign_in in rows
    ]
