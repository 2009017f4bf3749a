"""What is refused of lists of participants and of people's own reports."""

from typing import ClassVar

from app.kit.problems import Problem, TooLarge, TooMany


class ListUnreadable(Problem):
    """The file is no list of participants that could be read; why is named."""

    status = 422
    message = "causes.list_unreadable"


class ListTooLarge(TooLarge):
    """The file is larger than any list."""

    message = "causes.list_too_large"


class ListFaulty(Problem):
    """Lines of the list cannot be counted, and it was to be taken as a whole."""

    status = 409
    message = "causes.list_faulty"


class ListHasNobody(Problem):
    """No line of the list could be counted."""

    status = 409
    message = "causes.list_has_nobody"


class ImportDecided(Problem):
    """This import was taken, dropped or replaced already."""

    status = 409
    message = "causes.import_decided"


class GuideWithoutPeople(Problem):
    """The event's inventory follows a version of the guide that counts no lists."""

    status = 409
    message = "causes.guide_without_people"


class NothingOpen(Problem):
    """Every stage that was begun is closed: what people come to would be counted nowhere."""

    status = 409
    message = "causes.nothing_open"


class ListWithoutNumbers(Problem):
    """One-time codes follow from the list's numbers, and it has none."""

    status = 422
    message = "causes.list_without_numbers"


class ReportsClosed(Problem):
    """The organiser takes no reports, or not any more."""

    status = 409
    message = "causes.reports_closed"


class ReportRemoved(Problem):
    """The organiser has taken this phone's report out."""

    status = 409
    message = "causes.report_removed"


class CodeUsed(Problem):
    """Somebody has reported with this one-time code on another phone."""

    status = 409
    message = "causes.code_used"


class CodeUnknown(Problem):
    """No participant of the list has this one-time code."""

    status = 422
    message = "causes.code_unknown"


class ReportsTooMany(TooMany):
    """More reports at once, or from one phone, or in all, than people would send."""

    message = "causes.reports_too_many"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "60"}
