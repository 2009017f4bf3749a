"""What can be refused about friends."""

from app.kit.problems import Problem


class FriendCodeUnknown(Problem):
    """Nobody is found by this code, or a newer one took its place."""

    status = 404
    message = "rewards.friend_code_unknown"


class FriendUnknown(Problem):
    """There is no such friendship of the caller."""

    status = 404
    message = "rewards.friend_unknown"


class AlreadyFriends(Problem):
    """They are friends already, or it is the caller's own code."""

    status = 409
    message = "rewards.already_friends"


class TooManyFriends(Problem):
    """One of the two has as many friends as one may have."""

    status = 409
    message = "rewards.too_many_friends"
