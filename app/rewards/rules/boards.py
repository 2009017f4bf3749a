"""What boards there are and what stands on them. Pure.

A board is named `SEASON:WHAT`: `all`, `p:350721` (a place), `g:17` (a group's members), `groups`,
`groups:class` (groups among themselves, by what they avoided a member).
"""

from collections.abc import Callable

from app.rewards.rules.seasons import Season

ALL = "all"
GROUPS = "groups"
COUNTY = "county"
PLACE_DIGITS = {COUNTY: 6, "village": 12}
"""The levels that have a board: digits of GB/T 2260 and of the statistics bureau's codes."""
LINES = 20
MOST_LINES = 100
AROUND = 2
"""How many before and behind oneself are shown."""


def board(season: Season, what: str) -> str:
    """A board's name."""
    return f"{season}:{what}"


def place(code: str) -> str:
    """The people at home in a place."""
    return f"p:{code}"


def group(group_id: int) -> str:
    """The members of a group."""
    return f"g:{group_id}"


def groups(kind: str | None = None) -> str:
    """The groups among themselves, all of them or those of a kind."""
    return GROUPS if kind is None else f"{GROUPS}:{kind}"


def kept(season: Season) -> tuple[Season, Season]:
    """The seasons whose boards are kept: the one before, and this one."""
    return season.before, season


TREES = (
    ("香樟", "Camphor"),
    ("榕树", "Banyan"),
    ("杉木", "Fir"),
    ("毛竹", "Bamboo"),
    ("马尾松", "Pine"),
    ("木荷", "Schima"),
    ("枫香", "Sweetgum"),
    ("银杏", "Ginkgo"),
    ("楠木", "Nanmu"),
    ("红豆杉", "Yew"),
    ("桂花", "Osmanthus"),
    ("山茶", "Camellia"),
    ("木棉", "Kapok"),
    ("刺桐", "Coral Tree"),
    ("凤凰木", "Flame Tree"),
    ("相思树", "Acacia"),
    ("栲树", "Chinquapin"),
    ("青冈", "Oak"),
    ("柳杉", "Cedar"),
    ("秋茄", "Mangrove"),
    ("水松", "Cypress"),
    ("油茶", "Tea-oil"),
    ("乌桕", "Tallow Tree"),
    ("桫椤", "Tree Fern"),
)
"""Under which names people stand who gave none: trees of Fujian."""
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def alias(digest: Callable[[str], bytes], where: str, member: int) -> tuple[str, str]:
    """The name of somebody who gave none, Chinese and English: another one on every board and season."""
    told = digest(f"{where}:{member}")
    zh, en = TREES[told[0] % len(TREES)]
    letters = "".join(_LETTERS[each % len(_LETTERS)] for each in told[1:5])
    return f"{zh} {letters}", f"{en} {letters}"
