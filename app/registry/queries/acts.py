"""What must always be true of acts on blocks, of holds, and of whose units the books say they are."""

from sqlalchemy import text

from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.proof import Proof, equal, none
from app.registry.rules import ACTS, GRAMS_PER_UNIT

_HOLDERS = text(
    "WITH held AS (SELECT holder_id, sum(last_serial - first_serial + 1)::bigint"
    f" * {GRAMS_PER_UNIT} AS grams FROM block WHERE state IN ('active', 'reserved', 'pledged') GROUP BY 1)"
    " SELECT coalesce(sum(grams), 0)::bigint AS blocks_g, coalesce(sum(balance), 0)::bigint AS books_g,"
    " count(*) FILTER (WHERE coalesce(grams, 0) <> coalesce(balance, 0)) AS differing"
    f" FROM held FULL JOIN {accounts.units_relation()} AS units USING (holder_id)"
)
_HOLDS = text(
    "SELECT (SELECT count(*) FROM block b WHERE b.state IN ('reserved', 'pledged') AND NOT EXISTS ("
    "   SELECT FROM hold h WHERE h.ended_at IS NULL AND h.first_serial = b.first_serial"
    "     AND h.last_serial = b.last_serial AND h.holder_id = b.holder_id"
    "     AND (h.kind = 'pledge') = (b.state = 'pledged'))"
    "   AND NOT EXISTS (SELECT FROM handover o WHERE o.block_id = b.id AND o.withdrawn_at IS NULL"
    "     AND o.executed_at IS NULL AND b.state = 'reserved')) AS without_hold,"
    " (SELECT count(*) FROM hold h WHERE h.ended_at IS NULL AND NOT EXISTS ("
    "   SELECT FROM block b WHERE b.first_serial = h.first_serial AND b.last_serial = h.last_serial"
    "     AND b.state IN ('reserved', 'pledged'))) AS without_block,"
    " (SELECT count(*) FROM hold WHERE ended_at IS NULL AND until < now() - interval '1 day') AS overdue"
)
_LEGAL = ", ".join(
    f"('{name}', '{before}', '{act.after}', {'true' if act.moves else 'false'})"
    for name, act in ACTS.items()
    for before in act.before
)
# What a serial is now must follow from the last act on it: looked up for what acts have touched only, since
# the rest never left the hands it was issued to.
_ACTS = text(
    "SELECT (SELECT count(*) FROM block_act WHERE (act, state_before::text, state_after::text,"
    f"   from_holder_id <> to_holder_id) NOT IN ({_LEGAL})) AS illegal,"
    " (SELECT count(*) FROM block b JOIN issuance i ON i.id = b.issuance_id"
    "   LEFT JOIN LATERAL (SELECT to_holder_id, state_after FROM block_act"
    "     WHERE int8range(first_serial, last_serial, '[]') @> b.first_serial"
    "     ORDER BY id DESC LIMIT 1) last ON true"
    "   WHERE (b.holder_id <> i.holder_id OR b.state IN ('reserved', 'pledged', 'cancelled'))"
    "     AND (last.to_holder_id IS DISTINCT FROM b.holder_id"
    "       OR last.state_after <> b.state AND b.lot_id IS NULL)) AS unexplained,"
    " (SELECT count(*) FROM own_retirement r WHERE NOT EXISTS (SELECT FROM block b"
    "   WHERE b.first_serial = r.first_serial AND b.last_serial = r.last_serial AND b.state = 'retired'"
    "     AND b.holder_id = r.holder_id AND b.lot_id IS NULL)) AS retirements_off,"
    " (SELECT count(*) FROM block b WHERE b.state = 'retired' AND b.lot_id IS NULL AND NOT EXISTS ("
    "   SELECT FROM own_retirement r WHERE r.first_serial = b.first_serial)) AS retired_unseen"
)
_REVERSALS = text(
    "SELECT (SELECT coalesce(sum(unsold_kg + buffer_kg), 0) FROM mandate)::bigint AS reversed_kg,"
    " (SELECT coalesce(sum(a.last_serial - a.first_serial + 1), 0) FROM block_act a JOIN mandate m"
    "   ON m.code = a.reference AND m.kind = 'reversal' WHERE a.act = 'cancel')::bigint AS cancelled_kg"
)

_LOST = text(
    "SELECT count(*) AS beyond FROM (SELECT FROM mandate m JOIN issuance i ON i.id = m.issuance_id"
    " WHERE m.kind = 'reversal' AND m.approved_at IS NOT NULL GROUP BY i.id"
    " HAVING sum(m.quantity_kg) > i.last_serial - i.first_serial + 1) lost"
)


def prove() -> list[Proof]:
    """The invariants of acts, each with its figures."""
    holders = db.session.execute(_HOLDERS).one()
    reversals = db.session.execute(_REVERSALS).one()
    figures = {"blocks_g": holders.blocks_g, "books_g": holders.books_g, "differing": holders.differing}
    return [
        Proof(
            "registry.prove_holders",
            figures,
            holders.blocks_g == holders.books_g and not holders.differing,
        ),
        none("registry.prove_holds", **db.session.execute(_HOLDS).one()._mapping),
        none("registry.prove_acts", **db.session.execute(_ACTS).one()._mapping),
        equal("registry.prove_reversals", **reversals._mapping),
        none("registry.prove_lost", **db.session.execute(_LOST).one()._mapping),
    ]
