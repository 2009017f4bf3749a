"""Accounts that belong together: several of one WeChat user, and members of whom somebody pays."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from app.kit.database import array, db

_SAME_USER = text(
    "SELECT unionid AS mark, holder_id, created_at AS since FROM wechat_identity"
    " JOIN holder ON holder.id = holder_id AND closed_at IS NULL WHERE unionid IN ("
    "   SELECT unionid FROM wechat_identity JOIN holder ON holder.id = holder_id AND closed_at IS NULL"
    "   WHERE unionid IS NOT NULL GROUP BY unionid HAVING count(*) > 1)"
)
_ACTING = text(
    "SELECT DISTINCT organisation_id, member_id FROM membership JOIN"
    " unnest(CAST(:organisations AS bigint[]), CAST(:members AS bigint[]))"
    "   AS asked (organisation_id, member_id) USING (organisation_id, member_id)"
    " WHERE ended_at IS NULL OR ended_at >= :since"
)

_OPENED = text(
    "SELECT id, created_at FROM holder WHERE id = ANY(CAST(:holders AS bigint[]))"
    " AND created_at >= :since AND closed_at IS NULL"
)


class SameUser(NamedTuple):
    """One account of a WeChat user (`mark`) who has several; since when it is open."""

    mark: str
    holder_id: int
    since: datetime


def list_same_users() -> list[SameUser]:
    """Open accounts of WeChat users who have more than one."""
    return [SameUser(*row) for row in db.session.execute(_SAME_USER)]


def list_opened(holder_ids: Collection[int], since: datetime) -> dict[int, datetime]:
    """When those of these accounts were opened that are open, and were not before `since`."""
    rows = db.session.execute(_OPENED, {"holders": array(holder_ids), "since": since})
    return {row.id: row.created_at for row in rows}


def list_acting(pairs: Collection[tuple[int, int]], since: datetime) -> set[tuple[int, int]]:
    """Of pairs of an organisation and a person: those where the person acted for it after `since`."""
    asked = {
        "organisations": array(organisation for organisation, _ in pairs),
        "members": array(member for _, member in pairs),
        "since": since,
    }
    return {(row.organisation_id, row.member_id) for row in db.session.execute(_ACTING, asked)}
