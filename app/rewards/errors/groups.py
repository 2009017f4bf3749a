"""What can be refused about groups."""

from app.kit.problems import Problem


class GroupUnknown(Problem):
    """There is no such group, or it is none of the caller's and stands on no board."""

    status = 404
    message = "rewards.group_unknown"


class JoinCodeUnknown(Problem):
    """No group is joined by this code, or a newer code took its place."""

    status = 404
    message = "rewards.join_code_unknown"


class GroupJoined(Problem):
    """The caller is a member already."""

    status = 409
    message = "rewards.group_joined"


class GroupFull(Problem):
    """It has as many members as a group may have."""

    status = 409
    message = "rewards.group_full"


class TooManyGroups(Problem):
    """Nobody is in more groups than this."""

    status = 409
    message = "rewards.too_many_groups"


class MemberUnknown(Problem):
    """Nobody in this group has this code."""

    status = 404
    message = "rewards.member_unknown"


class OwnerOnly(Problem):
    """A member, but not the one who looks after the group."""

    status = 403
    message = "rewards.owner_only"
