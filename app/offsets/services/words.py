"""What the provider told us, brought to our words; from a notice or from a query alike."""

from dataclasses import dataclass
from datetime import datetime

from app.offsets.rules import DoubtName, WordSource


@dataclass(frozen=True)
class PaidWord:
    """An order is paid, says the provider; `refunded` when some or all of it went back since."""

    order_code: str
    transaction_id: str
    amount_fen: int
    currency: str
    paid_at: datetime
    payer_openid: str | None = None
    channel: str = "wechat"
    source: WordSource = WordSource.NOTICE
    refunded: bool = False


@dataclass(frozen=True)
class RefundWord:
    """Where a refund stands, says the provider: PROCESSING, SUCCESS, CLOSED or ABNORMAL."""

    refund_code: str
    provider_id: str
    status: str
    amount_fen: int


@dataclass(frozen=True)
class ForeignWord:
    """Something truly of the provider's that speaks of another merchant, mini-program or currency."""

    name: DoubtName
    expected: str
    told: str
    order_code: str
    transaction_id: str | None
    amount_fen: int | None
    source: WordSource
