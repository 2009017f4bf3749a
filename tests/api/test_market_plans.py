"""The market reads what is there, however much was ever sold or wished for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.kit.database import db
from app.registry import queries
from app.registry.queries import Search, WishSearch
from bench.marketing import fill

OPEN, ENDED = 400, 60_000


@pytest.fixture
def history(app: Flask) -> None:
    fill(ENDED, OPEN)


@contextmanager
def plans() -> Iterator[list[dict[str, Any]]]:
    """The plan, as it ran, of every statement of the market's that is run inside."""
    found: list[dict[str, Any]] = []
    running = False

    def explain(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        nonlocal running
        if (
            running
            or not statement.startswith("SELECT")
            or not ("open_lot" in statement or "wish" in statement)
        ):
            return
        running = True
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, parameters)
        found.append(cursor.fetchone()[0][0]["Plan"])
        running = False

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def rows_read(plan: dict[str, Any]) -> int:
    """Rows that any step of a plan has looked at, with those it threw away."""
    return max(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes(plan)
    )


@pytest.mark.usefixtures("history")
def test_every_list_reads_no_more_than_what_is_open() -> None:
    asked = {
        "lots by price": lambda: queries.search_lots(Search(most_fen_per_t=9_000), 21, sort="price"),
        "lots by vintage": lambda: queries.search_lots(Search(region="3507"), 21, sort="vintage"),
        "newest lots": lambda: queries.search_lots(Search(), 21, sort="newest"),
        "lots by name": lambda: queries.search_lots(Search(name="示例"), 21, sort="opened"),
        "no lot at all": lambda: queries.search_lots(Search(region="11", least_kg=10), 21, sort="price"),
        "sold out lots": lambda: queries.list_sold_out(100),
        "wishes by price": lambda: queries.list_wishes(WishSearch(least_fen_per_t=9_000), 21, sort="price"),
        "newest wishes": lambda: queries.list_wishes(WishSearch(region="3507"), 21),
        "no wish at all": lambda: queries.list_wishes(WishSearch(least_kg=10**6), 21),
        "wishes for a lot": lambda: queries.list_wishes_for(queries.search_lots(Search(), 1)[0].offer, 21),
    }
    read = {}
    for name, ask in asked.items():
        with plans() as found:
            ask()
        assert found, name
        read[name] = max(map(rows_read, found))
    assert {name: rows for name, rows in read.items() if rows > 2 * OPEN} == {}


@pytest.mark.usefixtures("history")
def test_the_history_is_there_and_in_no_list() -> None:
    assert len(queries.list_lots(100, available=False)) == 100
    assert len(queries.search_lots(Search(), 1000)) == OPEN
    assert len(queries.list_wishes(WishSearch(), 1000)) == OPEN
