"""What is said about holders and their books."""

from marshmallow import fields

from app.kit.fields import Code, Moment, NewSchema, Text, ViewSchema
from app.kit.messages import LANGUAGES, t


class NewSession(NewSchema):
    """A sign-in with WeChat."""

    code = Text(128, required=True, metadata={"description": "From wx.login; works once, for five minutes."})


class SessionRefresh(NewSchema):
    """A refresh token to be rotated."""

    refresh_token = Text(200, required=True)


class SessionView(ViewSchema):
    """What a sign-in gives."""

    access_token = fields.String(required=True)
    token_type = fields.Constant("Bearer", required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds."})
    refresh_token = fields.String(required=True)


class HolderView(ViewSchema):
    """The caller as the books know them. Balances never add avoided and forest grams."""

    code = fields.String(required=True)
    kind = fields.String(required=True)
    created_at = Moment(required=True)
    balances = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class NewConsent(NewSchema):
    """Consent to the wording of this version."""

    version = Code(20, required=True)


class ConsentView(ViewSchema):
    """A consent; withdrawn ones keep their times."""

    scene = fields.String(required=True)
    source = fields.String(required=True)
    version = fields.String(required=True)
    granted_at = Moment(required=True)
    withdrawn_at = Moment(required=True, allow_none=True)


class StatementLineView(ViewSchema):
    """One entry as the holder's account sees it."""

    entry = fields.String(required=True)
    account = fields.String(required=True)
    asset = fields.String(required=True)
    change = fields.Integer(required=True)
    posted_at = Moment(required=True)


class NoticeView(ViewSchema):
    """What the caller was told, in both languages."""

    text = fields.Function(
        lambda notice: {lang: t(notice.message, lang, **notice.details) for lang in LANGUAGES},
        required=True,
        metadata={"type": "object", "additionalProperties": {"type": "string"}},
    )
    told_at = Moment(required=True)
