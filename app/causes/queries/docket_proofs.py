"""What must always be true of dockets."""

from sqlalchemy import func, select

from app.causes.models.dockets import Docket, DocketRuling
from app.causes.queries.dockets import LETTER
from app.kit.database import db
from app.kit.proof import Proof
from app.offsets.queries.cause_sums import CauseSums, count_attested, sum_causes


def prove_dockets() -> list[Proof]:
    """Ordered, owed and retired agree with the books, and no letter says more than was retired."""
    newest = (
        select(func.max(DocketRuling.id))
        .where(DocketRuling.docket_id == Docket.cause_id, DocketRuling.confirmed_at.is_not(None))
        .correlate(Docket)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Docket.cause_id, Docket.letter_number, DocketRuling.ordered_g, DocketRuling.amount_fen)
        .join(DocketRuling, DocketRuling.id == newest)
        .where(Docket.withdrawn_at.is_(None))
    ).all()
    sums = sum_causes([row.cause_id for row in rows])
    differing = sum(not _agrees(sums[row.cause_id], row.ordered_g) for row in rows)
    letters = [row for row in rows if row.letter_number is not None]
    beyond = sum(not _reached(sums[row.cause_id], row.ordered_g, row.amount_fen) for row in letters)
    attested = count_attested(LETTER)
    ordered_g = sum(row.ordered_g or 0 for row in rows)
    retired_g = sum(each.retired_g for each in sums.values())
    return [
        Proof(
            "causes.prove_dockets",
            {"dockets": len(rows), "ordered_g": ordered_g, "retired": retired_g, "differing": differing},
            not differing,
        ),
        Proof(
            "causes.prove_letters",
            {"letters": len(letters), "attested": attested, "unreached": beyond},
            not beyond and attested == len(letters),
        ),
    ]


def _agrees(sums: CauseSums, ordered_g: int | None) -> bool:
    """What is ordered in tonnes is owed; in money never more than was bought; the books hold the rest."""
    owed = sums.due_g == ordered_g if ordered_g is not None else sums.due_g <= sums.retired_g
    return owed and sums.retired_g == sums.due_g - sums.open_g + sums.carry_g


def _reached(sums: CauseSums, ordered_g: int | None, amount_fen: int | None) -> bool:
    return sums.retired_g >= ordered_g if ordered_g is not None else sums.settled_fen >= (amount_fen or 0)
