"""What is true of groups and friends: kinds, sizes, who follows an owner. Pure."""

KINDS = ("team", "school", "village", "office", "class")
MOST_MEMBERS = 500
"""A school is the largest of them; who is in it stands on one page."""
MOST_GROUPS = 10
"""In how many one person may be at once: as many as one knows, not as many as there are."""
MOST_FRIENDS = 200
LONGEST_NAME = 30
LEAST_COUNTED = 3
"""Members on boards that a group needs before its average is shown: of two, each would know the other's."""
JOIN_LETTERS = 10
"""50 bits of a code to join, and its check character."""


def per_member_g(total_g: int, members: int) -> int | None:
    """What a group has avoided a member, rounded down; None below the least number of members."""
    return max(total_g, 0) // members if members >= LEAST_COUNTED else None
