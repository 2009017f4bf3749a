"""What is true of periods and of crowds. Pure."""

LINES = ("avoided", "emitted", "offset")
"""The three lines. They are different claims: no figure adds two of them."""
