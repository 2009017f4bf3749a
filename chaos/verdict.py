"""The comparison: what the provider knows against what the instance did, and what its books say."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from chaos.instance import Instance
from chaos.provider import Paid


@dataclass(frozen=True)
class Outcome:
    """What the instance did with an order."""

    credited: bool = False
    expired_at: datetime | None = None
    settled_at: datetime | None = None
    refunding_at: datetime | None = None
    refunded_at: datetime | None = None


NOTHING = Outcome()


@dataclass(frozen=True)
class Verdict:
    """The figures of the last line, and the orders behind them."""

    paid: int
    acked: int
    settled: int
    refunded: int
    unheard: int
    lost: dict[str, Outcome]
    double: list[str]
    believed: list[str]
    oversold: int
    unbalanced: Sequence[str]
    settle_p99_ms: int

    @property
    def clean(self) -> bool:
        """Whether every acknowledged payment has exactly one outcome, and nothing else happened."""
        faults = (self.lost, self.double, self.believed, self.oversold, self.unbalanced)
        return self.acked > 0 and not any(faults)


_OUTCOMES: LiteralString = (
    "SELECT o.code, p.order_id IS NOT NULL AS credited, o.expired_at, r.settled_at, o.refunding_at,"
    " o.refunded_at FROM orders o LEFT JOIN payment p ON p.order_id = o.id"
    " LEFT JOIN retirement r ON r.order_id = o.id"
)
_OVERSOLD: LiteralString = (
    "SELECT (SELECT count(*) FROM (SELECT first_serial, max(last_serial) OVER (ORDER BY first_serial"
    "     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM retirement) r"
    "   WHERE first_serial <= before)"
    " + (SELECT coalesce(sum(greatest(sold_kg - issued_kg, 0)), 0) FROM (SELECT"
    "     i.last_serial - i.first_serial + 1 AS issued_kg, (SELECT sum(r.last_serial - r.first_serial + 1)"
    "       FROM retirement r WHERE r.first_serial BETWEEN i.first_serial AND i.last_serial) AS sold_kg"
    "     FROM issuance i) s)"
    " + (SELECT coalesce(sum(greatest(reserved_kg + sold_kg - offered_kg, 0)), 0) FROM (SELECT l.offered_kg,"
    "     l.reserved_kg, (SELECT coalesce(sum(u.last_serial - u.first_serial + 1), 0) FROM settlement_run u"
    "       WHERE u.lot_id = l.id) AS sold_kg FROM lot l) s) AS oversold"
)


def outcomes(database_url: str) -> dict[str, Outcome]:
    """Every order's outcome, straight from the tables."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        rows = connection.execute(_OUTCOMES).fetchall()
    return {row.pop("code"): Outcome(**row) for row in rows}


def oversold(database_url: str) -> int:
    """Serials retired twice, and kilograms sold or promised beyond what was issued or offered."""
    with psycopg.connect(database_url) as connection:
        row: tuple[Any, ...] | None = connection.execute(_OVERSOLD).fetchone()
    return int(row[0]) if row else 0


def unbalanced(instance: Instance) -> list[str]:
    """The lines of `flask prove` that do not hold."""
    proof = instance.flask("prove", "--lang", "en")
    bad = [line for line in proof.stdout.splitlines() if line.startswith("BAD")]
    return bad or ([proof.stderr[-500:]] if proof.returncode else [])


def judge(
    ledger: Mapping[str, Paid],
    found: Mapping[str, Outcome],
    oversold_kg: int = 0,
    unbalanced_lines: Sequence[str] = (),
) -> Verdict:
    """Hold every payment that the provider knows against its outcome. Pure."""
    pairs = [(paid, found.get(code, NOTHING)) for code, paid in ledger.items()]
    return Verdict(
        paid=len(ledger),
        acked=sum(paid.acked_at is not None for paid, _ in pairs),
        settled=sum(outcome.settled_at is not None for _, outcome in pairs),
        refunded=sum(_is_refunded(paid, outcome) for paid, outcome in pairs),
        unheard=sum(_is_unheard(paid, outcome) for paid, outcome in pairs),
        lost={paid.code: outcome for paid, outcome in pairs if _is_lost(paid, outcome)},
        double=[paid.code for paid, outcome in pairs if _is_double(paid, outcome)],
        believed=[code for code, outcome in found.items() if outcome.credited and code not in ledger],
        oversold=oversold_kg,
        unbalanced=unbalanced_lines,
        settle_p99_ms=_p99_ms(pairs),
    )


def _is_refunded(paid: Paid, outcome: Outcome) -> bool:
    """Whether the money is back, and both sides know."""
    back = sum(fen for status, fen in paid.refunds if status == "SUCCESS")
    return back >= paid.amount_fen and outcome.refunded_at is not None


def _is_unheard(paid: Paid, outcome: Outcome) -> bool:
    """Whether no notice was acknowledged, and no question is asked any more that would find out.

    Only for a payment that the provider takes after it has closed the order, and whose notice is lost for
    good: the day's bill tells of it.
    """
    return paid.acked_at is None and outcome.expired_at is not None and not outcome.credited


def _is_lost(paid: Paid, outcome: Outcome) -> bool:
    ended = outcome.settled_at is not None or _is_refunded(paid, outcome)
    return not ended and not _is_unheard(paid, outcome)


def _is_double(paid: Paid, outcome: Outcome) -> bool:
    """Settled and sent back, or meant to be; or sent back twice."""
    given_back = sum(status != "CLOSED" for status, _ in paid.refunds)
    return given_back + (outcome.settled_at is not None) > 1 or bool(
        outcome.settled_at and outcome.refunding_at
    )


def _p99_ms(pairs: Sequence[tuple[Paid, Outcome]]) -> int:
    """From the acknowledgement of the notice to the settlement; settled before is at once."""
    waits = sorted(
        max(0.0, outcome.settled_at.timestamp() - paid.acked_at)
        for paid, outcome in pairs
        if paid.acked_at and outcome.settled_at
    )
    return round(1000 * waits[math.ceil(0.99 * len(waits)) - 1]) if waits else 0
