"""What waits to be decided of programmes, and what was."""

from collections.abc import Sequence

from sqlalchemy import func, select

from app.kit.database import db
from app.rewards.models import FundMovement
from app.rewards.models.proposals import ProgrammeProposal


def list_waiting(programme_id: int | None = None) -> Sequence[ProgrammeProposal]:
    """What waits for a second operator, the oldest first: of one programme, or of all."""
    wanted = select(ProgrammeProposal).where(ProgrammeProposal.decided_at.is_(None))
    if programme_id is not None:
        wanted = wanted.where(ProgrammeProposal.programme_id == programme_id)
    return db.session.scalars(wanted.order_by(ProgrammeProposal.id)).all()


def list_decided(programme_id: int) -> Sequence[ProgrammeProposal]:
    """What was decided of a programme, the newest first."""
    wanted = select(ProgrammeProposal).where(
        ProgrammeProposal.programme_id == programme_id, ProgrammeProposal.decided_at.is_not(None)
    )
    return db.session.scalars(wanted.order_by(ProgrammeProposal.id.desc())).all()


def find_closing_reason(programme_id: int) -> str | None:
    """Why a programme ended for good."""
    wanted = select(ProgrammeProposal.terms["reason"].astext).where(
        ProgrammeProposal.programme_id == programme_id,
        ProgrammeProposal.kind == "close",
        ProgrammeProposal.approved.is_(True),
    )
    return db.session.scalar(wanted)


def count_waiting() -> int:
    """How many proposals and movements of money wait for a second operator."""
    proposals = select(func.count()).where(ProgrammeProposal.decided_at.is_(None))
    movements = select(func.count()).where(
        FundMovement.confirmed_at.is_(None), FundMovement.dropped_at.is_(None)
    )
    return int(db.session.scalar(proposals) or 0) + int(db.session.scalar(movements) or 0)


def list_unconfirmed() -> Sequence[FundMovement]:
    """Movements of money that wait for a second operator, the oldest first."""
    wanted = select(FundMovement).where(
        FundMovement.confirmed_at.is_(None), FundMovement.dropped_at.is_(None)
    )
    return db.session.scalars(wanted.order_by(FundMovement.id)).all()
