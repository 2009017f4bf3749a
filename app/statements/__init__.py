"""statements: three lines side by side, of a person and of a region.

What was avoided, what was emitted and what was offset, read from the rooms that know each, never added
into one figure. A person's account 个人碳账户 with its statement and exports; and what all people of a
region did together, published once a day as a sealed snapshot from which nobody can be singled out.
"""
