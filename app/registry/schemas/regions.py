"""What is said about regions and their accounts."""

from marshmallow import fields

from app.kit.fields import Moment, ViewSchema
from app.registry.rules.regions import LEVELS
from app.registry.schemas import BothView


class RegionView(ViewSchema):
    """An administrative region."""

    code = fields.String(
        required=True, metadata={"description": "2, 4, 6 (GB/T 2260), 9 or 12 digits, by its level."}
    )
    level = fields.String(required=True, metadata={"enum": [*LEVELS.values()]})
    name = fields.Nested(BothView, required=True)
    sample = fields.Boolean(required=True, metadata={"description": "Made up, with a code nobody gives out."})


class RegionAccountView(ViewSchema):
    """The units of all forests in a region, in kilograms; the five states sum to what was issued."""

    projects = fields.Integer(required=True)
    holders = fields.Integer(
        required=True, metadata={"description": "At home here, with a forest or selling from one."}
    )
    issued_kg = fields.Integer(required=True)
    active_kg = fields.Integer(required=True)
    reserved_kg = fields.Integer(required=True)
    pledged_kg = fields.Integer(required=True)
    retired_kg = fields.Integer(required=True)
    cancelled_kg = fields.Integer(required=True)
    on_sale_kg = fields.Integer(required=True, metadata={"description": "Can be bought now."})
    sold_kg = fields.Integer(
        required=True, metadata={"description": "The part of what was retired that orders retired."}
    )


class RegionLineView(ViewSchema):
    """A region with its account."""

    region = fields.Nested(RegionView, required=True)
    account = fields.Nested(RegionAccountView, required=True)


class YearView(ViewSchema):
    """What was retired in a calendar year in Asia/Shanghai."""

    year = fields.Integer(required=True)
    retired_kg = fields.Integer(required=True)


class RegionProjectView(ViewSchema):
    """A project by its code."""

    code = fields.String(required=True, attribute="project.code")


class RegionStandingView(ViewSchema):
    """A region's accounts, and those of the regions in it; region is null for all of them together."""

    region = fields.Nested(RegionView, required=True, allow_none=True)
    path = fields.List(
        fields.Nested(RegionView), required=True, metadata={"description": "What it lies in, largest first."}
    )
    account = fields.Nested(RegionAccountView, required=True)
    retired_by_year = fields.List(fields.Nested(YearView), required=True)
    parts = fields.List(
        fields.Nested(RegionLineView),
        required=True,
        metadata={"description": "The regions in it. With unplaced they sum to account."},
    )
    unplaced = fields.Nested(
        RegionAccountView,
        required=True,
        metadata={"description": "What hangs at the region itself, or at none."},
    )
    projects = fields.List(
        fields.Pluck(RegionProjectView, "code"),
        required=True,
        metadata={"description": "Codes of the projects that hang at the region itself."},
    )
    as_of = Moment(required=True)
