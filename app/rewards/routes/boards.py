"""What can be asked of boards over HTTP."""

from typing import Any

from flask import current_app

from app.accounts import queries as accounts
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import page, read_cursor
from app.rewards.queries import boards as known
from app.rewards.queries import groups as groups_known
from app.rewards.queries.boards import Board
from app.rewards.rules import boards as rules
from app.rewards.rules.seasons import Season
from app.rewards.schemas.boards import BoardQuery, BoardView, BoardWishChange, BoardWishView, GroupsBoardQuery
from app.rewards.services import names, scores

boards = Blueprint("boards", __name__, url_prefix="/v1/boards", description="Seasons and boards 赛季榜单")
BLUEPRINTS = (boards,)
_LAST_PLACE = 10**9


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


@boards.route("/all", methods=["GET"])
@signed_in
@boards.arguments(BoardQuery, location="query")
@boards.response(200, BoardView)
def get_all(wish: dict[str, Any]) -> dict[str, Any]:
    """Everybody who stands on boards, by what they avoided in a season."""
    return _drawn(_people(wish, rules.ALL), wish)


@boards.route("/<any(county, village):level>", methods=["GET"])
@signed_in
@boards.arguments(BoardQuery, location="query")
@boards.response(200, BoardView)
def get_place(wish: dict[str, Any], level: str) -> dict[str, Any]:
    """Those at home in the caller's county or village; nobody is shown where they are few."""
    place = known.home_place(_me(), level)
    return _drawn(_people(wish, rules.place(place), least_people()), wish, place)


@boards.route("/friends", methods=["GET"])
@signed_in
@boards.arguments(BoardQuery, location="query")
@boards.response(200, BoardView)
def get_friends(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller among their friends; all of them on one page."""
    board = known.get_friends_board(_me(), known.read_kept(wish.get("season")))
    return _drawn(board, {**wish, "limit": len(board.lines) + 1, "after": None})


@boards.route("/groups", methods=["GET"])
@signed_in
@boards.arguments(GroupsBoardQuery, location="query")
@boards.response(200, BoardView)
def get_groups(wish: dict[str, Any]) -> dict[str, Any]:
    """Groups among themselves, by what each avoided a member since they came."""
    own = {group.id for group in groups_known.groups_of(_me())}
    season = known.read_kept(wish.get("season"))
    board = known.get_groups_board(season, wish.get("kind"), own, _first(wish), wish["limit"] + 1)
    return _drawn(board, wish)


@boards.route("/groups/<string:code>", methods=["GET"])
@signed_in
@boards.arguments(BoardQuery, location="query")
@boards.response(200, BoardView)
def get_group_board(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Those in one of the caller's groups, by what they avoided since they came."""
    group = groups_known.get_own(_me(), code)
    return _drawn(_people(wish, rules.group(group.id)), wish)


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


def _people(wish: dict[str, Any], what: str, least: int = 1) -> Board:
    season = known.read_kept(wish.get("season"))
    return known.get_board(season, what, _me(), _first(wish), wish["limit"] + 1, least)


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
