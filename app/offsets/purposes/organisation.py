"""An organisation or a court's party retires units 机构注销, paid by bank transfer.

The due is its own. An operator places the order; nobody chooses this purpose on a phone.
"""

from app.offsets.purposes.purpose import Purpose

ORGANISATION = Purpose("organisation", "offsets.certifies_organisation")
