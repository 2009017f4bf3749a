"""Who has another home stands among other people."""

from typing import Any

from app.accounts.announcements import HOME_CHANGED
from app.kit.announcements import listens
from app.rewards.services import scores


@listens(HOME_CHANGED)
def follow_home(payload: dict[str, Any]) -> None:
    """Leave the boards of the place before, and stand on those of the new one."""
    scores.move_home(payload["holder_id"], payload["left"])
