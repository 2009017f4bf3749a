"""What offsets have to say in the public log: retirements for orders, and what opens their digests."""

from app.offsets.queries.certificates import CertificateFacts
from app.registry.queries.log import Inclusion, Source, find_inclusion
from app.registry.queries.logged import ISSUANCES, OWN_RETIREMENTS, retirement_leaves, salt_of
from app.registry.rules.log import beneficiary_digest

# A run's retirements are found by the serials it took: settlement keeps no index of their time.
_FACTS = """
SELECT order_id AS reference, run.settled_at AS at, retirement.first_serial, retirement.last_serial,
  run.issuance_id, purpose, certificate_number, beneficiary
FROM settlement_run run
JOIN retirement ON retirement.first_serial BETWEEN run.first_serial AND run.last_serial
JOIN orders ON orders.id = order_id"""


RETIREMENTS = Source("order", _FACTS, retirement_leaves)
SOURCES = (ISSUANCES, RETIREMENTS, OWN_RETIREMENTS)
"""What is logged. Issuances come first: no unit is retired before it was issued."""


def find_log_proof(certificate: CertificateFacts) -> tuple[Inclusion, str | None] | None:
    """The proof that a certificate's retirement is in the log, and the salt; None until it is sealed.

    A beneficiary who has been forgotten since can no longer be opened: then there is no salt.
    """
    inclusion = find_inclusion(RETIREMENTS.name, certificate.order_id)
    if inclusion is None:
        return None
    salt = salt_of(certificate.number)
    opened = f'"beneficiary":"{beneficiary_digest(certificate.beneficiary, salt)}"'
    return inclusion, salt if opened in inclusion.leaf else None
