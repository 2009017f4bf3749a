"""What treasury refuses."""

from app.kit.problems import Conflict, NotFound, Problem


class DayUnknown(NotFound):
    """This day was never reconciled."""

    message = "treasury.day_unknown"


class DayNotDue(Conflict):
    """Its bills cannot be had: they are not out, too old, or of before the first payment."""

    message = "treasury.day_not_due"


class DayBusy(Conflict):
    """The day is being matched at this moment."""

    message = "treasury.day_busy"


class NothingToExplain(Conflict):
    """No such break stands open: it is gone, explained already, or was never found."""

    message = "treasury.nothing_to_explain"


class SecondPersonNeeded(Conflict):
    """Who explained a break that carries money cannot confirm it."""

    message = "treasury.second_person_needed"


class PayeeUnknown(Problem):
    """No such bank account."""

    status = 404
    message = "treasury.payee_unknown"


class PayeePending(Problem):
    """An account of this holder waits for its confirmation already."""

    status = 409
    message = "treasury.payee_pending"


class PayeeEnded(Problem):
    """The account was ended or confirmed meanwhile."""

    status = 409
    message = "treasury.payee_ended"


class PayeeDiffers(Problem):
    """The second person typed another number than the first."""

    status = 422
    message = "treasury.payee_differs"


class SamePerson(Problem):
    """Two steps that need two people came from one."""

    status = 403
    message = "treasury.same_person"


class MonthNotOver(Problem):
    """A month is paid out when it is over."""

    status = 409
    message = "treasury.month_not_over"


class NothingToPay(Problem):
    """As of the month's end nobody is owed anything that no other payout was promised."""

    status = 409
    message = "treasury.nothing_to_pay"


class RunUnknown(Problem):
    """No such run, or no such payout in it."""

    status = 404
    message = "treasury.run_unknown"


class RunPastThis(Problem):
    """The run does not stand where this step begins."""

    status = 409
    message = "treasury.run_past_this"


class PayeesChanged(Problem):
    """Bank accounts of these payouts were ended since the run was prepared."""

    status = 409
    message = "treasury.payees_changed"


class HoldersSanctioned(Problem):
    """Holders of these payouts were suspended or removed since the run was prepared."""

    status = 409
    message = "treasury.holders_sanctioned"


class FeesPromised(Problem):
    """Refunds were promised a part of the fees that the run would pay out."""

    status = 409
    message = "treasury.fees_promised"


class ReportsWaiting(Problem):
    """Payouts that were reported as failed wait for a second operator."""

    status = 409
    message = "treasury.reports_waiting"


class ResultsRefused(Problem):
    """The bank's results do not fit the run; nothing was recorded."""

    status = 422
    message = "treasury.results_refused"


class StatementUnknown(Problem):
    """No statement has this number."""

    status = 404
    message = "treasury.statement_unknown"
