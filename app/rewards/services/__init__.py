"""What can be done with points, programmes and what they are spent on. The only writers of this room."""

from app.rewards.services import (
    drive_gifts,
    drives,
    fairness,
    fairness_appeals,
    grants,
    inquiries,
    programmes,
    samples,
    spending,
)

__all__ = [
    "drive_gifts",
    "drives",
    "fairness",
    "fairness_appeals",
    "grants",
    "inquiries",
    "programmes",
    "samples",
    "spending",
]
