"""What is said about events over HTTP."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.causes.rules.events import LEAST_AREA_M2, MOST_AREA_M2, MOST_G, MOST_YEARS, VISIBILITIES
from app.footprint.rules import ESTIMATE, MOST_HEADS, STAGES, is_blank
from app.kit.fields import AnyDay, Code, Day, Moment, NewSchema, OneOf, Text, ViewSchema, Whole
from app.kit.messages import t


class Words(Text):
    """Text that says something: without blanks around it, and with a letter or a digit in it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        words = super()._deserialize(value, attr, data, **kwargs).strip()
        if value and is_blank(words):
            raise ValidationError(t("footprint.field_blank"))
        return words


class EventChange(NewSchema):
    """What an organiser tells of an event."""

    title = Words(100, required=True)
    kind = Code(20, required=True, metadata={"description": "A kind of GET /v1/event-schemes."})
    organiser = Words(100, required=True)
    place = Words(100, required=True)
    about = Words(1000)
    scheme = Code(40, metadata={"description": "A scheme of GET /v1/event-schemes; the region's by default."})


class NewEvent(EventChange):
    """An event to register: days, heads and region, or the code of an inventory of one's own."""

    inventory = Code(26)
    region = Code(20, metadata={"description": "Of the venue, such as CN-FJ: it decides grid and scheme."})
    starts_on = Day()
    ends_on = Day()
    onsite_heads = Whole(0, MOST_HEADS)
    online_heads = Whole(0, MOST_HEADS)
    stage = OneOf(STAGES, load_default=ESTIMATE)

    @validates_schema(skip_on_field_errors=True)
    def one_beginning(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Facts for a new inventory, or an inventory that has them."""
        asked = ("region", "starts_on", "ends_on", "onsite_heads")
        if "inventory" in data:
            twice = [name for name in (*asked, "online_heads") if name in data]
            if twice:
                raise ValidationError({name: [t("causes.field_in_inventory")] for name in twice})
            return
        missing = [name for name in asked if name not in data]
        if missing:
            raise ValidationError({name: [t("kit.field_required")] for name in missing})


class NewEventFinal(NewSchema):
    """When an event really was, and who took part."""

    starts_on = Day(required=True)
    ends_on = Day(required=True)
    onsite_heads = Whole(0, MOST_HEADS, required=True)
    online_heads = Whole(0, MOST_HEADS, load_default=0)


class EventVisibility(NewSchema):
    """Who sees an event, and who may buy for it."""

    visibility = OneOf(VISIBILITIES, required=True)


class NewEventReduction(NewSchema):
    """One thing that is done to emit less; `outcome` once it is done."""

    type = Code(10, required=True, metadata={"description": "A source type of the guide."})
    text = Words(200, required=True)
    planned_g = Whole(0, MOST_G)
    outcome = Words(200)


class NewEventCorrection(NewSchema):
    """Why a closed final figure is told anew; anyone who sees the event reads it."""

    reason = Words(300, required=True)


class NewEventSurplus(NewSchema):
    """For which other event of one's own a surplus is kept; all of it by default."""

    event = Code(26, required=True)
    amount_g = Whole(1, MOST_G)


class NewEventForest(NewSchema):
    """A forest planted for an event."""

    place = Words(100, required=True)
    longitude_e6 = Whole(73_000_000, 136_000_000, required=True)
    latitude_e6 = Whole(3_000_000, 54_000_000, required=True)
    species = Words(100, required=True)
    area_m2 = Whole(LEAST_AREA_M2, MOST_AREA_M2, required=True)
    planted_on = AnyDay(required=True)
    years = Whole(1, MOST_YEARS, required=True)
    expected_g = Whole(1, MOST_G, required=True)
    planting = Words(500, required=True)
    monitoring = Words(500, required=True)


class EventReductionView(ViewSchema):
    """One thing that is done to emit less."""

    id = fields.Integer(required=True)
    type = fields.String(required=True)
    text = fields.String(required=True)
    planned_g = fields.Integer(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True)


class EventCorrectionView(ViewSchema):
    """A final figure told anew; `inventory` holds the lines that are worked on."""

    reason = fields.String(required=True)
    opened_at = Moment(required=True)
    closed_at = Moment(required=True, allow_none=True)


class EventKeptView(ViewSchema):
    """Surplus that came from or went to another event."""

    event = fields.String(required=True, attribute="code")
    title = fields.String(required=True)
    amount_g = fields.Integer(required=True)
    moved_at = Moment(required=True)


class EventStandingView(ViewSchema):
    """Where the event stands in the books."""

    due_g = fields.Integer(required=True)
    owed_g = fields.Integer(required=True)
    carry_g = fields.Integer(required=True)
    retired_g = fields.Integer(required=True)
    reserved_kg = fields.Integer(required=True)
    paid_kg = fields.Integer(required=True)
    paid_fen = fields.Integer(required=True)


class EventFigureView(ViewSchema):
    """A stage in short: its grams by source type, and whether it is closed."""

    stage = fields.String(required=True)
    code = fields.String(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    onsite_heads = fields.Integer(required=True)
    online_heads = fields.Integer(required=True)
    online_share_bp = fields.Integer(required=True)
    emitted_g = fields.Integer(required=True)
    per_head_g = fields.Integer(required=True)
    unverified_g = fields.Integer(required=True)
    by_type = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    missing = fields.List(fields.String(), required=True, attribute="completeness.missing")
    closed_at = Moment(required=True, allow_none=True)


class EventDeadlineView(ViewSchema):
    """By when, and which setting says so."""

    on = fields.Date(required=True)
    overdue = fields.Boolean(required=True)
    factor = fields.String(required=True)
    months = fields.Integer(required=True)
    source = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    verified = fields.Boolean(required=True)


class EventForestView(ViewSchema):
    """A forest planted for the event; it closes nothing before its proof is accepted."""

    place = fields.String(required=True)
    longitude_e6 = fields.Integer(required=True)
    latitude_e6 = fields.Integer(required=True)
    species = fields.String(required=True)
    area_m2 = fields.Integer(required=True)
    planted_on = fields.Date(required=True)
    years = fields.Integer(required=True)
    expected_g = fields.Integer(required=True)
    planting = fields.String(required=True)
    monitoring = fields.String(required=True)
    chosen_at = Moment(required=True)


class EventView(ViewSchema):
    """An event with its figures, books, deadline and what was attested."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True)
    visibility = fields.String(required=True)
    kind = fields.String(required=True)
    scheme = fields.String(required=True, attribute="scheme.key")
    organiser = fields.String(required=True)
    place = fields.String(required=True)
    region = fields.String(required=True)
    about = fields.String(required=True, allow_none=True)
    inventory = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What is worked on under /v1/inventories; for its organiser alone."},
    )
    figures = fields.List(fields.Nested(EventFigureView), required=True)
    standing = fields.Nested(EventStandingView, required=True)
    deadline = fields.Nested(EventDeadlineView, required=True)
    method = fields.String(required=True)
    forest = fields.Nested(EventForestView, required=True, allow_none=True)
    proven_g = fields.Integer(required=True)
    reductions = fields.List(fields.Nested(EventReductionView), required=True)
    corrections = fields.List(fields.Nested(EventCorrectionView), required=True)
    kept_from = fields.List(fields.Nested(EventKeptView), required=True)
    kept_for = fields.List(fields.Nested(EventKeptView), required=True)
    attestation = fields.String(required=True, allow_none=True)
    attestations = fields.List(fields.String(), required=True)
    opened_at = Moment(required=True)


class EventBriefView(ViewSchema):
    """An event in a list."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True)
    visibility = fields.String(required=True)
    kind = fields.String(required=True)
    starts_on = fields.Date(required=True, attribute="latest.starts_on")
    ends_on = fields.Date(required=True, attribute="latest.ends_on")
    due_g = fields.Integer(required=True)


class EventRetirementView(ViewSchema):
    """Units retired for an event: the certificate, the serials, whose forest."""

    certificate = fields.String(required=True, attribute="number")
    quantity_kg = fields.Integer(required=True)
    serial = fields.String(required=True)
    project = fields.String(required=True, attribute="forest.project")
    seller = fields.String(required=True, attribute="forest.seller")
    retired_at = Moment(required=True)


class EventRetirementsView(ViewSchema):
    """Everything that was retired for an event."""

    items = fields.List(fields.Nested(EventRetirementView), required=True)


class EventSurplusView(ViewSchema):
    """What was kept for another event."""

    amount_g = fields.Integer(required=True)
    moved_at = Moment(required=True)


class EventSchemesView(ViewSchema):
    """Kinds of events, schemes, kinds of units in their order, deadlines: each with its source and mark."""

    kinds = fields.List(fields.Dict(), required=True)
    schemes = fields.List(fields.Dict(), required=True)
    units = fields.List(fields.Dict(), required=True)
    forest = fields.Dict(required=True)
