"""What is said about sanctions."""

from typing import Any

from marshmallow import fields

from app.kit.fields import Moment, OneOf, ViewSchema
from app.kit.paging import PageQuery
from app.registry.rules.sanctions import GROUNDS, KINDS, PUBLISHED
from app.registry.schemas import BothView, Wording


class SanctionQuery(PageQuery):
    """Which sanctions are wanted."""

    standing = OneOf(("true", "false"), metadata={"description": "Whether it is in force."})


class TargetView(ViewSchema):
    """Whom a sanction concerns."""

    type = fields.String(required=True, attribute="target", metadata={"enum": ["holder", "project"]})
    name = fields.Nested(
        BothView, required=True, allow_none=True, metadata={"description": "Null for a private person."}
    )
    project = fields.String(
        required=True, allow_none=True, metadata={"description": "A project's code; null for a holder."}
    )


class SanctionTermsView(ViewSchema):
    """What a sanction stops or narrows."""

    no_new_lots = fields.Boolean(required=True)
    daily_kg = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Most that may be ordered in a day."}
    )
    last_day = fields.Date(required=True, allow_none=True)


class SanctionStepView(ViewSchema):
    """One step that was published."""

    step = fields.String(required=True, metadata={"enum": [*PUBLISHED]})
    taken_at = Moment(required=True)
    note = fields.String(required=True, allow_none=True)


class Itself(fields.Nested):
    """A view of the object itself, one level deeper."""

    def get_value(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """The object that holds the field."""
        return obj


class SanctionView(ViewSchema):
    """One sanction of the public register, with its history."""

    code = fields.String(required=True, attribute="sanction.code")
    kind = fields.String(required=True, attribute="sanction.kind", metadata={"enum": [*KINDS]})
    ground = fields.String(required=True, attribute="sanction.ground", metadata={"enum": [*GROUNDS]})
    ground_text = Wording("ground_", attribute="sanction.ground")
    reason = fields.String(required=True, attribute="sanction.reason")
    target = Itself(TargetView, required=True)
    terms = fields.Nested(SanctionTermsView, required=True, attribute="sanction")
    standing = fields.Boolean(required=True)
    history = fields.List(fields.Nested(SanctionStepView), required=True)
