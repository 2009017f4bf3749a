"""What can be refused about boards."""

from app.kit.problems import Problem


class BoardUnknown(Problem):
    """There is no such board: the season's are not kept, or the place has none."""

    status = 404
    message = "rewards.board_unknown"


class NoHome(Problem):
    """The caller has not said where they are at home, or not that closely."""

    status = 409
    message = "rewards.no_home"
