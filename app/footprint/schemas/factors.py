"""What is said about factors, methodologies and scenes."""

from typing import Any
from weakref import WeakKeyDictionary

from marshmallow import fields

from app.footprint import rules
from app.kit.fields import Code, Moment, NewSchema, OneOf, Text, ViewSchema, WholeText
from app.kit.paging import PageQuery


class FactorQuery(PageQuery):
    """Which factors, of those that count today."""

    category = Code(30)
    region = Code(20, metadata={"description": "Such as CN-FJ."})
    tier = OneOf(rules.TIERS)
    verified = OneOf(("true", "false"))
    q = Text(50, metadata={"description": "Found in key, names and source title."})


class FactorVersionQuery(NewSchema):
    """Which version; the latest without it."""

    version = WholeText(1, 1_000_000)


class Unchanging(fields.Nested):
    """A nested view of an object that never changes, dumped once in its life."""

    def __init__(self, view: type[ViewSchema], **kwargs: Any) -> None:
        super().__init__(view, **kwargs)
        self._dumped: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def serialize(self, attr: str, obj: Any, accessor: Any = None, **kwargs: Any) -> Any:
        """The view of `obj`'s attribute `attr`, kept as long as that attribute's value lives."""
        unchanging = getattr(obj, attr)
        dumped = self._dumped.get(unchanging)
        if dumped is None:
            dumped = self._dumped[unchanging] = super().serialize(attr, obj, accessor, **kwargs)
        return dumped


class MarkView(ViewSchema):
    """What stands beside an unverified figure, in both languages."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class FactorBriefView(ViewSchema):
    """A factor as it stands beside a figure."""

    key = fields.String(required=True)
    version = fields.Integer(required=True)
    value = fields.Function(
        lambda factor: format(factor.value, "f"),
        required=True,
        metadata={"type": "string", "description": "An exact decimal in `unit`."},
    )
    unit = fields.String(required=True)
    region = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    source_title = fields.String(required=True)
    source_ref = fields.String(required=True)
    source_url = fields.String(required=True, allow_none=True)
    verified = fields.Boolean(required=True)
    mark = fields.Nested(MarkView, required=True, allow_none=True)


class FactorView(FactorBriefView):
    """A factor with everything known of it; `tier` says how it was found (A best, E recollection).

    `valid_from` and `valid_until` are the days that the source speaks of; `effective_from` is the
    business day from which this version counts here, null where it has since it was loaded.
    """

    category = fields.String(required=True)
    valid_from = fields.Date(required=True, allow_none=True)
    valid_until = fields.Date(required=True, allow_none=True)
    effective_from = fields.Date(required=True, allow_none=True)
    in_force = fields.Boolean(required=True)
    loaded_at = Moment(required=True)
    tier = fields.String(required=True)
    note = fields.String(required=True)


def _told(name: str) -> fields.Function:
    """What a document says under `name`; null where it was published before this had to be said."""
    return fields.Function(
        lambda each: each.document.get(name), metadata={"type": "string", "nullable": True}
    )


class MethodologyBriefView(ViewSchema):
    """A methodology as it stands beside a figure."""

    key = fields.String(required=True, attribute="method.key")
    version = fields.Integer(required=True, attribute="method.version")
    name_zh = fields.String(required=True, attribute="document.name_zh")
    name_en = fields.String(required=True, attribute="document.name_en")
    verified = fields.Boolean(required=True)
    mark = fields.Nested(MarkView, required=True, allow_none=True)


class MethodologyView(MethodologyBriefView):
    """A methodology with everything it says; weights are decimal strings, caps grams a holder's day."""

    pack = fields.String(required=True)
    effective_from = fields.Date(required=True, allow_none=True)
    in_force = fields.Boolean(required=True)
    scene = fields.String(required=True, attribute="method.scene")
    region = fields.String(required=True, attribute="document.region")
    borrowed_zh = _told("borrowed_zh")
    borrowed_en = _told("borrowed_en")
    evidence_zh = _told("evidence_zh")
    evidence_en = _told("evidence_en")
    channel_zh = _told("channel_zh")
    channel_en = _told("channel_en")
    claims_not_zh = _told("claims_not_zh")
    claims_not_en = _told("claims_not_en")
    conservative = fields.Function(
        lambda each: each.document.get("conservative"), metadata={"type": "object", "nullable": True}
    )
    example = fields.Function(
        lambda each: each.document.get("example"), metadata={"type": "object", "nullable": True}
    )
    formula_zh = fields.String(required=True, attribute="document.formula_zh")
    formula_en = fields.String(required=True, attribute="document.formula_en")
    measure = fields.String(required=True, attribute="method.measure")
    inputs_per_unit = fields.Integer(required=True, attribute="method.inputs_per_unit")
    baseline = fields.Dict(required=True, attribute="document.baseline")
    weights = fields.Dict(required=True, attribute="document.weights")
    weights_source = fields.Dict(required=True, attribute="document.weights_source")
    cap = fields.Dict(required=True, attribute="document.cap")
    bounds = fields.Dict(required=True, attribute="document.bounds")
    kind = fields.String(required=True, attribute="method.kind")
    period = fields.String(
        required=True,
        attribute="method.period",
        metadata={"description": "What cap and limits are for: a day, or a month that is kept on its first."},
    )
    per_day = fields.Integer(required=True, allow_none=True, attribute="method.per_day")
    window_days = fields.Integer(required=True, attribute="method.window_days")
    factor = fields.Nested(FactorBriefView, required=True)
    factors = fields.List(fields.Nested(FactorBriefView), required=True)


class SceneView(ViewSchema):
    """A kind of action: who may report it with which evidence, what counts it, and its daily cap."""

    scene = fields.String(required=True, attribute="method.scene")
    name_zh = fields.String(required=True, attribute="document.scene_zh")
    name_en = fields.String(required=True, attribute="document.scene_en")
    sources = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, attribute="method.sources"
    )
    declarable = fields.Function(
        lambda each: rules.SELF in each.method.sources, required=True, metadata={"type": "boolean"}
    )
    category = _told("category")
    kind = fields.String(required=True, attribute="method.kind")
    measure = fields.String(required=True, attribute="method.measure")
    cap_g = fields.Integer(required=True, attribute="method.cap_g")
    period = fields.String(
        required=True,
        attribute="method.period",
        metadata={"description": "What cap and limits are for: a day, or a month that is kept on its first."},
    )
    per_day = fields.Integer(required=True, allow_none=True, attribute="method.per_day")
    window_days = fields.Integer(required=True, attribute="method.window_days")
    claims_not_zh = _told("claims_not_zh")
    claims_not_en = _told("claims_not_en")
    bounds = fields.Dict(required=True, attribute="document.bounds")
    methodology = fields.Function(lambda each: each.method.key, required=True, metadata={"type": "string"})
    verified = fields.Boolean(required=True)
    mark = fields.Nested(MarkView, required=True, allow_none=True)
