"""What WeChat Pay says of a payment or a refund, in words of ours. Amounts are fen, times UTC.

Reading raises `ValueError` where a record is not as specified, and `ForeignRecord` where it is whole but
speaks of another merchant or mini-program: WeChat Pay signed it, so somebody has to know.
Source: WeChat Pay API v3, order query, refund query, payment and refund notices.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.clients.errors import Unverified
from app.clients.shapes import Fields, moment, optional_text, section, text, whole

# Beyond any payment, far below what a BIGINT holds.
MOST_FEN = 10**12

_CURRENCY = "CNY"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One order at WeChat Pay. `trade_state` is NOTPAY, SUCCESS, REFUND or CLOSED.

    Once paid (SUCCESS) it always has `transaction_id`, `amount_fen`, `currency` and `success_at`.
    REFUND means some refund happened, perhaps a partial one. `raw` is the record as it came.
    """

    out_trade_no: str
    transaction_id: str | None
    trade_state: str
    amount_fen: int | None
    currency: str | None
    payer_openid: str | None = field(repr=False)
    success_at: datetime | None
    raw: Fields = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund at WeChat Pay: `amount_fen` of an order of `total_fen`.

    `status` is PROCESSING, SUCCESS, CLOSED or ABNORMAL (money did not arrive: a person must act).
    """

    out_refund_no: str
    refund_id: str
    status: str
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    total_fen: int
    success_at: datetime | None
    raw: Fields = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified notice. It may come twice, late or out of order; `resource` says how things stand."""

    id: str
    event_type: str
    resource: Transaction | Refund
    created_at: datetime


class ForeignRecord(Unverified):
    """A record that is truly WeChat Pay's and as specified, but not ours. Never to be credited.

    `field` says by what: `appid`, `mchid`, or `currency` of a refund, since we only ever ask for CNY.
    `record` says what it was about, for whoever must look.
    """

    def __init__(self, field: str, expected: str, told: str, record: Transaction | Refund) -> None:
        self.field, self.expected, self.told, self.record = field, expected, told, record
        super().__init__(f"another {field}")


def _ours(told: Fields, record: Transaction | Refund, **wanted: str) -> None:
    for name, expected in wanted.items():
        if (found := text(told, name, 32)) != expected:
            raise ForeignRecord(name, expected, found, record)


def transaction_from(told: Fields, appid: str, mchid: str) -> Transaction:
    """Read an order as a query or a notice tells it."""
    transaction = _transaction(told)
    _ours(told, transaction, mchid=mchid, appid=appid)
    return transaction


def _transaction(told: Fields) -> Transaction:
    paid = text(told, "trade_state") == "SUCCESS"
    amount = section(told, "amount") if paid or told.get("amount") else {}
    payer = section(told, "payer") if told.get("payer") else {}
    return Transaction(
        out_trade_no=text(told, "out_trade_no", 32),
        transaction_id=(text if paid else optional_text)(told, "transaction_id", 32),
        trade_state=text(told, "trade_state", 32),
        amount_fen=whole(amount, "total", 1, MOST_FEN) if "total" in amount or paid else None,
        currency=(text if paid else optional_text)(amount, "currency", 16),
        payer_openid=optional_text(payer, "openid"),
        success_at=moment(told, "success_time") if told.get("success_time") or paid else None,
        raw=told,
    )


def refund_from(told: Fields, status_name: str = "status") -> Refund:
    """Read a refund; a query names its state `status`, a notice `refund_status`."""
    amount = section(told, "amount")
    refund = Refund(
        out_refund_no=text(told, "out_refund_no", 64),
        refund_id=text(told, "refund_id", 32),
        status=text(told, status_name, 32),
        out_trade_no=text(told, "out_trade_no", 32),
        transaction_id=text(told, "transaction_id", 32),
        amount_fen=whole(amount, "refund", 1, MOST_FEN),
        total_fen=whole(amount, "total", 1, MOST_FEN),
        success_at=moment(told, "success_time") if told.get("success_time") else None,
        raw=told,
    )
    if "currency" in amount:
        _ours(amount, refund, currency=_CURRENCY)
    return refund


def notice_from(envelope: Fields, resource: Fields, appid: str, mchid: str) -> Notice:
    """Read a notice from its envelope and its decrypted resource, which must say the same."""
    event_type = text(envelope, "event_type", 32)
    subject, _, state = event_type.partition(".")
    if text(envelope, "resource_type") != "encrypt-resource" or subject not in _READERS:
        raise ValueError("another kind of notice")
    record, told_state = _READERS[subject](resource, appid, mchid)
    if told_state != state:
        raise ValueError("the notice contradicts itself")
    return Notice(text(envelope, "id", 64), event_type, record, moment(envelope, "create_time"))


def _noticed_transaction(told: Fields, appid: str, mchid: str) -> tuple[Transaction, str]:
    transaction = transaction_from(told, appid, mchid)
    return transaction, transaction.trade_state


def _noticed_refund(told: Fields, appid: str, mchid: str) -> tuple[Refund, str]:
    """Read a refund; its notice names the merchant but no mini-program."""
    refund = refund_from(told, "refund_status")
    _ours(told, refund, mchid=mchid)
    return refund, refund.status


_READERS: Mapping[str, Callable[[Fields, str, str], tuple[Transaction | Refund, str]]] = {
    "TRANSACTION": _noticed_transaction,
    "REFUND": _noticed_refund,
}
