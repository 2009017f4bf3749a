"""What is refused about webhooks."""

from app.kit.problems import Problem


class EndpointUnknown(Problem):
    """There is no such endpoint, or it is another's, or it was ended."""

    status = 404
    message = "causes.endpoint_unknown"


class EndpointForbidden(Problem):
    """The address is none that we push to."""

    status = 422
    message = "causes.endpoint_forbidden"


class TooManyEndpoints(Problem):
    """An organisation has as many endpoints as it may have."""

    status = 409
    message = "causes.too_many_endpoints"


class DeadLetterUnknown(Problem):
    """There is no such dead letter, or it was delivered meanwhile."""

    status = 404
    message = "causes.dead_letter_unknown"
