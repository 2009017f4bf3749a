"""Mandates 指令: what operators want done with blocks, with four eyes.

One asks, with a document behind it; another approves, and at that moment it is done, in the same
transaction. A mandate that can no longer be done, since the units have gone elsewhere, is refused and
stays open for its decline.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from sqlalchemy import insert, select

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.services import audit, notices
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.registry.errors import (
    HoldEnded,
    HoldUnknown,
    MandateDecided,
    MandateOwn,
    MandateUnknown,
    SellerUnknown,
)
from app.registry.errors.dossiers import OwnDossier
from app.registry.models import Block, Hold, Mandate
from app.registry.queries.dossiers import is_maker_of
from app.registry.queries.serials import Run, find_run, get_series
from app.registry.rules import Serials, Terms
from app.registry.services import reversals
from app.registry.services.acts import By, holder_of, take
from app.registry.services.cancellations import cancel_block
from app.registry.services.holdings import find_receiver, move_units
from app.registry.services.holds import BANKS, pledge_units, release_pledge
from app.registry.services.terms import decide_terms, open_on, require_room, require_whole_steps


@dataclass(frozen=True, slots=True)
class MandateWish:
    """What one operator asks for. `serial` names the units, for a reversal any of the issuance's.

    `other` is the receiver's or pledgee's code; a release names its `hold` instead of serials. An offer
    says the price of a step, and a village's code and share where none is registered.
    """

    kind: str
    note: str
    serial: str = ""
    quantity_kg: int = 0
    reason: str | None = None
    other: str | None = None
    hold: str | None = None
    bound: str | None = None
    price_fen_per_step: int = 0
    village: str | None = None
    village_bp: int = 0


def request_mandate(operator_id: int, wish: MandateWish) -> Mandate:
    """Ask for an act on blocks; another operator has to approve it.

    Raises `SerialUnknown`, `HoldingUnknown`, `NotEnoughFree`, `ReceiverUnknown`, `HoldUnknown`, `HoldEnded`;
    for an offer what `decide_terms` raises, `SellerUnknown` for a person, and `QuantityNotSold`.
    """
    hold = _open_pledge(wish.hold) if wish.kind == "release" else None
    run = _run_of(hold) if hold else find_run(wish.serial)
    holder_id = hold.holder_id if hold else _holder_of(run, wish)
    other = None
    if wish.kind in ("transfer", "pledge"):
        kinds = BANKS if wish.kind == "pledge" else ()
        other = find_receiver(wish.other or "", holder_id, kinds=kinds)
    terms = asdict(_terms(holder_id, run, wish)) if wish.kind == "offer" else {}
    mandate = db.session.scalars(
        insert(Mandate)
        .values(
            code=random_code(),
            kind=wish.kind,
            issuance_id=run.series.issuance_id,
            first_serial=run.serials.first,
            last_serial=run.serials.last,
            quantity_kg=run.serials.quantity_kg if hold else wish.quantity_kg,
            holder_id=holder_id,
            other_holder_id=other,
            hold_id=hold.id if hold else None,
            reason=wish.reason,
            bound=wish.bound,
            note=wish.note,
            requested_by=operator_id,
            requested_at=clock.now(),
            **{name: terms.get(name) for name in _OFFERED},
        )
        .returning(Mandate)
    ).one()
    audit.record(operator_id, "mandate_requested", mandate.code, _told(mandate, run))
    return mandate


def approve_mandate(operator_id: int, code: str) -> Mandate:
    """Approve what another asked for, and do it now.

    Raises `MandateUnknown`, `MandateDecided`, `MandateOwn`, `OwnDossier` where a maker of the forest's
    dossier would let its units go on sale, and whatever keeps it from being done.
    """
    mandate = _lock(code)
    if mandate.requested_by == operator_id:
        raise MandateOwn()
    if mandate.kind == "offer" and is_maker_of(operator_id, mandate.issuance_id):
        raise OwnDossier()
    run = Run(get_series(mandate.issuance_id), Serials(mandate.first_serial, mandate.last_serial))
    with db.session.no_autoflush:  # approved and done are one step, also for the database
        mandate.approved_by, mandate.approved_at = operator_id, clock.now()
        _DO[mandate.kind](mandate, run, operator_id)
    db.session.flush()
    audit.record(operator_id, "mandate_approved", mandate.code, _told(mandate, run))
    return mandate


def decline_mandate(operator_id: int, code: str) -> Mandate:
    """Turn down what was asked for, or take one's own back. Raises `MandateUnknown`, `MandateDecided`."""
    mandate = _lock(code)
    mandate.declined_by, mandate.declined_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "mandate_declined", mandate.code)
    return mandate


def _lock(code: str) -> Mandate:
    mandate = None
    if code.isascii() and code.isalnum():
        wanted = select(Mandate).where(Mandate.code == code).with_for_update()
        mandate = db.session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if mandate is None:
        raise MandateUnknown()
    if mandate.approved_at is not None or mandate.declined_at is not None:
        raise MandateDecided()
    return mandate


def _holder_of(run: Run, wish: MandateWish) -> int:
    """Whose units a mandate is about: the issuance's holder, or who has enough free within the serials."""
    if wish.kind == "reversal":
        reversals.require_left(run.series, wish.quantity_kg)
        return run.series.holder_id
    # What was issued by mistake is undone in the pool too, but nothing there ever moves.
    only = () if wish.kind == "cancellation" else (Block.holder_id != chart.BUFFER_POOL,)
    return holder_of(run, wish.quantity_kg, *only, bound=False if wish.kind == "offer" else None)


def _open_pledge(code: str | None) -> Hold:
    hold = db.session.scalars(
        select(Hold).where(Hold.code == (code or ""), Hold.kind == "pledge")
    ).one_or_none()
    if hold is None:
        raise HoldUnknown()
    if hold.ended_at is not None:
        raise HoldEnded()
    return hold


def _run_of(hold: Hold) -> Run:
    return Run(get_series(hold.issuance_id), hold.serials)


def _told(mandate: Mandate, run: Run) -> dict[str, str | int]:
    return {"kind": mandate.kind, "serial": run.written, "kg": mandate.quantity_kg, "note": mandate.note}


def _reverse(mandate: Mandate, run: Run, operator_id: int) -> None:
    reversals.carry_out(mandate, run.series, operator_id)


def _cancel(mandate: Mandate, run: Run, operator_id: int) -> None:
    block = take(mandate.holder_id, run, mandate.quantity_kg, bound=None, stays=True)
    reason, by = mandate.reason or "", By(operator_id=operator_id)
    gone = cancel_block(block, mandate.quantity_kg, reason, by, mandate.code)
    _tell_holder(mandate, "registry.notice_units_cancelled", run.series.text(gone))


def _transfer(mandate: Mandate, run: Run, operator_id: int) -> None:
    done = move_units(
        mandate.holder_id,
        run,
        mandate.quantity_kg,
        mandate.other_holder_id or 0,
        By(operator_id=operator_id),
        reference=mandate.code,
        bound=mandate.bound,
    )
    _tell_holder(mandate, "registry.notice_units_moved", run.series.text(done.block.serials))


def _pledge(mandate: Mandate, run: Run, operator_id: int) -> None:
    by, pledgee = By(operator_id=operator_id), mandate.other_holder_id or 0
    hold = pledge_units(mandate.holder_id, run, mandate.quantity_kg, pledgee, by, mandate.note)
    _tell_holder(mandate, "registry.notice_pledged", run.series.text(hold.serials))


def _release(mandate: Mandate, run: Run, operator_id: int) -> None:
    release_pledge(mandate.hold_id or 0, By(operator_id=operator_id), mandate.code)


def _terms(holder_id: int, run: Run, wish: MandateWish) -> Terms:
    holder = accounts.list_holders([holder_id])[holder_id]
    if holder.kind == "person":  # a person has a way in, and sells by their own hand
        raise SellerUnknown()
    terms = decide_terms(
        holder_id, run.series.issuance_id, wish.price_fen_per_step, wish.village, wish.village_bp
    )
    require_whole_steps(terms, wish.quantity_kg)
    return terms


def _offer(mandate: Mandate, run: Run, operator_id: int) -> None:
    """Open the lot, on the very terms that were asked for."""
    require_room(mandate.holder_id)
    sale = decide_terms(mandate.holder_id, mandate.issuance_id, mandate.price_fen_per_step or 0)
    terms = replace(sale, **{name: getattr(mandate, name) for name in _OFFERED})
    block = take(mandate.holder_id, run, mandate.quantity_kg)
    lot = open_on(block.id, mandate.quantity_kg, terms, By(operator_id=operator_id))
    mandate.lot_id = lot.id
    told = {"kg": mandate.quantity_kg, **{name: getattr(mandate, name) for name in _OFFERED}}
    audit.record(operator_id, "lot_opened", lot.code, {"mandate": mandate.code, **told})
    front = Serials(block.serials.first, block.serials.first + mandate.quantity_kg - 1)
    _tell_holder(mandate, "registry.notice_lot_opened", run.series.text(front))


def _tell_holder(mandate: Mandate, message: str, serial: str) -> None:
    notices.tell([mandate.holder_id], message, mandate.code, kg=mandate.quantity_kg, serial=serial)


_DO: Mapping[str, Callable[[Mandate, Run, int], None]] = {
    "reversal": _reverse,
    "cancellation": _cancel,
    "transfer": _transfer,
    "pledge": _pledge,
    "release": _release,
    "offer": _offer,
}
_OFFERED = ("price_fen_per_step", "village_holder_id", "village_bp", "fee_bp")
