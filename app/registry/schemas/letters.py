"""What stands in an offer of a handover 移交要约; members that we do not know are left alone."""

import re

from marshmallow import EXCLUDE, Schema, fields

from app.kit.fields import AnyDay, Code, Moment, Shaped, Text, Whole
from app.registry.rules import PROJECT_CODE, REGION

MOST_KG = 10**12


class _Letter(Schema):
    class Meta:
        """Another programme may say more."""

        unknown = EXCLUDE


def _place() -> Text:
    return Text(60, shortest=0, required=True)


class OfferedProject(_Letter):
    """The forest behind the units, as its registry tells of it."""

    code = Shaped(PROJECT_CODE, 60, required=True)
    name_zh = Text(100, required=True)
    name_en = Text(100, required=True)
    region = Shaped(REGION, 6, required=True)
    county_zh = _place()
    county_en = _place()
    township_zh = _place()
    township_en = _place()
    village_zh = _place()
    village_en = _place()
    forest_type = Code(40, required=True)
    area_m2 = Whole(1, 10**13, required=True)
    description_zh = Text(2000, required=True)
    description_en = Text(2000, required=True)
    sample = fields.Boolean(required=True, truthy={True}, falsy={False})


class OfferedOrigin(_Letter):
    """Where the giver's units came from, if not from themselves."""

    serial = Text(200, required=True)


class OfferContent(_Letter):
    """An offer: which units, to whom, until when."""

    number = Shaped(re.compile(r"[0-9A-Z]{26}"), 26, required=True)
    recipient = Code(40, required=True, metadata={"description": "A holder's code at the receiver."})
    quantity_kg = Whole(1, MOST_KG, required=True)
    serial = Text(200, required=True)
    product = Code(20, required=True)
    vintage = Whole(2000, 2100, required=True)
    monitoring_start = AnyDay(required=True)
    monitoring_end = AnyDay(required=True)
    methodology = Text(200, required=True)
    verification = Text(100, required=True)
    project = fields.Nested(OfferedProject, required=True)
    origin = fields.Nested(OfferedOrigin, allow_none=True, load_default=None)
    expires_at = Moment(required=True)
