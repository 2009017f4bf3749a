"""What must always be true of orders, money and retirements."""

from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.proof import Proof, equal, none
from app.offsets.queries.entries import count_differing
from app.offsets.queries.logged import RETIREMENTS
from app.registry import queries as registry
from app.registry.queries.log import prove_source

_RECEIPTS = (chart.RECEIVE_PAYMENT, chart.RECEIVE_TRANSFER)
_HELD = (chart.HOLD_DOUBT, chart.HOLD_TRANSFER_DOUBT)
_UNSERVED = (chart.REFUND, chart.REFUND_TRANSFER)
_COURTESIES = (chart.REFUND_GOODWILL, chart.RETURN_GOODWILL)
_DOUBTS = (chart.REFUND_DOUBT, chart.RETURN_DOUBT)
_KEPT = (
    "(SELECT id, quantity_kg, amount_fen FROM orders WHERE kept AND paid_at IS NOT NULL"
    " AND refunding_at IS NULL AND NOT EXISTS (SELECT FROM delivery WHERE order_id = orders.id)) kept"
)
_DELIVERIES = text(
    "SELECT count(*) FILTER (WHERE o.paid_at IS NULL OR NOT o.kept OR o.refunding_at IS NOT NULL"
    "   OR d.last_serial - d.first_serial + 1 <> o.quantity_kg) AS deliveries,"
    " count(*) FILTER (WHERE r.order_id IS NOT NULL) AS twice"
    " FROM delivery d LEFT JOIN orders o ON o.id = d.order_id"
    " LEFT JOIN retirement r ON r.order_id = d.order_id"
)
_COUNTS = text(
    "SELECT (SELECT count(*) FROM retirement) AS retirements,"
    " (SELECT count(*) FROM certificate) AS certificates,"
    " (SELECT count(*) FROM retirement JOIN payment USING (order_id) JOIN certificate USING (order_id)"
    "   JOIN orders ON orders.id = order_id AND certificate_number = number) AS complete,"
    " (SELECT count(*) FROM payment) AS payments,"
    " (SELECT count(*) FROM paid_order) AS waiting,"
    " (SELECT count(*) FROM orders WHERE refunding_at IS NOT NULL) AS unserved,"
    " (SELECT count(*) FROM delivery) AS delivered,"
    f" (SELECT count(*) FROM {_KEPT}) AS kept,"
    " (SELECT coalesce(sum(amount_fen), 0) FROM paid_order)::bigint"
    f"   + (SELECT coalesce(sum(amount_fen), 0) FROM {_KEPT})::bigint AS waiting_fen,"
    " (SELECT coalesce(sum(amount_fen), 0) FROM orders"
    "   WHERE refunding_at IS NOT NULL AND refunded_at IS NULL)::bigint AS refunding_fen,"
    " (SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE succeeded_at IS NOT NULL)::bigint"
    "   AS refunded_fen,"
    " (SELECT count(*) FROM (SELECT 1 FROM refund WHERE succeeded_at IS NOT NULL AND doubled_at IS NULL"
    "   GROUP BY order_id, doubt_id HAVING sum(amount_fen) > min(total_fen)) beyond) AS beyond,"
    " (SELECT coalesce(sum(last_serial - first_serial + 1), 0) FROM retirement)::bigint * 1000 AS retired_g,"
    " (SELECT coalesce(sum(change_g), 0) FROM due)::bigint AS due_g,"
    " (SELECT coalesce(sum(quantity_kg), 0) FROM orders WHERE paid_at IS NULL AND expired_at IS NULL)::bigint"
    "   + (SELECT coalesce(sum(quantity_kg), 0) FROM paid_order)::bigint"
    f"   + (SELECT coalesce(sum(quantity_kg), 0) FROM {_KEPT})::bigint AS held_kg,"
    " (SELECT count(*) FROM settlement_run run LEFT JOIN (SELECT run_id, count(*) AS orders,"
    "   sum(last_serial - first_serial + 1) AS kg FROM retirement GROUP BY run_id) r ON r.run_id = run.id"
    "   WHERE run.orders IS DISTINCT FROM r.orders"
    "     OR run.last_serial - run.first_serial + 1 IS DISTINCT FROM r.kg) AS runs_untiled,"
    " (SELECT coalesce(sum(held_fen), 0) FROM payment_doubt)::bigint AS held_fen,"
    " (SELECT count(*) FROM payment_doubt JOIN payment USING (transaction_id) WHERE held_fen IS NOT NULL)"
    "   AS held_and_credited"
)


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    c = db.session.execute(_COUNTS).one()
    held = sum(map(accounts.sum_entries, _HELD))
    received = sum(map(accounts.sum_entries, _RECEIPTS)) + held
    shared = sum(map(accounts.sum_entries, (chart.CREDIT_SELLER, chart.CREDIT_VILLAGE, chart.TAKE_FEE)))
    refunded = sum(map(accounts.sum_entries, (*_UNSERVED, *_DOUBTS)))
    suspense = accounts.get_balance(chart.PLATFORM, chart.SUSPENSE)
    retired = accounts.sum_entries(chart.RETIRE) + accounts.sum_entries(chart.RETIRE_SURPLUS)
    owed = accounts.sum_entries(chart.OPEN_DUE) - accounts.sum_entries(chart.REDUCE_DUE)
    return [
        equal(
            "offsets.prove_outcomes",
            retirements=c.retirements,
            certificates=c.certificates,
            complete=c.complete,
        ),
        none("offsets.prove_deliveries", **db.session.execute(_DELIVERIES).one()._mapping),
        equal(
            "offsets.prove_paid",
            payments=c.payments,
            accounted=c.retirements + c.delivered + c.waiting + c.kept + c.unserved,
        ),
        equal(
            "offsets.prove_money",
            received=received,
            accounted=shared + refunded + c.waiting_fen + c.refunding_fen + suspense,
        ),
        equal("offsets.prove_doubts", doubts=c.held_fen, books=held),
        none("offsets.prove_held_once", transactions=c.held_and_credited),
        equal(
            "offsets.prove_refunds",
            refunds=c.refunded_fen,
            books=sum(map(accounts.sum_entries, (*_UNSERVED, *_COURTESIES, *_DOUBTS))),
        ),
        none("offsets.prove_returned", payments=c.beyond),
        equal("offsets.prove_retired", retired=c.retired_g, books=retired),
        none("offsets.prove_entries", entries=count_differing()),
        none("offsets.prove_tiling", runs=c.runs_untiled),
        equal("offsets.prove_dues", dues=c.due_g, books=owed),
        equal("offsets.prove_reserved", held=registry.held_kg(), orders=c.held_kg),
        prove_source(RETIREMENTS),
    ]
