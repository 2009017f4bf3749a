"""What is said about packs, announced changes and results computed again."""

from marshmallow import fields

from app.footprint.schemas.factors import (
    FactorBriefView,
    FactorView,
    MarkView,
    MethodologyBriefView,
    SceneView,
)
from app.kit.fields import Moment, ViewSchema


class PinView(ViewSchema):
    """A methodology and the version of the factor that it computes with."""

    key = fields.String(required=True, attribute="methodology.method.key")
    version = fields.Integer(required=True, attribute="methodology.method.version")
    name_zh = fields.String(required=True, attribute="methodology.document.name_zh")
    name_en = fields.String(required=True, attribute="methodology.document.name_en")
    verified = fields.Boolean(required=True, attribute="methodology.verified")
    mark = fields.Nested(MarkView, required=True, allow_none=True, attribute="methodology.mark")
    factor_version = fields.Integer(required=True)


class FactorHistoryView(ViewSchema):
    """Every version of a factor, the newest first, and the methodologies that compute with it."""

    key = fields.String(required=True)
    versions = fields.List(fields.Nested(FactorView), required=True)
    used_by = fields.List(fields.Nested(PinView), required=True)


class ClosedSceneView(ViewSchema):
    """A scene that does not count, and why."""

    scene = fields.String(required=True, attribute="document.scene")
    name_zh = fields.String(required=True, attribute="document.scene_zh")
    name_en = fields.String(required=True, attribute="document.scene_en")
    category = fields.String(required=True, attribute="document.category")
    reason_zh = fields.String(required=True, attribute="document.off_zh")
    reason_en = fields.String(required=True, attribute="document.off_en")
    claims_not_zh = fields.String(required=True, attribute="document.claims_not_zh")
    claims_not_en = fields.String(required=True, attribute="document.claims_not_en")


class PackView(ViewSchema):
    """A pack of methodologies against one baseline; `chosen` is the one that counts here."""

    key = fields.String(required=True)
    region = fields.String(required=True)
    baseline = fields.String(required=True)
    name_zh = fields.String(required=True, attribute="document.name_zh")
    name_en = fields.String(required=True, attribute="document.name_en")
    chosen = fields.Boolean(required=True)
    scenes = fields.List(fields.Nested(SceneView), required=True)
    closed = fields.List(fields.Nested(ClosedSceneView), required=True)


class ChangeView(ViewSchema):
    """A version with a first day of its own; `upcoming` until that business day has begun.

    `counts` says whether anything computes with it from then on. Methodologies name the versions of their
    factors: those in `pinned` go on with another version of this one.
    """

    subject = fields.String(required=True, metadata={"enum": ["factor", "methodology", "pack"]})
    key = fields.String(required=True)
    version = fields.Integer(required=True, allow_none=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    before = fields.String(required=True, allow_none=True)
    after = fields.String(required=True)
    announced_at = Moment(required=True)
    effective_from = fields.Date(required=True)
    upcoming = fields.Boolean(required=True)
    counts = fields.Boolean(required=True)
    pinned = fields.List(fields.Nested(PinView), required=True)


class ReplayedView(ViewSchema):
    """A result computed again from its raw inputs; `differences` names the figures that changed.

    `factors` holds every factor that it was computed with, once, the first used first.
    """

    kind = fields.String(required=True, metadata={"enum": ["action", "emission", "calculation", "inventory"]})
    code = fields.String(required=True)
    same = fields.Boolean(required=True)
    recorded = fields.Dict(required=True)
    replayed = fields.Dict(required=True)
    differences = fields.List(fields.String(), required=True)
    inputs = fields.Dict(required=True)
    factors = fields.List(fields.Nested(FactorBriefView), required=True)
    methodology = fields.Nested(MethodologyBriefView, required=True, allow_none=True)
