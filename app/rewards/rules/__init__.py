"""What is true of rewards. Pure."""
