"""What can be known of operators."""

from dataclasses import dataclass

from sqlalchemy import select

from app.accounts import rules
from app.accounts.models import Operator, OperatorSession
from app.kit.database import db
from app.kit.identity import Identity
from app.kit.problems import NotSignedIn


@dataclass(frozen=True)
class OperatorFacts:
    """An operator as routes and pages know them."""

    id: int
    name: str
    roles: tuple[str, ...]

    def may(self, permission: str) -> bool:
        """Whether one of their roles carries `permission`."""
        return any(permission in rules.ROLES[role] for role in self.roles)


def get_live_operator(identity: Identity) -> OperatorFacts:
    """The operator behind a console token whose session still lives. Raises `NotSignedIn`."""
    row = db.session.scalar(
        select(Operator)
        .join(OperatorSession, OperatorSession.operator_id == Operator.id)
        .where(
            OperatorSession.id == identity.session_id,
            OperatorSession.revoked_at.is_(None),
            Operator.id == identity.holder_id,
            Operator.ended_at.is_(None),
        )
    )
    if row is None:
        raise NotSignedIn()
    return OperatorFacts(row.id, row.name, tuple(row.roles))


def list_names() -> dict[int, str]:
    """Every operator's name by id, those who left too."""
    return {row.id: row.name for row in db.session.execute(select(Operator.id, Operator.name))}
