"""What is said about partners, links and batches."""

from typing import Any

from marshmallow import fields, validate

from app.footprint.rules import MOST_ITEMS, REASONS
from app.kit.fields import Code, Moment, NewSchema, Text, ViewSchema

_ITEM: dict[str, Any] = {
    "type": "object",
    "required": ["id", "link", "scene", "started_at"],
    "properties": {
        "id": {"type": "string", "description": "Your own id of the act: it counts once under it."},
        "link": {"type": "string", "description": "The token that its holder gave you."},
        "scene": {"type": "string"},
        "started_at": {"type": "string", "format": "date-time"},
        "distance_m": {"type": "integer", "description": "Of a trip."},
        "duration_s": {"type": "integer", "description": "Of a trip; speeds are checked where it is given."},
        "quantity": {"type": "integer", "description": "Of what is no trip, in the scene's own unit."},
        "ride": {
            "type": "object",
            "required": ["carrier", "number"],
            "description": "The ride's number at whoever carried: found again whoever else reports it."
            " Required of what is no trip: whoever gave out its receipt, bag, order or meter, and the number"
            " there (of a meter, with the month), which counts once for the scene.",
            "properties": {"carrier": {"type": "string"}, "number": {"type": "string"}},
        },
    },
}
BATCH_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["batch_id", "items"],
                "properties": {
                    "batch_id": {"type": "string", "description": "Your own; never used for other bytes."},
                    "items": {"type": "array", "minItems": 1, "maxItems": MOST_ITEMS, "items": _ITEM},
                },
            }
        }
    },
}


class BatchView(ViewSchema):
    """What became of a batch; `results` stand in the order of its items."""

    batch_id = fields.String(required=True)
    received_at = Moment(required=True)
    items = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    repeated = fields.Integer(required=True, metadata={"description": "Counted before under the same id."})
    refused = fields.Integer(required=True)
    reasons = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    # Passed through as it is: ten thousand objects are not looked at one by one.
    results = fields.Raw(
        required=True,
        metadata={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "item": {"type": "string"},
                    "status": {"type": "string", "enum": ["accepted", "repeated", "refused"]},
                    "reason": {"type": "string", "enum": list(REASONS)},
                    "field": {"type": "string"},
                },
            },
        },
    )


class PartnerListView(ViewSchema):
    """A partner whose reports count."""

    code = fields.String(required=True, attribute="partner.code")
    kind = fields.String(required=True, attribute="partner.kind")
    name_zh = fields.String(required=True, attribute="partner.name_zh")
    name_en = fields.String(required=True, attribute="partner.name_en")
    scenes = fields.Function(
        lambda view: sorted(view.scenes or {}),
        required=True,
        metadata={"type": "array", "items": {"type": "string"}},
    )


class NewLink(NewSchema):
    """Which scenes a partner may report, and the version of the wording that was agreed to."""

    scenes = fields.List(Code(40), required=True, validate=validate.Length(1, 50))
    version = Text(20, required=True)


class LinkView(ViewSchema):
    """The token to hand to the partner: it says nothing of its holder, and is good for this partner alone."""

    token = fields.String(required=True)
    linked_at = Moment(required=True)


class SceneEffectView(ViewSchema):
    """One scene of a partner's: whether its holder agrees, and what it has given them."""

    scene = fields.String(required=True)
    offered = fields.Boolean(required=True)
    consented_at = Moment(required=True, allow_none=True)
    withdrawn_at = Moment(required=True, allow_none=True)
    actions = fields.Integer(required=True)
    avoided_g = fields.Integer(required=True)


class PartnerLinkView(ViewSchema):
    """A link with its effect; `turned_away` counts items that came without consent."""

    partner = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    token = fields.String(required=True)
    linked_at = Moment(required=True)
    turned_away = fields.Integer(required=True)
    turned_away_at = Moment(required=True, allow_none=True)
    scenes = fields.List(fields.Nested(SceneEffectView), required=True)
