"""What can be asked of challenges; whoever has a challenge's link may see it."""

from typing import Any

from app.accounts import queries as accounts
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.messages import language
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.rewards.queries import challenges as known
from app.rewards.queries.challenge_rewards import RewardFacts, find_rewards
from app.rewards.queries.challenges import ChallengeFacts, Entry
from app.rewards.rules.challenge_themes import Theme, themes
from app.rewards.rules.challenges import GRADES, LEAST_GROUPS, LEAST_MEMBERS, SETTLING_DAYS, Measure
from app.rewards.schemas import challenges as said
from app.rewards.services import challenges as services

challenge_themes = Blueprint(
    "challenge_themes",
    __name__,
    url_prefix="/v1/challenge-themes",
    description="What groups compete in 挑战主题",
)
challenges = Blueprint(
    "challenges", __name__, url_prefix="/v1/challenges", description="Contests of groups 挑战赛"
)
own = Blueprint(
    "own_challenges",
    __name__,
    url_prefix="/v1/me/challenges",
    description="Contests of one's own groups 我的挑战赛",
)
BLUEPRINTS = (challenge_themes, challenges, own)


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


@challenge_themes.route("", methods=["GET"])
@public
@challenge_themes.response(200, said.ChallengeThemesView)
def get_themes() -> dict[str, Any]:
    """Every theme with what it counts, and the rules that all challenges have."""
    return {
        "items": [
            {"code": each.code, "name": name_of(each), "says": says_of(each), "scenes": each.scenes}
            for each in themes().values()
        ],
        "grades": GRADES,
        "least_members": LEAST_MEMBERS,
        "least_groups": LEAST_GROUPS,
        "settling_days": SETTLING_DAYS,
    }


def name_of(theme: Theme) -> str:
    """What a theme is called in the caller's language."""
    return theme.name_zh if language() == "zh" else theme.name_en


def says_of(theme: Theme) -> str:
    """What a theme counts, in the caller's language."""
    return theme.says_zh if language() == "zh" else theme.says_en


@challenges.route("", methods=["GET"])
@public
@challenges.arguments(PageQuery, location="query")
@challenges.response(200, page_of(said.ChallengeView))
def get_challenges(wish: dict[str, Any]) -> dict[str, Any]:
    """Challenges that anyone may find, newest first."""
    return _page(known.list_listed(wish["limit"] + 1, read_cursor(wish.get("after"))), wish["limit"])


@own.route("", methods=["GET"])
@signed_in
@own.arguments(PageQuery, location="query")
@own.response(200, page_of(said.ChallengeView))
def get_own_challenges(wish: dict[str, Any]) -> dict[str, Any]:
    """Challenges that the caller called, or that a group of theirs takes part in, newest first."""
    return _page(known.list_of(_me(), wish["limit"] + 1, read_cursor(wish.get("after"))), wish["limit"])


def _page(rows: list[ChallengeFacts], limit: int) -> dict[str, Any]:
    answer = page(rows, limit, lambda each: each.id)
    rewards = find_rewards([each.id for each in answer["items"]])
    return {**answer, "items": [_view(each, rewards.get(each.id)) for each in answer["items"]]}


@challenges.route("", methods=["POST"])
@signed_in
@writes
@challenges.arguments(said.NewChallenge)
@challenges.response(201, said.ChallengeView)
def post_challenge(wish: dict[str, Any]) -> dict[str, Any]:
    """Call a challenge with a group that the caller looks after; others enter by its link."""
    return view(services.call_challenge(_me(), wish.pop("group"), new_challenge(wish)))


@challenges.route("/<string:code>", methods=["GET"])
@public
@challenges.response(200, said.ChallengeView)
def get_challenge(code: str) -> dict[str, Any]:
    """A challenge and how its groups stand."""
    return view(known.get_challenge(code))


@challenges.route("/<string:code>/groups", methods=["POST"])
@signed_in
@writes
@challenges.arguments(said.NewChallengeGroup)
@challenges.response(201, said.ChallengeView)
def post_group(wish: dict[str, Any], code: str) -> dict[str, Any]:
    """Enter a group that the caller looks after, before the first day."""
    return view(services.enter(_me(), code, wish["group"]))


@challenges.route("/<string:code>/groups/<string:group>", methods=["DELETE"])
@signed_in
@writes
@challenges.response(200, said.ChallengeView)
def delete_group(code: str, group: str) -> dict[str, Any]:
    """Take a group out again, before the first day."""
    return view(services.withdraw(_me(), code, group))


@challenges.route("/<string:code>/step-out", methods=["POST"])
@signed_in
@writes
@challenges.response(201, said.ChallengeView)
def post_step_out(code: str) -> dict[str, Any]:
    """Have nothing of the caller's counted any more; the divisor of their group stays."""
    return view(services.step_out(_me(), code))


@challenges.route("/<string:code>/call-off", methods=["POST"])
@signed_in
@writes
@challenges.response(201, said.ChallengeView)
def post_call_off(code: str) -> dict[str, Any]:
    """Call one's own challenge off before its first day."""
    return view(services.call_off(_me(), code))


def new_challenge(wish: dict[str, Any]) -> services.NewChallenge:
    """What is asked for, as the service takes it."""
    return services.NewChallenge(**{**wish, "measure": Measure(wish["measure"])})


def view(challenge: ChallengeFacts) -> dict[str, Any]:
    """A challenge for whoever has its link."""
    return _view(challenge, find_rewards([challenge.id]).get(challenge.id))


def _view(challenge: ChallengeFacts, reward: RewardFacts | None) -> dict[str, Any]:
    return {
        **{name: getattr(challenge, name) for name in _TOLD},
        "theme": challenge.theme.code,
        "entries": [_entry(each) for each in challenge.entries],
        "reward": reward if reward is not None and reward.approved_at is not None else None,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "group": entry.group.code,
        "name": entry.group.shown_name,
        "kind": entry.group.kind,
        "place": entry.place,
        "score": entry.score,
        "members": entry.tally.members,
        "active_members": entry.tally.told_active,
        "avoided_g": entry.tally.avoided_g,
        "active_days": entry.tally.active_days,
    }


_TOLD = (
    "code",
    "measure",
    "status",
    "group_kind",
    "listed",
    "first_day",
    "last_day",
    "final_on",
    "counted_at",
    "decided_at",
    "called_off_reason",
)
