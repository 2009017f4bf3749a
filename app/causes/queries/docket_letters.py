"""What a letter of fulfilment 履行证明 says, all of it in plain values: it is frozen, signed and printed."""

from typing import Any

from app.causes.queries.dockets import DocketFacts
from app.offsets.queries.causes import CauseRetirement


def ruling_fulfilled_facts(found: DocketFacts) -> dict[str, Any]:
    """The facts of a letter, once a ruling is confirmed; its parties stand as everybody reads of them."""
    docket, ruling = found.docket, found.ruling
    if ruling is None:
        raise ValueError("nothing was ruled")
    told = ruling.ruling
    return {
        "court": found.court.name,
        "court_kind": found.court.kind,
        "case_number": docket.case_number,
        "stage": docket.stage,
        "parties": docket.parties_shown,
        "ruled_on": told.ruled_on.isoformat(),
        "legal_basis": told.legal_basis,
        "basis": told.basis,
        "measure": told.measure,
        "loss_g": told.loss_g,
        "multiplier": None if told.multiplier is None else f"{float(told.multiplier):g}",
        "rounding": told.rounding,
        "amount_fen": told.amount_fen,
        "price_fen_per_t": told.price_fen_per_t,
        "price_source": told.price_source,
        "priced_on": told.priced_on.isoformat() if told.priced_on else None,
        "ordered_g": told.ordered_g,
        "paid_fen": sum(each.amount_fen for each in found.fitting),
        "retired_g": sum(each.quantity_kg for each in found.fitting) * 1000,
        "instalments": [{"due_on": each.due_on.isoformat(), "part": each.part} for each in told.instalments],
        "retirements": [_retirement(each) for each in found.fitting],
        "papers": [{"kind": each.kind, "state": each.state} for each in found.checklist],
        "sample": any(each.forest.sample for each in found.fitting),
        "fulfilled_at": max(each.retired_at for each in found.fitting).isoformat(timespec="seconds"),
    }


def _retirement(each: CauseRetirement) -> dict[str, Any]:
    return {
        "certificate": each.number,
        "serial": each.serial,
        "quantity_kg": each.quantity_kg,
        "amount_fen": each.amount_fen,
        "forest_zh": f"{each.forest.place.zh} {each.forest.name.zh}",
        "forest_en": f"{each.forest.name.en}, {each.forest.place.en}",
        "project": each.forest.project,
        "seller": each.forest.seller,
        "product": each.forest.product,
        "vintage": each.forest.vintage,
        "sample": each.forest.sample,
        "retired_at": each.retired_at.isoformat(timespec="seconds"),
    }
