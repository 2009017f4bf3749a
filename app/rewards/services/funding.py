"""A sponsor's money into its programme's fund and back: recorded by one operator, confirmed by another."""

from psycopg import errors as pg
from sqlalchemy.exc import IntegrityError

from app.accounts.chart import PLATFORM
from app.kit.messages import t
from app.kit.problems import Unreadable
from app.offsets.rules import written
from app.offsets.services import transfers
from app.offsets.services.claims import require_fees
from app.rewards.errors.proposals import FeesElsewhere, MovementKnown, ProgrammeOpen
from app.rewards.models import FundMovement
from app.rewards.services import programmes

DEPOSIT = "deposit"
FEES = "fees"
RETURN = "return"


def record(
    operator_id: int, programme_id: int, kind: str, amount_fen: int, bank_reference: str | None
) -> FundMovement:
    """Record money that came in or shall go out.

    Only what a closed programme no longer owes anybody goes back: to its sponsor by the bank, and to the
    platform into its fees, which is where the money of its own programmes came from. Raises
    `ProgrammeUnknown`, `ProgrammeClosed`, `ProgrammeOpen`, `FeesElsewhere`, `Unreadable` without
    the bank's reference, `MovementKnown` for one that is recorded already, `BankReferenceUsed` for one of an
    order.
    """
    programme = programmes.lock_programme(programme_id)
    inside = kind == FEES or (kind == RETURN and programme.sponsor_id == PLATFORM)
    if not inside and bank_reference is None:
        raise Unreadable(errors=[{"pointer": "#/bank_reference", "detail": t("kit.field_required")}])
    if kind == RETURN and programme.closed_at is None:
        raise ProgrammeOpen()
    if kind == FEES and programme.sponsor_id != PLATFORM:
        raise FeesElsewhere()
    reference = None if inside or bank_reference is None else written(bank_reference)
    if kind == DEPOSIT and reference is not None:
        transfers.require_unused(reference)
    try:
        return programmes.record_movement(operator_id, programme_id, kind, amount_fen, reference)
    except IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation):
            raise MovementKnown() from error
        raise


def confirm(operator_id: int, movement_id: int) -> FundMovement:
    """Confirm what another operator recorded, and book it.

    Fees are given only as far as they are promised to no refund, and a deposit is no transfer that an order
    was paid by meanwhile. Raises what `confirm_movement` does, `FeesInsufficient` and `BankReferenceUsed`.
    """
    movement = programmes.lock_movement(movement_id)
    if movement.kind == FEES:
        require_fees(movement.amount_fen)
    if movement.kind == DEPOSIT and movement.bank_reference is not None:
        transfers.require_unused(movement.bank_reference)
    return programmes.confirm_movement(operator_id, movement_id)
