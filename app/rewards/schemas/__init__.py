"""What is said about rewards."""

from app.rewards.schemas.points import BalancesView, GrantView

__all__ = ["BalancesView", "GrantView"]
