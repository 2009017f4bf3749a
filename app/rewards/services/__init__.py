"""What can be done with points, programmes and what they are spent on. The only writers of this room."""

from app.rewards.services import (
    fairness,
    fairness_appeals,
    grants,
    inquiries,
    programmes,
    samples,
    spending,
)

__all__ = [
    "fairness",
    "fairness_appeals",
    "grants",
    "inquiries",
    "programmes",
    "samples",
    "spending",
]
