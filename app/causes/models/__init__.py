"""What causes remember."""
