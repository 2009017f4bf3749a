"""The market: wishes, offers and sellers."""

from app.kit.problems import Problem


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
