"""The public log over HTTP: heads, entries, proofs, and the whole of it to take home."""

import threading
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, current_app

from app.kit.http import Blueprint, public
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import TooMany
from app.registry.errors import HeadUnknown
from app.registry.queries import log as queries
from app.registry.rules import merkle
from app.registry.rules.log import canonical
from app.registry.schemas import (
    ConsistencyQuery,
    ConsistencyView,
    EntriesQuery,
    EntriesView,
    HeadView,
    InclusionQuery,
    InclusionView,
)

log = Blueprint("log", __name__, url_prefix="/v1/log", description="The public log of units 公开日志")

MOST = 1000
"""Entries in one answer."""
LONGEST = 18
"""Digits of a head's number."""
EXPORTS = 2
"""How many may take the whole log from one process at once: each keeps a thread busy."""
_exports = threading.BoundedSemaphore(EXPORTS)


@log.route("/head", methods=["GET"])
@public
@log.response(200, HeadView)
def get_newest_head() -> dict[str, Any]:
    """The newest signed head."""
    head = queries.find_head()
    if head is None:
        raise HeadUnknown()
    return head_view(head)


@log.route("/heads", methods=["GET"])
@public
@log.arguments(PageQuery, location="query")
@log.response(200, page_of(HeadView))
def get_heads(wish: dict[str, Any]) -> dict[str, Any]:
    """All heads, newest first."""
    rows = queries.list_heads(wish["limit"] + 1, read_cursor(wish.get("after")))
    return page([head_view(head) for head in rows], wish["limit"], lambda head: head["number"])


@log.route("/heads/<string:number>", methods=["GET"])
@public
@log.response(200, HeadView)
def get_head(number: str) -> dict[str, Any]:
    """One head by its number."""
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST):
        raise HeadUnknown()
    return head_view(queries.get_head(int(number)))


def head_view(head: Any) -> dict[str, Any]:
    """A head as strangers see it."""
    names = ("number", "day", "until", "size", "line", "sealed_at", "document")
    return {**{name: getattr(head, name) for name in names}, "root": head.root.hex()}


@log.route("/entries", methods=["GET"])
@public
@log.arguments(EntriesQuery, location="query")
@log.response(200, EntriesView)
def get_entries(wish: dict[str, Any]) -> dict[str, Any]:
    """Sealed entries by their positions, both ends included."""
    entries = queries.list_entries(wish["start"], min(wish["end"] + 1, wish["start"] + MOST))
    return {"entries": [{"position": e.position, "leaf": e.leaf, "hash": _hash(e.leaf)} for e in entries]}


@log.route("/proofs/inclusion", methods=["GET"])
@public
@log.arguments(InclusionQuery, location="query")
@log.response(200, InclusionView)
def get_inclusion(wish: dict[str, Any]) -> dict[str, Any]:
    """The proof that a leaf is in the log of a size."""
    size = wish.get("size") or queries.sealed()
    path = queries.prove_inclusion(wish["position"], size)
    return {"position": wish["position"], "size": size, "path": [node.hex() for node in path]}


@log.route("/proofs/consistency", methods=["GET"])
@public
@log.arguments(ConsistencyQuery, location="query")
@log.response(200, ConsistencyView)
def get_consistency(wish: dict[str, Any]) -> dict[str, Any]:
    """The proof that the log of one size goes on where that of another ended."""
    second = wish.get("second") or queries.sealed()
    path = queries.prove_consistency(wish["first"], second)
    return {"first": wish["first"], "second": second, "path": [node.hex() for node in path]}


@log.route("/export", methods=["GET"])
@public
@log.doc(
    responses={
        "200": {
            "description": "One JSON document a line: entries, and each head behind what it seals",
            "content": {"application/x-ndjson": {}},
        }
    }
)
def get_export() -> Response:
    """The whole sealed log, for `senhui-verify log`."""
    if not _exports.acquire(blocking=False):
        raise TooMany()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    answer = Response(_streamed(app), content_type="application/x-ndjson")
    answer.headers["Content-Disposition"] = 'attachment; filename="senhui-log.ndjson"'
    answer.call_on_close(_exports.release)
    return answer


def _streamed(app: Flask) -> Iterator[str]:
    """The export, with a session for each part alone: a slow reader holds no snapshot."""
    parts = export_parts()
    while True:
        with app.app_context():
            part = next(parts, None)
        if part is None:
            return
        yield part


def export_parts() -> Iterator[str]:
    """The sealed log in parts of some lines. The last line says how much there was, so that a cut shows."""
    newest = queries.find_head()
    heads = newest.number if newest else 0
    yield '{"format":"senhui-log-1"}\n'
    position = 0
    for number in range(1, heads + 1):
        head = queries.get_head(number)
        document, size = head.document, head.size
        while position < size:
            entries = queries.list_entries(position, min(position + MOST, size))
            position += len(entries)
            # The leaf is canonical JSON: as a member it is canonical still.
            yield "".join(
                f'{{"entry":{e.position},"hash":"{_hash(e.leaf)}","leaf":{e.leaf}}}\n' for e in entries
            )
        yield f"{canonical({'head': document})}\n"
    yield f"{canonical({'entries': position, 'heads': heads})}\n"


def _hash(leaf: str) -> str:
    return merkle.leaf_hash(leaf.encode()).hex()
