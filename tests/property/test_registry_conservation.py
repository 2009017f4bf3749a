"""Whatever is done to units in whatever order, nothing is lost, doubled or oversold."""

from contextlib import suppress
from datetime import date
from itertools import count

from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts import queries as accounts
from app.accounts import services as holders
from app.accounts.ledger import Posting
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.errors import HoldEnded, NotEnoughFree, SoldOut
from app.registry.models import Hold
from app.registry.queries import reversals
from app.registry.queries.serials import Run, get_series
from app.registry.rules import REASONS, Serials, Terms, fitting
from app.registry.services import NOBODY, ProjectFacts
from app.registry.services.cancellations import cancel_from_pool
from app.registry.services.holdings import move_units, retire_units
from app.registry.services.holds import redeem_gift, release_own, release_pledge

TERMS = Terms("yiyuan", 10, 100)
PLACE = {f"{part}_{lang}": "示例" for part in ("county", "township", "village") for lang in ("zh", "en")}
TEXTS = {f"{part}_{lang}": "示例" for part in ("name", "description") for lang in ("zh", "en")}
numbers = count(1)
kilograms = st.integers(1, 40).map(lambda steps: steps * 10)
picks = st.integers(0, 30)


def _forest() -> tuple[int, int]:
    """A new project and its right holder."""
    with transaction():
        holder_id = holders.open_holder("village", "示例村集体").id
        facts = ProjectFacts(
            code=f"P{next(numbers)}",
            region="350721",
            forest_type="chinese_fir",
            methodology="sample_forest_management",
            area_m2=1,
            **PLACE,
            **TEXTS,
        )
        return services.register_project(facts, holder_id).id, holder_id


class Market(RuleBasedStateMachine):
    """One project's units in a lively market, beside a model that only adds and subtracts."""

    def __init__(self) -> None:
        super().__init__()
        self.project_id, self.holder_id = _forest()
        self.issued: dict[int, int] = {}
        self.promises: dict[int, list[int]] = {}
        self.retired_kg = self.cancelled_kg = 0
        self.holds: list[int] = []
        with transaction():
            self.others = [holders.open_holder("organisation", f"示例 {n}").id for n in range(3)]
            self.bank = holders.open_holder("organisation", "示例银行").id
            db.session.execute(
                text("UPDATE project SET buffer_bp = 1000 WHERE id = :id"), {"id": self.project_id}
            )

    def pick_lot(self, pick: int) -> int | None:
        """The lot that `pick` names; None when there is none."""
        lots = list(self.promises)
        return lots[pick % len(lots)] if lots else None

    def number(self, statement: str, **values: int) -> int:
        """One whole number out of the database; 0 for none."""
        return int(db.session.scalar(text(statement), values) or 0)

    @rule(quantity_kg=kilograms)
    def issue(self, quantity_kg: int) -> None:
        """New units, all of them on sale."""
        vintage = 2000 + len(self.issued)
        if vintage > 2020:
            return
        period = (date(vintage, 1, 1), date(vintage, 12, 31))
        with transaction():
            issued = services.issue(self.project_id, period, quantity_kg, vintage=vintage, verification="V")
            offered = issued.serials.quantity_kg // 10 * 10
            if offered:
                self.promises[services.open_lot(issued.block_id, offered, TERMS).id] = []
        self.issued[issued.issuance_id] = quantity_kg

    @rule(pick=picks, quantity_kg=kilograms)
    def offer_again(self, pick: int, quantity_kg: int) -> None:
        """Put free units on sale once more."""
        free = db.session.execute(
            text(
                "SELECT id, last_serial - first_serial + 1 AS kg FROM block WHERE lot_id IS NULL"
                " AND state = 'active' AND holder_id = :holder ORDER BY id"
            ),
            {"holder": self.holder_id},
        ).all()
        if free:
            block = free[pick % len(free)]
            offered = min(quantity_kg, block.kg // 10 * 10)
            if offered:
                with transaction():
                    self.promises[services.open_lot(block.id, offered, TERMS).id] = []

    @rule(pick=picks, quantity_kg=kilograms)
    def reserve(self, pick: int, quantity_kg: int) -> None:
        """An order reserves, unless the lot has too little."""
        if (lot_id := self.pick_lot(pick)) is None:
            return
        open_kg = self.number("SELECT available_kg FROM lot WHERE id = :id AND closed_at IS NULL", id=lot_id)
        try:
            with transaction():
                services.reserve(lot_id, quantity_kg)
        except SoldOut:
            assert open_kg < quantity_kg
        else:
            assert open_kg >= quantity_kg
            self.promises[lot_id].append(quantity_kg)

    @rule(pick=picks, which=picks)
    def release(self, pick: int, which: int) -> None:
        """An order gives back."""
        lot_id = self.pick_lot(pick)
        if lot_id is not None and self.promises[lot_id]:
            quantity_kg = self.promises[lot_id].pop(which % len(self.promises[lot_id]))
            with transaction():
                services.release(lot_id, quantity_kg)

    @rule(pick=picks, orders=st.integers(1, 5))
    def retire(self, pick: int, orders: int) -> None:
        """The oldest orders of a lot are settled, as far as there are units."""
        if (lot_id := self.pick_lot(pick)) is None:
            return
        quantities, self.promises[lot_id] = self.promises[lot_id][:orders], self.promises[lot_id][orders:]
        held_kg = self.number(
            "SELECT last_serial - first_serial + 1 FROM block WHERE lot_id = :id AND state = 'active'",
            id=lot_id,
        )
        with transaction():
            run = services.retire_run(lot_id, quantities)
            taken_kg = sum(quantities[: run.placed])
            if taken_kg:
                grams = taken_kg * 1000
                buyer = holders.open_holder("person").id
                ledger.post([Posting(chart.RETIRE_SURPLUS, next(numbers), self.holder_id, buyer, grams)])
        assert run.placed == len(run.firsts) == fitting(quantities, held_kg)
        self.retired_kg += taken_kg

    @rule(pick=picks, quantity_kg=kilograms, reason=st.sampled_from(REASONS))
    def cancel(self, pick: int, quantity_kg: int, reason: str) -> None:
        """A fire, or felling."""
        if self.issued:
            issuance_id = list(self.issued)[pick % len(self.issued)]
            active_kg = self.number(
                "SELECT sum(last_serial - first_serial + 1) FROM block WHERE issuance_id = :id"
                " AND holder_id = :holder AND state IN ('active', 'reserved')",
                id=issuance_id,
                holder=self.holder_id,
            )
            with transaction():
                cancelled_kg = services.cancel_units(issuance_id, quantity_kg, reason)
            assert cancelled_kg == min(quantity_kg, active_kg)
            self.cancelled_kg += cancelled_kg

    def free_run(self, pick: int) -> tuple[int, Run] | None:
        """A holder of a free block, and the serials of it."""
        free = db.session.execute(
            text(
                "SELECT holder_id, issuance_id, first_serial, last_serial FROM block WHERE lot_id IS NULL"
                " AND state = 'active' AND holder_id <> 2 AND issuance_id = ANY(:issued)"
                " ORDER BY first_serial"
            ),
            {"issued": list(self.issued)},
        ).all()
        if not free:
            return None
        block = free[pick % len(free)]
        serials = Serials(block.first_serial, block.last_serial)
        return block.holder_id, Run(get_series(block.issuance_id), serials)

    @rule(pick=picks, quantity_kg=kilograms, to=st.integers(0, 2))
    def transfer(self, pick: int, quantity_kg: int, to: int) -> None:
        """Units change hands, or there are too few."""
        if (found := self.free_run(pick)) is None or found[0] == self.others[to]:
            return
        with suppress(NotEnoughFree), transaction():
            move_units(*found, quantity_kg, self.others[to], NOBODY)

    @rule(pick=picks, quantity_kg=st.integers(1, 400), days=st.integers(1, 3))
    def hold(self, pick: int, quantity_kg: int, days: int) -> None:
        """Units are set aside, given or pledged, by turns."""
        if (found := self.free_run(pick)) is None:
            return
        kind = ("reserve", "give", "pledge")[pick % 3]
        told: dict[str, int | None] = {"days": None if kind == "pledge" else days}
        if kind == "pledge":
            told["other_holder_id"] = self.bank
        with suppress(NotEnoughFree), transaction():
            self.holds.append(services.hold_units(kind, *found, quantity_kg, NOBODY, **told).id)

    @rule(pick=picks)
    def end_hold(self, pick: int) -> None:
        """A pledge is released, a gift redeemed, a reservation let go; nothing ends twice."""
        if not self.holds:
            return
        hold = db.session.get_one(Hold, self.holds[pick % len(self.holds)], populate_existing=True)
        with suppress(HoldEnded), transaction():
            if hold.kind == "pledge":
                release_pledge(hold.id, NOBODY, "letter")
            elif hold.kind == "give":
                redeem_gift(next(each for each in self.others if each != hold.holder_id), hold.code)
            else:
                release_own(hold.holder_id, hold.code)

    @rule(pick=picks, quantity_kg=st.integers(1, 400))
    def retire_own(self, pick: int, quantity_kg: int) -> None:
        """A holder uses up units of their own, or has too few."""
        if (found := self.free_run(pick)) is None:
            return
        with suppress(NotEnoughFree), transaction():
            retire_units(*found, quantity_kg, "event")
            self.retired_kg += quantity_kg

    @rule(pick=picks, quantity_kg=kilograms)
    def burn(self, pick: int, quantity_kg: int) -> None:
        """The pool, which all forests share, makes good what it can."""
        pool_kg, before_kg = reversals.pool_kg(), self.in_state("cancelled")
        with transaction():
            assert cancel_from_pool(quantity_kg, "fire", NOBODY, "loss") == min(quantity_kg, pool_kg)
        self.cancelled_kg += self.in_state("cancelled") - before_kg

    def in_state(self, state: str) -> int:
        """The kilograms of this forest in a state."""
        units = [queries.conservation(issuance_id) for issuance_id in self.issued]
        return sum(getattr(each, f"{state}_kg") for each in units)

    @rule(pick=picks)
    def close(self, pick: int) -> None:
        """A lot is taken off sale."""
        if (lot_id := self.pick_lot(pick)) is not None:
            with transaction():
                services.close_lot(lot_id)

    @invariant()
    def units_are_where_the_model_says(self) -> None:
        """Conservation, and the seller's balance."""
        units = [queries.conservation(issuance_id) for issuance_id in self.issued]
        assert [each.issued_kg for each in units] == list(self.issued.values())
        assert sum(each.retired_kg for each in units) == self.retired_kg
        assert sum(each.cancelled_kg for each in units) == self.cancelled_kg
        held_g = sum(accounts.get_balance(each, chart.UNITS) for each in (self.holder_id, *self.others))
        pooled_kg = self.number(
            "SELECT sum(b.last_serial - b.first_serial + 1) FROM block b"
            " JOIN issuance i ON i.id = issuance_id"
            " WHERE b.holder_id = 2 AND state = 'active' AND project_id = :id",
            id=self.project_id,
        )
        waiting = sum(each.active_kg + each.reserved_kg + each.pledged_kg for each in units) - pooled_kg
        assert held_g == waiting * 1000

    @invariant()
    def promises_are_what_orders_hold(self) -> None:
        """Nothing is reserved that no order waits for."""
        for lot_id, promised in self.promises.items():
            assert self.number("SELECT reserved_kg FROM lot WHERE id = :id", id=lot_id) == sum(promised)

    @invariant()
    def every_proof_holds(self) -> None:
        """What `flask prove` says."""
        assert [proof for proof in queries.prove() if not proof.holds] == []
        db.session.rollback()


def test_units_are_conserved_whatever_happens(app: Flask) -> None:
    run_state_machine_as_test(
        Market, settings=settings(max_examples=20, stateful_step_count=30, deadline=None)
    )
