"""The model's kilograms: issued, offered, promised, taken off sale, burnt."""

from dataclasses import dataclass, field, replace

from books.ledger import PLATFORM, Books


@dataclass(frozen=True)
class Issuance:
    """Kilograms of one issuance: what is on no lot, and what is gone; the rest lies on its lots."""

    id: int
    holder: int
    vintage: int
    free_kg: int
    retired_kg: int = 0
    cancelled_kg: int = 0


@dataclass(frozen=True)
class Lot:
    """Kilograms on sale: what its block holds, and what orders were promised of it."""

    id: int
    issuance: int
    seller: int
    village: int | None
    village_bp: int
    fee_bp: int
    step_kg: int
    price_fen: int
    block_kg: int
    reserved_kg: int = 0
    closed: bool = False

    @property
    def available_kg(self) -> int:
        """What nobody was promised."""
        return max(self.block_kg - self.reserved_kg, 0)

    @property
    def short_kg(self) -> int:
        """What was promised and is gone."""
        return max(self.reserved_kg - self.block_kg, 0)


@dataclass
class Units(Books):
    """Every issuance and every lot."""

    issuances: dict[int, Issuance] = field(default_factory=dict)
    lots: dict[int, Lot] = field(default_factory=dict)

    def issue(self, issuance: Issuance) -> str:
        """New units, all of them free."""
        self.issuances[issuance.id] = issuance
        self.move("issue", (PLATFORM, "forest_mint"), (issuance.holder, "units"), issuance.free_kg * 1000)
        return "issued"

    def open_lot(self, lot: Lot, block_kg: int) -> str:
        """Put the first kilograms of a free block of `block_kg` on sale."""
        if lot.block_kg > block_kg:
            return "BlockNotFree"
        issuance = self.issuances[lot.issuance]
        self.issuances[lot.issuance] = replace(issuance, free_kg=issuance.free_kg - lot.block_kg)
        if lot.id:
            self.lots[lot.id] = lot
        return "open"

    def close_lot(self, lot_id: int) -> int:
        """Take a lot off sale; what nobody was promised is free."""
        lot = self.lots[lot_id]
        issuance = self.issuances[lot.issuance]
        unsold = lot.available_kg
        self.issuances[lot.issuance] = replace(issuance, free_kg=issuance.free_kg + unsold)
        self.lots[lot_id] = replace(lot, block_kg=lot.block_kg - unsold, closed=True)
        return unsold

    def cancel(self, issuance_id: int, kg: int) -> int:
        """Free blocks first, then what is on sale, then what was promised; the earlier lot first."""
        issuance = self.issuances[issuance_id]
        lots = [lot for lot in self.lots.values() if lot.issuance == issuance_id]
        left = kg - min(kg, issuance.free_kg)
        self.issuances[issuance_id] = issuance = replace(issuance, free_kg=issuance.free_kg - (kg - left))
        for room in (lambda lot: lot.available_kg, lambda lot: lot.block_kg):
            for lot_id in sorted(lot.id for lot in lots):
                lot = self.lots[lot_id]
                taken = min(left, room(lot))
                self.lots[lot_id] = replace(lot, block_kg=lot.block_kg - taken)
                left -= taken
        done = kg - left
        self.issuances[issuance_id] = replace(issuance, cancelled_kg=issuance.cancelled_kg + done)
        self.move("cancel_units", (issuance.holder, "units"), (PLATFORM, "cancelled"), done * 1000)
        return done

    def oldest(self, kg: int | None, fen: int | None) -> Lot | None:
        """The lot of the oldest vintage that has enough."""
        enough = [
            lot
            for lot in self.lots.values()
            if not lot.closed
            and lot.available_kg >= (kg or 0)
            and (fen is None or lot.available_kg // lot.step_kg >= fen // lot.price_fen)
        ]
        return min(enough, key=lambda lot: (self.issuances[lot.issuance].vintage, lot.id), default=None)

    def end_promise(self, lot_id: int, kg: int, used_kg: int = 0) -> None:
        """A promise of `kg` ends, `used_kg` of it by being used up."""
        lot = self.lots[lot_id]
        self.lots[lot_id] = replace(lot, reserved_kg=lot.reserved_kg - kg, block_kg=lot.block_kg - used_kg)
