"""What this room tells itself, for later: a name that was written waits to be judged.

`rewards.name_written` {"id"}: once a name that no rule doubts.
"""

NAME_WRITTEN = "rewards.name_written"
