"""What is said about a person's three lines and about those of a region's people."""

from marshmallow import fields

from app.kit.fields import Area, Day, Moment, NewSchema, OneOf, ViewSchema
from app.kit.paging import PageQuery
from app.statements.rules import LINES


class NewHome(NewSchema):
    """The region that somebody is at home in."""

    region = Area(required=True)


class StretchQuery(NewSchema):
    """From which day to which, this year's without both; all three lines, or one."""

    since = Day(data_key="from")
    until = Day(data_key="to")
    line = OneOf(LINES)


class StatementQuery(PageQuery, StretchQuery):
    """Which lines of a statement."""


class NamesView(ViewSchema):
    """A text in both languages."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class UsedFactorView(ViewSchema):
    """The factor behind a figure, with its source; `mark` stands beside it where it is not verified."""

    key = fields.String(required=True)
    version = fields.Integer(required=True)
    value = fields.Function(
        lambda factor: format(factor.value, "f"), required=True, metadata={"type": "string"}
    )
    unit = fields.String(required=True)
    source_title = fields.String(required=True)
    source_ref = fields.String(required=True)
    source_url = fields.String(required=True, allow_none=True)
    verified = fields.Boolean(required=True)
    mark = fields.Nested(NamesView, required=True, allow_none=True)


class UsedMethodologyView(ViewSchema):
    """The methodology behind a figure."""

    key = fields.String(required=True, attribute="method.key")
    version = fields.Integer(required=True, attribute="method.version")
    name_zh = fields.String(required=True, attribute="document.name_zh")
    name_en = fields.String(required=True, attribute="document.name_en")


class AccountPartView(ViewSchema):
    """What a line consists of; factor and methodology are those that count the scene today.

    `mark` stands beside the grams where any of them may have been computed with what is not verified.
    """

    name = fields.String(required=True)
    said = fields.Nested(NamesView, required=True)
    grams = fields.Integer(required=True)
    factor = fields.Nested(UsedFactorView, required=True)
    methodology = fields.Nested(UsedMethodologyView, required=True, allow_none=True)
    mark = fields.Nested(NamesView, required=True, allow_none=True)


class AccountLineView(ViewSchema):
    """One of three lines over the period: its sum, its parts, and grams by day, month or year and part."""

    grams = fields.Integer(required=True)
    parts = fields.List(fields.Nested(AccountPartView), required=True)
    by_start = fields.Dict(
        keys=fields.Date(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
    )


class CarbonAccountView(ViewSchema):
    """Three lines that are never added: they are different claims. Owed and carried are those of now."""

    period = fields.String(required=True, attribute="period.address")
    kind = fields.String(required=True, attribute="period.kind")
    first_day = fields.Date(required=True, attribute="period.first")
    last_day = fields.Date(required=True, attribute="period.last")
    avoided = fields.Nested(AccountLineView, required=True)
    emitted = fields.Nested(AccountLineView, required=True)
    offset = fields.Nested(AccountLineView, required=True)
    owed_g = fields.Integer(required=True)
    carry_g = fields.Integer(required=True)


class RunningTotalsView(ViewSchema):
    """Running totals of the three lines, each for itself."""

    avoided_g = fields.Integer(required=True)
    emitted_g = fields.Integer(required=True)
    offset_g = fields.Integer(required=True)


class AccountStatementLineView(ViewSchema):
    """One act, emission or retirement with what it was computed from.

    `counted_g` is 0 for what is held, or was withdrawn or corrected later; `totals` are the statement's
    so far.
    """

    day = fields.Date(required=True)
    line = fields.String(required=True, metadata={"enum": [*LINES]})
    name = fields.Nested(NamesView, required=True)
    code = fields.String(required=True)
    grams = fields.Integer(required=True)
    counted_g = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": ["counted", "held", "withdrawn", "corrected"]})
    grade = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)
    inputs = fields.Dict(required=True)
    factor = fields.Nested(UsedFactorView, required=True, allow_none=True)
    methodology = fields.Nested(UsedMethodologyView, required=True, allow_none=True)
    method = fields.Nested(NamesView, required=True, allow_none=True)
    serial = fields.String(required=True, allow_none=True)
    sample = fields.Boolean(required=True)
    recorded_at = Moment(required=True)
    totals = fields.Nested(RunningTotalsView, required=True)


class HomeView(ViewSchema):
    """Where the caller is at home, by their own choice; null where they chose nothing."""

    region = fields.String(required=True, allow_none=True)
    name = fields.Nested(NamesView, required=True, allow_none=True)
    chosen_at = Moment(required=True, allow_none=True)


class PublishedView(ViewSchema):
    """Three lines of a region's people; null where nothing was published, for whatever reason."""

    avoided_g = fields.Integer(required=True, allow_none=True)
    emitted_g = fields.Integer(required=True, allow_none=True)
    offset_g = fields.Integer(required=True, allow_none=True)


class RegionPartView(PublishedView):
    """A region in another one, of which something was published."""

    code = fields.String(required=True, attribute="region.region.code")
    name = fields.Nested(NamesView, required=True, attribute="region.region.name")
    avoided_g = fields.Integer(required=True, allow_none=True, attribute="published.avoided_g")
    emitted_g = fields.Integer(required=True, allow_none=True, attribute="published.emitted_g")
    offset_g = fields.Integer(required=True, allow_none=True, attribute="published.offset_g")


class RegionMonthView(ViewSchema):
    """What a month's snapshots published."""

    month = fields.String(required=True)
    published = fields.Nested(PublishedView, required=True)


class SnapshotView(ViewSchema):
    """The seal of a day: its terms, and the signed document (JWS, the keys of /v1/keys)."""

    day = fields.Date(required=True)
    until = Moment(required=True)
    least_people = fields.Integer(required=True)
    releases = fields.Integer(required=True)
    digest = fields.String(required=True)
    document = fields.String(required=True)
    sealed_at = Moment(required=True)


class ReleaseView(ViewSchema):
    """A batch that a day released, as the snapshot's digest has it."""

    region = fields.String(required=True)
    line = fields.String(required=True)
    published_g = fields.Integer(required=True)


class SnapshotDayView(SnapshotView):
    """A day's seal with what it released."""

    items = fields.List(fields.Nested(ReleaseView), required=True)


class RegionFootprintView(ViewSchema):
    """What a region's people avoided, emitted and offset together; code is empty for all regions.

    `parts` and `unplaced` sum to `published`. No figure is of fewer than the snapshot's least people.
    """

    code = fields.String(required=True)
    published = fields.Nested(PublishedView, required=True)
    months = fields.List(fields.Nested(RegionMonthView), required=True)
    parts = fields.List(fields.Nested(RegionPartView), required=True)
    unplaced = fields.Nested(PublishedView, required=True)
    rounded_to_g = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    snapshot = fields.Nested(SnapshotView, required=True, allow_none=True)
