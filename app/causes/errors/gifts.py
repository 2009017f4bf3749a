"""What can be refused about gifts and about words that people write for others."""

from app.kit.problems import Problem


class GiftUnknown(Problem):
    """There is no such gift, or it is another's."""

    status = 404
    message = "causes.gift_unknown"


class CardUnknown(Problem):
    """No card has this address, or it is not the caller's."""

    status = 404
    message = "causes.card_unknown"


class GiftTaken(Problem):
    """Somebody has claimed it already."""

    status = 409
    message = "causes.gift_taken"


class GiftOver(Problem):
    """It was not claimed in time, or its giver took it back."""

    status = 409
    message = "causes.gift_over"


class GiftOwn(Problem):
    """Nobody gives to themselves."""

    status = 409
    message = "causes.gift_own"


class GiftNotReady(Problem):
    """It is not paid, not retired or not checked yet."""

    status = 409
    message = "causes.gift_not_ready"


class GiftFixed(Problem):
    """Somebody has read its words already, or it came to nothing."""

    status = 409
    message = "causes.gift_fixed"


class RecipientsExceed(Problem):
    """More people are named than the gift has cards."""

    status = 422
    message = "causes.recipients_exceed"


class ThanksSent(Problem):
    """Thanks were written for this card already."""

    status = 409
    message = "causes.thanks_sent"


class InscriptionUnknown(Problem):
    """There are no such words."""

    status = 404
    message = "causes.inscription_unknown"


class InscriptionJudged(Problem):
    """They were judged already, or their author took them back."""

    status = 409
    message = "causes.inscription_judged"
