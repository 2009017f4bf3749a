"""Where what somebody was told is seen: the page that a notice is about."""

_PAGES = (
    ("rewards.notice_challenge_", "/challenges/{reference}"),
    ("rewards.notice_planting_", "/plantings/{reference}"),
    ("rewards.notice_points_expire", "/me/points"),
    ("rewards.notice_tariff", "/points/programmes"),
    ("rewards.notice_exhausted", "/points/programmes"),
    ("rewards.notice_badge", "/me/badges"),
    ("rewards.notice_level", "/me/badges"),
    ("rewards.notice_drive_thanks", "/me/drive-gifts"),
    ("rewards.notice_befriended", "/friends"),
    ("rewards.notice_voucher_", "/me/redemptions"),
    ("rewards.notice_parcel_sent", "/me/redemptions"),
    ("rewards.notice_complaint_answered", "/me/redemptions"),
    ("rewards.notice_returned_", "/me/redemptions"),
    ("rewards.notice_held", "/me/fairness"),
    ("rewards.notice_looked_at", "/me/fairness"),
    ("rewards.notice_tak", "/me/fairness"),
    ("rewards.notice_free", "/me/fairness"),
    ("rewards.notice_appeal_", "/me/fairness"),
)
"""By how the name of a message begins."""


def seen_at(message: str, reference: str) -> str | None:
    """The page where what was told about `reference` is seen; None where the words say all there is."""
    found = (path for beginning, path in _PAGES if message.startswith(beginning))
    path = next(found, None)
    return path and path.format(reference=reference.partition(":")[0])
