"""Points granted, becoming active, taken back, worked off and expired. One act is thanked once.

Accounts are locked in one order: what programmes can promise, then people's points, then their lots.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.accounts.queries import homes
from app.footprint import queries as footprint
from app.kit import clock
from app.kit.database import array, db, text_array
from app.rewards.models import PointGrant, PointUse, Programme
from app.rewards.queries import programmes
from app.rewards.rules.spending import take
from app.rewards.rules.tariffs import Act, Nothing, Thanks, thanks_for
from app.rewards.services.programmes import lock_promises, stop_programmes

ACTION = "action"
"""The source of what is granted for acts; `source_id` is the act's."""
_GRANT = text(
    "INSERT INTO point_grant (source, source_id, holder_id, programme_id, tariff, points, remaining, reason,"
    "   granted_at, due_at, activated_at, expires_at)"
    " SELECT :source, source_id, holder_id, programme_id, tariff, points, points, reason, :now,"
    "   due_at, CASE WHEN :active AND points > 0 THEN CAST(:now AS timestamptz) END, expires_at"
    " FROM unnest(CAST(:source_ids AS bigint[]), CAST(:holders AS bigint[]), CAST(:programmes AS bigint[]),"
    "   CAST(:tariffs AS text[]), CAST(:points AS integer[]), CAST(:reasons AS text[]),"
    "   CAST(:dues AS timestamptz[]), CAST(:expiries AS timestamptz[]))"
    "   AS earned(source_id, holder_id, programme_id, tariff, points, reason, due_at, expires_at)"
    " ORDER BY source_id ON CONFLICT (source, source_id) DO NOTHING RETURNING id, source_id"
)
_DUE = text(
    "SELECT id FROM point_grant WHERE activated_at IS NULL AND taken_back_at IS NULL AND points > 0"
    " AND due_at <= :now ORDER BY due_at, id LIMIT :limit"
)
_UNRESERVED = (
    "NOT EXISTS (SELECT FROM point_use JOIN spending ON spending.id = spending_id WHERE grant_id = g.id"
    " AND spent_at IS NULL AND returned_at IS NULL)"
)
_EXPIRED = text(
    "SELECT id, holder_id, programme_id FROM point_grant g WHERE remaining > 0 AND expires_at <= :now"
    f" AND activated_at IS NOT NULL AND {_UNRESERVED} ORDER BY expires_at, id LIMIT :limit"
)
_DEBTORS = text(
    "SELECT DISTINCT holder_id FROM point_grant JOIN account debt"
    f" ON debt.id = holder_id * {chart.CODES} + {chart.POINTS_DEBT.code} AND debt.balance < 0"
    f" JOIN account points ON points.id = holder_id * {chart.CODES} + {chart.POINTS.code}"
    " AND points.balance > 0 WHERE owed_points > 0 ORDER BY holder_id LIMIT :limit"
)


def read_acts(recorded: Iterable[tuple[int, int, int, str]]) -> list[Act]:
    """Acts of (id, holder, grams, scene) with their day and evidence; those that were erased are left out."""
    told = {action_id: (holder_id, grams, scene) for action_id, holder_id, grams, scene in recorded}
    known = footprint.accounts.days_and_grades([(row[0], action_id) for action_id, row in told.items()])
    return [Act(action_id, *told[action_id], day, grade) for action_id, (day, grade) in sorted(known.items())]


def thank(acts: Sequence[Act]) -> list[Act]:
    """Grant what acts earn by the tariffs of their days; returns those that were heard of the first time.

    Any number in a few statements. An act that was withdrawn before it was heard of earns nothing:
    `take_back` has left its row.
    """
    regions = homes.list_regions(act.holder_id for act in acts)
    places = {regions.get(act.holder_id) for act in acts}
    offers = [offer for offer in programmes.list_offers() if any(map(offer.covers, places))]
    left = lock_promises(offer.programme_id for offer in offers)
    earned: list[tuple[Act, Thanks]] = []
    stopped: set[int] = set()
    for act in acts:
        able = [offer for offer in offers if offer.programme_id not in stopped]
        thanks = thanks_for(act, regions.get(act.holder_id), able, left)
        stopped.update(thanks.short)
        if thanks.programme_id is not None:
            left[thanks.programme_id] -= thanks.points
        earned.append((act, thanks))
    new = _write_thanks(earned)
    if stopped:
        stop_programmes(stopped)
    return [act for act in acts if act.action_id in new]


def _write_thanks(earned: Sequence[tuple[Act, Thanks]]) -> set[int]:
    now = clock.now()
    today = clock.business_day(now)
    rows: list[_Row] = []
    for act, thanks in earned:
        tariff = thanks.tariff
        if tariff is None:
            rows.append((act.action_id, act.holder_id, None, None, 0, thanks.reason, None, None))
            continue
        expires_at = clock.end_of_day(tariff.last_day(today))
        due_at = now + tariff.waits(act.grade)
        version = str(tariff.version)
        who = (act.action_id, act.holder_id, thanks.programme_id)
        rows.append((*who, version, thanks.points, None, due_at, expires_at))
    return _write(ACTION, rows, now, active=False)


_Row = tuple[int, int, int | None, str | None, int, str | None, datetime | None, datetime | None]


def _write(source: str, rows: Sequence[_Row], now: datetime, *, active: bool) -> set[int]:
    """Write lots and their entries; returns the source ids that were new."""
    if not rows:
        return set()
    columns = list(zip(*rows, strict=True))
    plain = ("source_ids", "holders", "programmes", "tariffs", "points", "reasons", "dues", "expiries")
    values = {
        name: text_array(None if each is None else str(each) for each in column)
        for name, column in zip(plain, columns, strict=True)
    }
    new = {
        row.source_id: row.id
        for row in db.session.execute(_GRANT, values | {"source": source, "now": now, "active": active})
    }
    granted = [row for row in rows if row[0] in new and row[4]]
    ids = [new[row[0]] for row in granted]
    holders, amounts = [row[1] for row in granted], [row[4] for row in granted]
    paying = [row[2] for row in granted if row[2] is not None]
    thanks = (chart.THANK, ids, paying, holders, amounts)
    if active:
        _lock_people(holders)
        ledger.post_columns(thanks, (chart.ACTIVATE_POINTS, ids, holders, holders, amounts))
    else:
        ledger.post_columns(thanks)
    return set(new)


def _lock_people(holder_ids: Iterable[int]) -> None:
    """Lock what is active of these people before what is pending, as all that touches both does."""
    points = [chart.POINTS.of(holder_id) for holder_id in holder_ids]
    ledger.open_accounts(points)
    ledger.lock_balances(points)


def grant(programme_id: int, source: str, thanks: Sequence[tuple[int, int, int]]) -> set[int]:
    """Grant points of a programme for other things than acts: (source_id, holder_id, points), at once active.

    A source id is granted for once. Returns those that were granted: all that were new, in the order of
    their ids, until the fund covers no more; then the programme stops. One that has stopped, is closed or
    has no tariff today grants nothing.
    """
    left = lock_promises([programme_id]).get(programme_id, 0)
    now = clock.now()
    today = clock.business_day(now)
    offers = [offer for offer in programmes.list_offers() if offer.programme_id == programme_id]
    tariff = offers[0].tariff_on(today) if offers else None
    if tariff is None:
        return set()
    version, expires_at = str(tariff.version), clock.end_of_day(tariff.last_day(today))
    asked = select(PointGrant.source_id).where(
        PointGrant.source == source, PointGrant.source_id.in_([each[0] for each in thanks])
    )
    known = set(db.session.scalars(asked))
    rows: list[_Row] = []
    for source_id, holder_id, points in sorted(thanks):
        if source_id in known or points <= 0:
            continue
        if points > left:
            stop_programmes([programme_id])
            break
        left -= points
        rows.append((source_id, holder_id, programme_id, version, points, None, now, expires_at))
    return _write(source, rows, now, active=True)


def activate_due(limit: int = 1000) -> int:
    """Let points whose evidence has stood long enough become active; returns how many lots."""
    now = clock.now()
    return activate(db.session.scalars(_DUE, {"now": now, "limit": limit}).all())


def activate(ids: Sequence[int]) -> int:
    """Let pending lots become active, those of `ids` that still can; returns how many."""
    now = clock.now()
    whose = db.session.scalars(select(PointGrant.holder_id).where(PointGrant.id.in_(ids)).distinct()).all()
    _lock_people(whose)
    rows = db.session.execute(
        update(PointGrant)
        .where(
            PointGrant.id.in_(ids),
            PointGrant.activated_at.is_(None),
            PointGrant.taken_back_at.is_(None),
        )
        .values(activated_at=now)
        .returning(PointGrant.id, PointGrant.holder_id, PointGrant.points)
        .execution_options(synchronize_session=False)
    ).all()
    lots, holders, amounts = ([row[place] for row in rows] for place in range(3))
    ledger.post_columns((chart.ACTIVATE_POINTS, lots, holders, holders, amounts))
    return len(rows)


def take_back(holder_id: int, source: str, source_id: int) -> bool:
    """Take back what was granted for something that did not stand; once, and also before it was granted.

    What was spent of it already is owed. False when nothing had been heard of it before.
    """
    now = clock.now()
    marked = db.session.scalar(
        insert(PointGrant)
        .values(
            source=source,
            source_id=source_id,
            holder_id=holder_id,
            points=0,
            remaining=0,
            reason=Nothing.WITHDRAWN,
            granted_at=now,
            taken_back_at=now,
        )
        .on_conflict_do_nothing()
        .returning(PointGrant.id)
    )
    if marked is not None:
        return False
    known = db.session.execute(
        select(PointGrant.id, PointGrant.programme_id).where(
            PointGrant.source == source, PointGrant.source_id == source_id
        )
    ).one()
    lock_promises([known.programme_id] if known.programme_id else [])
    lock_points(holder_id)
    lot = db.session.get_one(PointGrant, known.id, with_for_update=True, populate_existing=True)
    if lot.taken_back_at is None:
        lot.taken_back_at = now
        _undo(lot)
        db.session.flush()
    return True


def _undo(lot: PointGrant) -> None:
    if not lot.points or lot.programme_id is None:
        return
    ends = (lot.holder_id, lot.programme_id)
    if lot.activated_at is None:
        entries = [Posting(chart.TAKE_BACK_PENDING, lot.id, *ends, lot.points)]
    else:
        lot.owed_points = lot.points - lot.expired_points - lot.remaining
        entries = [
            Posting(chart.TAKE_BACK_ACTIVE, lot.id, *ends, lot.remaining),
            Posting(chart.OWE_POINTS, lot.id, lot.holder_id, chart.PLATFORM, lot.owed_points),
        ]
    lot.remaining = 0
    ledger.post(entries)


def lock_points(holder_id: int) -> dict[chart.AccountKind, int]:
    """A person's active and owed points, locked: whatever touches their lots comes one after the other."""
    kinds = (chart.POINTS, chart.RESERVED_POINTS, chart.POINTS_DEBT)
    ids = [kind.of(holder_id) for kind in kinds]
    ledger.open_accounts(ids)
    held = ledger.lock_balances(ids)
    return {kind: held[kind.of(holder_id)] for kind in kinds}


def list_debtors(limit: int = 200) -> Sequence[int]:
    """Who owes points and has some to work it off with."""
    return db.session.scalars(_DEBTORS, {"limit": limit}).all()


def work_off(holder_id: int) -> int:
    """Let somebody's active points, the oldest promise first, work off what they owe; returns how many."""
    lots = (
        select(PointGrant, Programme.holder_id)
        .join(Programme, Programme.holder_id == PointGrant.programme_id)
        .where(
            PointGrant.holder_id == holder_id,
            PointGrant.remaining > 0,
            PointGrant.activated_at.is_not(None),
        )
        .order_by(PointGrant.expires_at, PointGrant.id)
    )
    promises = lock_promises({programme_id for _, programme_id in db.session.execute(lots)})
    owed = -lock_points(holder_id)[chart.POINTS_DEBT]
    # What another programme granted meanwhile waits for the next time: its promise is not locked.
    locked = lots.where(PointGrant.programme_id.in_(promises)).with_for_update(of=PointGrant)
    locked = locked.execution_options(populate_existing=True)
    known = {lot.id: (lot, programme_id) for lot, programme_id in db.session.execute(locked)}
    taken = take([(lot.id, lot.remaining) for lot, _ in known.values()], owed)
    uses = [PointUse(grant_id=lot_id, points=points, used_at=clock.now()) for lot_id, points in taken]
    db.session.add_all(uses)
    for use in uses:
        known[use.grant_id][0].remaining -= use.points
    db.session.flush()
    ledger.post(
        Posting(kind, use.id, *ends, use.points)
        for use in uses
        for kind, ends in (
            (chart.WORK_OFF, (holder_id, known[use.grant_id][1])),
            (chart.LESSEN_DEBT, (chart.PLATFORM, holder_id)),
        )
    )
    return sum(points for _, points in taken)


def expire_due(limit: int = 1000) -> int:
    """Let points whose time is over go back to what their programmes can promise; returns how many lots.

    A lot of which some is set aside waits until that has come to an end.
    """
    now = clock.now()
    rows = db.session.execute(_EXPIRED, {"now": now, "limit": limit}).all()
    lock_promises({row.programme_id for row in rows})
    ledger.lock_balances([chart.POINTS.of(row.holder_id) for row in rows])
    gone = db.session.execute(
        text(
            "WITH over AS MATERIALIZED (SELECT id, remaining FROM point_grant g"
            "   WHERE id = ANY(CAST(:ids AS bigint[])) AND remaining > 0 AND expires_at <= :now"
            f"  AND {_UNRESERVED} ORDER BY id FOR UPDATE)"
            " UPDATE point_grant g SET expired_points = over.remaining, remaining = 0 FROM over"
            " WHERE over.id = g.id RETURNING g.id, g.holder_id, g.programme_id, expired_points"
        ),
        {"ids": array(row.id for row in rows), "now": now},
    ).all()
    lots, holders, paying, points = ([row[place] for row in gone] for place in range(4))
    ledger.post_columns((chart.EXPIRE_POINTS, lots, holders, paying, points))
    return len(gone)
