"""The model's refunds: what two operators decide, what the provider says, and what it costs."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from books.ledger import PLATFORM
from books.records import Doubt, Order, Refund, RefundKey, Subject
from books.units import Units

CALL_IS_OVER = timedelta(minutes=2)
ENTRIES = {
    ("clearing", False): ("refund", "provider"),
    ("clearing", True): ("refund_transfer", "bank"),
    ("fees", False): ("refund_goodwill", "provider"),
    ("fees", True): ("return_goodwill", "bank"),
    ("suspense", False): ("refund_doubt", "provider"),
    ("suspense", True): ("return_doubt", "bank"),
}


@dataclass
class Returns(Units):
    """Every refund, beside the orders and doubts that they are parts of."""

    orders: dict[int, Order] = field(default_factory=dict)
    doubts: dict[tuple[str, str, str], Doubt] = field(default_factory=dict)
    refunds: dict[RefundKey, Refund] = field(default_factory=dict)

    # -- opened and requested ---------------------------------------------------------------------

    def send_back(self, order_id: int) -> None:
        """The whole of an order that cannot be served goes back by itself."""
        order = self.orders[order_id]
        self.orders[order_id] = replace(order, status="refunding")
        self._add(order_id, Refund(order.fen, order.fen, "clearing", order.bank, opened=True))

    def request_goodwill(self, operator: int, order_id: int, fen: int, reference: str | None) -> str:
        """A part of a settled order, from the fees."""
        order = self.orders[order_id]
        if order.status != "settled" or order.bank != (reference is not None):
            return "RefundMoved"
        if fen > self.free_fees_fen():
            return "FeesInsufficient"
        return self._request(operator, order_id, Refund(fen, order.fen, "fees", order.bank), reference)

    def request_doubt_refund(
        self, operator: int, doubt_key: tuple[str, str, str], reference: str | None
    ) -> str:
        """The whole of what is held for a doubt, the way it came."""
        doubt = self.doubts[doubt_key]
        if doubt.held_fen is None or doubt.bank != (reference is not None):
            return "RefundMoved"
        back = Refund(doubt.held_fen, doubt.held_fen, "suspense", doubt.bank)
        return self._request(operator, doubt_key, back, reference)

    def request_instead(self, operator: int, key: RefundKey, reference: str | None) -> str:
        """In the place of a refund that is stuck: by bank with a reference, else under a new number."""
        stuck = self.refunds[key]
        if not self._replaceable(stuck, by_bank=reference is not None) or self.replacement(key):
            return "RefundMoved"
        back = Refund(stuck.fen, stuck.total_fen, stuck.source, reference is not None, replaces=key)
        return self._request(operator, key[0], back, reference)

    def _request(self, operator: int, subject: Subject, back: Refund, reference: str | None) -> str:
        if back.fen > self._left_fen(subject, replaced=back.replaces):
            return "RefundBeyond"
        reference = reference.upper() if reference else None
        if reference and any(other.reference == reference for other in self.refunds.values()):
            return "BankReferenceUsed"
        asked = replace(back, requested_by=operator, requested_at=self.now, reference=reference)
        self._add(subject, asked)
        return "requested"

    def _add(self, subject: Subject, refund: Refund) -> None:
        number = 1 + sum(1 for known, _ in self.refunds if known == subject)
        self.refunds[subject, number] = refund

    # -- decided ----------------------------------------------------------------------------------

    def approve_refund(self, operator: int, key: RefundKey) -> str:
        """A second operator opens what a first one requested."""
        refund = self.refunds[key]
        if not refund.requested:
            return "RefundMoved"
        if refund.requested_by == operator:
            return "NotTheRequester"
        if refund.source == "fees" and refund.fen > self.free_fees_fen(besides=key):
            return "FeesInsufficient"
        if refund.replaces is not None:
            stuck = self.refunds[refund.replaces]
            if not self._replaceable(stuck, by_bank=refund.bank):
                return "RefundMoved"
            if stuck.unheard and not stuck.bank and not self._call_is_over(refund, stuck):
                return "RefundTooSoon"
        if refund.fen > self._left_fen(key[0], besides=key, replaced=refund.replaces):
            return "RefundBeyond"
        self.refunds[key] = replace(refund, approved_by=operator, opened=True)
        if refund.bank:
            self._succeed(key)
        return "opened"

    def _call_is_over(self, refund: Refund, stuck: Refund) -> bool:
        assert refund.requested_at is not None
        return stuck.unknown_at is not None and stuck.unknown_at >= refund.requested_at + CALL_IS_OVER

    def decline_refund(self, operator: int, key: RefundKey) -> str:
        """Anybody turns a request down."""
        if not self.refunds[key].requested:
            return "RefundMoved"
        self.refunds[key] = replace(self.refunds[key], declined=True)
        return "declined"

    def ask_now(self, key: RefundKey) -> str:
        """The provider is to be asked at once."""
        refund = self.refunds[key]
        return "RefundMoved" if refund.bank or not refund.opened or refund.succeeded else "asked"

    # -- heard ------------------------------------------------------------------------------------

    def hear_refund(self, key: RefundKey | None, status: str, fen: int) -> bool:
        """The provider's word on a refund; None for a number we do not know."""
        refund = self.refunds.get(key) if key else None
        if key is None or refund is None or refund.succeeded:
            return False
        self.refunds[key] = refund = replace(refund, accepted=True, refused=False)
        if status == "SUCCESS" and fen == refund.fen:
            self._succeed(key)
            return True
        if status == "CLOSED":
            self.refunds[key] = replace(refund, closed=True)
        elif status != "PROCESSING":
            self.refunds[key] = replace(refund, abnormal=True)
        return False

    def hear_refusal(self, key: RefundKey) -> None:
        """The provider did not take it."""
        if not self.refunds[key].accepted:
            self.refunds[key] = replace(self.refunds[key], refused=True)

    def hear_unknown(self, key: RefundKey) -> None:
        """The provider knows no such refund; that is kept of one that something else replaces."""
        if self.replacement(key) and not self.refunds[key].accepted:
            self.refunds[key] = replace(self.refunds[key], unknown_at=self.now)

    def _succeed(self, key: RefundKey) -> None:
        """The money is back. If what replaced it went as well, one of the two was ours."""
        refund, source, twice = self.refunds[key], self.refunds[key].source, False
        after = self.replacement(key)
        while after is not None:
            if self.refunds[after].requested:
                following, self.refunds[after] = after, replace(self.refunds[after], declined=True)
            else:
                following, twice = after, twice or self.refunds[after].alive
            after = self.replacement(following)
        source = "fees" if twice else source
        self.refunds[key] = replace(refund, succeeded=True, doubled=twice)
        if source == "clearing":
            assert isinstance(key[0], int)
            self.orders[key[0]] = replace(self.orders[key[0]], status="refunded")
        entry, outside = ENTRIES[source, refund.bank]
        self.move(entry, (PLATFORM, source), (PLATFORM, outside), refund.fen)

    # -- what is left -----------------------------------------------------------------------------

    def replacement(self, key: RefundKey) -> RefundKey | None:
        """The refund that stands in the place of this one."""
        standing = (k for k, other in self.refunds.items() if other.replaces == key and not other.declined)
        return next(standing, None)

    def _replaceable(self, refund: Refund, *, by_bank: bool) -> bool:
        if not by_bank:
            return refund.closed and not refund.succeeded and not refund.bank
        return refund.stuck or (refund.unheard and (refund.bank or refund.refused))

    def _left_fen(self, subject: Subject, besides: RefundKey | None = None, replaced: Any = None) -> int:
        """What of a payment no refund has claimed; of a chain of replacements only the last one claims."""
        parts = {key: refund for key, refund in self.refunds.items() if key[0] == subject and key != besides}
        total = self.orders[subject].fen if isinstance(subject, int) else self.doubts[subject].held_fen or 0
        return total - sum(
            refund.fen
            for key, refund in parts.items()
            if refund.succeeded or (refund.alive and not self.replacement(key) and key != replaced)
        )

    def fees_promised_fen(self, besides: RefundKey | None = None) -> int:
        """What refunds will take from the fees, requested or on their way."""
        return sum(
            refund.fen
            for key, refund in self.refunds.items()
            if refund.source == "fees"
            and refund.alive
            and not (refund.succeeded or self.replacement(key) or key == besides)
        )

    def free_fees_fen(self, besides: RefundKey | None = None) -> int:
        """What the platform has earned and promised to nobody."""
        return self.books[PLATFORM, "fees"] - self.fees_promised_fen(besides)
