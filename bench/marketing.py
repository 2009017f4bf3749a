"""The market's lists where a million lots were sold and a million wishes ended, against a thousand of each.

Two databases on one server. What is open is the same on both: a few hundred lots and wishes of many
prices and years. A request is what a page of the market asks: filters, an order, twenty rows.
"""

import random
from collections.abc import Callable
from datetime import date

from sqlalchemy import text

from app.accounts import services as accounts
from app.config import Settings
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries
from app.registry import services as registry
from app.registry.queries import Search, WishSearch
from app.registry.rules import Terms
from bench.databases import another
from bench.forest import sample_facts
from bench.rounds import side_by_side, stopwatch

OPEN = 400
ENDED = (1_000_000, 1_000)
REQUESTS = 200
PAGE = 20
YEARS = range(2004, 2024)
_LOTS = text(
    "INSERT INTO lot (code, issuance_id, seller_holder_id, product, step_kg, price_fen_per_step, village_bp,"
    " fee_bp, offered_kg, available_kg, opened_at, closed_at)"
    " SELECT 'ENDED' || n, issuance.id, issuance.holder_id, 'yiyuan', 10, 50 + n % 200, 0, 0, 10, 0, now(),"
    " now() FROM generate_series(1, :count) n JOIN issuance ON issuance.id = (SELECT min(id) FROM issuance)"
)
_WISHES = text(
    "INSERT INTO wish (code, holder_id, product, step_kg, quantity_kg, most_fen_per_step, most_fen_per_t,"
    " opened_at, expires_at, closed_at, closed_as)"
    " SELECT 'ENDED' || n, :holder, 'yiyuan', 10, 10, 50 + n % 200, (50 + n % 200) * 100, now(),"
    " now() + interval '1 day', now(), 'withdrawn' FROM generate_series(1, :count) n"
)
_OPEN_WISHES = text(
    "INSERT INTO wish (code, holder_id, product, step_kg, quantity_kg, most_fen_per_step, most_fen_per_t,"
    " vintage_from, opened_at, expires_at)"
    " SELECT 'OPEN' || n, :holder, 'yiyuan', 10, 10, 50 + n % 200, (50 + n % 200) * 100, 2004 + n % 20,"
    " now(), now() + interval '1 day' FROM generate_series(1, :count) n"
)


def fill(ended: int, open_: int = OPEN) -> None:
    """Lots and wishes of which `ended` each are history and `open_` are there."""
    with transaction():
        seller = accounts.open_holder("village", "示例村集体", "350721").id
        for year in YEARS:
            project = registry.register_project(sample_facts(f"MARKET{year}"), seller)
            quantity_kg = 10 * (open_ // len(YEARS))
            period = (date(year, 1, 1), date(year, 12, 31))
            block_id = registry.issue(
                project.id, period, quantity_kg, vintage=year, verification="SAMPLE"
            ).block_id
            while quantity_kg:
                registry.open_lot(block_id, 10, Terms("yiyuan", 10, 50 + quantity_kg % 170))
                quantity_kg -= 10
        buyer = accounts.open_holder("person").id
        db.session.execute(text("SET LOCAL statement_timeout = '10min'"))
        db.session.execute(_LOTS, {"count": ended})
        db.session.execute(_WISHES, {"count": ended, "holder": buyer})
        db.session.execute(_OPEN_WISHES, {"count": open_, "holder": buyer})
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def ask(dice: random.Random) -> None:
    """One request of either list, or of what fits which."""
    price, year = dice.randrange(5_000, 25_000, 100), dice.choice(YEARS)
    wanted = dice.randrange(4)
    if wanted == 0:
        queries.search_lots(Search(most_fen_per_t=price, region="3507"), PAGE, sort="vintage")
    elif wanted == 1:
        queries.search_lots(Search(vintage_from=year, name="示例"), PAGE, sort="price")
    elif wanted == 2:
        queries.list_wishes(WishSearch(least_fen_per_t=price, vintage_from=year), PAGE, sort="price")
    else:
        lots = queries.search_lots(Search(), 1, sort="newest")
        queries.count_wishes_for(lots[0].offer, 100)
    db.session.rollback()


def compare(settings: Settings) -> dict[str, float]:
    """The latency beside a million against the one beside a thousand."""
    full, few = (_place(settings, ended) for ended in ENDED)
    _, _, ratio = side_by_side(few, full)  # rates: how many times slower it is beside a million
    return {"market_ms": 1000 / full(), "market_1m_vs_1k": ratio}


def _place(settings: Settings, ended: int) -> Callable[[], float]:
    app = another(settings, f"bench_market_{ended}")
    with app.app_context():
        fill(ended)

    def measured() -> float:
        with app.app_context(), stopwatch() as seconds:
            dice = random.Random(4)  # noqa: S311
            for _ in range(REQUESTS):
                ask(dice)
        return REQUESTS / seconds()

    measured()
    return measured
