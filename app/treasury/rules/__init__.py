"""What is true of bills, breaks and payouts. Pure."""
