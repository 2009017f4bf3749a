"""What a settled order means for the persons it was bought for: their parts, the due, what is attested."""

from collections.abc import Sequence

from sqlalchemy import select

from app.causes.models.duties import Duty, DutyShare
from app.causes.queries.duties import DutyFacts, find_group, find_members
from app.causes.queries.duty_documents import (
    bought_for,
    equivalence_facts,
    group_voucher_facts,
    voucher_facts,
)
from app.causes.rules.duties import Part, split_payment
from app.kit import clock
from app.kit.database import db
from app.offsets.queries.causes import CauseRetirement, list_retirements
from app.offsets.services.attestations import attest, revoke
from app.offsets.services.causes import owe_bought

VOUCHER, EQUIVALENCE = "duty_voucher", "duty_equivalence"
RELEASED = "duty_released"


def count_purchase(cause_id: int, order_id: int) -> None:
    """Give each person their part of a settled order, owe exactly what was bought, and attest it anew.

    Safe to call again: an order is split once.
    """
    if db.session.scalar(select(DutyShare.duty_id).where(DutyShare.order_id == order_id).limit(1)):
        return
    bought = next(each for each in list_retirements(cause_id) if each.order_id == order_id)
    members = _locked_members(cause_id)
    tariff = members[0].tariff
    parts = split_payment(
        tariff.basis, bought.amount_fen, bought.quantity_kg, [each.lacking for each in members]
    )
    db.session.add_all(_shares(bought, members, parts))
    db.session.flush()
    owe_bought(cause_id, "bought")
    _attest(cause_id)


def _locked_members(cause_id: int) -> Sequence[DutyFacts]:
    of_cause = (Duty.cause_id == cause_id) | (Duty.group_id == cause_id)
    db.session.scalars(select(Duty.cause_id).where(of_cause).order_by(Duty.cause_id).with_for_update()).all()
    return find_members(cause_id)


def _shares(bought: CauseRetirement, members: Sequence[DutyFacts], parts: Sequence[Part]) -> list[DutyShare]:
    """A row for each who has a part; the kilograms lie side by side in the order's serials."""
    shares, next_serial = [], bought.first_serial
    for member, part in zip(members, parts, strict=True):
        if not (part.amount_fen or part.quantity_kg):
            continue
        numbered = part.quantity_kg > 0
        shares.append(
            DutyShare(
                order_id=bought.order_id,
                duty_id=member.id,
                amount_fen=part.amount_fen,
                quantity_kg=part.quantity_kg,
                first_serial=next_serial if numbered else None,
                last_serial=next_serial + part.quantity_kg - 1 if numbered else None,
                counted_at=clock.now(),
            )
        )
        next_serial += part.quantity_kg
    return shares


def _attest(cause_id: int) -> None:
    """A voucher for everybody, a statement for whoever has a whole tree; and the group's own voucher."""
    group, known = find_group(cause_id), bought_for(cause_id)
    if group is not None:
        attest(group.id, VOUCHER, group_voucher_facts(group, known))
    for member in find_members(cause_id):
        attest(member.id, VOUCHER, voucher_facts(member, known))
        if member.counted.trees:
            attest(member.id, EQUIVALENCE, equivalence_facts(member, known))


def revoke_released(duty_id: int, group_id: int | None) -> None:
    """Let no document stand of a person's year that was released; its group's voucher counts one less."""
    for kind in (VOUCHER, EQUIVALENCE):
        revoke(duty_id, kind, RELEASED)
    group = find_group(group_id) if group_id is not None else None
    if group is not None and revoke(group.id, VOUCHER, RELEASED) and group.people:
        attest(group.id, VOUCHER, group_voucher_facts(group, bought_for(group.id)))
