"""What is said about actions, steps, emissions, factors and methodologies."""

from typing import Any
from weakref import WeakKeyDictionary

from marshmallow import fields

from app.footprint import rules
from app.kit.fields import Code, Moment, Month, NewSchema, Text, ViewSchema, Whole, WholeText
from app.kit.paging import PageQuery


class NewAction(NewSchema):
    """A trip that its maker declares."""

    scene = Code(40, required=True, metadata={"description": "metro, bus, shared_bike: see GET /v1/scenes"})
    started_at = Moment(required=True, metadata={"description": "Within the last 31 days."})
    distance_m = Whole(1, 1_000_000, required=True)
    duration_s = Whole(1, 172_800)


class NewSteps(NewSchema):
    """What wx.getWeRunData gave the phone, as it is; call wx.login first."""

    encrypted_data = Text(60_000, shortest=0, required=True)
    iv = Text(64, shortest=0, required=True)


class FactorQuery(PageQuery):
    """Which factors."""

    category = Code(30)
    region = Code(20, metadata={"description": "Such as CN-FJ."})
    q = Text(50, metadata={"description": "Found in key, names and source title."})


class FactorVersionQuery(NewSchema):
    """Which version; the latest without it."""

    version = WholeText(1, 1_000_000)


class EmissionQuery(PageQuery):
    """Which emissions."""

    month = Month()


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
    """A factor with everything known of it; `tier` says how it was found (A best, E recollection)."""

    category = fields.String(required=True)
    valid_from = fields.Date(required=True, allow_none=True)
    tier = fields.String(required=True)
    note = fields.String(required=True)


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

    scene = fields.String(required=True, attribute="method.scene")
    region = fields.String(required=True, attribute="document.region")
    borrowed_zh = fields.String(required=True, attribute="document.borrowed_zh")
    borrowed_en = fields.String(required=True, attribute="document.borrowed_en")
    formula_zh = fields.String(required=True, attribute="document.formula_zh")
    formula_en = fields.String(required=True, attribute="document.formula_en")
    measure = fields.String(required=True, attribute="method.measure")
    inputs_per_unit = fields.Integer(required=True, attribute="method.inputs_per_unit")
    baseline = fields.Dict(required=True, attribute="document.baseline")
    weights = fields.Dict(required=True, attribute="document.weights")
    weights_source = fields.Dict(required=True, attribute="document.weights_source")
    cap = fields.Dict(required=True, attribute="document.cap")
    bounds = fields.Dict(required=True, attribute="document.bounds")
    factor = fields.Nested(FactorBriefView, required=True)


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
    measure = fields.String(required=True, attribute="method.measure")
    cap_g = fields.Integer(required=True, attribute="method.cap_g")
    bounds = fields.Dict(required=True, attribute="document.bounds")
    methodology = fields.Function(lambda each: each.method.key, required=True, metadata={"type": "string"})
    verified = fields.Boolean(required=True)
    mark = fields.Nested(MarkView, required=True, allow_none=True)


class CapView(ViewSchema):
    """The day's cap as an action met it; `reason` and `text` are null when nothing was cut."""

    cap_g = fields.Integer(required=True)
    before_g = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)


class ActionView(ViewSchema):
    """One act: its raw inputs, what they compute to, and what was credited under the day's cap."""

    code = fields.String(required=True)
    scene = fields.String(required=True)
    source = fields.String(required=True)
    grade = fields.String(required=True)
    weight = fields.String(required=True)
    occurred_on = fields.Date(required=True)
    occurred_at = Moment(required=True, allow_none=True)
    inputs = fields.Dict(required=True)
    computed_g = fields.Integer(required=True)
    avoided_g = fields.Integer(required=True)
    cap = fields.Nested(CapView, required=True)
    factor = Unchanging(FactorBriefView, required=True)
    methodology = Unchanging(MethodologyBriefView, required=True)
    recorded_at = Moment(required=True)
    withdrawn_at = Moment(required=True, allow_none=True)


class ReplayView(ViewSchema):
    """An action computed again from its raw inputs; `differences` names the figures that changed."""

    same = fields.Boolean(required=True)
    recorded = fields.Dict(required=True)
    replayed = fields.Dict(required=True)
    differences = fields.List(fields.String(), required=True)


class StepDayView(ViewSchema):
    """A day's steps and what they were credited; `capped` when the day is full."""

    day = fields.Date(required=True)
    steps = fields.Integer(required=True)
    avoided_g = fields.Integer(required=True)
    cap_g = fields.Integer(required=True, allow_none=True)
    capped = fields.Boolean(required=True)


class StepsView(ViewSchema):
    """What one delivery of steps gave: how many days grew, the grams credited, and the days as they stand."""

    taken_at = Moment(required=True)
    actions = fields.Integer(required=True)
    avoided_g = fields.Integer(required=True)
    days = fields.List(fields.Nested(StepDayView), required=True)


class EmissionView(ViewSchema):
    """What was emitted of one kind in one month; a corrected row stays, with `current` false."""

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
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    unit = fields.String(required=True)
    unit_zh = fields.String(required=True)
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
