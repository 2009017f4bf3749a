"""What the registry itself has to say in the public log: issuances, and what holders retired of their own."""

from collections.abc import Sequence
from typing import Any

from app.kit.sealing import keyed_digest
from app.registry.queries.certificates import certificate_facts
from app.registry.queries.log import Source
from app.registry.rules.log import (
    Leaf,
    beneficiary_digest,
    certificate_digest,
    issuance_leaf,
    retirement_leaf,
)

_FACTS = """
SELECT issuance.id AS reference, issued_at AS at, first_serial, last_serial, code, region, vintage,
  methodology, period_start, period_end, verification, issuance.sample
FROM issuance JOIN project ON project.id = project_id"""


def _leaves(rows: Sequence[Any]) -> list[Leaf]:
    return [
        issuance_leaf(
            row.reference,
            row.at,
            row.first_serial,
            row.last_serial,
            project=row.code,
            region=row.region,
            vintage=row.vintage,
            methodology=row.methodology,
            monitoring_start=row.period_start.isoformat(),
            monitoring_end=row.period_end.isoformat(),
            verification=row.verification,
            sample=row.sample,
        )
        for row in rows
    ]


ISSUANCES = Source("issuance", _FACTS, _leaves)

_OWN = """
SELECT id AS reference, retired_at AS at, first_serial, last_serial, issuance_id, purpose,
  number AS certificate_number, beneficiary
FROM own_retirement"""


def salt_of(number: str) -> str:
    """What opens the beneficiary of a certificate or retirement in the log; only our key makes it."""
    return keyed_digest(number, "log-beneficiary")


def retirement_leaves(rows: Sequence[Any]) -> list[Leaf]:
    """The leaves of rows that hold a retirement's facts."""
    forests = {issuance: certificate_facts(issuance) for issuance in {row.issuance_id for row in rows}}
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
            beneficiary=beneficiary_digest(row.beneficiary, salt_of(row.certificate_number)),
        )
        for row in rows
    ]


OWN_RETIREMENTS = Source("own", _OWN, retirement_leaves)
