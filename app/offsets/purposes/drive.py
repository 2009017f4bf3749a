"""Many give towards one public drive 公益项目: of what they pay, that village's units are retired for it.

The due of a drive is what was bought for it; whoever gave is thanked for so many kilograms, so that no
money goes back though the units stay used up.
"""

from app.offsets.purposes.purpose import Purpose

DRIVE = Purpose("drive", "offsets.certifies_drive", cause="drive", courtesies=False, owes_bought=True)
