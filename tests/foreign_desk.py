"""Two operators who let foreign units in, and the units they are told of."""

from dataclasses import replace
from datetime import date

from builders import PASSWORD
from registries import project_facts

from app.accounts import services as accounts
from app.kit.codes import random_code
from app.kit.transaction import transaction
from app.registry import services
from app.registry.services import origins
from app.registry.services.origins import OriginFacts

PROOF = "a" * 64
VERRA = "0001-000001-000100-VCS-VCU-003-VER-US-0003-01012020-31122020-1"
FACTS = OriginFacts(
    home="VERRA",
    home_name="Verra Registry",
    project_code="VCS-3",
    serial=VERRA,
    quantity_kg=100_000,
    methodology="VM0015",
    reference="RET-1",
    period_start=date(2020, 1, 1),
    period_end=date(2020, 12, 31),
    vintage=2020,
    verification="VER-1",
)


class Desk:
    """Two operators and a holder."""

    def __init__(self) -> None:
        with transaction():
            self.first, self.second = (
                accounts.operators.enrol(f"op-{random_code(8)}", PASSWORD, ["registry"])[0].id
                for _ in range(2)
            )
            self.holder_id = accounts.open_holder("organisation", "示例机构").id

    def enter(self, facts: OriginFacts = FACTS, product: str = "vcs") -> str:
        with transaction():
            project = replace(project_facts(product), methodology="origin", forest_type="other")
            return origins.enter_origin(self.first, facts, project, self.holder_id, PROOF).code

    def approve(self, code: str) -> services.Issued:
        with transaction():
            return origins.approve_origin(self.second, code, PROOF)


def serial(first: int, last: int, project: int = 3) -> str:
    return f"0001-{first:06d}-{last:06d}-VCS-VCU-003-VER-US-{project:04d}-01012020-31122020-1"


def part(first: int, last: int, project: int = 3) -> OriginFacts:
    return replace(FACTS, serial=serial(first, last, project), quantity_kg=(last - first + 1) * 1000)
