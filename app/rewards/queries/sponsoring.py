"""What came of sponsors' money: budgets to the fen, what it was spent on, where programmes stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.queries.payables import postings_from
from app.kit.clock import business_day
from app.kit.database import array, db
from app.kit.paging import page
from app.registry import queries as registry
from app.registry.queries import Search
from app.rewards.errors import MovementUnknown
from app.rewards.models import FundMovement, Programme, ProgrammeTariff
from app.rewards.models.proposals import ProgrammeTally
from app.rewards.queries.programmes import (
    find_programme,
    list_finished,
    list_running,
    list_tariffs,
    read_tariff,
)
from app.rewards.rules.proposals import Worth, worth
from app.rewards.rules.standing import Budget, State, Tally, state_of

_MOVED = text(
    "SELECT programme_id, coalesce(sum(amount_fen) FILTER (WHERE kind <> 'return'), 0)::bigint AS paid_in,"
    " coalesce(sum(amount_fen) FILTER (WHERE kind = 'return'), 0)::bigint AS returned"
    " FROM fund_movement WHERE confirmed_at IS NOT NULL AND programme_id = ANY(CAST(:ids AS bigint[]))"
    " GROUP BY programme_id"
)
_BALANCES = text("SELECT id, balance FROM account WHERE id = ANY(CAST(:ids AS bigint[]))")
_GIVERS = text(
    f"SELECT target / {chart.CODES} AS holder_id, count(*) AS payments, sum(amount)::bigint AS amount_fen"
    f" FROM {postings_from(chart.PAY_REWARD)} entry"
    f" WHERE source = :fund AND source % {chart.CODES} < {chart.BOUNDARY}"
    " GROUP BY 1 ORDER BY amount_fen DESC, 1 LIMIT :limit"
)
_ORDER = (State.OPEN, State.UPCOMING, State.STOPPED, State.ENDED, State.CLOSED)


@dataclass(frozen=True)
class ProgrammeView:
    """A programme as anyone may see it: whose, where it stands, its tariffs, and what came of the money.

    `forest_fen_per_t` is what forest carbon costs beside it.
    """

    programme: Programme
    sponsor_name: str
    sponsor_code: str
    tariffs: tuple[ProgrammeTariff, ...]
    budget: Budget
    forest_fen_per_t: int | None

    @property
    def id(self) -> int:
        """Its own number."""
        return self.programme.holder_id

    @property
    def in_force(self) -> ProgrammeTariff | None:
        """The tariff that counts for acts of today; None before the first."""
        known = [each for each in self.tariffs if each.valid_from <= business_day()]
        return known[-1] if known else None

    @property
    def to_come(self) -> tuple[ProgrammeTariff, ...]:
        """Tariffs that are announced and not in force yet."""
        return tuple(each for each in self.tariffs if each.valid_from > business_day())

    @property
    def state(self) -> State:
        """Where it stands today."""
        ready = self.in_force is not None and self.budget.paid_in_fen > 0
        mine = self.programme
        return state_of(
            business_day(), mine.begins_on, mine.ends_on, mine.stopped_at, mine.closed_at, ready=ready
        )

    @property
    def worth(self) -> Worth | None:
        """What a kilogram earns by the tariff in force, or the first to come."""
        tariff = self.in_force or next(iter(self.to_come), None)
        return worth(read_tariff(tariff), self.forest_fen_per_t) if tariff else None


@dataclass(frozen=True)
class Giver:
    """Whoever gave things for points of a programme, and was paid for them."""

    holder_id: int
    name: str
    payments: int
    amount_fen: int


def list_budgets(programme_ids: Iterable[int]) -> dict[int, Budget]:
    """The budgets of these programmes: money exact now, what came of the points as it was last counted."""
    ids = sorted(set(programme_ids))
    moved = {row.programme_id: row for row in db.session.execute(_MOVED, {"ids": array(ids)})}
    kinds = (chart.FUND, chart.PROMISE)
    asked = {"ids": array(kind.of(each) for each in ids for kind in kinds)}
    held = {row.id: row.balance for row in db.session.execute(_BALANCES, asked)}
    counted = db.session.scalars(select(ProgrammeTally).where(ProgrammeTally.programme_id.in_(ids)))
    tallies = {row.programme_id: row for row in counted}
    return {
        each: Budget(
            paid_in_fen=moved[each].paid_in if each in moved else 0,
            returned_fen=moved[each].returned if each in moved else 0,
            fund_fen=held.get(chart.FUND.of(each), 0),
            promise=held.get(chart.PROMISE.of(each), 0),
            tally=_tally(tallies[each]) if each in tallies else None,
        )
        for each in ids
    }


def _tally(row: ProgrammeTally) -> Tally:
    spent_on = dict(sorted(row.spent_on.items(), key=lambda each: -each[1]))
    return Tally(row.granted, row.expired, row.taken_back, row.people, spent_on, row.counted_at)


def view_programmes(programmes: Sequence[Programme]) -> list[ProgrammeView]:
    """These programmes with everything anyone may know of them, in the same order."""
    ids = [each.holder_id for each in programmes]
    tariffs, budgets = list_tariffs(ids), list_budgets(ids)
    sponsors = accounts.list_holders([each.sponsor_id for each in programmes])
    price = forest_fen_per_t()
    return [
        ProgrammeView(
            programme,
            sponsors[programme.sponsor_id].name or "",
            sponsors[programme.sponsor_id].code,
            tuple(tariffs.get(programme.holder_id, ())),
            budgets[programme.holder_id],
            price,
        )
        for programme in programmes
    ]


def list_running_views() -> list[ProgrammeView]:
    """Every programme that has not ended, those that thank now before the others."""
    views = view_programmes(list_running())
    return sorted(views, key=lambda each: (_ORDER.index(each.state), each.id))


def list_views(limit: int = 50, before: int | None = None) -> dict[str, Any]:
    """A page of all programmes: all that run on the first, then `limit` that ended, the newest first."""
    finished = page(list_finished(limit + 1, before), limit, lambda each: each.holder_id)
    views = list_running_views() if before is None else []
    return {"items": [*views, *view_programmes(finished["items"])], "next": finished["next"]}


def get_view(code: str) -> ProgrammeView:
    """One programme. Raises `ProgrammeUnknown`."""
    return view_programmes([find_programme(code)])[0]


def list_sponsored(sponsor_id: int) -> list[ProgrammeView]:
    """The programmes of one sponsor, the newest first."""
    wanted = select(Programme).where(Programme.sponsor_id == sponsor_id).order_by(Programme.holder_id.desc())
    return view_programmes(db.session.scalars(wanted).all())


def list_givers(programme_id: int, limit: int = 20) -> list[Giver]:
    """Who was paid most by a programme for what they gave; whoever has no public name is told without."""
    rows = db.session.execute(_GIVERS, {"fund": chart.FUND.of(programme_id), "limit": limit}).all()
    names = accounts.list_holders([row.holder_id for row in rows])
    return [
        Giver(row.holder_id, names[row.holder_id].name or "", row.payments, row.amount_fen) for row in rows
    ]


def list_movements(programme_id: int) -> Sequence[FundMovement]:
    """Every movement of a programme's fund that was not dropped, the newest first."""
    wanted = select(FundMovement).where(FundMovement.programme_id == programme_id)
    return db.session.scalars(
        wanted.where(FundMovement.dropped_at.is_(None)).order_by(FundMovement.id.desc())
    ).all()


def require_movement(programme_id: int, movement_id: int) -> None:
    """Raise `MovementUnknown` unless this movement is one of this programme's fund."""
    found = db.session.get(FundMovement, movement_id)
    if found is None or found.programme_id != programme_id:
        raise MovementUnknown()


def list_names(programme_ids: Iterable[int]) -> dict[int, str]:
    """What these programmes are called."""
    wanted = select(Programme.holder_id, Programme.name).where(Programme.holder_id.in_(set(programme_ids)))
    return {row.holder_id: row.name for row in db.session.execute(wanted)}


def forest_fen_per_t() -> int | None:
    """What a tonne of forest carbon costs where it is cheapest now; None when nothing is on sale."""
    found = registry.search_lots(Search(), 1, sort="price")
    return found[0].price_fen_per_t if found else None
