"""Refusals about fairness."""

from app.kit.problems import Conflict, NotAllowed


class RedeemingHeld(Conflict):
    """Redeeming waits until somebody has looked at the account; why and until when is on its page."""

    message = "rewards.redeeming_held"


class InquiryDecided(Conflict):
    """It was decided already, or has ended."""

    message = "rewards.inquiry_decided"


class NothingToTakeBack(Conflict):
    """The signal rests on no acts of this account that stand."""

    message = "rewards.nothing_to_take_back"


class AnotherOperatorNeeded(NotAllowed):
    """Nobody confirms or answers what they have decided themselves."""

    message = "rewards.another_operator_needed"


class AppealClosed(Conflict):
    """It was appealed before, its time is over, or there is nothing to appeal."""

    message = "rewards.appeal_closed"


class AppealAnswered(Conflict):
    """Somebody was faster, or the time for an answer is over."""

    message = "rewards.appeal_answered"


class ProgrammeDoesNotThank(Conflict):
    """By this programme's tariff and fund the act would earn nothing either."""

    message = "rewards.programme_does_not_thank"


class ProposalChanged(Conflict):
    """Another programme is proposed now than whoever answers has read."""

    message = "rewards.proposal_changed"
