"""What can be done with bills and payouts. The only writers of this room."""
