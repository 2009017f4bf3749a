"""What can be known of dues, orders and certificates. The only readers of this room."""

from app.offsets.queries import attestations, causes, money, retired
from app.offsets.queries.certificates import CertificateFacts, get_certificate
from app.offsets.queries.doubts import DoubtFacts, count_open_doubts, get_doubt, list_doubts
from app.offsets.queries.logged import find_log_proof
from app.offsets.queries.orders import (
    OrderFacts,
    count_waiting,
    get_order,
    get_orders,
    list_dues,
    list_orders,
    retired_g,
)
from app.offsets.queries.proofs import prove
from app.offsets.queries.refunds import (
    RefundFacts,
    RefundTerms,
    count_stuck_refunds,
    get_refund,
    get_refund_terms,
    list_refunds,
    list_refunds_of,
    list_refunds_of_doubts,
    list_stuck_refunds,
    sum_fees_pledged,
    sum_fees_promised,
    sum_fees_unasked,
)
from app.offsets.queries.sales import sales_from
from app.offsets.queries.shipping import count_refused_shippings, list_refused_shippings
from app.offsets.queries.transfers import (
    Confirmation,
    ProofFacts,
    TransferFacts,
    count_waiting_transfers,
    get_proof,
    get_transfer,
    get_transfer_by_link,
    list_transfers,
    list_waiting_transfers,
)

__all__ = [
    "CertificateFacts",
    "Confirmation",
    "DoubtFacts",
    "OrderFacts",
    "ProofFacts",
    "RefundFacts",
    "RefundTerms",
    "TransferFacts",
    "attestations",
    "causes",
    "count_open_doubts",
    "count_refused_shippings",
    "count_stuck_refunds",
    "count_waiting",
    "count_waiting_transfers",
    "find_log_proof",
    "get_certificate",
    "get_doubt",
    "get_order",
    "get_orders",
    "get_proof",
    "get_refund",
    "get_refund_terms",
    "get_transfer",
    "get_transfer_by_link",
    "list_doubts",
    "list_dues",
    "list_orders",
    "list_refunds",
    "list_refunds_of",
    "list_refunds_of_doubts",
    "list_refused_shippings",
    "list_stuck_refunds",
    "list_transfers",
    "list_waiting_transfers",
    "money",
    "prove",
    "retired",
    "retired_g",
    "sales_from",
    "sum_fees_pledged",
    "sum_fees_promised",
    "sum_fees_unasked",
]
