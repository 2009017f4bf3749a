"""A group plants together 共植: a goal of theirs becomes units that are bought in parts and retired at once.

The due is what was bought for it, so that nothing is carried; who buys a part has its certificate, and what
they all bought is attested together.
"""

from app.offsets.purposes.purpose import Purpose

PLANTING = Purpose("planting", "offsets.certifies_planting", cause="planting", owes_bought=True)
