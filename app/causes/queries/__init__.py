"""What can be known of causes. The only readers of this room."""
