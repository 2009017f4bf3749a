"""What causes refuse."""
