"""What was closed stands; whoever has to tell it anew begins with a copy."""

from app.footprint import queries, rules
from app.footprint.models import InventoryLineRow
from app.footprint.queries import Inventory
from app.footprint.services.inventories import Facts, begin_inventory, change_stage
from app.kit import clock
from app.kit.database import db


def copy_final(holder_id: int, inventory: Inventory) -> Inventory:
    """Another inventory of the same event that begins with its closed final: the same lines, open again.

    Lines keep their own factors, so that only what is told anew changes a figure. Raises
    `TooManyInventories`.
    """
    final = inventory.stages[rules.FINAL]
    facts = Facts(final.starts_on, final.ends_on, final.onsite_heads, final.online_heads)
    copy = begin_inventory(holder_id, inventory.name, inventory.region, facts, rules.FINAL, inventory.guide)
    db.session.add_all(
        InventoryLineRow(
            inventory_id=copy.id,
            stage=rules.FINAL,
            number=line.number,
            revision=1,
            item=line.item.key,
            inputs=dict(line.inputs),
            share_basis=line.share.basis,
            share_part=line.share.part,
            share_whole=line.share.whole,
            grade=line.grade,
            evidence=line.evidence,
            source=line.source,
            factor_id=line.factor.id,
            emitted_g=line.emitted_g,
            added_at=clock.now(),
        )
        for line in final.lines
    )
    db.session.flush()
    change_stage(holder_id, copy.code, rules.FINAL, facts, final.excluded)
    return queries.get_inventory(holder_id, copy.code)
