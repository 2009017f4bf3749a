"""Projects, lots and regions: what cannot be found or done."""

from app.kit.problems import Problem


class SoldOut(Problem):
    """The lot has fewer units left than asked for, or is no longer on sale."""

    status = 409
    message = "registry.sold_out"


class ProjectUnknown(Problem):
    """No project has this code."""

    status = 404
    message = "registry.project_unknown"


class LotUnknown(Problem):
    """No lot has this code."""

    status = 404
    message = "registry.lot_unknown"


class QuantityNotSold(Problem):
    """The quantity or amount is no whole number of the lot's steps."""

    status = 422
    message = "registry.quantity_not_sold"


class PeriodIssued(Problem):
    """Units of this project were issued for this vintage or for a day of this period before."""

    status = 409
    message = "registry.period_issued"


class BlockNotFree(Problem):
    """The block is not there to be sold: not active, on sale already, or smaller than asked for."""

    status = 409
    message = "registry.block_not_free"


class NotReserved(Problem):
    """More units are to be released or retired than the lot has reserved."""

    status = 409
    message = "registry.not_reserved"


class RegionUnknown(Problem):
    """No region has this code, in the table that was loaded."""

    status = 404
    message = "registry.region_unknown"


class RegionOutside(Problem):
    """The region does not lie in the county that the project's serials name."""

    status = 422
    message = "registry.region_outside"
