"""An organisation or a court's party retires units 机构注销, paid by bank transfer.

It stands on the same accounts as a person's: they belong to their holder. An operator places the
order; nobody chooses this purpose on a phone.
"""

from dataclasses import replace

from app.offsets.purposes.personal import PERSONAL

ORGANISATION = replace(
    PERSONAL, name="organisation", certificate="offsets.certifies_organisation", self_service=False
)
