"""What happens later: hearing of orders that have come to an end."""
