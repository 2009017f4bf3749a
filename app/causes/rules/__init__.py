"""What is true of causes. Pure."""
