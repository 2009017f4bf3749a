"""What happens later: hearing of orders that have come to an end."""

from app.causes.jobs import dockets, events

__all__ = ["dockets", "events"]
