"""Citizens with a tree duty, for tests: their words over HTTP, their purchases, an office that answers."""

from typing import Any

from builders import Person
from flask.testing import FlaskClient
from shop import Shop, eventually, paid

from app.kit import announcements, clock
from app.offsets import jobs

YEAR = clock.business_day().year
REGION = "350721"
CHEN = {"name": "陈小明", "birth_year": YEAR - 30, "id_suffix": "123X"}


def told(place: int = 0, **more: Any) -> dict[str, Any]:
    """Somebody of age; another person for every `place`."""
    return {"name": f"陈{'甲乙丙丁戊己庚辛壬癸'[place % 10]}", "birth_year": YEAR - 20 - place % 30,
            "id_suffix": f"{place:04d}", **more}  # fmt: skip


def start(client: FlaskClient, person: Person, **more: Any) -> Any:
    """What POST /v1/duties answers."""
    body = {"region": REGION, **CHEN, **more}
    return client.post("/v1/duties", json=body, headers=person.auth)


def settle() -> None:
    """Let what was paid settle, and whoever listens hear of it."""
    jobs.settle_paid()
    jobs.tell_causes()
    announcements.deliver()


def buy(shop: Shop, code: str, amount_fen: int) -> Any:
    """Buy for a duty or a group with WeChat Pay, and wait until it is counted."""
    order = shop.order(cause=code, amount_fen=amount_fen)
    shop.pay(order)
    eventually(paid(shop, order))
    settle()
    return shop.read(order)
