"""What statements refuse."""

from app.kit.problems import Problem


class PeriodUnknown(Problem):
    """No day, month or year is written so, or it has not begun yet."""

    status = 404
    message = "statements.period_unknown"


class StretchBackwards(Problem):
    """A stretch of days that ends before it begins."""

    status = 422
    message = "statements.stretch_backwards"


class HomeUnknown(Problem):
    """No region of the table has this code."""

    status = 422
    message = "statements.home_unknown"
