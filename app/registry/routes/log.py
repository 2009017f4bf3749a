"""The public log over HTTP: heads, entries, proofs, and the whole of it to take home."""

from typing import Any

from flask import Response, request

from app.kit.http import Blueprint, public
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.registry.errors import HeadUnknown
from app.registry.queries import export
from app.registry.queries import log as queries
from app.registry.rules import merkle
from app.registry.schemas import (
    ConsistencyQuery,
    ConsistencyView,
    EntriesQuery,
    EntriesView,
    ExportQuery,
    HeadView,
    InclusionQuery,
    InclusionView,
)

log = Blueprint("log", __name__, url_prefix="/v1/log", description="The public log of units 公开日志")

MOST = 1000
"""Entries in one answer."""
LONGEST = 18
"""Digits of a head's number."""
YEAR = 365 * 24 * 3600


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
@log.arguments(ExportQuery, location="query")
@log.doc(
    responses={
        "200": {
            "description": "One JSON document a line: entries, and each head behind what it seals. Parts from"
            " 1 to the one that `Link` calls last, make one file; all but the last never change.",
            "content": {"application/x-ndjson": {}},
        },
        "304": {"description": "The caller has this very part already."},
    }
)
def get_export(wish: dict[str, Any]) -> Response:
    """The sealed log, part by part, for `senhui-verify log`."""
    part = export.get_part(wish["part"])
    known = request.if_none_match.contains(part.tag)
    answer = Response(None if known else export.read_part(part), 304 if known else 200)
    answer.content_type = "application/x-ndjson"
    answer.set_etag(part.tag)
    answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if part.complete else "no-cache"
    answer.headers["Content-Disposition"] = f'attachment; filename="senhui-log-{part.number}.ndjson"'
    others = {"next": part.number + 1, "last": part.last} if part.complete else {"last": part.last}
    links = (f'<{request.path}?part={number}>; rel="{name}"' for name, number in others.items())
    answer.headers["Link"] = ", ".join(links)
    return answer


def _hash(leaf: str) -> str:
    return merkle.leaf_hash(leaf.encode()).hex()
