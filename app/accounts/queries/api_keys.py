"""An organisation's API keys; a secret is never among them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.accounts.models import ApiKey
from app.kit.database import db

KEY_MARK = "shk_"
"""How every key begins, so that scanners of public repositories can know one."""


def list_keys(organisation_id: int) -> Sequence[ApiKey]:
    """An organisation's keys, those that ended too, newest first."""
    wanted = select(ApiKey).where(ApiKey.organisation_id == organisation_id)
    return db.session.scalars(wanted.order_by(ApiKey.id.desc()).limit(100)).all()


def works(key: ApiKey, now: datetime) -> bool:
    """Whether a key lets its program in."""
    return key.revoked_at is None and key.expires_at > now
