"""What happens to challenges by themselves: they start, are counted and decided, and thank the first."""

from app.kit.transaction import transaction
from app.rewards.queries import challenge_rewards as known
from app.rewards.services import challenge_rewards, challenges

_TURN = 200


def tend_challenges() -> int:
    """Start, count and decide what today calls for; returns how many. Any number of sweepers may."""
    done, last = 0, 0
    while True:
        with transaction():
            waiting = challenges.list_under_way(last)
        if not waiting:
            return done + _pay_rewards()
        for last in waiting:
            with transaction():
                done += challenges.tend(last)


def _pay_rewards() -> int:
    paid, last = 0, 0
    while True:
        with transaction():
            waiting = known.list_unpaid(last, _TURN)
        if not waiting:
            return paid
        for last in waiting:
            with transaction():
                paid += challenge_rewards.pay_reward(last)
