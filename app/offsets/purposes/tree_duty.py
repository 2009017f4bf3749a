"""A citizen buys forest carbon in place of compulsory tree planting 全民义务植树.

The due of a person's year is what was bought for it: a tariff turns it into trees, most by what was paid,
so that nothing of it goes back. The greening office discharges the duty, not the seller.
"""

from app.offsets.purposes.purpose import Purpose

TREE_DUTY = Purpose(
    "tree_duty", "offsets.certifies_tree_duty", cause="duty", courtesies=False, owes_bought=True
)
