"""A ruling or an administrative penalty is fulfilled by forest carbon 生态司法.

The due of a case is what was ordered: so many tonnes, or so much money at the day's price. Units are
retired at once, can never move again and earn nothing; and no money that was ordered goes back.
"""

from app.offsets.purposes.purpose import Purpose

JUDICIAL = Purpose("judicial", "offsets.certifies_judicial", cause="case", courtesies=False)
