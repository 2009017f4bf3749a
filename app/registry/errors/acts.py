"""What holders and operators may not do with units."""

from app.kit.problems import Problem


class PurposeUnfit(Problem):
    """The units cannot be used up for this purpose; `errors` says why."""

    status = 422
    message = "registry.purpose_unfit"


class HandingOverBarred(Problem):
    """A limit on this holder keeps units from leaving their account by another way than a sale under it."""

    status = 409
    message = "registry.handing_over_barred"
