"""Results of any kind, computed again."""

from app.accounts import queries as accounts
from app.footprint import queries
from app.footprint.schemas import ReplayedView
from app.kit.http import Blueprint
from app.kit.identity import caller, signed_in

results = Blueprint("results", __name__, url_prefix="/v1/results", description="Computed results 计算结果")


@results.route("/<string:code>/replay", methods=["POST"])
@signed_in
@results.response(200, ReplayedView)
def post_replay(code: str) -> queries.Replayed:
    """Compute a result of the caller's again, or say which figures differ; nothing is written."""
    accounts.require_live_session(caller())
    return queries.replay_result(caller().holder_id, code)
