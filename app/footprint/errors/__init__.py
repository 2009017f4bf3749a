"""What footprint refuses."""

from app.kit.problems import Problem


class WeRunNotAccepted(Problem):
    """Step data that is malformed, foreign, stale or seen before: one answer for all of them.

    The client calls wx.login, then wx.getWeRunData, and sends again. One answer, because a reader who
    could tell the causes apart would have a padding oracle on AES-CBC.
    """

    status = 409
    message = "footprint.wx_session_expired"


class StepsNotCounted(Problem):
    """The pack of methodologies that counts here counts no steps."""

    status = 409
    message = "footprint.steps_not_counted"


class TripOverlaps(Problem):
    """The holder has another trip at that time: one cannot ride twice at once."""

    status = 409
    message = "footprint.trip_overlaps"


class PhotoNotTaken(Problem):
    """The file is no photo that we take; `errors` says why."""

    status = 422
    message = "footprint.photo_not_taken"


class PhotoAlreadyUsed(Problem):
    """The same picture was attached to another act: one photo proves one act."""

    status = 409
    message = "footprint.photo_already_used"


class PhotoNotNeeded(Problem):
    """The act counts no more with a photo than without."""

    status = 409
    message = "footprint.photo_not_needed"


class TooManyPhotos(Problem):
    """An act takes so many photos and no more."""

    status = 409
    message = "footprint.too_many_photos"


class ReviewWaits(Problem):
    """The act waits for a decision already."""

    status = 409
    message = "footprint.review_waits"


class NothingToAppeal(Problem):
    """Nothing was cut or held, the act was withdrawn, or it was appealed before."""

    status = 409
    message = "footprint.nothing_to_appeal"


class ReviewDecided(Problem):
    """Somebody was faster, or the act was withdrawn."""

    status = 409
    message = "footprint.review_decided"


class OtherOperatorNeeded(Problem):
    """Nobody decides on an appeal against their own decision."""

    status = 403
    message = "footprint.other_operator_needed"
