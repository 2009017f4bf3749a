"""What can be refused about challenges."""

from app.kit.problems import Problem


class ChallengeUnknown(Problem):
    """There is no such challenge."""

    status = 404
    message = "rewards.challenge_unknown"


class ChallengeStarted(Problem):
    """It has begun, or is over: its groups are fixed."""

    status = 409
    message = "rewards.challenge_started"


class ChallengeOver(Problem):
    """It is decided or called off."""

    status = 409
    message = "rewards.challenge_over"


class ChallengeFull(Problem):
    """It has as many groups as a challenge may have."""

    status = 409
    message = "rewards.challenge_full"


class TooManyChallenges(Problem):
    """Nobody has more open ones than this."""

    status = 409
    message = "rewards.too_many_challenges"


class GroupUnfit(Problem):
    """The challenge is for groups of another kind."""

    status = 409
    message = "rewards.group_unfit"


class NotInChallenge(Problem):
    """The group does not take part, or nobody counts the caller."""

    status = 404
    message = "rewards.not_in_challenge"


class ChallengeOrganiserOnly(Problem):
    """Only who called it may do that."""

    status = 403
    message = "rewards.challenge_organiser_only"


class RewardStands(Problem):
    """It is promised or asked for already."""

    status = 409
    message = "rewards.reward_stands"


class RewardOwn(Problem):
    """Whoever asked for it does not approve it."""

    status = 403
    message = "rewards.reward_own"


class RewardTooLate(Problem):
    """The programme does not thank any more, or not yet, on the day of the result."""

    status = 409
    message = "rewards.reward_too_late"


class RewardUncovered(Problem):
    """The programme does not hold as much as the largest roster could be granted."""

    status = 409
    message = "rewards.reward_uncovered"
