"""What can be asked of boards over HTTP."""

from typing import Any

from flask import current_app

from app.accounts import queries as accounts
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import page, read_cursor
from app.registry.queries import regions
from app.rewards.errors.boards import BoardUnknown
from app.rewards.queries import boards as known
from app.rewards.queries import groups as groups_known
from app.rewards.queries.boards import Board
from app.rewards.rules import boards as rules
from app.rewards.rules.seasons import Season
from app.rewards.schemas.boards import BoardQuery, BoardView, BoardWishChange, BoardWishView, GroupsBoardQuery
from app.rewards.services import names, scores

boards = Blueprint("boards", __name__, url_prefix="/v1/boards", description="Seasons and boards 赛季榜单")
BLUEPRINTS = (boards,)
_OF_PEOPLE = ("all", *rules.PLACE_DIGITS, "friends")
_LAST_PLACE = 10**9


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


@boards.route("/<string:kind>", methods=["GET"])
@signed_in
@boards.arguments(BoardQuery, location="query")
@boards.response(200, BoardView)
def get_board(wish: dict[str, Any], kind: str) -> dict[str, Any]:
    """People by what they avoided in a season: `all`, `county`, `village` or `friends`.

    Of a county or village, where the caller is at home, nobody is shown where they are few. Friends are all
    on one page.
    """
    if kind not in _OF_PEOPLE:
        raise BoardUnknown()
    return board_of(kind, _me(), wish)


@boards.route("/groups", methods=["GET"])
@signed_in
@boards.arguments(GroupsBoardQuery, location="query")
@boards.response(200, BoardView)
def get_groups(wish: dict[str, Any]) -> dict[str, Any]:
    """Groups among themselves, by what each avoided a member since they came."""
    return board_of("groups", _me(), wish)


@boards.route("/groups/<string:code>", methods=["GET"])
@signed_in
@boards.arguments(BoardQuery, location="query")
@boards.response(200, BoardView)
def get_group_board(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Those in one of the caller's groups, by what they avoided since they came."""
    return group_board_of(groups_known.get_own(_me(), code).id, caller().holder_id, wish)


@boards.route("/wish", methods=["GET"])
@signed_in
@boards.response(200, BoardWishView)
def get_wish() -> Any:
    """How the caller stands on boards."""
    return known.get_wish(_me())


@boards.route("/wish", methods=["PUT"])
@signed_in
@writes
@boards.arguments(BoardWishChange)
@boards.response(200, BoardWishView)
def put_wish(wish: dict[str, Any]) -> Any:
    """Stand on no board at all, or under a name of one's own; both can be taken back at any time."""
    wish_for(_me(), away=wish["away"], name=wish["name"])
    return known.get_wish(caller().holder_id)


def wish_for(holder_id: int, *, away: bool, name: str | None) -> None:
    """Let somebody stand on boards as they want to; a name that stands already is not judged again."""
    scores.stand_on_boards(holder_id, away=away)
    standing = known.get_wish(holder_id).name
    if name is None:
        names.erase(holder_id=holder_id)
    elif standing is None or standing.name != name:
        names.name_person(holder_id, name)


def least_people() -> int:
    """How many have to stand on a place's board before it says who."""
    return int(current_app.extensions["settings"].region_least_people)


def board_of(kind: str, holder_id: int | None, wish: dict[str, Any]) -> dict[str, Any]:
    """A board of this kind as `holder_id` sees it; of their home and friends only for somebody.

    Raises `BoardUnknown`, and `NoHome` of a place.
    """
    season, first, limit = known.read_kept(wish.get("season")), _first(wish), wish["limit"] + 1
    if kind == rules.GROUPS:
        own = {group.id for group in groups_known.groups_of(holder_id)} if holder_id else set()
        return _drawn(known.get_groups_board(season, wish.get("kind"), own, first, limit), wish)
    if kind == rules.ALL or holder_id is None:
        return _drawn(known.get_board(season, rules.ALL, holder_id, first, limit), wish)
    if kind == "friends":
        board = known.get_friends_board(holder_id, season)
        return _drawn(board, {**wish, "limit": len(board.lines) + 1, "after": None})
    place = known.home_place(holder_id, kind)
    parts = [rules.place(each) for each in regions.list_villages(place)] if kind == rules.COUNTY else []
    board = known.get_board(season, rules.place(place), holder_id, first, limit, least_people(), parts)
    return _drawn(board, wish, place)


def group_board_of(group_id: int, holder_id: int, wish: dict[str, Any]) -> dict[str, Any]:
    """The board of those in a group, as one of them sees it. Raises `BoardUnknown`."""
    season, first, limit = known.read_kept(wish.get("season")), _first(wish), wish["limit"] + 1
    return _drawn(known.get_board(season, rules.group(group_id), holder_id, first, limit), wish)


def _first(wish: dict[str, Any]) -> int:
    """How many places come before the page; a cursor that we did not give out may say anything."""
    return min(max(read_cursor(wish.get("after")) or 0, 0), _LAST_PLACE)


def _drawn(board: Board, wish: dict[str, Any], place: str | None = None) -> dict[str, Any]:
    listed = page(list(enumerate(board.lines, _first(wish) + 1)), wish["limit"], lambda each: int(each[0]))
    return {
        **vars(board),
        "board": board.what.partition(":")[0] if place is None else "place",
        "place": place,
        "season": season_view(board.season),
        "items": [line for _, line in listed["items"]],
        "next": listed["next"],
    }


def season_view(season: Season) -> dict[str, Any]:
    """A season with its first and last day."""
    return {"name": str(season), "starts_on": season.starts_on, "ends_on": season.ends_on}
