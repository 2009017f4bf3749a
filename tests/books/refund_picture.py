"""The part of the picture that shows refunds, doubts and readings of the bank; and who a refund is."""

from typing import Any

from sqlalchemy import text

from app.kit.database import db
from books.records import Refund, RefundKey, Subject
from books.world import World

_NUMBERED = (
    "(SELECT refund.*, concat_ws(' ', coalesce(refund.order_id::text,"
    "   concat_ws('/', name, order_code, transaction_id)),"
    "   row_number() OVER (PARTITION BY refund.order_id, doubt_id ORDER BY refund.id)) AS key"
    " FROM refund LEFT JOIN payment_doubt ON payment_doubt.id = doubt_id)"
)
PARTS = {
    "refunds": (
        "back.key, back.amount_fen, back.total_fen, back.source, back.channel = 'bank', back.requested_by,"
        " back.bank_reference, stuck.key, back.approved_by, back.opened_at IS NOT NULL,"
        " back.declined_at IS NOT NULL, back.refusal IS NOT NULL, back.unknown_at IS NOT NULL,"
        " back.accepted_at IS NOT NULL, back.abnormal_at IS NOT NULL, back.closed_at IS NOT NULL,"
        " back.succeeded_at IS NOT NULL, back.doubled_at IS NOT NULL",
        f"FROM {_NUMBERED} back LEFT JOIN {_NUMBERED} stuck ON stuck.id = back.replaces_id",
    ),
    "doubts": (
        "concat_ws('/', name, order_code, transaction_id), source = 'bank', sightings, held_fen, resolved_by",
        "FROM payment_doubt",
    ),
    "readings": (
        "concat_ws(' ', order_id, operator_id, bank_reference), amount_fen, received_on::text,"
        " agreed_at IS NOT NULL",
        "FROM transfer_confirmation",
    ),
}


def predicted(world: World) -> dict[str, dict[Any, Any]]:
    """What the database must hold of them."""
    return {
        "refunds": {_written(key): _columns(refund) for key, refund in world.refunds.items()},
        "doubts": {
            "/".join(key): (doubt.bank, doubt.sightings, doubt.held_fen, doubt.resolved_by)
            for key, doubt in world.doubts.items()
        },
        "readings": {
            " ".join(map(str, key)): (read.fen, str(read.day), read.agreed)
            for key, read in world.readings.items()
        },
    }


def _columns(refund: Refund) -> tuple[Any, ...]:
    return (
        *(refund.fen, refund.total_fen, refund.source, refund.bank, refund.requested_by, refund.reference),
        _written(refund.replaces) if refund.replaces else None,
        *(refund.approved_by, refund.opened, refund.declined, refund.refused),
        *(refund.unknown_at is not None, refund.accepted, refund.abnormal, refund.closed),
        *(refund.succeeded, refund.doubled),
    )


def _written(key: RefundKey) -> str:
    subject, number = key
    return f"{subject if isinstance(subject, int) else '/'.join(subject)} {number}"


def numbers() -> dict[RefundKey, str]:
    """The number that each stored refund has at the provider."""
    rows = db.session.execute(text(f"SELECT key, code FROM {_NUMBERED} back")).all()
    db.session.rollback()
    return {_read(row.key): row.code for row in rows}


def _read(written: str) -> RefundKey:
    subject, number = written.rsplit(" ", 1)
    parts = subject.split("/")
    known: Subject = int(subject) if len(parts) == 1 else (parts[0], parts[1], parts[2])
    return known, int(number)
