"""What the pretended WeChat remembers: records behind one lock, and a snapshot that survives a restart.

Instants are seconds since 1970. The snapshot is written in the background about twice a second: a
simulator that is killed may forget the last moment, one that is stopped forgets nothing.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.files import write_private

SNAPSHOT_VERSION = 1


@dataclass
class Account:
    """A test person's WeChat, known to the mini-program by `openid`; `seen_at` is their last login there."""

    name: str
    openid: str
    session_key: str
    created_at: float
    seen_at: float = 0.0


@dataclass
class Code:
    """A login code and the session key it will be exchanged for."""

    code: str
    openid: str
    session_key: str
    issued_at: float
    used: bool = False


@dataclass
class Token:
    """An access token of the mini-program."""

    token: str
    expires_at: float


@dataclass
class Prepay:
    """A prepay id handed out for a transaction."""

    prepay_id: str
    out_trade_no: str
    issued_at: float


@dataclass
class Transaction:
    """A payment order; `request` is the body of its first prepay call."""

    out_trade_no: str
    request: dict[str, Any]
    created_at: float
    expires_at: float
    state: str = "NOTPAY"
    transaction_id: str = ""
    paid_at: float = 0.0
    refund_numbers: list[str] = field(default_factory=list)
    shipping: list[dict[str, Any]] = field(default_factory=list)

    @property
    def amount_fen(self) -> int:
        """Return what is to be paid."""
        return int(self.request["amount"]["total"])

    @property
    def openid(self) -> str:
        """Return who is to pay."""
        return str(self.request["payer"]["openid"])


@dataclass
class Refund:
    """A refund; `request` is the body of its first call, `ends_as` what it becomes at `due_at`."""

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    transaction_id: str
    request: dict[str, Any]
    created_at: float
    due_at: float
    ends_as: str
    status: str = "PROCESSING"
    ended_at: float = 0.0

    @property
    def amount_fen(self) -> int:
        """Return what is given back."""
        return int(self.request["amount"]["refund"])


@dataclass
class Notice:
    """A message to the merchant and every attempt to deliver it.

    `status` is pending, delivered, exhausted (all retries used) or dropped (a fault lost it);
    `due_at` is the wall-clock time of the next attempt.
    """

    id: str
    event_type: str
    summary: str
    url: str
    kind: str
    resource: dict[str, Any]
    reference: str
    created_at: float
    due_at: float = 0.0
    failures: int = 0
    status: str = "pending"
    attempts: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class BillFault:
    """Something to be wrong with the bills of a day; see `bill_faults`."""

    day: str
    kind: str


@dataclass
class Withdrawal:
    """Money moved from the merchant's account to its bank."""

    number: str
    at: float
    amount_fen: int


@dataclass
class IssuedVoucher:
    """What the pretended shop said of a number: `state` is issued, refused or cancelled, and stays so."""

    number: str
    product: str
    state: str
    code: str
    last_day: str


@dataclass(frozen=True)
class BillOffer:
    """A bill file that can be downloaded until `expires_at`; it is not kept over a restart."""

    token: str
    name: str
    content: bytes
    sha1: str
    expires_at: float


#: Table of the state -> the kind of record it holds.
TABLES: dict[str, type[Any]] = {
    "accounts": Account,
    "codes": Code,
    "tokens": Token,
    "prepays": Prepay,
    "transactions": Transaction,
    "refunds": Refund,
    "notices": Notice,
    "bill_faults": BillFault,
    "withdrawals": Withdrawal,
    "vouchers": IssuedVoucher,
}


@dataclass
class State:
    """All records, by their natural keys; change them only inside `changing()`."""

    path: Path
    accounts: dict[str, Account] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    prepays: dict[str, Prepay] = field(default_factory=dict)
    transactions: dict[str, Transaction] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    bill_faults: dict[str, BillFault] = field(default_factory=dict)
    withdrawals: dict[str, Withdrawal] = field(default_factory=dict)
    vouchers: dict[str, IssuedVoucher] = field(default_factory=dict)
    forced_refreshes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Prepare the lock and read the snapshot if there is one."""
        self.lock = threading.RLock()
        self._dirty = False
        self._saving = threading.Lock()
        #: transaction_id -> out_trade_no of paid orders.
        self.paid: dict[str, str] = {}
        self.offers: dict[str, BillOffer] = {}
        #: Whether money is held until an order is reported as delivered; not kept over a restart.
        self.trade_managed = False
        if self.path.exists():
            self._load()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock for a change and have it saved later."""
        with self.lock:
            yield
            self._dirty = True

    def save(self) -> None:
        """Write the snapshot if anything has changed since the last one."""
        with self._saving:
            with self.lock:
                if not self._dirty:
                    return
                tables = {name: getattr(self, name) for name in TABLES}
                text = json.dumps({"version": SNAPSHOT_VERSION} | tables, default=vars)
                self._dirty = False
            write_private(self.path, text.encode())

    def _load(self) -> None:
        """Read the snapshot; ValueError when it is not one of ours."""
        try:
            stored = json.loads(self.path.read_bytes())
            if stored["version"] != SNAPSHOT_VERSION:
                raise ValueError(f"version {stored['version']}")
            for name, record in TABLES.items():
                setattr(self, name, {key: record(**row) for key, row in stored.get(name, {}).items()})
            self.paid = {
                order.transaction_id: number
                for number, order in self.transactions.items()
                if order.transaction_id
            }
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self.path} cannot be read ({error}); remove it to start anew") from error
