"""Opening and correcting dues 待抵."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from app.accounts import chart, ledger
from app.accounts.chart import PLATFORM
from app.accounts.ledger import Posting
from app.footprint import queries as footprint_queries
from app.footprint import services as footprint
from app.footprint.rules import HOME_REGION
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.offsets import rules
from app.offsets.models import Due
from app.offsets.purposes.personal import PERSONAL


def owe_calculation(holder_id: int, code: str) -> list[Due]:
    """Owe what a kept month says: its own figures are recorded, what differs from them is corrected.

    Owing the same month twice opens once: the second time nothing differs. What stands already and no
    answer speaks of stays as it is. Raises `NotFound`, and what `footprint.record_figures` refuses.
    """
    calculation = footprint_queries.get_calculation(holder_id, code)
    figures = footprint_queries.recording_of(calculation).figures
    if not figures:
        return []
    _open_accounts(holder_id)
    return _owe(holder_id, footprint.record_figures(holder_id, calculation.month, figures))


def open_personal_dues(
    holder_id: int, month: str, entries: Sequence[tuple[str, int]], region: str = HOME_REGION
) -> list[Due]:
    """Record what a person emitted in `month` and owe it: one due an entry of (kind, quantity).

    Raises what `footprint.record_emission` refuses.
    """
    if not entries:
        return []
    _open_accounts(holder_id)
    return _owe(holder_id, footprint.record_emission(holder_id, month, entries, region))


def _open_accounts(holder_id: int) -> None:
    """Open them before anything is recorded, so that everybody takes their locks in one order."""
    ledger.open_accounts([chart.DUE.of(holder_id), chart.CARRY.of(holder_id)])


def _owe(holder_id: int, recorded: Sequence[footprint_queries.Emission]) -> list[Due]:
    """Owe what was just recorded of one month.

    What earlier purchases left in the carry account closes it at once. A kind recorded again corrects
    the due: more opens the difference; less reduces it, and what was closed beyond it is carried.
    """
    before = _standing(holder_id, recorded[0].month)
    dues = [_due(holder_id, emission, before.get(emission.kind, 0)) for emission in recorded]
    db.session.add_all(dues)
    db.session.flush()
    settle_changes(holder_id, dues)
    return dues


def settle_changes(holder_id: int, dues: Sequence[Due]) -> None:
    """Book what these dues change, in their order; the holder's accounts are open.

    More owed is closed from the carry account first; of less owed, what was closed beyond it goes there.
    """
    accounts = [chart.DUE.of(holder_id), chart.CARRY.of(holder_id)]
    balances = ledger.lock_balances(accounts)
    steps = rules.due_steps(
        [due.change_g for due in dues], -balances.get(accounts[0], 0), balances.get(accounts[1], 0)
    )
    for due, step in zip(dues, steps, strict=True):
        ledger.post(_entries(holder_id, due.id, step))


def _standing(holder_id: int, month: str) -> Mapping[str, int]:
    """Grams that each kind of this month stands at before the new record."""
    rows = db.session.execute(
        select(Due.kind, func.sum(Due.change_g))
        .where(Due.holder_id == holder_id, Due.purpose == PERSONAL.name, Due.month == month)
        .group_by(Due.kind)
    )
    return {str(kind): int(grams) for kind, grams in rows}


def _due(holder_id: int, emission: footprint_queries.Emission, before_g: int) -> Due:
    return Due(
        code=random_code(),
        holder_id=holder_id,
        purpose=PERSONAL.name,
        month=emission.month,
        kind=emission.kind,
        emission_id=emission.id,
        due_g=emission.emitted_g,
        change_g=emission.emitted_g - before_g,
        opened_at=clock.now(),
    )


def _entries(holder_id: int, due_id: int, step: rules.DueStep) -> list[Posting]:
    """The step in the books; all in one statement, so that only its outcome meets the ceiling."""
    entries = (
        Posting(chart.OPEN_DUE, due_id, holder_id, PLATFORM, step.opened_g),
        Posting(chart.CARRY_OVER, due_id, holder_id, holder_id, step.from_carry_g),
        Posting(chart.REDUCE_DUE, due_id, PLATFORM, holder_id, step.reduced_g),
        Posting(chart.RETURN_TO_CARRY, due_id, holder_id, holder_id, step.to_carry_g),
    )
    return [entry for entry in entries if entry.amount]
