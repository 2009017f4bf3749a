"""rewards: thanks for what was done.

Points are a sponsor's promise, not grams and not money. This room listens to what the rooms below
announce, grants points on the books, and takes them back when the action is withdrawn.
"""
