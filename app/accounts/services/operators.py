"""Operators 运营人员: enrolling them, signing them in and out, ending and resetting them."""

import secrets
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from app.accounts import rules
from app.accounts.models import Operator, OperatorSession
from app.accounts.queries import operators as known
from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.database import db
from app.kit.problems import TooMany

# Source: OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)
"""Guessers may not take all threads and memory of a process: 19 MiB and 25 ms a try, two tries at once."""
_PATIENCE_S = 0.3
_PARTS = ["finance", "registry", "footprint", "partners", "courts", "duties", "words", "rewards"]
SAMPLES = {"sample-lin": _PARTS, "sample-zhang": [*_PARTS, "auditor"], "sample-shu": ["clerk"]}
"""Who can try the console of a development instance; two, since money and forests need four eyes, and a
court's clerk."""


@dataclass(frozen=True)
class Checked:
    """Whether a password was right for a name, and against which hash; `renewed` replaces an old one.

    Found out before the transaction, which would otherwise hold a connection and a row for as long.
    """

    name: str
    right: bool
    against: str
    renewed: str | None = None


def enrol(name: str, password: str, roles: list[str], by: int | None = None) -> tuple[Operator, str]:
    """Enrol an operator; returns them and the TOTP secret, which is shown only now.

    Raises ValueError for a role that does not exist, a name or a password that will not do.
    """
    if not roles or not set(roles) <= set(rules.ROLES):
        raise ValueError(f"roles are {', '.join(rules.ROLES)}")
    _must_not(rules.name_fault(name))
    operator = Operator(name=name, roles=roles, totp_sealed=b"", created_at=clock.now())
    secret = _arm(operator, password)
    db.session.add(operator)
    db.session.flush()
    audit.record(by, "operator_enrolled", name, {"roles": roles})
    return operator, secret


def reset(name: str, password: str, by: int | None = None) -> str:
    """Give an operator another password and TOTP secret, which is returned; their sign-ins end.

    Raises ValueError for a name that is not theirs any more, or a password that will not do.
    """
    operator = _locked(name)
    secret = _arm(operator, password)
    operator.totp_last_step = operator.failures = 0
    operator.locked_until = None
    _end_sessions(operator.id)
    audit.record(by, "operator_reset", name)
    return secret


def end(name: str, by: int | None = None) -> None:
    """Let an operator in no more, from this moment on. Raises ValueError for a name that is not theirs."""
    operator = _locked(name)
    operator.ended_at = clock.now()
    _end_sessions(operator.id)
    audit.record(by, "operator_ended", name)


def check_password(name: str, password: str) -> Checked:
    """Compare a password, in the same time whether or not somebody has this name.

    Raises `TooMany` when others are being compared just now.
    """
    stored = known.find_password_hash(name)
    db.session.rollback()  # the connection serves others meanwhile
    with _Turn():
        against = stored or _nobodys_hash()
        try:
            right = _HASHER.verify(against, _peppered(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            right = False
        renew = right and _HASHER.check_needs_rehash(against)
        return Checked(name, right, against, _HASHER.hash(_peppered(password)) if renew else None)


def hash_password(name: str, password: str) -> str:
    """The hash of a new password. Raises ValueError with the message that says why it will not do."""
    _must_not(rules.password_fault(name, password))
    with _Turn():
        return _HASHER.hash(_peppered(password))


def sign_in(checked: Checked, code: str) -> OperatorSession | None:
    """Open a session when password and code are right and nothing else is in the way.

    None is the one answer for every cause. The caller refuses after the commit, since a refusal inside
    the transaction would undo the counting of this try.
    """
    operator = _admit(checked, code)
    if operator is None:
        return None
    if checked.renewed:
        operator.password_hash = checked.renewed
    audit.record(operator.id, "operator_signed_in", operator.name)
    return open_session(operator.id)


def change_password(session_id: int, checked: Checked, code: str, password_hash: str) -> bool:
    """Exchange a password for whoever knows the present one and a fresh code; other sign-ins end.

    False as in `sign_in`: the try is counted, so that a stolen session helps nobody to guess.
    """
    operator = _admit(checked, code)
    if operator is None:
        return False
    operator.password_hash = password_hash
    _end_sessions(operator.id, but=session_id)
    audit.record(operator.id, "operator_password_changed", operator.name)
    return True


def open_session(operator_id: int) -> OperatorSession:
    """Open a session for an operator whose password and code were checked."""
    session = OperatorSession(operator_id=operator_id, created_at=clock.now())
    db.session.add(session)
    db.session.flush()
    return session


def sign_out(operator_id: int, session_id: int) -> None:
    """End one session."""
    _end_sessions(operator_id, only=session_id)
    audit.record(operator_id, "operator_signed_out", known.list_names()[operator_id])


def enrol_samples() -> dict[str, str]:
    """Enrol the sample operators, or reset those who are still there; their passwords by name."""
    standing = {each.name: each.ended_at is None for each in known.list_operators()}
    passwords = {}
    for name, roles in SAMPLES.items():
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        if name not in standing:
            enrol(name, password, roles)
        elif standing[name]:
            reset(name, password)
        else:
            continue
        passwords[name] = password
    return passwords


def present_code(name: str) -> str:
    """The code that the operator's app shows now. Raises ValueError for a name that is nobody's."""
    return pyotp.TOTP(_secret(_locked(name))).at(clock.now())


def _admit(checked: Checked, code: str) -> Operator | None:
    """The operator whom password and code let in; a failure is counted and may lock them for a while.

    The row lock makes a code work once, however many try it at the same moment. A try during a lock
    is not counted: whoever keeps guessing would otherwise keep the operator out for good.
    """
    operator = db.session.scalar(select(Operator).where(Operator.name == checked.name).with_for_update())
    now = clock.now()
    if operator is None or operator.ended_at or (operator.locked_until and operator.locked_until > now):
        return None
    step = rules.matching_step(_secret(operator), code, now, operator.totp_last_step)
    right = checked.right and checked.against == operator.password_hash
    if step is None or not right:
        operator.failures += 1
        operator.locked_until = now + rules.lock_after(operator.failures)
        cause = "code" if right else "password"
        audit.record(None, "sign_in_refused", operator.name, {"cause": cause, "failures": operator.failures})
        return None
    operator.totp_last_step = step
    operator.failures, operator.locked_until = 0, None
    return operator


def _arm(operator: Operator, password: str) -> str:
    """Give them this password and a new TOTP secret."""
    operator.password_hash = hash_password(operator.name, password)
    secret = pyotp.random_base32()
    operator.totp_sealed = sealing.seal(secret, f"totp:{operator.name}")
    return secret


def _secret(operator: Operator) -> str:
    return sealing.unseal(operator.totp_sealed, f"totp:{operator.name}")


def _locked(name: str) -> Operator:
    operator = db.session.scalar(
        select(Operator).where(Operator.name == name, Operator.ended_at.is_(None)).with_for_update()
    )
    if operator is None:
        raise ValueError(f"no operator is named {name}")
    return operator


def _end_sessions(operator_id: int, *, only: int | None = None, but: int | None = None) -> None:
    """End an operator's sessions: all of them, `only` this one, or all `but` this one."""
    live = [OperatorSession.operator_id == operator_id, OperatorSession.revoked_at.is_(None)]
    if only is not None:
        live.append(OperatorSession.id == only)
    if but is not None:
        live.append(OperatorSession.id != but)
    db.session.execute(update(OperatorSession).where(*live).values(revoked_at=clock.now()))


def _peppered(password: str) -> str:
    """The password bound to our key: a stolen table alone gives nothing to guess at."""
    return sealing.keyed_digest(unicodedata.normalize("NFKC", password.strip()), "password")


@cache
def _nobodys_hash() -> str:
    """What a password is compared with when nobody has the name."""
    return _HASHER.hash(secrets.token_hex())


def _must_not(fault: str | None) -> None:
    if fault:
        raise ValueError(fault)


class _Turn:
    """A turn at the costly hash."""

    def __enter__(self) -> None:
        if not _AT_ONCE.acquire(timeout=_PATIENCE_S):
            raise TooMany()

    def __exit__(self, *_: object) -> None:
        _AT_ONCE.release()
