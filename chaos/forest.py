"""Lots to sell, and fires in them: what was promised and is gone must end in refunds."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

from app import create_app
from app.accounts import services as accounts
from app.config import Settings
from app.kit.transaction import transaction
from app.registry import services as registry
from app.registry.rules import Terms
from bench.forest import sample_facts

Result = TypeVar("Result")
LOTS = 4
LOT_KG = 10_000_000
WOOD_KG = 20_000
"""A lot that will burn: more than is sold until then."""
PERIOD = (date(2022, 1, 1), date(2022, 12, 31))
AGAIN_S = 0.2


@dataclass(frozen=True)
class Wood:
    """A lot on sale and the issuance it was cut from."""

    code: str
    issuance_id: int


class Forest:
    """The registry's side of an instance, reached through the application's own services."""

    def __init__(self, env: dict[str, str]) -> None:
        self.app = create_app(Settings.from_env(env))
        self.projects = 0
        self.seller_id, self.village_id = self._insist(self._open_holders)
        self.lots = [self._insist(lambda: self._open(LOT_KG)).code for _ in range(LOTS)]
        self.burning = self._insist(lambda: self._open(WOOD_KG))
        self.fires = 0

    def burn(self, dice: random.Random, over: threading.Event) -> None:
        """Let one lot after another burn down, a few seconds after it was put on sale."""
        while not over.wait(dice.uniform(1.0, 4.0)):
            burnt, self.burning = self.burning, self._insist(lambda: self._open(WOOD_KG))
            over.wait(dice.uniform(0.0, 0.3))
            self._insist(partial(registry.cancel_units, burnt.issuance_id, WOOD_KG, "fire"))
            self.fires += 1

    def _open_holders(self) -> tuple[int, int]:
        household = accounts.open_holder("household", "示例农户", "350721")
        return household.id, accounts.open_holder("village", "示例村集体", "350721").id

    def _open(self, quantity_kg: int) -> Wood:
        """Put a new project's issuance on sale; a new one each time, as a lost answer may hide a commit."""
        self.projects += 1
        project = registry.register_project(sample_facts(f"CHAOS-{self.projects}"), self.seller_id)
        issued = registry.issue(project.id, PERIOD, quantity_kg, vintage=2022, verification="SAMPLE")
        terms = Terms("yiyuan", 10, 100, village_holder_id=self.village_id, village_bp=2000, fee_bp=1000)
        return Wood(registry.open_lot(issued.block_id, quantity_kg, terms).code, issued.issuance_id)

    def _insist(self, act: Callable[[], Result]) -> Result:
        """Do it in one transaction, as often as the database has to be waited for."""
        while True:
            try:
                with self.app.app_context(), transaction():
                    return act()
            except (OperationalError, InterfaceError):
                time.sleep(AGAIN_S)
