"""What can be refused about drives and gifts to them."""

from app.kit.problems import Problem


class DriveUnknown(Problem):
    """There is no such drive, or nobody may see it yet."""

    status = 404
    message = "rewards.drive_unknown"


class DriveNotOpen(Problem):
    """It has not begun, is over, or was closed."""

    status = 409
    message = "rewards.drive_not_open"


class DriveReached(Problem):
    """It would come to more than was asked for; `left` is what it still takes."""

    status = 409
    message = "rewards.drive_reached"


class DriveFaulty(Problem):
    """A drive as drafted cannot be; `errors` names each field."""

    status = 422
    message = "rewards.drive_faulty"


class DriveNeedsAnother(Problem):
    """Who wrote it may not be who shows it."""

    status = 409
    message = "rewards.drive_needs_another"


class DriveDecided(Problem):
    """Somebody has taken this step already."""

    status = 409
    message = "rewards.drive_decided"


class DriveWithoutForest(Problem):
    """The drive names no forest whose units could be bought for it."""

    status = 409
    message = "rewards.drive_without_forest"


class StepsGivenAway(Problem):
    """The steps of this day earned nothing that could still be given."""

    status = 409
    message = "rewards.steps_given_away"


class ThanksUnknown(Problem):
    """There are no thanks with this number."""

    status = 404
    message = "rewards.thanks_unknown"
