"""What a holder does with their own units: split, transfer, retire, offer again, take off sale."""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.accounts.services import notices
from app.kit.codes import checked_code, read_code
from app.kit.database import db
from app.kit.messages import t
from app.registry.errors import (
    HoldingUnknown,
    ReceiverUnknown,
    RetirementUnknown,
    UnitsBound,
)
from app.registry.errors.acts import PurposeUnfit
from app.registry.models import Block, Lot, OwnRetirement
from app.registry.queries import receivers, sanctions
from app.registry.queries.lots import LotFacts
from app.registry.queries.serials import Run
from app.registry.rules import GRAMS_PER_UNIT, JUDICIAL, Serials
from app.registry.services.acts import By, Done, keep, perform_part, take
from app.registry.services.blocks import cut, lock_blocks
from app.registry.services.lots import close_lot
from app.registry.services.terms import decide_terms, open_on, require_room


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a split made of a block: the piece asked for, and the rest where there is one."""

    piece: Serials
    rest: Serials | None


def split_units(holder_id: int, run: Run, quantity_kg: int) -> Pieces:
    """Cut a block in two: `quantity_kg` and what is left. Raises `HoldingUnknown`, `NotEnoughFree`."""
    block = take(holder_id, run, quantity_kg, bound=None, stays=True)
    if quantity_kg == block.serials.quantity_kg:
        return Pieces(block.serials, None)
    piece = cut(block, quantity_kg)
    keep("split", block, By(holder_id))
    return Pieces(piece.serials, Serials(piece.serials.last + 1, block.serials.last))


def find_receiver(code: str, holder_id: int, *, kinds: tuple[str, ...] = ()) -> int:
    """The holder who may receive from another, by their public code. Raises `ReceiverUnknown`."""
    receiver = receivers.find_receiver(code)
    if receiver is None or receiver.id == holder_id or (kinds and receiver.kind not in kinds):
        raise ReceiverUnknown()
    return receiver.id


def transfer_units(holder_id: int, run: Run, quantity_kg: int, receiver: str) -> Done:
    """Hand `quantity_kg` over to another holder, named by their code.

    Raises `ReceiverUnknown`, `HandingOverBarred`, and what `take` raises.
    """
    to = find_receiver(receiver, holder_id)
    sanctions.require_may_hand_over(holder_id)
    return move_units(holder_id, run, quantity_kg, to, By(holder_id))


def move_units(
    holder_id: int,
    run: Run,
    quantity_kg: int,
    to_holder_id: int,
    by: By,
    *,
    reference: str | None = None,
    bound: str | None = None,
) -> Done:
    """Units of one holder become another's, on the block and in the books; the receiver is told."""
    block = take(holder_id, run, quantity_kg)
    done = perform_part(
        "transfer", block, quantity_kg, by, to_holder_id=to_holder_id, reference=reference, bound=bound
    )
    grams = quantity_kg * GRAMS_PER_UNIT
    ledger.open_accounts([chart.UNITS.of(to_holder_id)])  # many may give to somebody who never had any
    ledger.post([Posting(chart.TRANSFER_UNITS, done.act_id, holder_id, to_holder_id, grams)])
    notices.tell(
        [to_holder_id],
        "registry.notice_units_received",
        f"act:{done.act_id}",
        kg=quantity_kg,
        serial=run.series.text(done.block.serials),
    )
    return done


def retire_units(
    holder_id: int, run: Run, quantity_kg: int, purpose: str, beneficiary: str | None = None
) -> OwnRetirement:
    """Use `quantity_kg` up for ever, under a number that anyone may look up.

    For `personal` the holder's own due is closed first. `beneficiary` is a name that its bearer wants
    shown; without one nobody is named. Raises `HoldingUnknown`, `NotEnoughFree`, `PurposeUnfit` where only
    judicial units are there for another purpose, or none for `judicial`.
    """
    try:
        block = take(holder_id, run, quantity_kg, bound=purpose == JUDICIAL, stays=True)
    except UnitsBound as unfit:
        told = "registry.purpose_not_judicial" if purpose == JUDICIAL else "registry.purpose_only_judicial"
        raise PurposeUnfit(errors=[{"pointer": "#/purpose", "detail": t(told)}]) from unfit
    number = checked_code(16)
    done = perform_part("retire", block, quantity_kg, By(holder_id), reference=number)
    grams = quantity_kg * GRAMS_PER_UNIT
    due_g = min(grams, _owed_g(holder_id)) if purpose == "personal" else 0
    ledger.post(
        [
            Posting(chart.RETIRE_OWN_DUE, done.act_id, holder_id, holder_id, due_g),
            Posting(chart.RETIRE_OWN, done.act_id, holder_id, chart.PLATFORM, grams - due_g),
        ]
    )
    return db.session.scalars(
        insert(OwnRetirement)
        .values(
            number=number,
            holder_id=holder_id,
            issuance_id=done.block.issuance_id,
            first_serial=done.block.serials.first,
            last_serial=done.block.serials.last,
            purpose=purpose,
            beneficiary=beneficiary,
            due_g=due_g,
            # The log compares the two: the same moment, also around midnight.
            retired_at=select(Block.changed_at).where(Block.id == done.block.id).scalar_subquery(),
        )
        .returning(OwnRetirement)
    ).one()


def _owed_g(holder_id: int) -> int:
    """What the holder owes, locked together with their units in the books' one order."""
    ids = [chart.UNITS.of(holder_id), chart.DUE.of(holder_id)]
    return -ledger.lock_balances(ids).get(ids[1], 0)


def hide_beneficiary(holder_id: int, number: str) -> None:
    """Take back the consent to show a name on a retirement. Raises `RetirementUnknown`."""
    known = db.session.scalar(
        update(OwnRetirement)
        .where(OwnRetirement.number == (read_code(number) or ""), OwnRetirement.holder_id == holder_id)
        .values(beneficiary=None)
        .returning(OwnRetirement.id)
        .execution_options(synchronize_session=False)
    )
    if known is None:
        raise RetirementUnknown()


def offer_units(holder_id: int, run: Run, quantity_kg: int, price_fen_per_step: int) -> LotFacts:
    """Put `quantity_kg` of these very serials on sale, on the terms that every other door has too.

    Raises `TooManyLots`, what `decide_terms` and `take` raise, `QuantityNotSold`.
    """
    require_room(holder_id)
    terms = decide_terms(holder_id, run.series.issuance_id, price_fen_per_step)
    block = take(holder_id, run, quantity_kg)
    return open_on(block.id, quantity_kg, terms, By(holder_id))


def withdraw_units(holder_id: int, run: Run) -> int:
    """Take what the holder has on sale within `run` off sale; returns the kilograms that came free.

    Orders that wait for payment keep what they reserved. Raises `HoldingUnknown`.
    """
    lots = db.session.scalars(
        select(Lot.id)
        .join(Block, Block.lot_id == Lot.id)
        .where(
            Lot.seller_holder_id == holder_id,
            Block.state == "active",
            Block.first_serial >= run.serials.first,
            Block.last_serial <= run.serials.last,
        )
        .order_by(Lot.id)
        .limit(100)
    ).all()
    if not lots:
        raise HoldingUnknown()
    # All of them before the first lot's row: whoever cancels takes blocks in this order too, then lots.
    lock_blocks(Block.lot_id.in_(lots))
    return sum(close_lot(lot_id, By(holder_id)) for lot_id in lots)
