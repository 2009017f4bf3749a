"""Many at once on a real PostgreSQL: lines never get one number, a closing never passes a line by."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from flask import Flask

from app.accounts import chart
from app.accounts import queries as accounts
from app.footprint import queries, services
from app.kit import clock
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets.services import dues
from tests.builders import person

THREADS = 8


def at_once(app: Flask, act: Callable[[int], Any]) -> list[Any]:
    """What each of eight that start together gets: an answer, or the code of a refusal."""
    start = threading.Barrier(THREADS)

    def run(place: int) -> Any:
        with app.app_context():
            start.wait(10)
            try:
                with transaction():
                    return act(place)
            except Problem as problem:
                return problem.code

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def begun(holder_id: int) -> str:
    today = clock.business_day()
    facts = services.Facts(today, today + timedelta(days=1), 10, 0)
    with transaction():
        code = services.create_inventory(holder_id, "Forum", "CN-FJ", facts).code
        services.change_stage(
            holder_id,
            code,
            "estimate",
            facts,
            dict.fromkeys(("fuel", "energy", "transport", "stay", "materials"), "none"),
        )
        services.add_line(holder_id, code, "estimate", waste(1))
    return code


def waste(kg: int) -> services.NewLine:
    return services.NewLine("landfill", {"kg": kg}, "assumed")


def test_lines_added_at_once_have_a_number_each(app: Flask) -> None:
    who = person(app).holder_id
    code = begun(who)
    lines = at_once(app, lambda place: services.add_line(who, code, "estimate", waste(place + 1)))
    assert sorted(line.number for line in lines) == list(range(2, THREADS + 2))


def test_a_line_replaced_at_once_has_one_successor_that_stands(app: Flask) -> None:
    who = person(app).holder_id
    code = begun(who)
    lines = at_once(app, lambda place: services.replace_line(who, code, "estimate", 1, waste(place + 2)))
    assert sorted(line.revision for line in lines) == list(range(2, THREADS + 2))
    [standing] = queries.get_inventory(who, code).stages["estimate"].lines
    assert standing.revision == THREADS + 1


def test_a_closing_among_lines_is_the_sum_of_those_that_came_before_it(app: Flask) -> None:
    who = person(app).holder_id
    code = begun(who)

    def act(place: int) -> Any:
        if place == 0:
            return services.close_stage(who, code, "estimate")
        return services.add_line(who, code, "estimate", waste(place * 100))

    outcomes = at_once(app, act)
    stage = queries.get_inventory(who, code).stages["estimate"]
    assert stage.closed_g == stage.emitted_g
    assert outcomes.count("stage_closed") == THREADS - len(stage.lines)
    assert all(proof.holds for proof in queries.prove())


def test_a_final_is_opened_once(app: Flask) -> None:
    who = person(app).holder_id
    code = begun(who)
    today = clock.business_day()
    with transaction():
        services.close_stage(who, code, "estimate")
    outcomes = at_once(
        app, lambda _: services.open_final(who, code, services.Facts(today, today, 12, 0)).code
    )
    assert sorted(outcomes) == sorted([code] + ["final_opened"] * (THREADS - 1))


def test_a_month_owed_many_times_at_once_is_owed_once(app: Flask) -> None:
    who = person(app).holder_id
    with transaction():
        kept = services.keep_month(who, f"{clock.business_day():%Y-%m}", {"car": "petrol_daily"}, {})
    outcomes = at_once(app, lambda _: len(dues.owe_calculation(who, kept.code)))
    assert set(outcomes) - {"conflict"} <= {0, len(kept.estimate.lines)}
    assert -accounts.get_balance(who, chart.DUE) == kept.emitted_g
    assert all(proof.holds for proof in queries.prove())
