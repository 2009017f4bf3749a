"""Refusals about redemptions."""

from app.kit.problems import Conflict, NotAllowed, NotFound


class RedemptionUnknown(NotFound):
    """There is no such redemption, or it is another's."""

    message = "rewards.redemption_unknown"


class RedemptionFixed(Conflict):
    """It stands where this can no longer, or not yet, be done."""

    message = "rewards.redemption_fixed"


class VoucherUnknown(NotFound):
    """No voucher of this shop has this code."""

    message = "rewards.voucher_unknown"


class VoucherUsed(Conflict):
    """It was marked used already."""

    message = "rewards.voucher_used"


class VoucherOver(Conflict):
    """It was not used in time, or its holder gave it back."""

    message = "rewards.voucher_over"


class ComplaintMade(Conflict):
    """There was a complaint about it already."""

    message = "rewards.complaint_made"


class ReturnPending(Conflict):
    """Somebody has proposed to return it, and nobody has decided on that yet."""

    message = "rewards.return_pending"


class ReturnUnknown(NotFound):
    """Nobody has proposed to return it."""

    message = "rewards.return_unknown"


class OwnReturn(NotAllowed):
    """Whoever proposed a return does not approve it."""

    message = "rewards.own_return"
