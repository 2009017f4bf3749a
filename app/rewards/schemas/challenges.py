"""What is said about challenges."""

from marshmallow import fields

from app.kit.fields import Code, Day, Moment, NewSchema, OneOf, ViewSchema
from app.rewards.rules.challenge_themes import themes
from app.rewards.rules.challenges import Measure, Status
from app.rewards.rules.groups import KINDS


class NewChallenge(NewSchema):
    """A challenge, and the group of the caller's that enters first."""

    group = Code(26, required=True)
    theme = OneOf(tuple(themes()), required=True, metadata={"description": "Of GET /v1/challenge-themes."})
    measure = OneOf(
        tuple(Measure),
        required=True,
        metadata={"description": "Grams a member, grams in all, or hundredths of active days a member."},
    )
    first_day = Day(required=True)
    last_day = Day(required=True)
    group_kind = OneOf(KINDS, metadata={"description": "Only groups of this kind may enter."})
    listed = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        metadata={"description": "Anyone finds it; otherwise it is entered by its link."},
    )


class NewChallengeGroup(NewSchema):
    """A group that enters."""

    group = Code(26, required=True)


class ChallengeThemeView(ViewSchema):
    """What groups compete in."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    says = fields.String(required=True)
    scenes = fields.List(fields.String(), required=True, metadata={"description": "Empty means all."})


class ChallengeThemesView(ViewSchema):
    """Every theme, and the rules that all challenges have."""

    items = fields.List(fields.Nested(ChallengeThemeView), required=True)
    grades = fields.List(fields.String(), required=True, metadata={"description": "Evidence that counts."})
    least_members = fields.Integer(required=True)
    least_groups = fields.Integer(required=True)
    settling_days = fields.Integer(required=True)


class ChallengeEntryView(ViewSchema):
    """A group that takes part; `name` is null where it has none that others may read."""

    group = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    kind = OneOf(KINDS, required=True)
    place = fields.Integer(required=True, allow_none=True)
    score = fields.Integer(required=True)
    members = fields.Integer(required=True)
    active_members = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Null where they are fewer than `least_members`."},
    )
    avoided_g = fields.Integer(required=True)
    active_days = fields.Integer(required=True)


class ChallengeRewardView(ViewSchema):
    """What a sponsor's programme promises everybody who took part in the group that comes first."""

    programme = fields.String(required=True)
    points_each = fields.Integer(required=True)
    granted_at = Moment(required=True, allow_none=True)
    lapsed_at = Moment(required=True, allow_none=True)


class ChallengeView(ViewSchema):
    """A challenge and how its groups stand."""

    code = fields.String(required=True)
    theme = fields.String(required=True)
    measure = OneOf(tuple(Measure), required=True)
    status = OneOf(tuple(Status), required=True)
    group_kind = fields.String(required=True, allow_none=True, metadata={"description": "Null for any."})
    listed = fields.Boolean(required=True)
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)
    final_on = fields.Date(required=True)
    counted_at = Moment(required=True, allow_none=True)
    decided_at = Moment(required=True, allow_none=True)
    called_off_reason = fields.String(required=True, allow_none=True)
    entries = fields.List(fields.Nested(ChallengeEntryView), required=True)
    reward = fields.Nested(ChallengeRewardView, required=True, allow_none=True)
