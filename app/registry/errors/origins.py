"""Foreign units 外来单位 and tickets 碳票."""

from app.kit.problems import Problem


class ProductDiffers(Problem):
    """A lot is of the product that its units were issued as, in that product's steps."""

    status = 422
    message = "registry.product_differs"


class OriginUnknown(Problem):
    """No foreign units have this code."""

    status = 404
    message = "registry.origin_unknown"


class OriginUnclear(Problem):
    """What was entered of foreign units contradicts itself; `errors` names the field."""

    status = 422
    message = "registry.origin_unclear"


class OriginTaken(Problem):
    """These serials, or some of them, have entered before."""

    status = 409
    message = "registry.origin_taken"


class OriginEnded(Problem):
    """These foreign units are issued, or were declined, already."""

    status = 409
    message = "registry.origin_ended"


class SecondPerson(Problem):
    """Whoever began this cannot finish it; another operator must."""

    status = 409
    message = "registry.second_person"


class TicketUnknown(Problem):
    """No carbon ticket has this number."""

    status = 404
    message = "registry.ticket_unknown"
