"""The stored state as one comparable picture, read in one round trip; and the same picture of a world."""

from typing import Any

from sqlalchemy import text

from app.accounts import chart
from app.kit.database import db
from books import payout_picture, refund_picture
from books.world import World

Picture = dict[str, dict[Any, Any]]

_PARTS = {
    "account": ("id, balance", "FROM account WHERE balance <> 0"),
    "boundary": (
        "id, sum(change)",
        "FROM (SELECT source, -amount FROM posting UNION ALL SELECT target, amount FROM posting)"
        " leg (id, change) WHERE id % 100 >= 90 GROUP BY id HAVING sum(change) <> 0",
    ),
    "entries": ("kind, sum(amount)", "FROM posting GROUP BY kind"),
    "orders": (
        "o.id, o.code, o.holder_id, o.lot_id, o.quantity_kg, o.amount_fen,"
        " CASE WHEN o.refunded_at IS NOT NULL THEN 'refunded'"
        "   WHEN o.refunding_at IS NOT NULL THEN 'refunding'"
        "   WHEN r.order_id IS NOT NULL THEN 'settled' WHEN w.order_id IS NOT NULL THEN 'paid'"
        "   WHEN o.expired_at IS NOT NULL THEN 'expired' WHEN o.paid_at IS NULL THEN 'reserved'"
        "   ELSE 'lost' END,"
        " p.transaction_id, p.amount_fen, r.last_serial - r.first_serial + 1, r.due_g, r.carry_g,"
        " c.number IS NOT DISTINCT FROM CASE WHEN r.order_id IS NOT NULL THEN o.certificate_number END",
        "FROM orders o LEFT JOIN payment p ON p.order_id = o.id LEFT JOIN retirement r ON r.order_id = o.id"
        " LEFT JOIN paid_order w ON w.order_id = o.id LEFT JOIN certificate c ON c.order_id = o.id",
    ),
    "lots": (
        "l.id, coalesce(b.last_serial - b.first_serial + 1, 0), l.available_kg, l.reserved_kg, l.short_kg,"
        " l.closed_at IS NOT NULL",
        "FROM lot l LEFT JOIN block b ON b.lot_id = l.id AND b.state = 'active'",
    ),
    "issuances": (
        "issuance_id, coalesce(sum(kg) FILTER (WHERE state = 'active' AND lot_id IS NULL), 0),"
        " coalesce(sum(kg) FILTER (WHERE state = 'retired'), 0),"
        " coalesce(sum(kg) FILTER (WHERE state = 'cancelled'), 0)",
        "FROM (SELECT issuance_id, state, lot_id, last_serial - first_serial + 1 AS kg FROM block) b"
        " GROUP BY issuance_id",
    ),
    "dues": ("holder_id, month, kind, sum(change_g)", "FROM due GROUP BY holder_id, month, kind"),
    # Each order's serials lie in a retired block of its own lot; no serial is used twice.
    "misplaced": (
        "r.order_id, count(b.id)",
        "FROM retirement r JOIN orders o ON o.id = r.order_id"
        " LEFT JOIN block b ON b.lot_id = o.lot_id AND b.state = 'retired'"
        "   AND b.first_serial <= r.first_serial AND b.last_serial >= r.last_serial"
        " GROUP BY r.order_id HAVING count(b.id) <> 1",
    ),
    "overlapping": (
        "order_id, before",
        "FROM (SELECT order_id, first_serial,"
        "   max(last_serial) OVER (ORDER BY first_serial ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        "   AS before FROM retirement) laid WHERE first_serial <= before",
    ),
    **payout_picture.PARTS,
    **refund_picture.PARTS,
}
_PICTURE = text(
    "SELECT json_build_object("
    + ", ".join(
        f"'{name}', (SELECT coalesce(json_agg(row), '[]')"
        f" FROM (SELECT json_build_array({columns}) {rows}) part (row))"
        for name, (columns, rows) in _PARTS.items()
    )
    + ")"
)


def seen() -> Picture:
    """What the database holds."""
    db.session.rollback()
    rows = db.session.scalar(_PICTURE)
    db.session.rollback()
    assert rows is not None
    picture: Picture = {name: {row[0]: tuple(row[1:]) for row in part} for name, part in rows.items()}
    books = picture.pop("account") | picture.pop("boundary")
    picture["books"] = {_account(int(key)): value[0] for key, value in books.items()}
    picture["entries"] = {chart.ENTRY_KINDS[key].name: row[0] for key, row in picture["entries"].items()}
    picture["dues"] = {(row[0], row[1], row[2]): row[3] for row in rows["dues"]}
    return picture


def _account(account_id: int) -> tuple[int, str]:
    return chart.holder_of(account_id), chart.kind_of(account_id).name


def predicted(world: World) -> Picture:
    """What the database must hold."""
    return {
        "books": {account: balance for account, balance in world.books.items() if balance},
        "entries": {name: total for name, total in world.entries.items() if total},
        "orders": {
            o.id: (
                *(o.code, o.holder, o.lot, o.kg, o.fen, o.status, o.transaction),
                o.fen if o.transaction else None,
                *(o.kg if o.status == "settled" else None, o.due_g, o.carry_g, True),
            )
            for o in world.orders.values()
        },
        "lots": {
            lot.id: (lot.block_kg, lot.available_kg, lot.reserved_kg, lot.short_kg, lot.closed)
            for lot in world.lots.values()
        },
        "issuances": {i.id: (i.free_kg, i.retired_kg, i.cancelled_kg) for i in world.issuances.values()},
        "dues": dict(world.dues),
        "misplaced": {},
        "overlapping": {},
        **payout_picture.predicted(world),
        **refund_picture.predicted(world),
    }


def difference(model: Picture, database: Picture) -> list[str]:
    """Where the two differ, one line a fact."""
    lines = []
    for part in model:
        for key in sorted({*model[part], *database[part]}, key=str):
            expected, found = model[part].get(key), database[part].get(key)
            if expected != found:
                lines.append(f"{part} {key}: the model says {expected}, the database {found}")
    return lines
