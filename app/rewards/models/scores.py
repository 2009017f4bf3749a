"""What boards are made of: the truth that Redis is rebuilt from. Guards stand in migration 0037.

`changed` is the number of the transaction that wrote a row last (`pg_current_xact_id()`, set by a trigger).
What all transactions before some number have written is final, so the boards follow by that number.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Identity, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class SeasonScore(Base):
    """Grams that a person avoided in a season 赛季, by the days on which they acted.

    It is the sum of what was heard: an act that is withdrawn before it was heard makes it negative for a
    moment.
    """

    __tablename__ = "season_score"
    __table_args__ = (
        Index("ix_season_score_changed", "changed"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    season: Mapped[str] = mapped_column(String(7), primary_key=True)
    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    avoided_g: Mapped[int] = mapped_column(BigInteger)
    changed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class BoardLeaving(Base):
    """Somebody, or a group, who has to be taken off a board; kept until all boards have followed."""

    __tablename__ = "board_leaving"
    __table_args__ = (Index("ix_board_leaving_changed", "changed"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    board: Mapped[str] = mapped_column(String(24))
    member_id: Mapped[int] = mapped_column(BigInteger)
    left_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class BoardWish(Base):
    """How somebody wants to stand on boards; whoever has no row stands there, under no name of theirs."""

    __tablename__ = "board_wish"

    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    away: Mapped[bool] = mapped_column(Boolean)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ShownName(Base):
    """A name for others to read, sealed, and what was thought of it: a group's, or a person's own on boards.

    One stands of each; another takes its place, and what was taken back is erased. `doubt` is why a person
    has to look.
    """

    __tablename__ = "shown_name"
    __table_args__ = (
        Index(
            "uq_shown_name_standing",
            "group_id",
            "holder_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index(
            "ix_shown_name_waiting",
            "id",
            postgresql_where=text("passed_at IS NULL AND refused_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    group_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people_group.id"))
    holder_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    doubt: Mapped[str | None] = mapped_column(String(20))
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    passed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    judged_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("operator.id"))
    reason: Mapped[str | None] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
