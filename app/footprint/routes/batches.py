"""What a partner's server asks: to take a batch, and what became of one."""

import hashlib
import re
from typing import Any

from flask import request

from app.footprint import rules
from app.footprint.queries import partners as known
from app.footprint.queries.partners import BatchResult
from app.footprint.routes.signed import sender, signed_by_partner
from app.footprint.schemas.partners import BATCH_BODY, BatchView
from app.footprint.services import batches as services
from app.footprint.services.batches import Letter
from app.kit import strict_json
from app.kit.http import Blueprint
from app.kit.messages import t
from app.kit.problems import BadRequest, NotFound, Unreadable, UnsupportedMedia
from app.kit.transaction import transaction

batches = Blueprint(
    "partner_batches",
    __name__,
    url_prefix="/v1/partner/batches",
    description="Batches that partners sign 数据伙伴",
)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@batches.route("", methods=["POST"])
@signed_by_partner
@batches.doc(requestBody=BATCH_BODY)
@batches.response(201, BatchView)
@batches.alt_response(200, schema=BatchView, description="The same letter was taken before.")
def post_batch() -> Any:
    """Take up to 10,000 items. Each counts or not for itself; what was wrong may come again, corrected.

    Signed over the exact bytes: RFC 9421 with Ed25519, covering at least "@method", "@authority", "@path"
    and "content-digest" (sha-256), `created` within five minutes of our clock. A batch that was taken
    answers the same again however often it is sent.
    """
    partner, key = sender()
    name, items = _read()
    letter = Letter(partner, key.id, name, hashlib.sha256(request.get_data()).digest(), items)
    with transaction():
        taken = services.receive_batch(letter)
        answer = _view(taken)
    return answer, 201 if taken.new else 200


@batches.route("/<string:name>", methods=["GET"])
@signed_by_partner
@batches.response(200, BatchView)
def get_batch(name: str) -> dict[str, Any]:
    """What became of a batch, as it was answered; signed like a batch, without a body."""
    if not _NAME.fullmatch(name):
        raise NotFound()
    return _view(known.get_batch(sender()[0].id, name))


def _read() -> tuple[str, list[Any]]:
    """The name and the raw items of the batch in the body."""
    if request.mimetype != "application/json":
        raise UnsupportedMedia()
    try:
        told = strict_json.loads(request.get_data())
    except strict_json.Malformed as fault:
        raise BadRequest(errors=[{"pointer": "#", "detail": t(str(fault))}]) from fault
    told = told if isinstance(told, dict) else {}
    name, items = told.get("batch_id"), told.get("items")
    wrong = {
        "batch_id": not (isinstance(name, str) and _NAME.fullmatch(name)),
        "items": not (isinstance(items, list) and 1 <= len(items) <= rules.MOST_ITEMS),
        **dict.fromkeys(sorted(told.keys() - {"batch_id", "items"})[:5], True),
    }
    errors = [
        {
            "pointer": f"#/{where[:100]}",
            "detail": t(_FIELDS.get(where, "kit.field_unknown"), most=rules.MOST_ITEMS),
        }
        for where, is_wrong in wrong.items()
        if is_wrong
    ]
    if errors or not isinstance(name, str) or not isinstance(items, list):
        raise Unreadable(errors=errors)
    return name, items


_FIELDS = {"batch_id": "footprint.field_batch_id", "items": "footprint.field_batch_items"}


def _view(taken: BatchResult) -> dict[str, Any]:
    results = [dict(zip(("item", "status", "reason", "field"), each, strict=False)) for each in taken.results]
    reasons = sorted({each["reason"] for each in results if each.get("reason")})
    batch = taken.batch
    return {
        "batch_id": batch.name,
        "received_at": batch.received_at,
        "items": batch.items,
        "accepted": batch.accepted,
        "repeated": batch.repeated,
        "refused": batch.refused,
        "reasons": {reason: t(f"footprint.refused_{reason}") for reason in reasons},
        "results": [{name: value for name, value in each.items() if value is not None} for each in results],
    }
