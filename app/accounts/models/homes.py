"""Where people say that they are at home. A row goes when they take it back; nothing of it is kept."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Home(Base):
    """A person's home region 归属地, chosen by themselves: a code of 2, 4, 6, 9 or 12 digits.

    Only for public totals, and only of what happened from `chosen_at` on. `holder.region` is another
    thing: where operators know a village or household to be.
    """

    __tablename__ = "home"
    __table_args__ = (
        CheckConstraint("region ~ '^[1-9][0-9]+$' AND length(region) IN (2, 4, 6, 9, 12)", name="region"),
    )

    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), primary_key=True)
    region: Mapped[str] = mapped_column(String(12))
    chosen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
