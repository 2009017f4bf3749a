"""Units in a story: listed, offered again, taken off sale, burnt."""

from datetime import date
from itertools import count

from sqlalchemy import text

from app.accounts import services as accounts
from app.kit.database import db
from app.registry import services as registry
from app.registry.rules import REASONS, Terms
from books.acts import Dice, act
from books.history import History, Step, once
from books.units import Issuance, Lot
from books.world import World

PRICES = ((10, 4999), (10, 97), (10, 133))
WORDS = {
    f"{part}_{lang}": "示例"
    for part in ("name", "description", "county", "township", "village")
    for lang in ("zh", "en")
}
SHARES = ((0, 1500), (3000, 700), (3333, 1), (100, 999), (9000, 1000), (0, 0))


class Forests(History):
    """What villages and fires do."""

    numbers: "count[int]"
    operators: list[int]

    @act()
    def list_forest(self, dice: Dice) -> Step:
        """A new project with an issuance, part or all of it on sale."""
        kg, vintage = dice.of((250, 600, 60)), 2016 + dice.upto(8)
        offered = dice.of((kg, kg - 30, kg, 10))
        terms, shares = dice.of(PRICES), dice.of(SHARES)
        ids: dict[str, int] = {}

        def work() -> str:
            seller = accounts.open_holder("village", "示例村集体", "350721").id
            village = accounts.open_holder("village", "示例村", "350721").id if shares[0] else None
            number = next(self.numbers)
            facts = registry.ProjectFacts(
                code=f"P{number}",
                region="350721",
                forest_type="bamboo",
                methodology="yiyuan",
                area_m2=1,
                **WORDS,
            )
            project = registry.register_project(facts, seller)
            period = (date(vintage, 1, 1), date(vintage, 12, 31))
            issued = registry.issue(project.id, period, kg, vintage=vintage, verification="V")
            lot = registry.open_lot(issued.block_id, offered, Terms("yiyuan", *terms, village, *shares))
            ids.update(seller=seller, village=village or 0, issuance=issued.issuance_id, lot=lot.id)
            return "open"

        def change(world: World) -> str:
            world.issue(Issuance(ids["issuance"], ids["seller"], vintage, kg))
            lot = Lot(
                ids["lot"], ids["issuance"], ids["seller"], ids["village"] or None, *shares, *terms, offered
            )
            return world.open_lot(lot, kg)

        return Step(
            f"list {kg} kg, {offered} of them at {terms} shared {shares}", self.atomic(work), once(change)
        )

    @act()
    def offer_again(self, dice: Dice) -> Step | None:
        """What is free goes on sale, sometimes more than there is."""
        free = db.session.execute(
            text(
                "SELECT id, issuance_id, last_serial - first_serial + 1 AS kg FROM block"
                " WHERE lot_id IS NULL AND state = 'active' ORDER BY id"
            )
        ).all()
        if not free:
            return None
        block, terms = dice.of(free), dice.of(PRICES)
        kg = max(dice.of((10, 20, block.kg // 10 * 10, block.kg // 10 * 10 + 10)), 10)
        seller = self.world.issuances[block.issuance_id].holder
        ids = {"lot": 0}

        def work() -> str:
            ids["lot"] = registry.open_lot(block.id, kg, Terms("yiyuan", *terms, fee_bp=700)).id
            return "open"

        def change(world: World) -> str:
            lot = Lot(ids["lot"], block.issuance_id, seller, None, 0, 700, *terms, kg)
            return world.open_lot(lot, block.kg)

        return Step(f"offer {kg} of block {block.id}'s {block.kg} kg", self.atomic(work), once(change))

    @act(races=True)
    def close_lot(self, dice: Dice) -> Step:
        """A lot is taken off sale, perhaps again."""
        lot = dice.of(list(self.world.lots))
        return Step(
            f"close lot {lot}", self.atomic(lambda: registry.close_lot(lot)), once(lambda w: w.close_lot(lot))
        )

    @act(races=True)
    def burn(self, dice: Dice) -> Step:
        """A fire takes units, sold or not."""
        issuance, kg = dice.of(list(self.world.issuances)), dice.of((5, 10, 25, 40, 90, 200))
        reason = dice.of(REASONS)
        return Step(
            f"cancel {kg} kg of issuance {issuance}",
            self.atomic(lambda: registry.cancel_units(issuance, kg, reason)),
            once(lambda w: w.cancel(issuance, kg)),
        )
