"""What this room hears."""

from typing import Any

from app.kit.announcements import listens
from app.rewards import services
from app.rewards.jobs import boards, homes, names


@listens("footprint.action_recorded")
def grant_points(payload: dict[str, Any]) -> None:
    """Thank for recorded actions, of however many holders.

    Before 0025 a payload named its one holder beside the actions; some are heard after the upgrade.
    """
    services.grant_points(
        [
            (action, holder[0] if holder else payload["holder_id"], grams)
            for action, grams, _, *holder in payload["actions"]
        ]
    )


@listens("footprint.action_withdrawn")
def take_back_points(payload: dict[str, Any]) -> None:
    """Take the thanks for a withdrawn action back."""
    services.take_back_points(payload["holder_id"], payload["action_id"])


__all__ = ["boards", "homes", "names"]
