"""What the registry refuses."""

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


class Sanctioned(Problem):
    """The holder or the project is suspended or removed; the register says why."""

    status = 409
    message = "registry.sanctioned"


class NewLotsBarred(Problem):
    """A limit in force bars this holder or project from opening lots."""

    status = 409
    message = "registry.new_lots_barred"


class LotHalted(Problem):
    """The lot's seller or project is suspended or removed: nothing can be ordered from it."""

    status = 409
    message = "registry.lot_halted"


class DailyLimitReached(Problem):
    """A limit in force lets no more be sold today from this lot."""

    status = 409
    message = "registry.daily_limit_reached"


class SanctionUnknown(Problem):
    """No sanction has this code."""

    status = 404
    message = "registry.sanction_unknown"


class SanctionPastThis(Problem):
    """The sanction does not stand where this step begins."""

    status = 409
    message = "registry.sanction_past_this"


class SanctionStands(Problem):
    """The same stands against this holder or project already."""

    status = 409
    message = "registry.sanction_stands"


class OtherOperatorNeeded(Problem):
    """Whoever proposed this cannot agree to it."""

    status = 403
    message = "registry.other_operator_needed"


class TargetUnknown(Problem):
    """No such holder, or one that no sanction can be laid upon."""

    status = 404
    message = "registry.target_unknown"


class HeadUnknown(Problem):
    """The log has no head with this number, or none at all yet."""

    status = 404
    message = "registry.head_unknown"


class ProofUnknown(Problem):
    """The proof asks for more leaves than are sealed, or for none."""

    status = 404
    message = "registry.proof_unknown"


class LogGap(RuntimeError):
    """What was logged is not what the blocks say: a head over it would be false, so none is signed."""


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


class WishUnknown(Problem):
    """No wish has this code, or an operator has hidden it."""

    status = 404
    message = "registry.wish_unknown"


class WishClosed(Problem):
    """The wish has ended: withdrawn, expired, fulfilled or hidden."""

    status = 409
    message = "registry.wish_closed"


class TooManyWishes(Problem):
    """The holder has as many open wishes as one may have."""

    status = 409
    message = "registry.too_many_wishes"


class TooManyOffers(Problem):
    """The wish was offered as many lots as it may be."""

    status = 409
    message = "registry.too_many_offers"


class LotDoesNotFit(Problem):
    """The lot is not what the wish asks for, or is no longer on sale."""

    status = 409
    message = "registry.lot_does_not_fit"


class OwnWish(Problem):
    """Nobody sells to themselves."""

    status = 409
    message = "registry.own_wish"


class NotTheSeller(Problem):
    """Only who sells a lot may close it or offer it to somebody."""

    status = 403
    message = "registry.not_the_seller"


class SellerUnknown(Problem):
    """No such holder, or one that may not sell."""

    status = 404
    message = "registry.seller_unknown"


class SharesRegistered(Problem):
    """The right holders' shares of this project are registered; a seller cannot name others."""

    status = 409
    message = "registry.shares_registered"


class TooManyLots(Problem):
    """The seller has as many lots on sale as one may have."""

    status = 409
    message = "registry.too_many_lots"
