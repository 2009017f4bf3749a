"""What an organisation is refused."""

from app.kit.problems import Problem


class BudgetExceeded(Problem):
    """An order would pass a budget; nothing was reserved."""

    status = 409
    message = "causes.budget_exceeded"


class OrganisationUnverified(Problem):
    """Only organisations whose name was verified may do this."""

    status = 409
    message = "causes.organisation_unverified"


class PayByMember(Problem):
    """WeChat asks a person to pay; a program cannot."""

    status = 409
    message = "causes.pay_by_member"


class InvoiceUnknown(Problem):
    """There is no such request for an invoice, or it is another's, or it has no file yet."""

    status = 404
    message = "causes.invoice_unknown"


class InvoiceDetailsMissing(Problem):
    """Nobody has said yet what the invoice must say, or not all that this kind asks for."""

    status = 409
    message = "causes.invoice_details_missing"


class InvoiceNotDue(Problem):
    """The order is not settled, or all of it went back."""

    status = 409
    message = "causes.invoice_not_due"


class InvoiceAsked(Problem):
    """An invoice of this order was asked for already."""

    status = 409
    message = "causes.invoice_asked"


class InvoiceMoved(Problem):
    """The request has taken this step already, or another one."""

    status = 409
    message = "causes.invoice_moved"


class InvoiceNumberUsed(Problem):
    """Another request was answered with an invoice of this number."""

    status = 409
    message = "causes.invoice_number_used"


class InvoiceFileRefused(Problem):
    """An invoice is a PDF or OFD file of at most two megabytes."""

    status = 422
    message = "causes.invoice_file_refused"
