"""What the registry itself has to say in the public log: its issuances."""

from collections.abc import Sequence
from typing import Any

from app.registry.queries.log import Source
from app.registry.rules.log import Leaf, issuance_leaf

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
