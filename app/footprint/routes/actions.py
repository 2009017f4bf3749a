"""Actions: declare, read, withdraw, replay."""

from typing import Any

from app.accounts import queries as accounts
from app.footprint import queries, services
from app.footprint.schemas import (
    ActionView,
    NewAction,
    ReplayView,
)
from app.kit.http import Blueprint
from app.kit.idempotency import writes, writes_at_once
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor

actions = Blueprint("actions", __name__, url_prefix="/v1/actions", description="Low-carbon acts 低碳行为")


@actions.route("", methods=["POST"])
@signed_in
@writes_at_once
@actions.arguments(NewAction())
@actions.response(201, ActionView)
@actions.alt_response(200, schema=ActionView, description="The same trip was recorded before.")
def post_action(wish: dict[str, Any]) -> Any:
    """Declare a trip, or how many acts of one day. Walking is counted from WeRun's steps.

    What passes a limit of GET /v1/rules is recorded and held: credited nothing until an operator decides.
    """
    # No look-up of the session here, unlike elsewhere: it would be a fifth of the hot path's statements,
    # and a signed-out token can only declare, for the quarter of an hour that it still lives.
    record = services.record_act if "quantity" in wish else services.record_action
    recorded = record(caller().holder_id, **wish)
    return recorded.action, 201 if recorded.new else 200


@actions.route("", methods=["GET"])
@signed_in
@actions.arguments(PageQuery, location="query")
@actions.response(200, page_of(ActionView))
def get_actions(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's acts, the last recorded first, withdrawn ones too."""
    accounts.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.list_actions(caller().holder_id, wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda action: action.id)


@actions.route("/<string:code>", methods=["GET"])
@signed_in
@actions.response(200, ActionView)
def get_action(code: str) -> queries.Action:
    """One act of the caller's with its inputs, factor, methodology and cap."""
    accounts.require_live_session(caller())
    return queries.get_action(caller().holder_id, code)


@actions.route("/<string:code>", methods=["DELETE"])
@signed_in
@writes
@actions.response(204)
def delete_action(code: str) -> None:
    """Withdraw an act: its grams leave the books, the record stays."""
    accounts.require_live_session(caller())
    services.withdraw_action(caller().holder_id, code)


@actions.route("/<string:code>/replay", methods=["POST"])
@signed_in
@actions.response(200, ReplayView)
def post_replay(code: str) -> queries.Replay:
    """Compute an act again from its raw inputs; nothing is written."""
    accounts.require_live_session(caller())
    return queries.replay(queries.get_action(caller().holder_id, code))
