"""Orders paid by bank transfer, as operators and the organisation itself see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.kit import sealing
from app.kit.database import db
from app.offsets.errors import TransferUnknown
from app.offsets.models import Order, Transfer, TransferConfirmation, TransferProof
from app.offsets.queries.orders import OrderFacts, order_facts, select_orders


@dataclass(frozen=True)
class Confirmation:
    """What one operator read at the bank."""

    operator_id: int
    amount_fen: int
    bank_reference: str
    received_on: date
    confirmed_at: datetime
    agreed_at: datetime | None


@dataclass(frozen=True)
class ProofFacts:
    """A file that somebody sent as proof of a transfer; what is in it is asked for separately."""

    id: int
    media: str
    sha256: str
    size_bytes: int
    uploaded_by: int | None
    uploaded_at: datetime


@dataclass(frozen=True)
class TransferFacts:
    """One order of the offline channel, whose it is, and what is known of its transfer."""

    order: OrderFacts
    organisation: str
    remittance_code: str
    link: str
    confirmations: Sequence[Confirmation]
    proofs: Sequence[ProofFacts]

    @property
    def waits(self) -> bool:
        """Whether it waits for its transfer."""
        return self.order.paid_at is None and self.order.refunding_at is None

    @property
    def open_readings(self) -> list[Confirmation]:
        """What was read of a transfer that a second operator has still to read."""
        return [each for each in self.confirmations if each.agreed_at is None]

    @property
    def agreed_readings(self) -> list[Confirmation]:
        """What two have read alike."""
        return [each for each in self.confirmations if each.agreed_at is not None]


def get_transfer(order_code: str) -> TransferFacts:
    """The offline order with this number. Raises `TransferUnknown`."""
    return _one(Order.code == order_code)


def get_transfer_by_link(link_hash: bytes) -> TransferFacts:
    """The offline order behind an organisation's link. Raises `TransferUnknown`."""
    return _one(Transfer.link_hash == link_hash)


def list_transfers(limit: int, before: int | None = None) -> list[TransferFacts]:
    """Offline orders, newest first; `before` is an order's id."""
    wanted = _transfers().order_by(Order.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Order.id < before)
    return _facts(db.session.execute(wanted).all())


def list_waiting_transfers(limit: int = 200) -> list[TransferFacts]:
    """Offline orders whose transfer was announced by a proof or read by one operator, oldest first."""
    return _facts(db.session.execute(_transfers().where(*_WAITING).order_by(Order.id).limit(limit)).all())


def count_waiting_transfers() -> int:
    """How many offline orders wait for an operator to look at the bank's statement."""
    wanted = select(func.count()).select_from(Order).join(Transfer, Transfer.order_id == Order.id)
    return int(db.session.scalar(wanted.where(*_WAITING)) or 0)


def get_proof(order_code: str, proof_id: int) -> tuple[str, bytes]:
    """The media and content of a proof. Raises `TransferUnknown`."""
    proof = db.session.scalar(
        select(TransferProof)
        .join(Order, Order.id == TransferProof.order_id)
        .where(Order.code == order_code, TransferProof.id == proof_id)
    )
    if proof is None:
        raise TransferUnknown()
    return proof.media, sealing.unseal_bytes(proof.content_sealed, f"transfer_proof:{proof.sha256.hex()}")


_TOLD = select(TransferProof.id).where(TransferProof.order_id == Order.id).exists()
_READ = (
    select(TransferConfirmation.order_id)
    .where(TransferConfirmation.order_id == Order.id, TransferConfirmation.agreed_at.is_(None))
    .exists()
)
_WAITING: Any = ((Order.paid_at.is_(None) & Order.refunding_at.is_(None) & _TOLD) | _READ,)


def references_from() -> str:
    """The bank's references of transfers that were received, as a part of another room's statement."""
    named = "SELECT substr(transaction_id, 6) AS bank_reference FROM {} WHERE transaction_id LIKE 'bank:%'"
    return f"({named.format('payment')} UNION ALL {named.format('payment_doubt')} AND held_fen IS NOT NULL)"


def _transfers() -> Any:
    return select_orders().add_columns(Transfer).join(Transfer, Transfer.order_id == Order.id)


def _one(condition: Any) -> TransferFacts:
    rows = db.session.execute(_transfers().where(condition)).all()
    if not rows:
        raise TransferUnknown()
    return _facts(rows)[0]


def _facts(rows: Sequence[Any]) -> list[TransferFacts]:
    orders = {row[0].id: order_facts(row[:-1]) for row in rows}
    holders = accounts.list_holders([order.holder_id for order in orders.values()])
    confirmations = _by_order(TransferConfirmation, orders, TransferConfirmation.confirmed_at)
    proofs = _by_order(TransferProof, orders, TransferProof.id)
    return [
        TransferFacts(
            order=orders[row[0].id],
            organisation=holders[row[0].holder_id].name or "",
            remittance_code=row[-1].remittance_code,
            link=sealing.unseal(row[-1].link_sealed, f"transfer_link:{row[-1].remittance_code}"),
            confirmations=[_confirmation(each) for each in confirmations.get(row[0].id, ())],
            proofs=[_proof(each) for each in proofs.get(row[0].id, ())],
        )
        for row in rows
    ]


def _by_order(model: Any, orders: dict[int, OrderFacts], order_by: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for each in db.session.scalars(select(model).where(model.order_id.in_(orders)).order_by(order_by)):
        found.setdefault(each.order_id, []).append(each)
    return found


def _confirmation(row: TransferConfirmation) -> Confirmation:
    names = ("operator_id", "amount_fen", "bank_reference", "received_on", "confirmed_at", "agreed_at")
    return Confirmation(*(getattr(row, name) for name in names))


def _proof(row: TransferProof) -> ProofFacts:
    return ProofFacts(row.id, row.media, row.sha256.hex(), row.size_bytes, row.uploaded_by, row.uploaded_at)
