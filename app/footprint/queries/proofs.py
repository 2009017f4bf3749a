"""What must always be true of actions, caps and emissions."""

from collections.abc import Iterator, Sequence

from sqlalchemy import RowMapping, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.footprint import rules
from app.footprint.queries import actions, review_proofs
from app.footprint.queries.calculator_proofs import prove_calculators
from app.footprint.queries.catalogue import factor_by_id
from app.kit.database import db
from app.kit.proof import Proof, equal, none

MOST_REPLAYED = 20_000
"""So many rows are computed again at once; of a larger table every k-th, spread evenly by id."""

_STANDING = text("SELECT coalesce(sum(avoided_g), 0)::bigint FROM action WHERE withdrawn_at IS NULL")
_POSTINGS = text(
    "SELECT count(*) FROM (SELECT id, holder_id, avoided_g FROM action"
    "   WHERE avoided_g > 0 AND (withdrawn_at IS NOT NULL OR NOT :withdrawn)) done"
    " FULL JOIN (SELECT reference, amount, source, target FROM posting WHERE kind = :kind) entry"
    "   ON entry.reference = done.id"
    " WHERE done.avoided_g IS DISTINCT FROM entry.amount"
    "    OR done.holder_id * 100 + :account NOT IN (entry.source, entry.target)"
)
_DAYS = text(
    "SELECT count(*) FILTER (WHERE credited_g > cap_g) AS above,"
    " count(*) FILTER (WHERE coalesce(credited_g, 0) <> coalesce(standing_g, 0)) AS differing"
    " FROM scene_day FULL JOIN"
    "  (SELECT holder_id, occurred_on AS day, scene, sum(avoided_g)::bigint AS standing_g FROM action"
    "    WHERE withdrawn_at IS NULL GROUP BY 1, 2, 3) summed USING (holder_id, day, scene)"
)
_SAMPLE = "SELECT {columns} FROM {table} WHERE id % (SELECT 1 + count(*) / :most FROM {table}) = 0"


_ITEMS = text(
    "SELECT count(*) FILTER (WHERE action.id IS NULL) AS lost,"
    " count(*) FILTER (WHERE partner_item.item IS NULL) AS unheard,"
    " count(*) - count(DISTINCT action.id) AS twice"
    " FROM partner_item JOIN partner ON partner.id = partner_id FULL JOIN"
    "  (SELECT id, holder_id, source FROM action WHERE source IN (SELECT code FROM partner)"
    "     AND NOT EXISTS (SELECT FROM act_review WHERE outcome_id = action.id)) action"
    "   ON action.holder_id = partner_item.holder_id AND action.id = action_id AND source = partner.code"
)
_BATCHES = text(
    "SELECT count(*) FROM (SELECT partner_id, sum(accepted) AS told FROM partner_batch GROUP BY 1) batches"
    " FULL JOIN (SELECT partner_id, count(*) AS kept FROM partner_item GROUP BY 1) items USING (partner_id)"
    " FULL JOIN (SELECT partner_id, sum(items) AS used FROM partner_day GROUP BY 1) days USING (partner_id)"
    " WHERE coalesce(told, 0) <> coalesce(kept, 0) OR coalesce(told, 0) <> coalesce(used, 0)"
)
_OVERLAPS = text(
    "SELECT count(*) FILTER (WHERE upper(trip) > following) FROM"
    " (SELECT trip, lead(lower(trip)) OVER (ORDER BY lower(trip)) AS following FROM action"
    "   WHERE withdrawn_at IS NULL AND trip IS NOT NULL) trips"
)
_KEYS = text(
    "SELECT count(*) FROM trip_key WHERE NOT EXISTS (SELECT 1 FROM action"
    " WHERE action.holder_id = trip_key.holder_id AND action.id = action_id AND withdrawn_at IS NULL)"
)


def prove() -> list[Proof]:
    """The invariants of this room, each with its figures."""
    recorded = accounts.sum_entries(chart.RECORD_ACTION)
    withdrawn = accounts.sum_entries(chart.WITHDRAW_ACTION)
    standing = int(db.session.scalar(_STANDING) or 0)
    days = db.session.execute(_DAYS).one()
    return [
        equal("footprint.prove_actions", actions=standing, books=recorded - withdrawn),
        none(
            "footprint.prove_postings",
            recorded=_differing(chart.RECORD_ACTION),
            withdrawn=_differing(chart.WITHDRAW_ACTION),
        ),
        none("footprint.prove_days", above=days.above, differing=days.differing),
        _prove_replay(),
        *review_proofs.prove(),
        prove_calculators(),
        *_prove_partners(),
    ]


def _prove_partners() -> list[Proof]:
    """What partners reported is what is in the books, once."""
    items = db.session.execute(_ITEMS).one()
    return [
        none("footprint.prove_partner_items", lost=items.lost, unheard=items.unheard, twice=items.twice),
        none("footprint.prove_partner_batches", differing=int(db.session.scalar(_BATCHES) or 0)),
        none(
            "footprint.prove_trips_once",
            overlapping=int(db.session.scalar(_OVERLAPS) or 0),
            keys=int(db.session.scalar(_KEYS) or 0),
        ),
    ]


def _differing(kind: chart.EntryKind) -> int:
    """How many actions and postings of a kind do not belong to each other gram for gram."""
    values = {
        "kind": kind.code,
        "withdrawn": kind is chart.WITHDRAW_ACTION,
        "account": chart.REDUCTIONS.code,
    }
    return int(db.session.scalar(_POSTINGS, values) or 0)


def _prove_replay() -> Proof:
    """Compute stored rows again, with the same rules and the very factors and methodologies they name."""
    verdicts = [_action_replays(row) for row in _sample("action", actions.NAMES)]
    verdicts += [_emission_replays(row) for row in _sample("emission", ("inputs", "factor_id", "emitted_g"))]
    differing = verdicts.count(False)
    figures = {"replayed": len(verdicts), "differing": differing}
    return Proof("footprint.prove_replay", figures, not differing)


def _action_replays(row: RowMapping) -> bool:
    try:
        return actions.replay(actions.read_action(row)).same
    except KeyError:  # it names a methodology, factor or input that does not exist
        return False


def _emission_replays(row: RowMapping) -> bool:
    try:
        factor = factor_by_id(row["factor_id"])
        return rules.recorded_grams(row["inputs"], factor.value, factor.unit) == int(row["emitted_g"])
    except KeyError:
        return False


def _sample(table: str, columns: Sequence[str]) -> Iterator[RowMapping]:
    statement = text(_SAMPLE.format(table=table, columns=", ".join(columns)))
    for row in db.session.execute(statement, {"most": MOST_REPLAYED}):
        yield row._mapping
