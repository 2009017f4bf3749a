"""What can be done with points, programmes and what they are spent on. The only writers of this room."""

from app.rewards.services import grants, programmes, samples, spending

__all__ = ["grants", "programmes", "samples", "spending"]
