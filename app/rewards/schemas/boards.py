"""What is said of boards, groups and friends."""

from marshmallow import fields

from app.kit.fields import Code, Moment, NewSchema, OneOf, ViewSchema, Written
from app.kit.paging import PageQuery
from app.rewards.rules.groups import KINDS, LONGEST_NAME

_LONGEST_OWN = 20


class BoardQuery(PageQuery):
    """Which season, and from which place on."""

    season = Code(7, metadata={"description": "Such as 2026-Q4; this season without it."})


class GroupsBoardQuery(BoardQuery):
    """Groups of one kind only."""

    kind = OneOf(KINDS)


class SeasonView(ViewSchema):
    """A quarter of the calendar in Asia/Shanghai."""

    name = fields.String(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)


class LineView(ViewSchema):
    """One place; whoever did the same has the same rank. Groups are told by what they avoided a member."""

    rank = fields.Integer(required=True)
    name = fields.String(required=True)
    named = fields.Boolean(required=True, metadata={"description": "False: a name that we gave."})
    avoided_g = fields.Integer(required=True, attribute="grams")
    own = fields.Boolean(required=True)
    group = fields.String(required=True, allow_none=True)
    members = fields.Integer(required=True, allow_none=True)


class BoardView(ViewSchema):
    """A board. `ready` is false for a moment after Redis was lost; `few` where too few stand to show who."""

    board = fields.String(required=True)
    place = fields.String(required=True, allow_none=True)
    season = fields.Nested(SeasonView, required=True)
    ready = fields.Boolean(required=True)
    as_of = Moment(required=True, allow_none=True)
    counted = fields.Integer(required=True)
    few = fields.Boolean(required=True)
    items = fields.List(fields.Nested(LineView), required=True)
    next = fields.String(required=True, allow_none=True)
    own = fields.Nested(LineView, required=True, allow_none=True)
    around = fields.List(fields.Nested(LineView), required=True)


class NameStandingView(ViewSchema):
    """A name and how it stands; others see it once it passed."""

    name = fields.String(required=True)
    status = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)


class BoardWishView(ViewSchema):
    """How the caller stands on boards."""

    away = fields.Boolean(required=True)
    name = fields.Nested(NameStandingView, required=True, allow_none=True)


class BoardWishChange(NewSchema):
    """Stand on no board, or under a name of one's own; without it under one that changes by board."""

    away = fields.Boolean(truthy={True}, falsy={False}, required=True)
    name = Written(_LONGEST_OWN, allow_none=True, load_default=None)


class NewGroup(NewSchema):
    """A group to be made."""

    kind = OneOf(KINDS, required=True)
    name = Written(LONGEST_NAME, required=True)
    listed = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        metadata={"description": "Whether it stands among the groups in public."},
    )


class GroupChange(NewSchema):
    """What its owner changes; what is not named stays."""

    name = Written(LONGEST_NAME)
    listed = fields.Boolean(truthy={True}, falsy={False})
    owner = Code(12, metadata={"description": "A member's code: who looks after the group from now on."})


class Joining(NewSchema):
    """The code that the group's owner gave."""

    code = Code(20, required=True)


class GroupMemberView(ViewSchema):
    """Somebody in a group, by a code that they have in this group only."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    named = fields.Boolean(required=True)
    owner = fields.Boolean(required=True)
    own = fields.Boolean(required=True)
    joined_at = Moment(required=True)


class GroupView(ViewSchema):
    """A group. `join_code` is told to its owner; `name` waits to be checked for others than its members."""

    code = fields.String(required=True)
    kind = fields.String(required=True)
    name = fields.Nested(NameStandingView, required=True, allow_none=True)
    listed = fields.Boolean(required=True)
    members = fields.Integer(required=True)
    own = fields.Boolean(required=True, metadata={"description": "Whether the caller looks after it."})
    join_code = fields.String(required=True, allow_none=True)
    made_at = Moment(required=True)


class GroupDetailView(GroupView):
    """A group with those who are in it."""

    people = fields.List(fields.Nested(GroupMemberView), required=True)


class GroupsView(ViewSchema):
    """The groups the caller is in."""

    items = fields.List(fields.Nested(GroupView), required=True)


class FriendCodeView(ViewSchema):
    """The code by which others become the caller's friends; null before the first was asked for."""

    code = fields.String(required=True, allow_none=True)


class NewFriendCode(NewSchema):
    """Nothing: an empty object, since friends who have the code before cannot use it any more."""


class Befriending(NewSchema):
    """A friend's code, and what one calls them for oneself alone."""

    code = Code(20, required=True)
    label = Written(_LONGEST_OWN, allow_none=True, load_default=None)


class FriendChange(NewSchema):
    """What one calls a friend, for oneself alone; null takes it back."""

    label = Written(_LONGEST_OWN, allow_none=True, required=True)


class FriendView(ViewSchema):
    """A friend, by a code of this friendship."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    label = fields.String(required=True, allow_none=True)
    made_at = Moment(required=True)


class FriendsView(ViewSchema):
    """The caller's friends, the newest first."""

    items = fields.List(fields.Nested(FriendView), required=True)
