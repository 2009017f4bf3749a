"""What is said about levels, badges, streaks and years."""

from marshmallow import fields

from app.kit.fields import Moment, ViewSchema


class LevelView(ViewSchema):
    """A level: the grams avoided in a life from which it is held, and the inside of an SVG of 96 by 96."""

    code = fields.String(required=True)
    number = fields.Integer(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    from_g = fields.Integer(required=True)
    drawing = fields.String(required=True)


class BadgeView(ViewSchema):
    """A badge with its rule: `needed` of what it measures; `scenes` that count, all where none is named."""

    code = fields.String(required=True)
    version = fields.String(required=True)
    measure = fields.String(required=True)
    needed = fields.Integer(required=True)
    scenes = fields.List(fields.String(), required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    rule_zh = fields.String(required=True)
    rule_en = fields.String(required=True)
    picture = fields.String(required=True)


class StreakRuleView(ViewSchema):
    """How streaks forgive: any `span_days` may hold `rests` days without an act."""

    span_days = fields.Integer(required=True)
    rests = fields.Integer(required=True)


class BadgeRulesView(ViewSchema):
    """The rules of levels, streaks and badges, as they can be reached here."""

    levels = fields.List(fields.Nested(LevelView), required=True)
    streak = fields.Nested(StreakRuleView, required=True)
    badges = fields.List(fields.Nested(BadgeView), required=True)


class StandingView(ViewSchema):
    """Where somebody stands: grams avoided in their life, the level held, what is lacking to the next."""

    avoided_g = fields.Integer(required=True)
    level = fields.Nested(LevelView, required=True)
    following = fields.Nested(LevelView, required=True, allow_none=True)
    lacking_g = fields.Integer(required=True)


class StreakView(ViewSchema):
    """The streak that runs, the longest there was, and how many days in a row may rest now."""

    current = fields.Integer(required=True)
    longest = fields.Integer(required=True)
    rests = fields.Integer(required=True)


class BadgeFactsView(ViewSchema):
    """A badge as its person sees it: how far they have come, and since when they hold it."""

    badge = fields.Nested(BadgeView, required=True)
    figure = fields.Integer(required=True)
    earned_on = fields.Date(required=True, allow_none=True)


class TrailView(ViewSchema):
    """A person's way so far. Only they see it."""

    standing = fields.Nested(StandingView, required=True)
    streak = fields.Nested(StreakView, required=True)
    active_days = fields.Function(
        lambda trail: len(trail.days.all), required=True, metadata={"type": "integer"}
    )
    badges = fields.List(fields.Nested(BadgeFactsView), required=True)


class ScenePartView(ViewSchema):
    """What one kind of act avoided in the year, and on how many days it was done."""

    scene = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    grams = fields.Integer(required=True)
    days = fields.Integer(required=True)


class EarnedView(ViewSchema):
    """A badge that was earned in the year."""

    code = fields.Function(lambda earned: earned[0].code, required=True, metadata={"type": "string"})
    name_zh = fields.Function(lambda earned: earned[0].name_zh, required=True, metadata={"type": "string"})
    name_en = fields.Function(lambda earned: earned[0].name_en, required=True, metadata={"type": "string"})


class YearReviewView(ViewSchema):
    """A year: three figures that are never added, and the days behind them.

    Emitted grams are those of the months that were recorded, and no other.
    """

    year = fields.Integer(required=True)
    over = fields.Boolean(required=True)
    as_of = Moment(required=True)
    avoided_g = fields.Integer(required=True)
    avoided_by_month = fields.List(fields.Integer(), required=True)
    parts = fields.List(fields.Nested(ScenePartView), required=True)
    before_g = fields.Integer(required=True)
    emitted_g = fields.Integer(required=True)
    recorded_months = fields.Integer(required=True)
    retired_g = fields.Integer(required=True)
    active_days = fields.Integer(required=True)
    longest_streak = fields.Integer(required=True)
    badges = fields.List(fields.Nested(EarnedView), required=True)


class YearLinkView(ViewSchema):
    """Where a year is shown; `picture` is the same as a PNG."""

    url = fields.String(required=True)
    picture = fields.String(required=True)
