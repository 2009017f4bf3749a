"""What this room hears of acts: one listener for all that follows from them.

Each listener costs a row in the transaction that records an act, which is the hottest there is. Badges come
first: whoever waits there for somebody who is just being looked at must not hold what programmes can promise,
for which everybody else waits.
"""

from typing import Any

from app.footprint.announcements import ACTION_RECORDED, ACTION_WITHDRAWN
from app.kit.announcements import listens
from app.rewards.services import badges, fairness_appeals, grants, scores


@listens(ACTION_RECORDED)
def thank(payload: dict[str, Any]) -> None:
    """Thank for recorded acts, of however many holders.

    Before 0025 a payload named its one holder beside the actions; some are heard after the upgrade.
    """
    acts = grants.read_acts(
        (action, holder[0] if holder else payload["holder_id"], grams, scene)
        for action, grams, scene, *holder in payload["actions"]
    )
    badges.count(acts)
    scores.count(grants.thank(acts))


@listens(ACTION_WITHDRAWN)
def take_back(payload: dict[str, Any]) -> None:
    """Take the thanks for a withdrawn act back."""
    holder_id, action_id = payload["holder_id"], payload["action_id"]
    acts = grants.read_acts([(action_id, holder_id, payload["avoided_g"], "")])
    for act in acts:
        badges.uncount(holder_id, act.occurred_on)
    fairness_appeals.take_back(holder_id, action_id)
    if grants.take_back(holder_id, grants.ACTION, action_id):
        scores.uncount(acts)
