"""What is said about handovers, carbon tickets and recognised programmes."""

from marshmallow import fields

from app.kit.fields import Moment, NewSchema, Text, ViewSchema
from app.registry.schemas import BothView, PeriodView, Wording


class NewLetter(NewSchema):
    """A signed letter."""

    document = Text(
        48 * 1024,
        required=True,
        metadata={"description": "A compact JWS: an offer, acceptance, refusal, deed or withdrawal."},
    )


class HandoverView(ViewSchema):
    """A handover as this side has it: where it stands, and the signed letters so far."""

    number = fields.String(required=True)
    status = fields.String(
        required=True,
        metadata={
            "description": "Given: drafted, offered, executed, withdrawn. "
            "Taken: pending, accepted, completed, closed."
        },
    )
    quantity_kg = fields.Integer(required=True)
    serial = fields.String(required=True, metadata={"description": "As the giver's registry writes it."})
    offer = fields.String(required=True, allow_none=True)
    acceptance = fields.String(required=True, allow_none=True)
    refusal = fields.String(required=True, allow_none=True)
    deed = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Title is the receiver's from the moment that this exists."},
    )
    withdrawal = fields.String(required=True, allow_none=True)


class TicketView(ViewSchema):
    """The face of a carbon ticket 林业碳票."""

    number = fields.String(required=True, attribute="written")
    owner = fields.String(required=True)
    project = fields.String(required=True)
    name = fields.Nested(BothView, required=True)
    place = fields.Nested(BothView, required=True)
    region = fields.String(required=True)
    area_m2 = fields.Integer(required=True)
    forest_type = Wording("forest_type_")
    methodology = Wording("methodology_")
    monitoring_period = fields.Nested(PeriodView, required=True, attribute="period")
    vintage = fields.Integer(required=True)
    verification = fields.String(required=True)
    quantity_kg = fields.Integer(required=True)
    serial = fields.String(required=True)
    held_kg = fields.Integer(
        required=True, metadata={"description": "Still there: neither used nor cancelled."}
    )
    retired_kg = fields.Integer(required=True)
    cancelled_kg = fields.Integer(required=True)
    handed_over_kg = fields.Integer(required=True, metadata={"description": "Another registry's now."})
    sample = fields.Boolean(required=True)
    notes = fields.List(Wording("note_"), required=True)
    issued_at = Moment(required=True)


class StatementView(ViewSchema):
    """What a programme states of its own units: theirs alone, never added into ours."""

    stated_at = Moment(required=True)
    kid = fields.String(required=True)
    issued_kg = fields.Integer(required=True)
    held_kg = fields.Integer(required=True)
    retired_kg = fields.Integer(required=True)
    cancelled_kg = fields.Integer(required=True)
    document = fields.String(required=True)


class ProgrammeView(ViewSchema):
    """A recognised programme."""

    code = fields.String(required=True, attribute="programme.code")
    name_zh = fields.String(required=True, attribute="programme.name_zh")
    name_en = fields.String(required=True, attribute="programme.name_en")
    base_url = fields.String(required=True, allow_none=True, attribute="programme.base_url")
    keys = fields.List(fields.String(), required=True, attribute="programme.keys")
    statement = fields.Nested(StatementView, required=True, allow_none=True)


class ProgrammesView(ViewSchema):
    """All recognised programmes."""

    items = fields.List(fields.Nested(ProgrammeView), required=True)


class OurStatementView(ViewSchema):
    """Our own figures, signed for whoever recognises us."""

    document = fields.String(required=True, metadata={"description": "Compact JWS; keys at /v1/keys."})
