"""What this room tells itself to do later.

`causes.inscription_written` {"id"}: words that wait to be shown to WeChat; only their number is told.
"""

INSCRIPTION_WRITTEN = "causes.inscription_written"
