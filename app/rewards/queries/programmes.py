"""Sponsors' programmes: what they offer, and how their funds stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, any_, func, literal, or_, select

from app.accounts import chart
from app.accounts import queries as accounts
from app.kit.clock import business_day
from app.kit.database import db
from app.rewards.errors import ProgrammeUnknown
from app.rewards.models import Programme, ProgrammeTariff
from app.rewards.rules.tariffs import Offer, Tariff, in_order


@dataclass(frozen=True)
class Standing:
    """How a programme's fund stands: its money, what it can still promise, and what it owes people.

    In points, which are fen of its money: `fund_fen` is `promise` and `outstanding` together.
    """

    fund_fen: int
    promise: int

    @property
    def outstanding(self) -> int:
        """Points that people hold, pending, active or set aside."""
        return self.fund_fen - self.promise


def find_programme(code: str) -> Programme:
    """The programme with this code. Raises `ProgrammeUnknown`."""
    found = db.session.scalar(select(Programme).where(Programme.code == code))
    if found is None:
        raise ProgrammeUnknown()
    return found


def find_programmes(holder_ids: Iterable[int | None]) -> dict[int, Programme]:
    """The programmes of these ids."""
    rows = db.session.scalars(select(Programme).where(Programme.holder_id.in_(set(holder_ids) - {None})))
    return {row.holder_id: row for row in rows}


def list_programmes(limit: int = 100, before: int | None = None) -> Sequence[Programme]:
    """All programmes, the newest first; `before` is the holder id of the last one seen."""
    wanted = select(Programme).order_by(Programme.holder_id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Programme.holder_id < before)
    return db.session.scalars(wanted).all()


def list_running() -> Sequence[Programme]:
    """Programmes that have not ended, the newest first; as many as operators opened."""
    return db.session.scalars(select(Programme).where(~_over()).order_by(Programme.holder_id.desc())).all()


def list_finished(limit: int, before: int | None = None) -> Sequence[Programme]:
    """Programmes that have ended, the newest first; `before` is the holder id of the last one seen."""
    wanted = select(Programme).where(_over()).order_by(Programme.holder_id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Programme.holder_id < before)
    return db.session.scalars(wanted).all()


def _over() -> ColumnElement[bool]:
    ended = func.coalesce(Programme.ends_on < business_day(), False)
    return or_(Programme.closed_at.is_not(None), ended)


def list_tariffs(programme_ids: Iterable[int]) -> dict[int, list[ProgrammeTariff]]:
    """Every version of these programmes' tariffs, each programme's oldest first."""
    wanted = (
        select(ProgrammeTariff)
        .where(ProgrammeTariff.programme_id.in_(list(programme_ids)))
        .order_by(ProgrammeTariff.programme_id, ProgrammeTariff.version)
    )
    found: dict[int, list[ProgrammeTariff]] = {}
    for row in db.session.scalars(wanted):
        found.setdefault(row.programme_id, []).append(row)
    return found


def read_tariff(row: ProgrammeTariff) -> Tariff:
    """A stored version as the rules know it."""
    return Tariff(
        row.version, row.valid_from, row.grams_per_point, row.scenes, row.pending_days, row.life_months
    )


def list_offers() -> list[Offer]:
    """What is offered for acts, in the order in which they meet it; nothing by who stopped or closed."""
    rows = db.session.scalars(
        select(Programme).where(Programme.closed_at.is_(None), Programme.stopped_at.is_(None))
    ).all()
    tariffs = list_tariffs([row.holder_id for row in rows])
    return in_order(
        Offer(
            row.holder_id,
            row.region,
            row.begins_on,
            row.ends_on,
            tuple(read_tariff(each) for each in tariffs.get(row.holder_id, ())),
        )
        for row in rows
    )


def pays_for(kind: str) -> ColumnElement[bool]:
    """Whether a programme's points may be spent on things of this kind."""
    return or_(Programme.pays_for.is_(None), literal(kind) == any_(Programme.pays_for))


def list_open(day: date | None = None) -> Sequence[Programme]:
    """Programmes that thank for acts of `day`, or would if their budget were not used up."""
    day = day or business_day()
    wanted = (
        select(Programme)
        .where(Programme.closed_at.is_(None), Programme.begins_on <= day)
        .where(Programme.ends_on.is_(None) | (Programme.ends_on >= day))
        .order_by(Programme.holder_id)
    )
    return db.session.scalars(wanted).all()


def standing(programme_id: int) -> Standing:
    """How a programme's fund stands now."""
    return Standing(
        accounts.get_balance(programme_id, chart.FUND), accounts.get_balance(programme_id, chart.PROMISE)
    )
