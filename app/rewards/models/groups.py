"""Who belongs together by their own will: groups, their members, friends. Guards stand in migration 0037."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


def _moment(*, nullable: bool = False) -> "Mapped[datetime]":
    return mapped_column(DateTime(timezone=True), nullable=nullable)


class Group(Base):
    """People who are counted together 小组: a team, a school, a village, an office, a class.

    Its code to join follows from our key, the group and its `issue`, is kept nowhere and found by its hash;
    the next issue ends it. `listed` is its owner's wish to stand among the groups in public. Its name is a
    `ShownName`.
    """

    __tablename__ = "people_group"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    owner_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    listed: Mapped[bool] = mapped_column(Boolean)
    issue: Mapped[int] = mapped_column(Integer)
    join_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    made_at: Mapped[datetime] = _moment()
    closed_at: Mapped[datetime | None] = _moment(nullable=True)


class GroupMember(Base):
    """Somebody's time in a group; whoever left has a row that says until when.

    `base_g` is what they had avoided in `base_season` before they came: it does not count for the group.
    """

    __tablename__ = "group_member"
    __table_args__ = (
        Index(
            "uq_group_member_standing",
            "group_id",
            "holder_id",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("ix_group_member_holder_id", "holder_id", postgresql_where=text("left_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    group_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people_group.id"))
    holder_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    base_season: Mapped[str] = mapped_column(String(7))
    base_g: Mapped[int] = mapped_column(BigInteger)
    joined_at: Mapped[datetime] = _moment()
    left_at: Mapped[datetime | None] = _moment(nullable=True)
    removed_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("holder.id"))


class FriendCode(Base):
    """The code by which others become somebody's friends 好友; a next issue ends the one before."""

    __tablename__ = "friend_code"

    holder_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("holder.id"), primary_key=True, autoincrement=False
    )
    issue: Mapped[int] = mapped_column(Integer)
    link_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    issued_at: Mapped[datetime] = _moment()


class Friendship(Base):
    """Two people who see each other's season, until either ends it; then nothing is left of it.

    `inviter_id` gave the code. The labels are what each calls the other, for themselves alone.
    """

    __tablename__ = "friendship"
    __table_args__ = (UniqueConstraint("low_id", "high_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    low_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    high_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"), index=True)
    inviter_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("holder.id"))
    low_label_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    high_label_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = _moment()
