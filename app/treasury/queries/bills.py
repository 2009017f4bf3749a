"""What is known of bills, days and breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, text

from app.accounts import chart
from app.accounts.queries import entries_relation
from app.kit import clock
from app.kit.database import db
from app.offsets import queries as offsets
from app.treasury.errors import DayUnknown
from app.treasury.models import UNSETTLED, Bill, BillBreak, Reconciliation
from app.treasury.rules.breaks import Break
from app.treasury.rules.days import Wait, due_days

UNSETTLED_BREAK = text(UNSETTLED)


@dataclass(frozen=True)
class Booked:
    """What the books hold of one day's fees (without those given back) and withdrawals."""

    fee_fen: int
    withdrawn_fen: int


@dataclass(frozen=True)
class DayFacts:
    """A reconciled day in figures."""

    day: date
    looked_at: datetime
    matched_at: datetime | None
    subjects: int
    broken: int
    trouble: str | None
    unsettled: int

    @property
    def closed(self) -> bool:
        """Whether everything on it is matched, gone or explained."""
        return self.settled and not self.unsettled

    @property
    def settled(self) -> bool:
        """Whether matching it is over, whatever it found."""
        return self.matched_at is not None and self.trouble is None

    @property
    def wait(self) -> Wait | None:
        """What it waits for, where that is nothing of the provider's."""
        return Wait(self.trouble) if self.trouble in set(Wait) else None

    @property
    def matched_bp(self) -> int:
        """How much of it matched, in hundredths of a percent, rounded down."""
        return 10_000 if not self.subjects else max(self.subjects - self.broken, 0) * 10_000 // self.subjects


def find_current(kind: str, day: date) -> Bill | None:
    """The newest version of a day's bill, if it was ever fetched."""
    found: Bill | None = db.session.scalar(
        select(Bill).where(Bill.kind == kind, Bill.day == day, Bill.replaced_at.is_(None))
    )
    return found


def list_versions(day: date) -> Sequence[Bill]:
    """Every version of a day's bills, trades before flows, oldest first."""
    return db.session.scalars(
        select(Bill).where(Bill.day == day).order_by(Bill.kind.desc(), Bill.version)
    ).all()


def closing_before(day: date) -> int | None:
    """The account's balance after the last movement before `day`, where every day between is known."""
    earlier = day
    while True:
        earlier -= timedelta(days=1)
        bill = find_current("flow", earlier)
        if bill is None or bill.closing_fen is not None:
            return None if bill is None else bill.closing_fen


_BOOKED = text(
    f"SELECT coalesce(sum(fee.amount), 0)::bigint - coalesce(sum(back.amount), 0)::bigint AS fee_fen,"
    f" coalesce(sum(moved.amount), 0)::bigint AS withdrawn_fen FROM bill"
    f" LEFT JOIN {entries_relation(chart.PROVIDER_FEE)} fee ON fee.reference = bill.id"
    f" LEFT JOIN {entries_relation(chart.PROVIDER_FEE_BACK)} back ON back.reference = bill.id"
    f" LEFT JOIN {entries_relation(chart.MOVE_TO_BANK)} moved ON moved.reference = bill.id"
    f" WHERE bill.kind = 'flow' AND (bill.day = :day OR CAST(:day AS date) IS NULL)"
)


def booked_of_day(day: date | None) -> Booked:
    """What stands in the books from all versions of a day's bill; of all days for None."""
    row = db.session.execute(_BOOKED, {"day": day}).one()
    return Booked(row.fee_fen, row.withdrawn_fen)


_DAYS = f"""
SELECT day, looked_at, matched_at, subjects, broken, trouble,
       (SELECT count(*) FROM bill_break
         WHERE bill_break.day = reconciliation.day AND ({UNSETTLED})) AS unsettled
  FROM reconciliation
"""


def list_days(limit: int, before: date | None = None) -> list[DayFacts]:
    """Reconciled days, newest first."""
    rows = db.session.execute(
        text(f"{_DAYS} WHERE day < coalesce(:before, date 'infinity') ORDER BY day DESC LIMIT :limit"),
        {"before": before, "limit": limit},
    )
    return [DayFacts(**row._mapping) for row in rows]


def find_day(day: date) -> DayFacts | None:
    """One reconciled day, None when it was never looked at."""
    row = db.session.execute(text(f"{_DAYS} WHERE day = :day"), {"day": day}).first()
    return None if row is None else DayFacts(**row._mapping)


def get_day(day: date) -> DayFacts:
    """One reconciled day. Raises `DayUnknown`."""
    found = find_day(day)
    if found is None:
        raise DayUnknown()
    return found


def due_at(now: datetime) -> list[date]:
    """The days that the sweeper looks after: from the first payment on, with bills that can be had."""
    first = offsets.money.first_payment_at()
    return due_days(clock.business_day(first) if first else None, now.astimezone(clock.SHANGHAI))


def settled_days(first: date, looked_since: datetime) -> set[date]:
    """Days from `first` on that need no look now: matched, or looked at in vain since `looked_since`.

    A day that an operator wants matched again needs one, however lately it was looked at.
    """
    return set(
        db.session.scalars(
            select(Reconciliation.day).where(
                Reconciliation.day >= first,
                (Reconciliation.matched_at.is_not(None) & Reconciliation.trouble.is_(None))
                | (Reconciliation.looked_at > looked_since)
                & Reconciliation.trouble.is_distinct_from(Wait.AGAIN),
            )
        )
    )


@dataclass(frozen=True)
class Oldest:
    """The unsettled breaks of all days: how many, and the first day that has one."""

    unsettled: int
    day: date | None


def oldest_unsettled() -> Oldest:
    """How much stands open, and since when."""
    row = db.session.execute(select(func.count(), func.min(BillBreak.day)).where(UNSETTLED_BREAK)).one()
    return Oldest(row[0], row[1])


def count_troubled_days() -> int:
    """Days that could not be matched to the end, such as those whose bills were refused."""
    return int(db.session.scalar(select(func.count()).where(Reconciliation.trouble.is_not(None))) or 0)


def count_breaks(day: date) -> dict[Break, tuple[int, int]]:
    """A day's breaks by kind, in the order of the rules: how many stand, and how many are unsettled."""
    rows = db.session.execute(
        select(BillBreak.kind, func.count(), func.count().filter(UNSETTLED_BREAK))
        .where(BillBreak.day == day, BillBreak.resolved_at.is_(None))
        .group_by(BillBreak.kind)
    )
    found = {kind: (standing, unsettled) for kind, standing, unsettled in rows}
    return {kind: found[kind] for kind in Break if kind in found}


def list_breaks(day: date, kind: Break, limit: int) -> Sequence[BillBreak]:
    """Breaks of one kind, those that need somebody first."""
    return db.session.scalars(
        select(BillBreak)
        .where(BillBreak.day == day, BillBreak.kind == kind)
        .order_by(BillBreak.resolved_at.is_not(None), text(f"({UNSETTLED}) DESC"), BillBreak.id)
        .limit(limit)
    ).all()


def difference_fen(day: date) -> int:
    """By how much the provider's account stands above our books because of a day's standing breaks."""
    total = db.session.scalar(
        select(func.sum(BillBreak.difference_fen)).where(
            BillBreak.day == day, BillBreak.resolved_at.is_(None)
        )
    )
    return int(total or 0)


def list_missing_here(day: date, limit: int) -> list[str]:
    """Orders that the provider calls paid and we do not, by the number that the provider was given."""
    return [
        code
        for code in db.session.scalars(
            select(BillBreak.order_code)
            .where(
                BillBreak.day == day,
                BillBreak.kind == Break.MISSING_HERE,
                BillBreak.resolved_at.is_(None),
            )
            .order_by(BillBreak.id)
            .limit(limit)
        )
        if code
    ]
