"""Forest carbon is bought for somebody else 赠送.

The due of a gift is what was bought for it: its units are retired at once, for whoever it is given to.
"""

from app.offsets.purposes.purpose import Purpose

GIFT = Purpose("gift", "offsets.certifies_gift", cause="gift", owes_bought=True)
