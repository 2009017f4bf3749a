"""Operators 运营人员: enrolling them, signing them in and out."""

import pyotp
from argon2 import PasswordHasher

from app.accounts import rules
from app.accounts.models import Operator, OperatorSession
from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.database import db

# Source: OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def enrol(name: str, password: str, roles: list[str], by: int | None = None) -> tuple[Operator, str]:
    """Enrol an operator; returns them and the TOTP secret, which is shown only now.

    Raises ValueError for a role that does not exist or a password that is too short.
    """
    if not roles or not set(roles) <= set(rules.ROLES):
        raise ValueError(f"roles are {', '.join(rules.ROLES)}")
    if len(password) < rules.LEAST_PASSWORD:
        raise ValueError(f"a password has {rules.LEAST_PASSWORD} characters or more")
    secret = pyotp.random_base32()
    operator = Operator(
        name=name,
        roles=roles,
        password_hash=_HASHER.hash(password),
        totp_sealed=sealing.seal(secret, f"totp:{name}"),
        created_at=clock.now(),
    )
    db.session.add(operator)
    db.session.flush()
    audit.record(by, "operator_enrolled", name, {"roles": roles})
    return operator, secret


def open_session(operator_id: int) -> OperatorSession:
    """Open a session for an operator whose password and code were checked."""
    session = OperatorSession(operator_id=operator_id, created_at=clock.now())
    db.session.add(session)
    db.session.flush()
    return session
