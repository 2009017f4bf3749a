"""What a holder was told."""

from collections.abc import Sequence

from sqlalchemy import func, select

from app.accounts.models import Notice
from app.kit.database import db


def list_notices(holder_id: int, limit: int, before: int | None = None) -> Sequence[Notice]:
    """What this holder was told, newest first; `before` is a notice's id."""
    wanted = select(Notice).where(Notice.holder_id == holder_id)
    if before is not None:
        wanted = wanted.where(Notice.id < before)
    return db.session.scalars(wanted.order_by(Notice.id.desc()).limit(limit)).all()


def count_told(reference: str) -> int:
    """How many holders were told of something."""
    return int(db.session.scalar(select(func.count()).where(Notice.reference == reference)) or 0)
