"""The facts that a duty's documents print: plain values, all that stands on the sheet.

Nobody's name is among them without their consent. Neither document says that a duty is discharged: that is
for the greening office.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from app.causes.models.duties import DutyGroup, DutyShare
from app.causes.queries.duties import DutyFacts, GroupFacts
from app.causes.rules.duties import NEEDED_TREES, Basis, Tariff, Use, count_trees
from app.kit.database import db
from app.kit.messages import t
from app.offsets.queries.causes import CauseRetirement, list_retirements

type_facts = dict[str, Any]
type_bought = Mapping[int, CauseRetirement]
type_part = tuple[CauseRetirement, str, int]


def bought_for(*cause_ids: int) -> type_bought:
    """What was retired for these causes, by order; documents of many persons share one reading of it."""
    return {each.order_id: each for each in list_retirements(*cause_ids)}


def voucher_facts(duty: DutyFacts, known: type_bought) -> type_facts:
    """A purchase voucher 认购凭证 of one person's year: what was paid, and which kilograms it used up."""
    return {
        "payer": _payer(duty),
        "person": {"name": printed_name(duty)},
        **_common(duty.year, duty.tariff, duty.amount_fen, duty.quantity_kg),
        "trees": duty.counted.trees,
        "rest": rest_text(duty.tariff, duty.counted.rest),
        **_bought(_parts_of(duty, known)),
    }


def group_voucher_facts(group: GroupFacts, known: type_bought) -> type_facts:
    """The voucher of whoever paid for a family or a staff: how many persons, not who they are.

    All that was paid stands on it, also for whom was released since.
    """
    amount_fen = sum(each.amount_fen for each in known.values())
    quantity_kg = sum(each.quantity_kg for each in known.values())
    return {
        "payer": group.title,
        "persons": len(group.people),
        **_common(group.year, group.tariff, amount_fen, quantity_kg),
        "trees": _trees_of(group, known),
        **_bought([(each, each.serial, each.quantity_kg) for each in known.values()]),
    }


def _trees_of(group: GroupFacts, known: type_bought) -> int:
    """Trees that these orders give the group's people; what they bought apart is not its payer's."""
    parts = db.session.execute(
        select(func.sum(DutyShare.amount_fen), func.sum(DutyShare.quantity_kg))
        .where(DutyShare.order_id.in_(known), DutyShare.duty_id.in_([each.id for each in group.people]))
        .group_by(DutyShare.duty_id)
    )
    return sum(count_trees(group.tariff, int(fen), int(kg)).trees for fen, kg in parts)


def equivalence_facts(duty: DutyFacts, known: type_bought) -> type_facts:
    """An equivalence statement 折算说明 of one person's year: so many trees by this tariff."""
    reached = duty.progress
    return {
        "person": {"name": printed_name(duty)},
        **_common(duty.year, duty.tariff, duty.amount_fen, duty.quantity_kg),
        "trees": duty.counted.trees,
        "duty_trees": reached.duty_trees,
        "surplus_trees": reached.honour_trees,
        **({} if duty.honour else {"trees_needed": NEEDED_TREES}),
        "honour": duty.honour,
        "rest": rest_text(duty.tariff, duty.counted.rest),
        **_bought(_parts_of(duty, known)),
    }


def printed_name(duty: DutyFacts) -> str | dict[str, str]:
    """The name as its person wants it shown: in full by consent, otherwise not at all."""
    return duty.name if duty.print_name and duty.name else both("causes.duty_name_kept")


def both(message: str, **params: object) -> dict[str, str]:
    """A sentence of ours in both languages, as documents keep it."""
    return {language: t(message, language, **params) for language in ("zh", "en")}


def rate_text(tariff: Tariff) -> dict[str, str]:
    """What gives how many trees, in words."""
    return both(
        f"causes.duty_rate_{tariff.basis}",
        sum=_plain(tariff.sum or 0, tariff.basis),
        trees=tariff.trees,
    )


def rest_text(tariff: Tariff, rest: int) -> dict[str, str]:
    """What gave no whole tree, in words."""
    return both(f"causes.duty_rest_{tariff.basis}", rest=_plain(rest, tariff.basis))


def _plain(amount: int, basis: Basis) -> str:
    if basis is not Basis.YUAN:
        return f"{amount:,}"
    return f"{amount // 100:,}.{amount % 100:02d}" if amount % 100 else f"{amount // 100:,}"


def _common(year: int, tariff: Tariff, amount_fen: int, quantity_kg: int) -> type_facts:
    return {
        "year": year,
        "region": {"zh": tariff.place_zh, "en": tariff.place_en},
        "tariff": _tariff(tariff),
        "paid_fen": amount_fen,
        "quantity_kg": quantity_kg,
        "discharged_by": both("causes.duty_discharged_by"),
    }


def _tariff(tariff: Tariff) -> type_facts:
    basis, least = tariff.sum or 0, tariff.trees or 1
    by_tree = (
        {"basis": "fen_per_tree", "fen_per_tree": basis // least}
        if tariff.basis is Basis.YUAN
        else {"basis": "g_per_tree", "g_per_tree": basis * 1000 // least}
    )
    return {
        "code": f"{tariff.code}.{tariff.version}",
        "name": rate_text(tariff),
        **by_tree,
        "source": tariff.source,
        "grade": tariff.grade,
        "confirmed_year": tariff.confirmed_year,
        "sample": tariff.use is Use.SAMPLE,
        "note": {"zh": tariff.note_zh, "en": tariff.note_en},
    }


def _payer(duty: DutyFacts) -> str | dict[str, str]:
    if duty.group_id is None:
        return printed_name(duty)
    return db.session.get_one(DutyGroup, duty.group_id).title


def _parts_of(duty: DutyFacts, known: type_bought) -> Sequence[type_part]:
    """What was retired for one person, with the serials that are theirs: own orders, parts of a group's."""
    shares = db.session.scalars(
        select(DutyShare)
        .where(DutyShare.duty_id == duty.id, DutyShare.quantity_kg > 0)
        .order_by(DutyShare.order_id)
    ).all()
    if any(share.order_id not in known for share in shares):
        known = bought_for(duty.id, *filter(None, [duty.group_id]))
    parts = []
    for share in shares:
        bought = known[share.order_id]
        serial = bought.forest.serial_text(share.first_serial or 0, share.last_serial or 0)
        parts.append((bought, serial, share.quantity_kg))
    return parts


def _bought(parts: Sequence[type_part]) -> type_facts:
    forests = [bought.forest for bought, _, _ in parts]
    notes = dict.fromkeys(note for forest in forests for note in forest.notes)
    return {
        "retirements": [
            {
                "certificate": bought.number,
                "serial": serial,
                "quantity_kg": quantity_kg,
                "project": bought.forest.project,
                "project_name": {"zh": bought.forest.name.zh, "en": bought.forest.name.en},
                "seller": bought.forest.seller,
                "vintage": bought.forest.vintage,
                "product": bought.forest.product,
                "product_name": both(bought.forest.product_name),
                "retired_at": bought.retired_at.isoformat(timespec="seconds"),
            }
            for bought, serial, quantity_kg in parts
        ],
        "sample": any(forest.sample for forest in forests),
        "notes": [both(note) for note in notes],
    }
