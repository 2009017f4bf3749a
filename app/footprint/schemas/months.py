"""What is said about a person's month and its emissions."""

from marshmallow import fields

from app.footprint.schemas.factors import FactorBriefView
from app.kit.fields import Moment, Month, ViewSchema
from app.kit.paging import PageQuery


class EmissionQuery(PageQuery):
    """Which emissions."""

    month = Month()


class EmissionView(ViewSchema):
    """What was emitted of one kind in one month; a corrected row stays, with `current` false.

    `code` is what `POST /v1/results/{code}/replay` takes.
    """

    code = fields.String(required=True)
    month = fields.String(required=True)
    kind = fields.String(required=True)
    revision = fields.Integer(required=True)
    inputs = fields.Dict(required=True)
    emitted_g = fields.Integer(required=True)
    recorded_at = Moment(required=True)
    current = fields.Boolean(required=True)
    factor = fields.Nested(FactorBriefView, required=True)


class EmissionKindView(ViewSchema):
    """A kind of emission; `regions` lists the grids where the factor differs by province."""

    kind = fields.String(required=True)
    category = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    unit = fields.String(required=True)
    unit_zh = fields.String(required=True)
    per = fields.Integer(required=True, metadata={"description": "So many make one unit of the factor."})
    note_zh = fields.String(required=True)
    note_en = fields.String(required=True)
    regions = fields.List(fields.String(), required=True)
    factor = fields.Nested(FactorBriefView, required=True, allow_none=True)


class MonthView(ViewSchema):
    """A person's month. What was avoided and what was emitted are never added: they are two claims."""

    month = fields.String(required=True)
    avoided_g = fields.Integer(required=True)
    avoided_by_scene = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    avoided_by_day = fields.Dict(
        keys=fields.Date(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
    )
    emitted_g = fields.Integer(required=True)
    emitted_by_kind = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
