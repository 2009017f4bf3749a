"""What is said about webhooks and notices."""

from marshmallow import fields

from app.causes.rules.webhooks import KINDS
from app.clients.webhooks import LONGEST_URL
from app.kit.fields import Moment, NewSchema, OneOf, Text, ViewSchema, WholeText


class NewEndpoint(NewSchema):
    """An https address, and which kinds of notices it wants; none named is all."""

    url = Text(LONGEST_URL, required=True)
    kinds = fields.List(OneOf(KINDS), load_default=list)


class EndpointView(ViewSchema):
    """An endpoint, how far it was told, and what is wrong with it."""

    code = fields.String(required=True)
    url = fields.String(required=True)
    kinds = fields.List(fields.String(), required=True)
    delivered = fields.Integer(required=True, metadata={"description": "The last position that was settled."})
    attempts = fields.Integer(required=True)
    next_at = Moment(required=True)
    last_error = fields.String(required=True, allow_none=True)
    stopped_at = Moment(
        required=True, allow_none=True, metadata={"description": "It gets no more until it is resumed."}
    )
    created_at = Moment(required=True)


class NewEndpointView(EndpointView):
    """An endpoint with its secret, which is shown only now."""

    secret = fields.String(required=True)


class EndpointsView(ViewSchema):
    """Endpoints."""

    items = fields.List(fields.Nested(EndpointView), required=True)


class DeadLetterView(ViewSchema):
    """A notice that an endpoint never took."""

    position = fields.Integer(required=True)
    error = fields.String(required=True)
    died_at = Moment(required=True)
    replay_at = Moment(required=True, allow_none=True)


class DeadLettersView(ViewSchema):
    """Dead letters, newest first."""

    items = fields.List(fields.Nested(DeadLetterView), required=True)


class NoticesQuery(NewSchema):
    """Behind which position, and how many."""

    after = WholeText(0, load_default=0)
    limit = WholeText(1, 100, load_default=50)


class NoticeOutView(ViewSchema):
    """A notice exactly as it is pushed."""

    id = fields.String(required=True)
    position = fields.Integer(required=True)
    type = fields.String(required=True)
    timestamp = fields.String(required=True)
    data = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True), required=True)


class NoticesView(ViewSchema):
    """Notices in their order; ask again with the last one's position."""

    items = fields.List(fields.Nested(NoticeOutView), required=True)
