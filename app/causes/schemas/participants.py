"""What is said about participants over HTTP."""

from typing import Any

from marshmallow import fields

from app.causes.rules.lists import MOST_BYTES, MOST_ROWS
from app.causes.rules.participants import MOST_LEG_KM, MOST_MEALS, MOST_NIGHTS, ONLINE, ONSITE
from app.kit.fields import Code, Moment, NewSchema, OneOf, Text, ViewSchema, Whole

PREVIEW, WHOLE, PARTIAL = "preview", "whole", "partial"
LIST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "text/csv": {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": f"Up to {MOST_BYTES // 1024 // 1024} MB, {MOST_ROWS} lines; UTF-8 or GBK.",
            }
        }
    },
}


class ImportQuery(NewSchema):
    """How a list is taken in."""

    city = Text(40, metadata={"description": "The event's city, by name or code; the last one by default."})
    take = OneOf(
        (PREVIEW, WHOLE, PARTIAL),
        load_default=PREVIEW,
        metadata={"description": "Only read it; take it if every line is sound; take the sound lines."},
    )


class NewTaking(NewSchema):
    """Whether only a draft's sound lines are taken, where others are faulty."""

    sound_only = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class ReportsChange(NewSchema):
    """Whether people may report themselves, and in which city the event is."""

    open = fields.Boolean(required=True, truthy={True}, falsy={False})
    city = Text(40)


class NewReport(NewSchema):
    """How somebody came and stayed; words as in GET /v1/participants/words. No name, no number."""

    device = Code(64, required=True, metadata={"description": "Made at random by the phone, and kept there."})
    code = Text(20, metadata={"description": "The one-time code that the organiser gave, if any."})
    attendance = OneOf((ONSITE, ONLINE), load_default=ONSITE)
    city = Text(40, metadata={"description": "Where they came from; needed where no kilometres are told."})
    there = Text(40)
    there_km = Whole(1, MOST_LEG_KM)
    back = Text(40)
    back_km = Whole(1, MOST_LEG_KM)
    nights = Whole(0, MOST_NIGHTS, load_default=0)
    meals = Whole(0, MOST_MEALS, load_default=0)
    vegetarian = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class PeopleFactorView(ViewSchema):
    """The factor of a line."""

    key = fields.String(required=True)
    version = fields.Integer(required=True)
    value = fields.Decimal(required=True, as_string=True)
    unit = fields.String(required=True)
    source_title = fields.String(required=True)
    verified = fields.Boolean(required=True)


class PeopleLineView(ViewSchema):
    """What people come to of one item, known in one way."""

    item = fields.String(required=True, attribute="count.item")
    name_zh = fields.String(required=True, attribute="told.name_zh")
    name_en = fields.String(required=True, attribute="told.name_en")
    grade = fields.String(required=True, attribute="count.grade")
    inputs = fields.Dict(required=True, attribute="count.inputs")
    listed = fields.Integer(required=True, attribute="count.listed")
    reported = fields.Integer(required=True, attribute="count.reported")
    factor = fields.Nested(PeopleFactorView, required=True)
    verified = fields.Boolean(required=True)
    mark = fields.Dict(required=True, allow_none=True)
    emitted_g = fields.Integer(required=True)


class FaultView(ViewSchema):
    """What is wrong with a line; never what stood there."""

    line = fields.Integer(required=True)
    column = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    detail = fields.String(required=True)


class ImportBriefView(ViewSchema):
    """An import in a list; `state` is draft, standing or ended."""

    number = fields.Integer(required=True)
    state = fields.String(required=True)
    people = fields.Integer(required=True)
    online = fields.Integer(required=True)
    faults = fields.Integer(required=True, attribute="fault_count")
    is_partial = fields.Boolean(required=True, allow_none=True)
    sha256 = fields.String(required=True, attribute="file_sha256")
    drafted_at = Moment(required=True)
    taken_at = Moment(required=True, allow_none=True)
    ended_at = Moment(required=True, allow_none=True)


class ImportView(ImportBriefView):
    """An import with its form, its first faults, and what it comes to."""

    encoding = fields.String(required=True)
    delimiter = fields.String(required=True)
    city = fields.String(required=True, allow_none=True)
    unused = fields.List(fields.String(), required=True)
    formulas = fields.Integer(required=True)
    faulty = fields.List(fields.Nested(FaultView), required=True)
    lines = fields.List(fields.Nested(PeopleLineView), required=True)
    emitted_g = fields.Integer(required=True)


class PeopleView(ViewSchema):
    """An event's participants: heads, means, lines; `counted_g` stands in the inventory already."""

    listed = fields.Integer(required=True, attribute="tally.listed")
    reported = fields.Integer(required=True, attribute="tally.reported")
    replaced = fields.Integer(required=True, attribute="tally.replaced")
    onsite = fields.Integer(required=True, attribute="tally.onsite")
    online = fields.Integer(required=True, attribute="tally.online")
    by_means = fields.Dict(required=True, attribute="tally.by_means")
    lines = fields.List(fields.Nested(PeopleLineView), required=True)
    emitted_g = fields.Integer(required=True)
    counted_g = fields.Integer(required=True)
    waits = fields.Boolean(required=True)
    reports_open = fields.Boolean(required=True, attribute="desk.is_open")
    city = fields.String(required=True, allow_none=True, attribute="desk.city.code", dump_default=None)
    link = fields.String(required=True, allow_none=True)
    draft = fields.Integer(required=True, allow_none=True, attribute="draft.number", dump_default=None)
    standing = fields.Integer(required=True, allow_none=True, attribute="standing.number", dump_default=None)


class LegView(ViewSchema):
    """A way there or back."""

    means = fields.String(required=True)
    km = fields.Integer(required=True)
    by_city = fields.Boolean(required=True)


class PersonView(ViewSchema):
    """How somebody came and stayed."""

    attendance = fields.String(required=True)
    there = fields.Nested(LegView, required=True, allow_none=True)
    back = fields.Nested(LegView, required=True, allow_none=True)
    nights = fields.Integer(required=True)
    meals = fields.Integer(required=True)
    diet = fields.String(required=True)
    city = fields.String(required=True, allow_none=True)


class StandingPersonView(ViewSchema):
    """One who counts: a line of the list, or a report that the organiser may take out."""

    id = fields.Integer(required=True)
    line = fields.Integer(required=True, allow_none=True)
    with_code = fields.Boolean(required=True)
    told_at = Moment(required=True)
    person = fields.Nested(PersonView, required=True)


class EntranceView(ViewSchema):
    """An event as its participants see it, and what this phone told."""

    event = fields.String(required=True, attribute="event.title")
    organiser = fields.String(required=True, attribute="event.organiser")
    open = fields.Boolean(required=True, attribute="is_open")
    reported = fields.Nested(PersonView, required=True, allow_none=True)
    emitted_g = fields.Integer(required=True, allow_none=True, attribute="grams")


class WordsView(ViewSchema):
    """What a list may say: columns, means of travel, detours and where cities' places come from."""

    columns = fields.List(fields.Dict(), required=True)
    means = fields.List(fields.Dict(), required=True)
    attendance = fields.List(fields.Dict(), required=True)
    detours = fields.List(fields.Dict(), required=True)
    cities = fields.Dict(required=True)
