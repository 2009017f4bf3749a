"""What the tests of the market build: forests of any kind with free units, lots on them, wishes."""

from datetime import date, timedelta
from typing import Any

from app.accounts import services as accounts
from app.kit import clock
from app.kit.codes import random_code
from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.queries import Listing, WishFacts
from app.registry.services import Offering, WishTerms


def last_day(days: int = 30) -> date:
    """A day that a wish may end on."""
    return clock.business_day() + timedelta(days=days)


def grow(
    quantity_kg: int = 1000,
    *,
    vintage: int = 2022,
    region: str = "350721",
    forest_type: str = "bamboo",
    kind: str = "village",
    holder_id: int | None = None,
    **names: str,
) -> tuple[int, str]:
    """Units of a new forest that are free to be sold: their holder and the project's code."""
    with transaction():
        owner = holder_id or accounts.open_holder(kind, names.pop("seller", "示例村集体"), region).id
        places = {
            f"{part}_{lang}": names.get(f"{part}_{lang}", f"示例{part}")
            for part in ("county", "township", "village", "name", "description")
            for lang in ("zh", "en")
        }
        facts = services.ProjectFacts(
            code=f"M{random_code(6)}",
            region=region,
            forest_type=forest_type,
            methodology="yiyuan",
            area_m2=10_000,
            sample=True,
            **places,
        )
        project = services.register_project(facts, owner)
        services.issue(
            project.id,
            (date(vintage, 1, 1), date(vintage, 12, 31)),
            quantity_kg,
            vintage=vintage,
            verification="SAMPLE",
            holder_id=owner,
        )
    return owner, facts.code


def lot(
    quantity_kg: int = 1000, price_fen: int = 100, *, sold_kg: int | None = None, **forest: Any
) -> Listing:
    """A lot of `sold_kg` (or all) of a new forest's units."""
    owner, project = grow(quantity_kg, **forest)
    offering = Offering(project, forest.get("vintage", 2022), sold_kg or quantity_kg, price_fen)
    with transaction():
        return services.sell(owner, offering)


def wish(holder_id: int, quantity_kg: int = 100, most_fen: int = 100, **preferences: Any) -> WishFacts:
    """A wish of this holder's."""
    terms = WishTerms("yiyuan", quantity_kg, most_fen, clock.end_of_day(last_day()), **preferences)
    with transaction():
        return services.post_wish(holder_id, terms)


def prove() -> None:
    """Every invariant of the registry holds."""
    assert [proof for proof in queries.prove() if not proof.holds] == []
