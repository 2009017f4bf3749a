"""A sample forest and people, large enough for a bench."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from app.accounts import chart, ledger
from app.accounts import services as accounts
from app.accounts.chart import PLATFORM
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from app.registry import services as registry
from app.registry.queries import LotFacts
from app.registry.rules import Terms


@dataclass(frozen=True)
class Forest:
    """One lot on sale, its seller, and people who owe."""

    lot_id: int
    seller_id: int
    holders: list[int]


def plant(holders: int, quantity_kg: int, owed_g: int, code: str = "BENCH") -> Forest:
    """A lot of `quantity_kg` of the project `code`, and `holders` people who each owe `owed_g`."""
    with transaction():
        lot = open_sample_lot(code, quantity_kg)
        people = list(
            db.session.scalars(
                text(
                    "INSERT INTO holder (code, kind, created_at) SELECT :code || n, 'person', now()"
                    " FROM generate_series(1, :count) n RETURNING id"
                ),
                {"count": holders, "code": code},
            )
        )
        ledger.post_columns(
            (chart.OPEN_DUE, people, people, [PLATFORM] * holders, [owed_g] * holders),
        )
    return Forest(lot.id, lot.seller_holder_id, people)


def lots_of(count: int, quantity_kg: int) -> list[str]:
    """The codes of `count` new lots of `quantity_kg` each, from as many projects."""
    with transaction():
        return [open_sample_lot(f"BENCH{random_code(8)}", quantity_kg).code for _ in range(count)]


def open_sample_lot(code: str, quantity_kg: int) -> LotFacts:
    """A sample village's lot of a new project `code`, at 1 yuan for 10 kg; inside a transaction."""
    seller = accounts.open_holder("village", "示例村集体", "350721").id
    project = registry.register_project(sample_facts(code), seller)
    period = (date(2022, 1, 1), date(2022, 12, 31))
    issued = registry.issue(project.id, period, quantity_kg, vintage=2022, verification="SAMPLE")
    return registry.open_lot(issued.block_id, quantity_kg, Terms("yiyuan", 10, 100))


def sample_facts(code: str) -> registry.ProjectFacts:
    """A project that says of itself that it is a sample."""
    return registry.ProjectFacts(
        code=code,
        name_zh="示例",
        name_en="Sample",
        region="350721",
        county_zh="顺昌县",
        county_en="Shunchang",
        township_zh="示例",
        township_en="Sample",
        village_zh="示例",
        village_en="Sample",
        forest_type="bamboo",
        methodology="yiyuan",
        description_zh="示例",
        description_en="Sample",
        area_m2=1,
        sample=True,
    )
