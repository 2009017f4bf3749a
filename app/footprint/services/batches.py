"""Taking a partner's signed batch: every item judged for itself, everything that counts written at once.

One batch is one transaction with a handful of statements however many items it has. Batches of one
partner queue behind its row; those of different partners run side by side, and meet only in the days,
rides and minutes of a holder, which the statement takes in one order.
"""

import json
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text

from app.accounts import queries as accounts
from app.footprint import queries, rules
from app.footprint.errors.partners import BatchReused, KeyNotAccepted, PartnerSuspended
from app.footprint.models import Partner, PartnerBatch
from app.footprint.queries import Methodology
from app.footprint.queries import partners as known
from app.footprint.queries.partners import BatchResult
from app.footprint.rules import ACCEPTED, REFUSED, BatchItem, Digests, Method, Refusal, Verdict
from app.footprint.services import statement
from app.footprint.services.actions import Claim, Terms, grade_of, wish
from app.kit import clock
from app.kit.database import array, db, text_array
from app.kit.sealing import digester

# Everything is looked up by keys; of a table without statistics PostgreSQL would read all for every holder.
_BY_KEYS = text("SET LOCAL enable_seqscan = off")
_LOCK = text("SELECT 1 FROM partner WHERE id = :partner FOR NO KEY UPDATE")
_ITEMS = text(
    "INSERT INTO partner_item (partner_id, item, batch_id, holder_id, action_id, fingerprint)"
    " SELECT :partner, item, :batch, holder, action, fingerprint FROM unnest(CAST(:items AS text[]),"
    "   CAST(:holders AS bigint[]), CAST(:actions AS bigint[]), CAST(:prints AS bytea[]))"
    "   AS told(item, holder, action, fingerprint) ORDER BY item"
)
_DAY = text(
    "INSERT INTO partner_day AS held (partner_id, day, scene, items)"
    " SELECT :partner, :day, scene, items FROM unnest(CAST(:scenes AS text[]), CAST(:counts AS bigint[]))"
    "   AS told(scene, items)"
    " ON CONFLICT (partner_id, day, scene) DO UPDATE SET items = held.items + excluded.items"
)
_TURN_AWAY = text(
    "UPDATE partner_link SET turned_away = turned_away + told.items, turned_away_at = :now"
    " FROM (SELECT holder, count(*) AS items FROM unnest(CAST(:holders AS bigint[])) AS each(holder)"
    "   GROUP BY holder) told"
    " WHERE partner_id = :partner AND holder_id = told.holder AND ended_at IS NULL"
)


@dataclass(frozen=True)
class Letter:
    """A batch as it came: whose, by which key, its own name, the digest of its bytes, its raw items."""

    partner: Partner
    key_id: int
    name: str
    digest: bytes
    items: Sequence[Any]


class Counted(NamedTuple):
    """An item that counts, for whom, and its action."""

    item: BatchItem
    holder: int
    action: int


Computer = Callable[[BatchItem, Verdict], dict[str, Any]]


def receive_batch(letter: Letter) -> BatchResult:
    """Judge and write a batch; the same letter again answers what it was answered the first time.

    Raises `BatchReused` for other bytes under a name that is taken, `PartnerSuspended`, and
    `KeyNotAccepted` where the key was revoked while the letter waited.
    """
    db.session.execute(_LOCK, {"partner": letter.partner.id})
    if not known.is_good(known.get_key(letter.key_id), clock.now()):
        raise KeyNotAccepted()
    earlier = known.find_batch(letter.partner.id, letter.name)
    if earlier is not None:
        if bytes(earlier.digest) != letter.digest:
            raise BatchReused()
        return BatchResult(earlier)
    db.session.execute(_BY_KEYS)
    scenes = known.scenes_in_force(letter.partner.id)
    if scenes is None:
        raise PartnerSuspended()
    now = clock.now()
    digests = Digests(digester("partner-item"), digester("trip-key"))
    items = [rules.read_item(raw, digests) for raw in letter.items]
    counting = _counting(scenes)
    methods = {scene: each.method for scene, each in counting.items()}
    verdicts = _judge(letter.partner, scenes, methods, items, now)
    counted = _write(_computer(letter.partner.code, counting), items, verdicts, now)
    return BatchResult(_keep(letter, items, verdicts, counted, now), new=True)


def _counting(scenes: Mapping[str, int]) -> dict[str, Methodology]:
    """What counts these scenes for the whole of a batch, whatever comes into force meanwhile.

    A scene that takes no partner's word any more is left out, though the partner's terms still name it.
    """
    return {
        each.method.scene: each
        for each in queries.list_scenes()
        if each.method.scene in scenes and rules.PARTNER in each.method.sources
    }


def _judge(
    partner: Partner,
    scenes: Mapping[str, int],
    methods: Mapping[str, Method],
    items: Sequence[BatchItem | Refusal],
    now: datetime,
) -> list[Verdict]:
    """The verdict on each item, with what the database knows of all of them."""
    read = [each for each in items if isinstance(each, BatchItem)]
    links = known.find_holders(partner.id, (each.link for each in read))
    counted = known.counted_today(partner.id)
    sieve = rules.Sieve(
        now,
        methods,
        {scene: most - counted.get(scene, 0) for scene, most in scenes.items()},
        links,
        accounts.lock_consents(list(links.values()), partner.code),
        known.find_items(partner.id, (each.id for each in read)),
        known.find_rides(each.ride_key for each in read if each.ride_key),
        known.find_standing(rules.spans_of(read, methods, links, now)),
    )
    return [sieve.judge(each) if isinstance(each, BatchItem) else Verdict(REFUSED, each) for each in items]


def _write(
    compute: Computer, items: Sequence[BatchItem | Refusal], verdicts: list[Verdict], now: datetime
) -> list[Counted]:
    """Write what counts. What somebody else took at this very moment becomes a refusal in `verdicts`."""
    counting = {
        place: item
        for place, (item, verdict) in enumerate(zip(items, verdicts, strict=True))
        if isinstance(item, BatchItem) and verdict.status == ACCEPTED
    }
    rows = statement.write_many([compute(item, verdicts[place]) for place, item in counting.items()], now)
    counted = []
    for (place, item), row in zip(counting.items(), rows, strict=True):
        if row is None:
            verdicts[place] = Verdict(REFUSED, Refusal("trip_counted"))
        else:
            counted.append(Counted(item, verdicts[place].holder, row.id))
    return counted


def _computer(source: str, counting: Mapping[str, Methodology]) -> Computer:
    """What turns an accepted item into a wish of the statement."""

    def compute(item: BatchItem, verdict: Verdict) -> dict[str, Any]:
        methodology = counting[item.scene]
        method = methodology.method
        done = rules.DISTANCE if method.kind == rules.TRIP else method.measure
        inputs: dict[str, Any] = {done: item.amount, "started_at": item.started_at.isoformat()}
        if item.measure == rules.DISTANCE:
            inputs["duration_s"] = item.duration_s
        decision = rules.Decision(method, methodology.factor.value, grade_of(methodology, source), inputs)
        claim = Claim(
            method.day_of(clock.business_day(item.started_at)),
            inputs,
            decision.computed_g,
            item.started_at,
            verdict.minutes if verdict.minutes[1] else None,
        )
        return wish(verdict.holder, methodology, source, claim, Terms(trip_key=item.ride_key))

    return compute


def _keep(
    letter: Letter,
    items: Sequence[BatchItem | Refusal],
    verdicts: Sequence[Verdict],
    counted: Sequence[Counted],
    now: datetime,
) -> PartnerBatch:
    """Remember the batch, its items that count, what it used of the day, and whom it was turned away for."""
    results = [
        [_name(raw, item), verdict.status, *(verdict.refusal or ())]
        for raw, item, verdict in zip(letter.items, items, verdicts, strict=True)
    ]
    counts = Counter(verdict.status for verdict in verdicts)
    batch = PartnerBatch(
        partner_id=letter.partner.id,
        name=letter.name,
        key_id=letter.key_id,
        digest=letter.digest,
        items=len(items),
        accepted=counts[ACCEPTED],
        repeated=counts[rules.REPEATED],
        refused=counts[REFUSED],
        results=zlib.compress(json.dumps(results, separators=(",", ":")).encode(), 1),
        received_at=now,
    )
    db.session.add(batch)
    db.session.flush()
    _keep_items(batch, counted)
    _keep_day(batch, Counter(each.item.scene for each in counted))
    away = [each.holder for each in verdicts if each.refusal and each.refusal.reason == "consent_missing"]
    if away:
        values = {"partner": letter.partner.id, "holders": array(away), "now": now}
        db.session.execute(_TURN_AWAY, values)
    return batch


def _keep_items(batch: PartnerBatch, counted: Sequence[Counted]) -> None:
    values = {
        "partner": batch.partner_id,
        "batch": batch.id,
        "items": text_array(each.item.id for each in counted),
        "holders": array(each.holder for each in counted),
        "actions": array(each.action for each in counted),
        "prints": known.array_of_bytes(each.item.fingerprint for each in counted),
    }
    db.session.execute(_ITEMS, values)


def _keep_day(batch: PartnerBatch, scenes: Counter[str]) -> None:
    values = {
        "partner": batch.partner_id,
        "day": clock.business_day(batch.received_at),
        "scenes": text_array(scenes),
        "counts": array(scenes.values()),
    }
    db.session.execute(_DAY, values)


def _name(raw: Any, item: BatchItem | Refusal) -> str | None:
    """An item's own id as far as it can be told back."""
    if isinstance(item, BatchItem):
        return item.id
    given = raw.get("id") if isinstance(raw, dict) else None
    return given[:64] if isinstance(given, str) else None
