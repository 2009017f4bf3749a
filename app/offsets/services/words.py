"""What the provider told us, brought to our words; from a notice or from a query alike."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PaidWord:
    """An order is paid, says the provider."""

    order_code: str
    transaction_id: str
    amount_fen: int
    currency: str
    paid_at: datetime
    payer_openid: str | None = None
    channel: str = "wechat"


@dataclass(frozen=True)
class RefundWord:
    """Where a refund stands, says the provider: PROCESSING, SUCCESS, CLOSED or ABNORMAL."""

    refund_code: str
    provider_id: str
    status: str
    amount_fen: int
