"""Refusals about what two operators decide of a programme."""

from app.kit.problems import Conflict, NotFound, Unreadable


class ProposalUnknown(NotFound):
    """There is no such proposal."""

    message = "rewards.proposal_unknown"


class ProposalDecided(Conflict):
    """It was approved or turned down meanwhile."""

    message = "rewards.proposal_decided"


class ProposalWaiting(Conflict):
    """Another proposal about this programme waits."""

    message = "rewards.proposal_waiting"


class SponsorUnverified(Conflict):
    """Whoever gives the money is printed on public pages, and nobody has looked their name up."""

    message = "rewards.sponsor_unverified"


class TermsRefused(Unreadable):
    """A term of the programme or its tariff makes no sense."""

    message = "rewards.terms_refused"


class ProgrammeOpen(Conflict):
    """Money goes back to a sponsor when the programme has ended."""

    message = "rewards.programme_open"


class FeesElsewhere(Conflict):
    """What is left of a fund goes to its sponsor: the platform's fees go into its own programmes only."""

    message = "rewards.fees_elsewhere"


class MovementKnown(Conflict):
    """A movement with this bank's reference is recorded already."""

    message = "rewards.movement_known"
