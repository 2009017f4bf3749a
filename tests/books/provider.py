"""A provider inside the test: takes payments, sends them back, falls silent, and forgets nothing.

It answers with the client's own records. It is strict where WeChat Pay is: the same number with other
terms, more back than was paid, or a closed order are refused; such a refusal is a fault of ours, and
`wrongs` keeps it. `mood` says what happens to the next calls: `well`, `silent` (nothing happens and no
answer comes), `deaf` (it happens and no answer comes), `dying` (it happens and our process dies), and
`paid_at_close` (the buyer pays in the moment in which we close).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.clients.errors import OrderPaid, Refused, Unreachable
from app.clients.pay import Refund, Transaction
from books.faults import Crash


@dataclass(frozen=True)
class Refusal:
    """A refund that was not taken."""

    number: str


@dataclass(frozen=True)
class Unknown:
    """A refund that was asked after and is not known."""

    number: str


@dataclass
class Back:
    """One refund as the provider knows it."""

    number: str
    fen: int
    status: str


@dataclass
class Trade:
    """One order as the provider knows it."""

    code: str
    fen: int
    payer: str
    terms: tuple[object, ...] = ()
    closed: bool = False
    paid_at: datetime | None = None
    backs: dict[str, Back] = field(default_factory=dict)

    @property
    def left_fen(self) -> int:
        """What has not gone back and is not on its way."""
        return self.fen - sum(back.fen for back in self.backs.values() if back.status != "CLOSED")

    @property
    def transaction_id(self) -> str:
        """Its number at the provider."""
        return f"42{self.code}"[:28]


class Provider:
    """The merchant account's other side."""

    def __init__(self) -> None:
        self.trades: dict[str, Trade] = {}
        self.strays: list[Trade] = []
        self.mood = "well"
        self.refund_status = "PROCESSING"
        self.heard: list[Transaction | Refund | Refusal | Unknown] = []
        self.wrongs: list[str] = []
        self.now: datetime | None = None

    # -- what buyers and the provider itself do ---------------------------------------------------

    def pay(self, code: str, fen: int, payer: str) -> None:
        """The buyer's money arrives, whether or not a sheet was ever opened."""
        trade = self.trades.setdefault(code, Trade(code, fen, payer))
        trade.paid_at = trade.paid_at or self.now

    def stray(self, code: str, fen: int) -> None:
        """Money for an order arrives that is not what was asked for."""
        self.strays.append(Trade(code, fen, "", paid_at=self.now))

    @property
    def paid(self) -> list[Trade]:
        """What has been paid."""
        return [trade for trade in self.trades.values() if trade.paid_at]

    @property
    def refunds(self) -> list[tuple[Trade, Back]]:
        """What goes or has gone back."""
        trades = [*self.trades.values(), *self.strays]
        return [(trade, back) for trade in trades for back in trade.backs.values()]

    @property
    def cash_fen(self) -> int:
        """What buyers paid as they were asked to, less all that went back."""
        back = sum(back.fen for _, back in self.refunds if back.status == "SUCCESS")
        return sum(trade.fen for trade in self.paid) - back

    def succeed(self, trade: Trade, back: Back) -> None:
        """A refund arrives after all, unless its money has gone another way meanwhile."""
        if back.status != "CLOSED" or trade.left_fen >= back.fen:
            back.status = "SUCCESS"

    # -- what the application asks ----------------------------------------------------------------

    def prepay(self, *, out_trade_no: str, amount_fen: int, payer_openid: str, **terms: Any) -> str:
        self._may_be_silent()
        asked = (amount_fen, payer_openid, *sorted(terms.items()))
        trade = self.trades.setdefault(out_trade_no, Trade(out_trade_no, amount_fen, payer_openid))
        if trade.paid_at:
            raise OrderPaid("ORDERPAID")
        if trade.closed:
            raise Refused("ORDER_CLOSED")
        if trade.terms not in ((), asked):
            self._wrong(f"prepay of {out_trade_no} with other terms")
        trade.terms = asked
        self._may_be_lost()
        return f"wx{out_trade_no}"

    def client_params(self, prepay_id: str) -> dict[str, str]:
        return {"package": f"prepay_id={prepay_id}"}

    def query(self, out_trade_no: str) -> Transaction | None:
        self._may_be_silent()
        self._may_be_lost()
        trade = self.trades.get(out_trade_no)
        return self._tell(self.transaction(trade)) if trade else None

    def close(self, out_trade_no: str) -> None:
        self._may_be_silent()
        trade = self.trades.get(out_trade_no)
        if trade is None:
            raise Refused("ORDER_NOT_EXIST")
        if self.mood == "paid_at_close":
            trade.paid_at = trade.paid_at or self.now
        if trade.paid_at:
            raise OrderPaid("ORDERPAID")
        trade.closed = True
        self._may_be_lost()

    def refund(
        self,
        *,
        out_refund_no: str,
        out_trade_no: str,
        amount_fen: int,
        total_fen: int,
        reason: str | None = None,
    ) -> Refund:
        self._may_be_silent()
        if self.mood == "poor":
            self.heard.append(Refusal(out_refund_no))
            raise Refused("NOT_ENOUGH")
        trades = [each for each in self._trades_of(out_trade_no) if each.paid_at and each.fen == total_fen]
        asked = next((each for each in trades if out_refund_no in each.backs), None)
        trade = asked or next((each for each in trades if each.left_fen >= amount_fen), None)
        if trade is None:
            raise self._wrong(f"refund {out_refund_no} of {out_trade_no}: not paid, or more than was paid")
        back = trade.backs.setdefault(out_refund_no, Back(out_refund_no, amount_fen, self.refund_status))
        if back.fen != amount_fen:
            raise self._wrong(f"refund {out_refund_no} of {out_trade_no} with another amount")
        self._may_be_lost()
        return self._tell(self.refund_record(trade, back))

    def query_refund(self, out_refund_no: str) -> Refund | None:
        self._may_be_silent()
        self._may_be_lost()
        found = [(trade, back) for trade, back in self.refunds if back.number == out_refund_no]
        if not found:
            self.heard.append(Unknown(out_refund_no))
            return None
        return self._tell(self.refund_record(*found[0]))

    def _trades_of(self, code: str) -> list[Trade]:
        known = self.trades.get(code)
        return [*([known] if known else []), *(each for each in self.strays if each.code == code)]

    # -- its records ------------------------------------------------------------------------------

    def transaction(self, trade: Trade) -> Transaction:
        """A trade as a query or a notice tells it."""
        state = (
            "REFUND"
            if trade.backs
            else "SUCCESS"
            if trade.paid_at
            else "CLOSED"
            if trade.closed
            else "NOTPAY"
        )
        paid = trade.paid_at is not None
        return Transaction(
            out_trade_no=trade.code,
            transaction_id=trade.transaction_id if paid else None,
            trade_state=state,
            amount_fen=trade.fen,
            currency="CNY",
            payer_openid=trade.payer if paid else None,
            success_at=trade.paid_at,
            raw={},
        )

    def refund_record(self, trade: Trade, back: Back) -> Refund:
        """A refund as a query or a notice tells it."""
        return Refund(
            out_refund_no=back.number,
            refund_id=f"50{back.number}"[:32],
            status=back.status,
            out_trade_no=trade.code,
            transaction_id=trade.transaction_id,
            amount_fen=back.fen,
            total_fen=trade.fen,
            success_at=self.now if back.status == "SUCCESS" else None,
            raw={},
        )

    def _tell(self, answer: Any) -> Any:
        self.heard.append(answer)
        return answer

    def _may_be_silent(self) -> None:
        if self.mood == "silent":
            raise Unreachable("no connection")

    def _may_be_lost(self) -> None:
        if self.mood == "deaf":
            raise Unreachable("the answer was lost")
        if self.mood == "dying":
            raise Crash

    def _wrong(self, what: str) -> Refused:
        self.wrongs.append(what)
        return Refused("INVALID_REQUEST", what)
