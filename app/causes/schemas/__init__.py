"""What is said about causes."""
