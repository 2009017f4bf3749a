"""What is said about programmes, their budgets, the rulebook and a holder's expiring and spent points."""

from marshmallow import fields

from app.kit.fields import Moment, ViewSchema


class RewardTariffView(ViewSchema):
    """One version of a tariff; it never changes."""

    version = fields.Integer(required=True)
    valid_from = fields.Date(required=True)
    grams_per_point = fields.Integer(required=True)
    scenes = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    pending_days = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    life_months = fields.Integer(required=True)
    announced_at = Moment(required=True)


class TallyView(ViewSchema):
    """What all points of a programme came to when they were last counted."""

    granted = fields.Integer(required=True)
    expired = fields.Integer(required=True)
    taken_back = fields.Integer(required=True)
    spent_on = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    counted_at = Moment(required=True)


class FundView(ViewSchema):
    """A programme's money to the fen; a point is a fen of it."""

    paid_in_fen = fields.Integer(required=True)
    returned_fen = fields.Integer(required=True)
    fund_fen = fields.Integer(required=True)
    promise = fields.Integer(required=True, metadata={"description": "What it can still promise."})
    outstanding = fields.Integer(required=True, metadata={"description": "What people hold of it."})
    spent = fields.Integer(required=True)
    tally = fields.Nested(TallyView, required=True, allow_none=True)


class WorthView(ViewSchema):
    """What a kilogram avoided earns beside what a kilogram of forest carbon costs where it is cheapest."""

    earns_fen = fields.Decimal(required=True, as_string=True)
    forest_fen = fields.Decimal(required=True, as_string=True, allow_none=True)
    times = fields.Decimal(required=True, as_string=True, allow_none=True)


class RewardProgrammeView(ViewSchema):
    """A sponsor's programme as anyone may see it."""

    code = fields.String(required=True, attribute="programme.code")
    name = fields.String(required=True, attribute="programme.name")
    sponsor = fields.String(required=True, attribute="sponsor_name")
    state = fields.String(required=True)
    region = fields.String(required=True, allow_none=True, attribute="programme.region")
    begins_on = fields.Date(required=True, attribute="programme.begins_on")
    ends_on = fields.Date(required=True, allow_none=True, attribute="programme.ends_on")
    pays_for = fields.List(fields.String(), required=True, allow_none=True, attribute="programme.pays_for")
    stopped_at = Moment(required=True, allow_none=True, attribute="programme.stopped_at")
    closed_at = Moment(required=True, allow_none=True, attribute="programme.closed_at")
    tariffs = fields.List(fields.Nested(RewardTariffView), required=True)
    budget = fields.Nested(FundView, required=True)
    worth = fields.Nested(WorthView, required=True, allow_none=True)


class GiverView(ViewSchema):
    """Whoever gave things for a programme's points."""

    name = fields.String(required=True)
    payments = fields.Integer(required=True)
    amount_fen = fields.Integer(required=True)


class SponsoredView(RewardProgrammeView):
    """A programme as its sponsor sees it: whom the money went to, too."""

    givers = fields.List(fields.Nested(GiverView), required=True)


class SponsoredListView(ViewSchema):
    """An organisation's programmes."""

    items = fields.List(fields.Nested(SponsoredView), required=True)


class ArticleView(ViewSchema):
    """One article of the rulebook."""

    key = fields.String(required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    source = fields.String(required=True, allow_none=True)


class RulebookView(ViewSchema):
    """The rules of points."""

    version = fields.String(required=True)
    valid_from = fields.Date(required=True)
    articles = fields.List(fields.Nested(ArticleView), required=True)


class ExpiringView(ViewSchema):
    """Points of one programme that expire at one moment."""

    programme = fields.String(required=True)
    points = fields.Integer(required=True)
    expires_at = Moment(required=True)


class ExpiringListView(ViewSchema):
    """What expires next, the nearest first."""

    items = fields.List(fields.Nested(ExpiringView), required=True)


class SpendingView(ViewSchema):
    """Points that were set aside for something, and whether they were spent or came back."""

    kind = fields.String(required=True)
    points = fields.Integer(required=True)
    reserved_at = Moment(required=True)
    spent_at = Moment(required=True, allow_none=True)
    returned_at = Moment(required=True, allow_none=True)
