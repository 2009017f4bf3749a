"""What is said about planting together."""

from marshmallow import fields

from app.kit.fields import Code, Day, Moment, NewSchema, OneOf, ViewSchema, Whole
from app.rewards.rules.plantings import LEAST_GOAL_KG, MOST_GOAL_KG, Status, Way


class NewPlanting(NewSchema):
    """A goal of a group, on terms that never change."""

    group = Code(26, required=True)
    goal_kg = Whole(LEAST_GOAL_KG, MOST_GOAL_KG, required=True, metadata={"description": "In whole steps."})
    lot = Code(40, required=True, metadata={"description": "The forest that all parts are bought from."})
    way = OneOf(
        tuple(Way),
        required=True,
        metadata={
            "description": "`at_once`: whoever pays plants, whatever becomes of the goal. `together`: pledges"
            " first, which cost nothing; once they cover the goal everybody pays their own."
        },
    )
    last_day = Day(required=True)


class NewPlantingPledge(NewSchema):
    """What a member promises in all; 0 takes it back."""

    quantity_kg = Whole(0, MOST_GOAL_KG, required=True)


class NewPlantedPart(NewSchema):
    """How much a member orders now."""

    quantity_kg = Whole(1, MOST_GOAL_KG, required=True)


class NewPlantingForest(NewSchema):
    """Another forest, of the same product and not dearer."""

    lot = Code(40, required=True)


class OwnShareView(ViewSchema):
    """What the caller has to do with a planting."""

    pledged_kg = fields.Integer(required=True)
    reserved_kg = fields.Integer(required=True)
    paid_kg = fields.Integer(required=True)
    retired_kg = fields.Integer(required=True)
    room_kg = fields.Integer(required=True, metadata={"description": "How much the caller may order now."})


class PlantedPartView(ViewSchema):
    """A part that is forest already; whose it is only its owner is told."""

    certificate_number = fields.String(required=True)
    serial = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    retired_at = Moment(required=True)
    own = fields.Boolean(required=True)


class PlantingBriefView(ViewSchema):
    """A planting in a list: how it stands, and the caller's own share."""

    code = fields.String(required=True)
    group = fields.String(required=True)
    status = OneOf(tuple(Status), required=True)
    way = OneOf(tuple(Way), required=True)
    goal_kg = fields.Integer(required=True)
    pledged_kg = fields.Integer(required=True)
    taken_kg = fields.Integer(required=True, metadata={"description": "Bought or being bought."})
    retired_kg = fields.Integer(required=True)
    people = fields.Integer(required=True)
    lot = fields.String(required=True)
    price_fen = fields.Integer(required=True, metadata={"description": "Of the whole goal."})
    last_day = fields.Date(required=True)
    pay_until = fields.Date(required=True, allow_none=True)
    ends_on = fields.Date(required=True)
    begun_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    organised = fields.Boolean(required=True, metadata={"description": "Whether the caller began it."})
    own = fields.Nested(OwnShareView, required=True)
    attestation = fields.String(required=True, allow_none=True)


class PlantingView(PlantingBriefView):
    """A planting as a member of its group sees it, with every part that is forest already."""

    parts = fields.List(fields.Nested(PlantedPartView), required=True)


class PlantedOrderView(ViewSchema):
    """The order of a part: pay it before it expires, as any order."""

    order = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    amount_fen = fields.Integer(required=True)
    expires_at = Moment(required=True)
