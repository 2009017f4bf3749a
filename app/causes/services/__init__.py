"""What can be done with causes. The only writers of this room."""
