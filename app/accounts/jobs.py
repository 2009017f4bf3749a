"""What happens to the audit log by itself: it is sealed within a second, and recomputed once a day."""

import structlog
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from app.accounts.queries import audit as log
from app.accounts.services import audit
from app.kit.transaction import transaction

_log = structlog.get_logger(__name__)


def seal_audit() -> int:
    """Seal what operators did and sign the chain's end; returns how many entries. Safe to run anywhere."""
    sealed = 0
    try:
        while True:
            with transaction():
                fresh = audit.seal()
            sealed += fresh
            if not fresh:
                break
        with transaction():
            audit.sign_head()
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        # A long writer or another sealer holds the log; the next round comes in a second.
    return sealed


def check_audit() -> bool:
    """Recompute the whole chain; False, and an alarm in our logs, when it does not hold."""
    verdict = log.check_chain()
    if verdict.fault is not None:
        _log.error("the audit log was tampered with", **vars(verdict.fault))
    return verdict.fault is None
