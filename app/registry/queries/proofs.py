"""What must always be true of units, blocks and lots."""

from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.database import db
from app.kit.proof import Proof, equal, none
from app.registry.queries import acts, regions
from app.registry.queries.dossiers import prove_dossiers
from app.registry.queries.log import prove_log, prove_source
from app.registry.queries.logged import ISSUANCES, OWN_RETIREMENTS
from app.registry.queries.parcels import prove_parcels
from app.registry.queries.units import BY_STATE
from app.registry.rules import GRAMS_PER_UNIT, HELD, STATES

_UNITS = text(
    "WITH by_issuance AS ("
    f" SELECT i.id, i.last_serial - i.first_serial + 1 AS issued_kg, {BY_STATE},"
    "   coalesce(sum(b.last_serial - b.first_serial + 1), 0)::bigint AS blocks_kg"
    " FROM issuance i LEFT JOIN block b ON b.issuance_id = i.id GROUP BY i.id)"
    " SELECT coalesce(sum(issued_kg), 0)::bigint AS issued_kg, "
    + ", ".join(f"coalesce(sum({state}_kg), 0)::bigint AS {state}_kg" for state in STATES)
    + ", count(*) FILTER (WHERE issued_kg <> blocks_kg) AS differing FROM by_issuance"
)
_CHAIN = text(
    "SELECT (SELECT count(*) FROM ("
    "   SELECT first_serial - 1 - coalesce(lag(last_serial) OVER (ORDER BY first_serial), 0) AS step"
    "   FROM block) chain WHERE step <> 0) AS blocks_off,"
    " (SELECT count(*) FROM ("
    "   SELECT first_serial - 1 - coalesce(lag(last_serial) OVER (ORDER BY first_serial), 0) AS step"
    "   FROM issuance) chain WHERE step <> 0) AS issuances_off,"
    " (SELECT count(*) FROM block b JOIN issuance i ON i.id = b.issuance_id"
    "   WHERE b.first_serial < i.first_serial OR b.last_serial > i.last_serial) AS outside,"
    " (SELECT coalesce(max(last_serial), 0) FROM issuance)"
    "   - (SELECT coalesce(max(last_serial), 0) FROM block) AS missing_kg"
)
_LOTS = text(
    "SELECT coalesce(sum(available_kg + reserved_kg - short_kg), 0)::bigint AS lots_kg,"
    " coalesce(sum(last_serial - first_serial + 1), 0)::bigint AS blocks_kg,"
    " count(*) FILTER (WHERE available_kg + reserved_kg - short_kg"
    "   <> coalesce(last_serial - first_serial + 1, 0)) AS differing,"
    " count(*) FILTER (WHERE available_kg > coalesce(last_serial - first_serial + 1, 0)) AS oversold,"
    " count(*) FILTER (WHERE block.holder_id <> seller_holder_id OR block.issuance_id <> lot.issuance_id)"
    "   AS foreign_blocks"
    " FROM lot LEFT JOIN block ON block.lot_id = lot.id AND block.state = 'active'"
)
_MARKET = text(
    "SELECT count(*) FILTER (WHERE open_lot.lot_id IS NULL) AS unlisted,"
    " count(*) FILTER (WHERE lot.id IS NULL) AS listed_in_vain"
    " FROM (SELECT id FROM lot WHERE closed_at IS NULL) lot FULL JOIN open_lot ON open_lot.lot_id = lot.id"
)
_WISHES = text(
    "SELECT (SELECT coalesce(sum(bought_kg), 0)::bigint FROM wish) AS wishes_kg,"
    " (SELECT coalesce(sum(quantity_kg), 0)::bigint FROM wish_purchase) AS purchases_kg"
)
# A withdrawn handover's block is anybody's again; the others' blocks are locked, or ended by their deed.
_HANDOVERS = text(
    "SELECT count(*) FILTER (WHERE h.executed_at IS NULL AND (b.state <> 'reserved'"
    "     OR b.last_serial - b.first_serial + 1 <> h.quantity_kg)) AS unlocked,"
    " count(*) FILTER (WHERE h.executed_at IS NOT NULL"
    "   AND (b.state, b.reason) IS DISTINCT FROM ('cancelled', 'handed_over')) AS kept,"
    " (SELECT count(*) FROM block WHERE reason = 'handed_over' AND NOT EXISTS ("
    "   SELECT FROM handover WHERE block_id = block.id AND executed_at IS NOT NULL)) AS without_deed,"
    " (SELECT count(*) FROM block WHERE state = 'reserved' AND NOT EXISTS ("
    "   SELECT FROM handover WHERE block_id = block.id AND withdrawn_at IS NULL) AND NOT EXISTS ("
    "   SELECT FROM hold WHERE hold.first_serial = block.first_serial AND ended_at IS NULL))"
    "   AS without_handover,"
    " (SELECT count(*) FROM handover_receipt r LEFT JOIN issuance i ON i.origin_id = r.origin_id"
    "   WHERE (r.completed_at IS NULL) <> (i.id IS NULL)) AS received_off,"
    " (SELECT count(*) FROM origin o LEFT JOIN issuance i ON i.origin_id = o.id"
    "   WHERE (o.issued_at IS NULL) <> (i.id IS NULL)"
    "     OR o.quantity_kg <> i.last_serial - i.first_serial + 1) AS origins_off"
    " FROM handover h JOIN block b ON b.id = h.block_id WHERE h.withdrawn_at IS NULL"
)
_LEAVING = (
    chart.RETIRE,
    chart.RETIRE_SURPLUS,
    chart.RETIRE_OWN,
    chart.RETIRE_OWN_DUE,
    chart.CANCEL_UNITS,
    chart.HAND_OVER,
)


def prove_blocks() -> list[Proof]:
    """That of every issuance all units are there, once, recomputed from its blocks."""
    units = db.session.execute(_UNITS).one()
    by_state = {state: getattr(units, f"{state}_kg") for state in STATES}
    conserved = units.issued_kg == sum(by_state.values()) and not units.differing
    figures = {"issued": units.issued_kg, **by_state, "differing": units.differing}
    return [
        Proof("registry.prove_conservation", figures, conserved),
        none("registry.prove_chain", **db.session.execute(_CHAIN).one()._mapping),
    ]


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    conserved, chained = prove_blocks()
    lots = db.session.execute(_LOTS).one()
    held_g = GRAMS_PER_UNIT * sum(conserved.figures[state] for state in HELD)
    books_g = accounts.sum_entries(chart.ISSUE) - sum(map(accounts.sum_entries, _LEAVING))
    return [
        conserved,
        chained,
        equal("registry.prove_books", blocks_g=held_g, books_g=books_g),
        equal("registry.prove_lots", lots_kg=lots.lots_kg, blocks_kg=lots.blocks_kg),
        none(
            "registry.prove_promises",
            differing=lots.differing,
            oversold=lots.oversold,
            foreign_blocks=lots.foreign_blocks,
        ),
        *regions.prove(),
        *prove_log(),
        prove_source(ISSUANCES),
        prove_source(OWN_RETIREMENTS),
        *acts.prove(),
        none("registry.prove_market", **db.session.execute(_MARKET).one()._mapping),
        equal("registry.prove_wishes", **db.session.execute(_WISHES).one()._mapping),
        *prove_parcels(),
        *prove_dossiers(),
        none("registry.prove_handovers", **db.session.execute(_HANDOVERS).one()._mapping),
    ]
