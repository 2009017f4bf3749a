"""The public log and what it seals: days and heads, retirements, the pool. For anyone, nobody named."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, request

from app.kit.fields import MAX_INT
from app.kit.http import public
from app.kit.recently import Recently
from app.offsets.provider import settings
from app.registry.queries import export, log
from app.registry.queries.pool import list_standings, sum_pool
from app.web.pages import page, web

PAGE = 30
STATES = ("active", "reserved", "pledged", "retired", "cancelled")
pool_line = Recently(sum_pool)


@web.get("/log")
@public
def public_log() -> Response:
    """The newest head and the days before it."""
    heads, older = _page(lambda limit, before: log.list_heads(limit, before), lambda head: head.number)
    newest = log.find_head()
    return page(
        "log.html",
        newest=newest,
        heads=heads,
        older=older,
        states=STATES,
        origin=settings().public_url,
        parts_count=export.get_part(1).last,
    )


@web.get(f"/log/<int(max={MAX_INT}):number>")
@public
def log_head(number: int) -> Response:
    """One head: its line, what it sealed, and its signature. Raises `HeadUnknown`."""
    head = log.get_head(number)
    start = log.get_head(number - 1).size if number > 1 else 0
    entries = log.list_entries(start, min(head.size, start + PAGE))
    return page("log_head.html", head=head, start=start, entries=_said(entries), states=STATES)


@web.get("/retirements")
@public
def retirements() -> Response:
    """What was retired and sealed, newest first."""
    entries, older = _page(log.list_retirements, lambda entry: entry.position)
    return page("retirements.html", entries=_said(entries), older=older, newest=log.find_head())


@web.get("/pool")
@public
def pool() -> Response:
    """Every kilogram by issuance and state, and the line they make together."""
    standings, older = _page(list_standings, lambda standing: standing.issuance.id)
    return page(
        "pool.html", line=pool_line(), standings=standings, older=older, states=STATES, newest=log.find_head()
    )


def _page(
    ask: Callable[[int, int | None], Sequence[Any]], key: Callable[[Any], int]
) -> tuple[Sequence[Any], int | None]:
    """One page of a list, newest first, and the key from which the next one goes on."""
    written = request.args.get("before", "")
    before = int(written) if written.isascii() and written.isdigit() and len(written) <= 18 else None
    rows = ask(PAGE + 1, before)
    return rows[:PAGE], key(rows[PAGE - 1]) if len(rows) > PAGE else None


def _said(entries: Sequence[Any]) -> list[dict[str, Any]]:
    """What the leaves say, with their positions."""
    return [{**json.loads(entry.leaf), "position": entry.position} for entry in entries]
