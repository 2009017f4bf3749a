"""What keeping a month refuses."""

from app.kit.problems import Problem


class TooManyCalculations(Problem):
    """Every time that a month is kept stays, and so many do."""

    status = 409
    message = "footprint.too_many_calculations"
