"""Blocks 号段: what cannot be done with units."""

from app.kit.problems import Problem


class SerialUnknown(Problem):
    """No units were ever issued under this serial."""

    status = 404
    message = "registry.serial_unknown"


class HoldingUnknown(Problem):
    """The caller holds nothing under this serial; another's units look the same."""

    status = 404
    message = "registry.holding_unknown"


class NotEnoughFree(Problem):
    """No block within the named serials is free and large enough for this."""

    status = 409
    message = "registry.not_enough_free"


class UnitsBound(Problem):
    """These units were handed over for a court's ruling: they may only be retired."""

    status = 409
    message = "registry.units_bound"


class ResaleClosed(Problem):
    """Units of this product may not be offered again."""

    status = 409
    message = "registry.resale_closed"


class ReceiverUnknown(Problem):
    """Nobody has this code, or they cannot receive from the caller."""

    status = 422
    message = "registry.receiver_unknown"


class HoldUnknown(Problem):
    """The caller has no hold or gift with this code."""

    status = 404
    message = "registry.hold_unknown"


class HoldEnded(Problem):
    """What this code stood for has ended: redeemed, released, fallen back or gone with its forest."""

    status = 409
    message = "registry.hold_ended"


class HoldNotYours(Problem):
    """This hold is not ended in this way: a pledge only for the pledgee, a gift not by its giver."""

    status = 409
    message = "registry.hold_not_yours"


class RetirementUnknown(Problem):
    """No retirement has this number."""

    status = 404
    message = "registry.retirement_unknown"


class MandateUnknown(Problem):
    """No mandate has this code."""

    status = 404
    message = "registry.mandate_unknown"


class MandateDecided(Problem):
    """The mandate was approved or declined before."""

    status = 409
    message = "registry.mandate_decided"


class MandateOwn(Problem):
    """Whoever asked for it cannot approve it."""

    status = 409
    message = "registry.mandate_own"


class NothingOwed(Problem):
    """Nothing of this reversal is owed any more, or there is nothing to cover it with."""

    status = 409
    message = "registry.nothing_owed"
