"""What offsets refuse."""

from app.kit.problems import Problem


class OrderUnknown(Problem):
    """No such order, or another's."""

    status = 404
    message = "offsets.order_unknown"


class OrderNotPayable(Problem):
    """The order is paid, expired or about to expire."""

    status = 409
    message = "offsets.order_not_payable"


class PaymentRefused(Problem):
    """The provider refuses to open this payment."""

    status = 409
    message = "offsets.payment_refused"


class CertificateUnknown(Problem):
    """No certificate has this number."""

    status = 404
    message = "offsets.certificate_unknown"


class DoubtUnknown(Problem):
    """No doubt has this number."""

    status = 404
    message = "offsets.doubt_unknown"


class DoubtResolved(Problem):
    """The doubt was explained before."""

    status = 409
    message = "offsets.doubt_resolved"
