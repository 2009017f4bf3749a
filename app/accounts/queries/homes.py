"""Where people are at home by their own choice, and what was credited to them: for totals of regions."""

from collections.abc import Iterable

from sqlalchemy import select, text

from app.accounts.chart import CODES, EntryKind
from app.accounts.models import Home
from app.kit.database import array, db

_REGIONS = text("SELECT holder_id, region FROM home WHERE holder_id = ANY(CAST(:holders AS bigint[]))")


def find_home(holder_id: int) -> Home | None:
    """A person's home region and since when; None for who chose none."""
    chosen = select(Home).where(Home.holder_id == holder_id)
    return db.session.scalar(chosen.execution_options(populate_existing=True))


def list_regions(holder_ids: Iterable[int]) -> dict[int, str]:
    """The home regions of those of these people who chose one."""
    rows = db.session.execute(_REGIONS, {"holders": array(sorted(set(holder_ids)))})
    return {row.holder_id: row.region for row in rows}


def homes_from() -> str:
    """A relation in SQL, lent to another room's set-based statement: holder_id, region, chosen_at."""
    return "(SELECT holder_id, region, chosen_at FROM home)"


def credited_from(credit: EntryKind, withdrawal: EntryKind) -> str:
    """A relation in SQL: what was credited, and taken back again, from `:since` to before `:until`.

    holder_id, recorded_at, grams. A withdrawal has the time of the credit that it takes back, so that
    whoever asks can tell whose it was.
    """
    within = "posted_at >= :since AND {0}posted_at < :until"
    return (
        f"(SELECT target / {CODES} AS holder_id, posted_at AS recorded_at, amount AS grams FROM posting"
        f" WHERE kind = {credit.code} AND {within.format('')}"
        f" UNION ALL SELECT back.source / {CODES}, credit.posted_at, -back.amount FROM posting back"
        f" JOIN posting credit ON credit.kind = {credit.code} AND credit.reference = back.reference"
        f" WHERE back.kind = {withdrawal.code} AND back.{within.format('back.')})"
    )
