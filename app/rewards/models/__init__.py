"""What rewards remember: one grant an action."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base
from app.rewards.models import groups, scores


class PointGrant(Base):
    """Points granted 积分 for one action, under one version of the tariff; taken back at most once."""

    __tablename__ = "point_grant"

    action_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    points: Mapped[int] = mapped_column(Integer)
    tariff: Mapped[str] = mapped_column(String(20))
    granted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    taken_back_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


__all__ = ["PointGrant", "groups", "scores"]
