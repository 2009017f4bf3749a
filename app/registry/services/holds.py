"""Holds: units set aside for a time, gifts that wait to be redeemed, pledges 质押.

A held block is as whole as its hold: nothing is taken from it until the hold ends. What has a time ends by
itself; a gift nobody redeemed falls back to its giver. A pledge has no time and ends for the pledgee only.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, insert, select, update

from app.accounts import chart, ledger
from app.accounts.ledger import Posting
from app.accounts.services import notices
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.registry.errors import HoldEnded, HoldNotYours, HoldUnknown, NotEnoughFree
from app.registry.models import Block, Hold
from app.registry.queries import sanctions
from app.registry.queries.serials import Run, get_series
from app.registry.rules import GRAMS_PER_UNIT, HOLDS
from app.registry.services.acts import NOBODY, By, Done, perform, perform_part, take
from app.registry.services.blocks import Held, lock_blocks
from app.registry.services.holdings import find_receiver

BANKS = ("organisation", "village")
"""Who may be a pledgee: nobody pledges to a person."""


def hold_units(
    kind: str,
    holder_id: int,
    run: Run,
    quantity_kg: int,
    by: By,
    *,
    days: int | None = None,
    purpose: str | None = None,
    other_holder_id: int | None = None,
) -> Hold:
    """Let `quantity_kg` wait: `kind` is one of `rules.HOLDS`.

    Raises what `take` raises, and `HandingOverBarred` for a gift of a limited holder's.
    """
    if kind == "give":
        sanctions.require_may_hand_over(holder_id)
    block = take(holder_id, run, quantity_kg)
    code = random_code()
    done = perform_part(kind, block, quantity_kg, by, reference=code)
    now = clock.now()
    return db.session.scalars(
        insert(Hold)
        .values(
            code=code,
            kind=kind,
            holder_id=holder_id,
            other_holder_id=other_holder_id,
            issuance_id=block.issuance_id,
            first_serial=done.block.serials.first,
            last_serial=done.block.serials.last,
            purpose=purpose,
            until=None if days is None else now + timedelta(days=days),
            opened_at=now,
        )
        .returning(Hold)
    ).one()


def pledge_units(
    holder_id: int, run: Run, quantity_kg: int, pledgee_id: int, by: By, purpose: str | None = None
) -> Hold:
    """Pledge units to a pledgee, who is told. Nothing moves until they let go."""
    hold = hold_units("pledge", holder_id, run, quantity_kg, by, purpose=purpose, other_holder_id=pledgee_id)
    _tell(hold, [pledgee_id], "registry.notice_pledged")
    return hold


def pledge_own(holder_id: int, run: Run, quantity_kg: int, pledgee: str, purpose: str | None) -> Hold:
    """Pledge one's own units to an organisation, named by its code. Raises `ReceiverUnknown`."""
    to = find_receiver(pledgee, holder_id, kinds=BANKS)
    return pledge_units(holder_id, run, quantity_kg, to, By(holder_id), purpose)


def release_own(holder_id: int, code: str) -> Hold:
    """End one's own reservation, or take back a gift that nobody has redeemed.

    Raises `HoldUnknown`, `HoldEnded`, and `HoldNotYours` for a pledge.
    """
    hold = _lock_code(code)
    if hold.holder_id != holder_id:
        raise HoldUnknown()
    if hold.kind == "pledge":
        raise HoldNotYours()
    end_hold(hold, By(holder_id), "released")
    return hold


def redeem_gift(holder_id: int, code: str) -> Hold:
    """Receive a gift by its code, once.

    Raises `HoldUnknown`, `HoldEnded`, `HoldNotYours`, and `Sanctioned` or `HandingOverBarred` where a
    sanction was laid upon the giver or the project while it waited.
    """
    given = select(Hold.holder_id, Hold.issuance_id).where(Hold.code == _read(code), Hold.kind == "give")
    gift = db.session.execute(given).one_or_none()
    if gift is None:
        raise HoldUnknown()
    sanctions.require_free(gift.holder_id, issuance_id=gift.issuance_id)
    sanctions.require_may_hand_over(gift.holder_id)
    hold = _lock_code(code)
    if hold.holder_id == holder_id:
        raise HoldNotYours()
    if hold.until is not None and hold.until <= clock.now():
        raise HoldEnded()
    done = _act_on(hold, "redeem", By(holder_id), to_holder_id=holder_id)
    _end(hold, "redeemed", other_holder_id=holder_id)
    grams = hold.serials.quantity_kg * GRAMS_PER_UNIT
    ledger.post([Posting(chart.GIVE_UNITS, done.act_id, hold.holder_id, holder_id, grams)])
    _tell(hold, [hold.holder_id], "registry.notice_gift_redeemed")
    return hold


def release_pledge(hold_id: int, by: By, reference: str) -> Done:
    """Let pledged units go; both sides are told. Four eyes stand at the mandate. Raises `HoldEnded`."""
    hold = _lock(Hold.id == hold_id)
    done = _act_on(hold, "unpledge", by, reference=reference)
    _end(hold, "released")
    _tell(hold, [hold.holder_id, hold.other_holder_id or hold.holder_id], "registry.notice_unpledged")
    return done


def end_hold(hold: Hold, by: By, ended_as: str) -> Held:
    """End a locked reservation or gift; its units are free again. Raises `HoldEnded`."""
    done = _act_on(hold, "release", by)
    _end(hold, ended_as)
    return done.block


def lapse_one() -> bool:
    """End the reservation or gift whose time has been over longest; False when there is none."""
    over = select(Hold.id).where(Hold.ended_at.is_(None), Hold.until <= clock.now())
    first = db.session.scalar(over.order_by(Hold.until, Hold.id).limit(1))
    if first is None:
        return False
    hold = _lock(Hold.id == first)
    if hold.ended_at is None:
        end_hold(hold, NOBODY, "lapsed")
        _tell(hold, [hold.holder_id], "registry.notice_hold_lapsed")
    return True


def lock_hold_on(block: Held) -> Hold:
    """The open hold of a waiting block, locked. For whoever has locked the block."""
    return db.session.scalars(
        select(Hold)
        .where(Hold.first_serial == block.serials.first, Hold.ended_at.is_(None))
        .with_for_update()
    ).one()


def _lock_code(code: str) -> Hold:
    return _lock(Hold.code == _read(code))


def _read(code: str) -> str:
    if not (code.isascii() and code.isalnum()):
        raise HoldUnknown()
    return code


def _lock(which: ColumnElement[bool]) -> Hold:
    """A hold, locked after its block: whoever reverses has the block first too. Raises `HoldUnknown`."""
    first = db.session.scalar(select(Hold.first_serial).where(which))
    if first is None:
        raise HoldUnknown()
    lock_blocks(Block.first_serial == first, states=("reserved", "pledged"))
    wanted = select(Hold).where(which).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(wanted).one()


def _act_on(
    hold: Hold, act: str, by: By, *, to_holder_id: int | None = None, reference: str | None = None
) -> Done:
    if hold.ended_at is not None:
        raise HoldEnded()
    blocks = lock_blocks(Block.first_serial == hold.first_serial, states=(HOLDS[hold.kind],))
    if not blocks:
        raise NotEnoughFree()
    return perform(act, blocks[0], by, to_holder_id=to_holder_id, reference=reference or hold.code)


def _end(hold: Hold, ended_as: str, other_holder_id: int | None = None) -> None:
    values = {"ended_at": clock.now(), "ended_as": ended_as}
    if other_holder_id is not None:
        values["other_holder_id"] = other_holder_id
    db.session.execute(update(Hold).where(Hold.id == hold.id).values(**values))


def _tell(hold: Hold, holder_ids: list[int], message: str) -> None:
    serial = get_series(hold.issuance_id).text(hold.serials)
    # By our own number, since the code of a gift is its key.
    notices.tell(holder_ids, message, f"hold:{hold.id}", kg=hold.serials.quantity_kg, serial=serial)
