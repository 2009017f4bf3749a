"""What treasury refuses."""

from app.kit.problems import Conflict, NotFound


class DayUnknown(NotFound):
    """This day was never reconciled."""

    message = "treasury.day_unknown"


class NothingToExplain(Conflict):
    """No such break stands open: it is gone, explained already, or was never found."""

    message = "treasury.nothing_to_explain"


class SecondPersonNeeded(Conflict):
    """Who explained a break that carries money cannot confirm it."""

    message = "treasury.second_person_needed"
