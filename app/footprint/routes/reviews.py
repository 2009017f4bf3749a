"""Photos, appeals and what was decided of an act; the rules that anyone may read."""

from typing import Any

from flask import Response

from app.accounts import queries as accounts
from app.footprint import queries, services
from app.footprint.queries import reviews as known
from app.footprint.queries.published import list_rules
from app.footprint.routes.actions import actions
from app.footprint.routes.sources import sources
from app.footprint.rules.photos import LARGEST_PHOTO_BYTES
from app.footprint.schemas import NewAppeal, ReviewView, RulesView
from app.kit.http import public, read_file
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.transaction import transaction


@actions.route("/<string:code>/reviews", methods=["GET"])
@signed_in
@actions.response(200, ReviewView(many=True))
def get_reviews(code: str) -> list[known.Review]:
    """Everything that was asked and decided of one act, the first first."""
    accounts.require_live_session(caller())
    return known.get_case(queries.get_action(caller().holder_id, code)).reviews


@actions.route("/<string:code>/photo", methods=["POST"])
@signed_in
@actions.doc(
    requestBody={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
)
@actions.response(201, ReviewView)
def post_photo(code: str) -> known.Review:
    """Attach a photo, as wx.uploadFile sends it (multipart, field `photo`): JPEG, PNG or WebP, 8 MB at most.

    What is kept is drawn anew, without place or other data. It supports what the act waits in, or opens a
    review of its own. The same photo of the same act again changes nothing.
    """
    accounts.require_live_session(caller())
    content = read_file("photo", LARGEST_PHOTO_BYTES)
    with transaction():
        review = services.attach_photo(caller().holder_id, code, content)
        return known.view_of(review)


@actions.route("/<string:code>/appeal", methods=["POST"])
@signed_in
@writes
@actions.arguments(NewAppeal)
@actions.response(201, ReviewView)
def post_appeal(wish: dict[str, Any], code: str) -> known.Review:
    """Appeal against what cut or holds an act, or against a refused photo; once an act."""
    accounts.require_live_session(caller())
    return known.view_of(services.appeal(caller().holder_id, code, wish["words"]))


@actions.route("/<string:code>/reviews/<string:review>/photo", methods=["GET"])
@signed_in
@actions.response(200, content_type="image/jpeg", description="The picture as it is kept.")
def get_review_photo(code: str, review: str) -> Response:
    """The photo of a review of the caller's."""
    accounts.require_live_session(caller())
    queries.get_action(caller().holder_id, code)
    return Response(known.get_own_photo(caller().holder_id, review), content_type="image/jpeg")


@sources.route("/rules", methods=["GET"])
@public
@sources.response(200, RulesView)
def get_rules() -> dict[str, Any]:
    """Every cap, bound, limit and weight with its value, reason and source; and what came of appeals."""
    return {"rules": list_rules(), "appeals": known.count_appeals()}
