"""What happens later: hearing of orders that have come to an end."""

from app.causes.jobs import dockets, duties, events, gifts, organisations, participants, webhooks

__all__ = ["dockets", "duties", "events", "gifts", "organisations", "participants", "webhooks"]
