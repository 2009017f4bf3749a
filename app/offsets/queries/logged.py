"""What offsets have to say in the public log: retirements for orders, and what opens their digests."""

from collections.abc import Sequence
from typing import Any

from app.kit.sealing import keyed_digest
from app.offsets.queries.certificates import CertificateFacts
from app.registry import queries as registry
from app.registry.queries.log import Inclusion, Source, find_inclusion
from app.registry.queries.logged import ISSUANCES
from app.registry.rules.log import Leaf, beneficiary_digest, certificate_digest, retirement_leaf

# A run's retirements are found by the serials it took: settlement keeps no index of their time.
_FACTS = """
SELECT order_id AS reference, run.settled_at AS at, retirement.first_serial, retirement.last_serial,
  run.issuance_id, purpose, certificate_number, beneficiary
FROM settlement_run run
JOIN retirement ON retirement.first_serial BETWEEN run.first_serial AND run.last_serial
JOIN orders ON orders.id = order_id"""


def _salt(number: str) -> str:
    """What opens a certificate's beneficiary in the log; nobody without our key can make it."""
    return keyed_digest(number, "log-beneficiary")


def _leaves(rows: Sequence[Any]) -> list[Leaf]:
    issuances = {row.issuance_id for row in rows}
    forests = {issuance: registry.certificate_facts(issuance) for issuance in issuances}
    return [
        retirement_leaf(
            row.reference,
            row.at,
            row.first_serial,
            row.last_serial,
            serial=forests[row.issuance_id].serial_text(row.first_serial, row.last_serial),
            purpose=row.purpose,
            sample=forests[row.issuance_id].sample,
            certificate=certificate_digest(row.certificate_number),
            beneficiary=beneficiary_digest(row.beneficiary, _salt(row.certificate_number)),
        )
        for row in rows
    ]


RETIREMENTS = Source("order", _FACTS, _leaves)
SOURCES = (ISSUANCES, RETIREMENTS)
"""What is logged. Issuances come first: no unit is retired before it was issued."""


def find_log_proof(certificate: CertificateFacts) -> tuple[Inclusion, str | None] | None:
    """The proof that a certificate's retirement is in the log, and the salt; None until it is sealed.

    A beneficiary who has been forgotten since can no longer be opened: then there is no salt.
    """
    inclusion = find_inclusion(RETIREMENTS.name, certificate.order_id)
    if inclusion is None:
        return None
    salt = _salt(certificate.number)
    opened = f'"beneficiary":"{beneficiary_digest(certificate.beneficiary, salt)}"'
    return inclusion, salt if opened in inclusion.leaf else None
