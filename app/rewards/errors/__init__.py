"""What can be refused by this room."""
