"""What this room tells the rooms above, in the fact's own transaction.

`offsets.cause_order_ended` {"order_id", "order_code", "cause_id", "purpose", "settled"}: an order that was
placed for a cause was settled, or expired or goes back to its payer.
"""

CAUSE_ORDER_ENDED = "offsets.cause_order_ended"
