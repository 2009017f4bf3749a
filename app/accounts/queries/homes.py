"""Where people are at home by their own choice, and what moved on their accounts: for totals of regions."""

from sqlalchemy import select

from app.accounts.chart import CODES, AccountKind
from app.accounts.models import Home
from app.kit.database import db


def find_home(holder_id: int) -> Home | None:
    """A person's home region and since when; None for who chose none."""
    chosen = select(Home).where(Home.holder_id == holder_id)
    return db.session.scalar(chosen.execution_options(populate_existing=True))


def homes_from() -> str:
    """A relation in SQL, lent to another room's set-based statement: holder_id, region, chosen_at."""
    return "(SELECT holder_id, region, chosen_at FROM home)"


def moved_from(kind: AccountKind) -> str:
    """A relation in SQL: every entry of `kind`'s accounts from `:since` to before `:until`.

    holder_id, at, grams: positive for what came in.
    """
    sides = (("target", "amount"), ("source", "-amount"))
    return (
        "("
        + " UNION ALL ".join(
            f"SELECT {side} / {CODES} AS holder_id, posted_at AS at, {amount} AS grams FROM posting"
            f" WHERE {side} % {CODES} = {kind.code} AND posted_at >= :since AND posted_at < :until"
            for side, amount in sides
        )
        + ")"
    )
