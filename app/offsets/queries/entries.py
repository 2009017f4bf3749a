"""Every entry that a settled order, a payment or a due must have in the books: from whom, to whom, how much.

Sums alone cannot see a gram or a fen that went to the wrong holder.
"""

from collections.abc import Iterator

from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.chart import CODES, PLATFORM, EntryKind
from app.kit.database import db
from app.offsets.rules import Channel
from app.registry import queries as registry
from app.registry.rules import WHOLE_BP

_RECEIPTS = {Channel.WECHAT: chart.RECEIVE_PAYMENT, Channel.BANK: chart.RECEIVE_TRANSFER}


def _expected() -> Iterator[tuple[EntryKind, str]]:
    """Each kind of entry with the rows that call for one."""
    for kind, grams in ((chart.RETIRE, "due_g"), (chart.RETIRE_SURPLUS, "carry_g")):
        yield kind, _row(kind, "seller_holder_id", "owes", grams, "sale")
    rest = "amount_fen - village_fen - fee_fen"
    yield chart.CREDIT_SELLER, _row(chart.CREDIT_SELLER, str(PLATFORM), "seller_holder_id", rest, "sale")
    village = _row(chart.CREDIT_VILLAGE, str(PLATFORM), "village_holder_id", "village_fen", "sale")
    yield chart.CREDIT_VILLAGE, village
    yield chart.TAKE_FEE, _row(chart.TAKE_FEE, str(PLATFORM), str(PLATFORM), "fee_fen", "sale")
    more = "(SELECT id AS order_id, holder_id, change_g FROM due WHERE change_g > 0) more"
    less = "(SELECT id AS order_id, holder_id, -change_g AS change_g FROM due WHERE change_g < 0) less"
    yield chart.OPEN_DUE, _row(chart.OPEN_DUE, "holder_id", str(PLATFORM), "change_g", more)
    yield chart.REDUCE_DUE, _row(chart.REDUCE_DUE, str(PLATFORM), "holder_id", "change_g", less)
    for channel, receipt in _RECEIPTS.items():
        paid = f"payment WHERE channel = '{channel}'"
        yield receipt, _row(receipt, str(PLATFORM), str(PLATFORM), "amount_fen", paid)


def _row(kind: EntryKind, source_holder: str, target_holder: str, amount: str, rows: str) -> str:
    source, target = (
        f"{holder} * {CODES} + {end.code}"
        for holder, end in ((source_holder, kind.source), (target_holder, kind.target))
    )
    return (
        f"SELECT {kind.code} AS kind, order_id AS reference, ({source})::bigint AS source,"
        f" ({target})::bigint AS target, {amount} AS amount FROM {rows}"
    )


def _statement() -> str:
    wanted = list(_expected())
    entries = accounts.entries_relation(*{kind.code: kind for kind, _ in wanted}.values())
    return f"""
WITH sale AS (
  SELECT settled.order_id, due_g, carry_g, coalesce(cause_id, holder_id) AS owes, amount_fen,
    seller_holder_id, village_holder_id,
    amount_fen * village_bp / {WHOLE_BP} AS village_fen, amount_fen * fee_bp / {WHOLE_BP} AS fee_fen
  FROM (SELECT order_id, due_g, carry_g FROM retirement UNION ALL SELECT order_id, 0, 0 FROM delivery) settled
  JOIN orders ON orders.id = settled.order_id
  JOIN {registry.terms_from()} terms USING (lot_id)
),
expected AS ({" UNION ALL ".join(rows for _, rows in wanted)})
SELECT count(*) FROM (SELECT * FROM expected WHERE amount > 0) expected
  FULL JOIN {entries} booked USING (kind, reference)
 WHERE (expected.source, expected.target, expected.amount)
   IS DISTINCT FROM (booked.source, booked.target, booked.amount)
"""


_DIFFERING = text(_statement())


def count_differing() -> int:
    """Entries that stand where none should, are missing, or name another holder or amount."""
    return int(db.session.scalar(_DIFFERING) or 0)
