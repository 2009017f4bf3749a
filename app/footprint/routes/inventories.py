"""Events' inventories: create, read, lines, closing, replay. Another's looks as if it did not exist."""

from typing import Any

from app.accounts import queries as accounts
from app.footprint import queries, services
from app.footprint.routes.calculators import new_line
from app.footprint.schemas.actions import ReplayView
from app.footprint.schemas.inventories import (
    InventoryBriefView,
    InventoryLineView,
    InventoryView,
    NewFacts,
    NewInventory,
    NewLineSchema,
    StageChange,
)
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import NotFound

inventories = Blueprint(
    "inventories", __name__, url_prefix="/v1/inventories", description="Events' inventories 活动排放清单"
)


@inventories.route("", methods=["POST"])
@signed_in
@writes
@inventories.arguments(NewInventory)
@inventories.response(201, InventoryView)
def post_inventory(wish: dict[str, Any]) -> queries.Inventory:
    """Begin to take stock of an event, with its estimate or at once with its final."""
    accounts.require_live_session(caller())
    name, region, stage = (wish.pop(each) for each in ("name", "region", "stage"))
    return services.create_inventory(caller().holder_id, name, region, services.Facts(**wish), stage)


@inventories.route("", methods=["GET"])
@signed_in
@inventories.arguments(PageQuery, location="query")
@inventories.response(200, page_of(InventoryBriefView))
def get_inventories(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's inventories, the last created first."""
    accounts.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.list_inventories(caller().holder_id, wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda each: each.id)


@inventories.route("/<string:code>", methods=["GET"])
@signed_in
@inventories.response(200, InventoryView)
def get_inventory(code: str) -> queries.Inventory:
    """One inventory with its stages, lines, completeness and difference."""
    accounts.require_live_session(caller())
    return queries.get_inventory(caller().holder_id, code)


@inventories.route("/<string:code>/final", methods=["POST"])
@signed_in
@writes
@inventories.arguments(NewFacts)
@inventories.response(201, InventoryView)
def post_final(wish: dict[str, Any], code: str) -> queries.Inventory:
    """Begin the final stage, with who really took part; the estimate has to be closed."""
    accounts.require_live_session(caller())
    return services.open_final(caller().holder_id, code, services.Facts(**wish))


@inventories.route("/<string:code>/<string:stage>", methods=["PUT"])
@signed_in
@writes
@inventories.arguments(StageChange)
@inventories.response(200, InventoryView)
def put_stage(wish: dict[str, Any], code: str, stage: str) -> queries.Inventory:
    """An open stage's days and heads anew, and which source types are left out for which reason."""
    accounts.require_live_session(caller())
    excluded = wish.pop("excluded")
    return services.change_stage(caller().holder_id, code, stage, services.Facts(**wish), excluded)


@inventories.route("/<string:code>/<string:stage>/lines", methods=["POST"])
@signed_in
@writes
@inventories.arguments(NewLineSchema)
@inventories.response(201, InventoryLineView)
def post_line(wish: dict[str, Any], code: str, stage: str) -> queries.InventoryLine:
    """Add a line to an open stage."""
    accounts.require_live_session(caller())
    return services.add_line(caller().holder_id, code, stage, new_line(wish))


@inventories.route("/<string:code>/<string:stage>/lines", methods=["GET"])
@signed_in
@inventories.arguments(PageQuery, location="query")
@inventories.response(200, page_of(InventoryLineView))
def get_lines(wish: dict[str, Any], code: str, stage: str) -> dict[str, Any]:
    """Every line that a stage ever had, as they were added; replaced and removed ones have an `ended_at`."""
    accounts.require_live_session(caller())
    found = queries.get_inventory(caller().holder_id, code)
    _stage(found, stage)
    after = read_cursor(wish.get("after"))
    rows = queries.list_line_history(found, stage, wish["limit"] + 1, after)
    return page(rows, wish["limit"], lambda each: each.id)


@inventories.route("/<string:code>/<string:stage>/lines/<string:number>", methods=["PUT"])
@signed_in
@writes
@inventories.arguments(NewLineSchema)
@inventories.response(200, InventoryLineView)
def put_line(wish: dict[str, Any], code: str, stage: str, number: str) -> queries.InventoryLine:
    """Put another line in the place of one; the replaced one is kept."""
    accounts.require_live_session(caller())
    return services.replace_line(caller().holder_id, code, stage, _number(number), new_line(wish))


@inventories.route("/<string:code>/<string:stage>/lines/<string:number>", methods=["DELETE"])
@signed_in
@writes
@inventories.response(204)
def delete_line(code: str, stage: str, number: str) -> None:
    """Take a line out of an open stage; it is kept as removed."""
    accounts.require_live_session(caller())
    services.remove_line(caller().holder_id, code, stage, _number(number))


@inventories.route("/<string:code>/<string:stage>/close", methods=["POST"])
@signed_in
@writes
@inventories.response(200, InventoryView)
def post_close(code: str, stage: str) -> queries.Inventory:
    """Close a stage for ever: every source type has a line or a reason, and a final one's event is over."""
    accounts.require_live_session(caller())
    return services.close_stage(caller().holder_id, code, stage)


@inventories.route("/<string:code>/<string:stage>/replay", methods=["POST"])
@signed_in
@inventories.response(200, ReplayView)
def post_stage_replay(code: str, stage: str) -> queries.Replay:
    """Compute a stage again, line by line, from its raw inputs; nothing is written."""
    accounts.require_live_session(caller())
    return queries.replay_stage(_stage(queries.get_inventory(caller().holder_id, code), stage))


def _stage(found: queries.Inventory, stage: str) -> queries.Stage:
    """The stage of that name. Raises `NotFound`."""
    if stage not in found.stages:
        raise NotFound()
    return found.stages[stage]


def _number(written: str) -> int:
    """A line's number as an address has it. Raises `NotFound` for what no line can have."""
    if not (written.isascii() and written.isdigit() and len(written) <= 9):
        raise NotFound()
    return int(written)
