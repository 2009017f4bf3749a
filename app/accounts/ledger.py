"""The only writer of the books (账簿).

`post` takes any number of entries and writes them in one statement; one entry is a bulk of one.
What `unique(kind, reference)` already holds is left as it stands, so posting twice posts once. The
database moves the balances along (migration 0001), locks accounts in one order and refuses what
would pass a floor or a ceiling; that refusal is `Overdrawn`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts.chart import CODES, EntryKind
from app.accounts.errors import Overdrawn
from app.kit import clock
from app.kit.database import array, db, write


@dataclass(frozen=True, slots=True)
class Posting:
    """One entry to be written: kind, the id that makes it once-only, the two holders, a positive amount."""

    kind: EntryKind
    reference: int
    source_holder: int
    target_holder: int
    amount: int


Part = tuple[EntryKind, Sequence[int], Sequence[int], Sequence[int], Sequence[int]]
"""Entries of one kind side by side: their references, source holders, target holders, amounts."""

_INSERT = text(
    "INSERT INTO posting (kind, reference, source, target, amount, posted_at)"
    " SELECT kind, reference, source, target, amount, :at"
    " FROM unnest(CAST(:kinds AS bigint[]), CAST(:references AS bigint[]), CAST(:sources AS bigint[]),"
    "   CAST(:targets AS bigint[]), CAST(:amounts AS bigint[]))"
    " AS entry(kind, reference, source, target, amount)"
    " ON CONFLICT (kind, reference) DO NOTHING"
)
_OPEN = text(
    "INSERT INTO account (id, balance) SELECT id, 0 FROM unnest(CAST(:ids AS bigint[])) AS wanted(id)"
    " ON CONFLICT DO NOTHING"
)
_LOCK = text("SELECT id, balance FROM account WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE")


def post(entries: Iterable[Posting]) -> int:
    """Write `entries`; returns how many were new. Raises `Overdrawn` and writes nothing of this request."""
    columns = _Columns()
    for entry in entries:
        columns.add(
            entry.kind, [entry.reference], [entry.source_holder], [entry.target_holder], [entry.amount]
        )
    return columns.write()


def post_columns(*parts: Part) -> int:
    """The bulk form: for each part a kind and its references, source holders, target holders, amounts.

    Entries of amount zero are left out. Returns how many were new. Raises `Overdrawn`.
    """
    columns = _Columns()
    for kind, references, sources, targets, amounts in parts:
        columns.add(kind, references, sources, targets, amounts)
    return columns.write()


class _Columns:
    """Entries side by side, as the one statement takes them."""

    def __init__(self) -> None:
        self.values: dict[str, list[int]] = {
            "kinds": [],
            "references": [],
            "sources": [],
            "targets": [],
            "amounts": [],
        }

    def add(
        self,
        kind: EntryKind,
        references: Sequence[int],
        sources: Sequence[int],
        targets: Sequence[int],
        amounts: Sequence[int],
    ) -> None:
        keep = [index for index, amount in enumerate(amounts) if amount]
        values, source_code, target_code = self.values, kind.source.code, kind.target.code
        values["kinds"] += [kind.code] * len(keep)
        values["references"] += [references[i] for i in keep]
        values["sources"] += [sources[i] * 100 + source_code for i in keep]
        values["targets"] += [targets[i] * 100 + target_code for i in keep]
        values["amounts"] += [amounts[i] for i in keep]

    def write(self) -> int:
        if not self.values["kinds"]:
            return 0
        values = {name: array(column) for name, column in self.values.items()} | {"at": clock.now()}
        try:
            return write(_INSERT, values)
        except IntegrityError as error:
            if isinstance(error.orig, pg.CheckViolation) and "account" in str(error.orig.diag.table_name):
                raise Overdrawn() from error
            raise


def entries_from(kind: EntryKind, rows: str) -> str:
    """The part of another room's statement that writes one entry of `kind` a row of `rows`.

    `rows` names a relation of that statement with the columns reference, source_holder, target_holder
    and amount; rows of amount zero are left out. The statement has a parameter `%(now)s`. For the hot
    path, where a statement of its own would be a round trip more; the books' guards hold as always.
    """
    return (
        "INSERT INTO posting (kind, reference, source, target, amount, posted_at)"
        f" SELECT {kind.code}, reference, source_holder * 100 + {kind.source.code},"
        f" target_holder * 100 + {kind.target.code}, amount, %(now)s FROM {rows} WHERE amount > 0"
        " ON CONFLICT (kind, reference) DO NOTHING"
    )


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry a row of a relation: its kind, and the SQL of the two holders and of the amount.

    `only` is a condition on the statement's parameters without which no row has this leg. The expressions
    are written by the rooms, never taken from outside.
    """

    kind: EntryKind
    source_holder: str
    target_holder: str
    amount: str
    only: str = ""


def legs_from(rows: str, *legs: Leg) -> str:
    """The part of another room's statement that writes all `legs` for each row of `rows`, at once.

    `rows` names a relation with a column `reference` and what the legs' expressions name; legs of amount
    zero are left out. Unlike `post`, an entry that stands already is an error: a statement that moves
    units once may not lose one of their entries silently. The statement has a parameter `%(now)s`.
    """
    # Leg by leg, so that each kind's entries reach the end of the index one after the other.
    return "INSERT INTO posting (kind, reference, source, target, amount, posted_at) " + " UNION ALL ".join(
        f"SELECT {leg.kind.code}, reference, {leg.source_holder} * {CODES} + {leg.kind.source.code},"
        f" {leg.target_holder} * {CODES} + {leg.kind.target.code}, {leg.amount}, %(now)s::timestamptz"
        f" FROM {rows} WHERE {leg.amount} > 0{f' AND {leg.only}' if leg.only else ''}"
        for leg in legs
    )


def balances_of(rows: str) -> str:
    """The part of another room's statement that locks stored accounts, in the books' one order.

    `rows` names a relation with a column `id`; gives id and balance of those that have a row.
    """
    return (
        f"SELECT id, balance FROM account WHERE id = ANY(ARRAY(SELECT DISTINCT id FROM {rows}))"
        " ORDER BY id FOR UPDATE"
    )


def accounts_from(*account_ids: str) -> str:
    """The part of another room's statement that makes sure these stored accounts have a row to lock.

    The ids are SQL of the statement's own, such as `due_of("%(holder)s")` gives.
    """
    wanted = ", ".join(f"({account_id}, 0)" for account_id in account_ids)
    return f"INSERT INTO account (id, balance) VALUES {wanted} ON CONFLICT DO NOTHING"


def open_accounts(account_ids: Sequence[int]) -> None:
    """Make sure that these stored accounts have a row to lock, before anything is posted to them."""
    db.session.execute(_OPEN, {"ids": array(sorted(set(account_ids)))})


def lock_balances(account_ids: Sequence[int]) -> dict[int, int]:
    """The balances of these stored accounts, locked in the books' one order until the commit.

    An account without a row is absent and not locked: `open_accounts` gives it one.
    """
    rows = db.session.execute(_LOCK, {"ids": array(sorted(set(account_ids)))})
    return {row[0]: row[1] for row in rows}
