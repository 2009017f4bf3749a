"""What happens later: hearing of orders that have come to an end."""

from app.causes.jobs import dockets, duties, gifts

__all__ = ["dockets", "duties", "gifts"]
