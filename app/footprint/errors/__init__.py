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
