"""What can be known of dues, orders and certificates. The only readers of this room."""

from app.offsets.queries import money
from app.offsets.queries.certificates import CertificateFacts, get_certificate
from app.offsets.queries.doubts import DoubtFacts, count_open_doubts, get_doubt, list_doubts
from app.offsets.queries.orders import (
    OrderFacts,
    RefundTerms,
    get_order,
    get_refund_terms,
    list_dues,
    list_orders,
    retired_g,
)
from app.offsets.queries.proofs import prove
from app.offsets.queries.sales import sales_from

__all__ = [
    "CertificateFacts",
    "DoubtFacts",
    "OrderFacts",
    "RefundTerms",
    "count_open_doubts",
    "get_certificate",
    "get_doubt",
    "get_order",
    "get_refund_terms",
    "list_doubts",
    "list_dues",
    "list_orders",
    "money",
    "prove",
    "retired_g",
    "sales_from",
]
