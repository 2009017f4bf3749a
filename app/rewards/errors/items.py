"""Refusals about what points can be redeemed for."""

from app.kit.problems import Conflict, NotAllowed, NotFound, Unreadable


class ItemUnknown(NotFound):
    """There is no such item on offer."""

    message = "rewards.item_unknown"


class ItemNotOpen(Conflict):
    """It is not yet, or no longer, on offer."""

    message = "rewards.item_not_open"


class ItemSoldOut(Conflict):
    """None is left."""

    message = "rewards.item_sold_out"


class ItemElsewhere(Conflict):
    """It is for people at home in another region."""

    message = "rewards.item_elsewhere"


class LimitReached(Conflict):
    """This person has had as many as one person may have in this time."""

    message = "rewards.limit_reached"


class AddressRequired(Unreadable):
    """A parcel needs an address."""

    message = "rewards.address_required"


class AddressNotNeeded(Unreadable):
    """Nothing is sent, so nobody may ask where to."""

    message = "rewards.address_not_needed"


class ItemFixed(Conflict):
    """What was published never changes, and what was withdrawn never comes back."""

    message = "rewards.item_fixed"


class ItemChanged(Conflict):
    """Its draft is no longer the one that was read."""

    message = "rewards.item_changed"


class OwnDraft(NotAllowed):
    """Whoever drafted or added it does not publish or confirm it."""

    message = "rewards.own_draft"


class SupplyMismatch(Unreadable):
    """A thing of this kind is not handed out so, or lacks what that needs."""

    message = "rewards.supply_mismatch"


class GiverUnknown(Unreadable):
    """No holder with a name that we have verified has this code."""

    message = "rewards.giver_unknown"


class CodesRefused(Unreadable):
    """Some lines hold no code; none of the list was taken."""

    message = "rewards.codes_refused"


class StockFixed(Conflict):
    """Its stock is the codes that were uploaded, or without an end."""

    message = "rewards.stock_fixed"


class VoucherPartnerUnknown(NotFound):
    """There is no such partner, or it is not confirmed, or it has ended."""

    message = "rewards.voucher_partner_unknown"


class VoucherPartnerSettled(Conflict):
    """It was confirmed or ended already."""

    message = "rewards.voucher_partner_settled"
