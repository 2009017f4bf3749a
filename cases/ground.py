"""What every case stands on: an instance, two operators, and free units of a sample forest."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cases.instance import Instance
from cases.people import Operator, Person

FOREST = "SH-350721-SC-RS-H2-2022"
PROJECT = "SC-RS-H2"
ON_SALE_KG = 200_000
ISSUED_KG = 260_000
"""Of the sample forest whose household keeps some units free and a tenth in the buffer pool."""


class Unmet(Exception):
    """What came is not what has to come."""


def meet(came: Any, due: Any, what: str) -> None:
    """Go on only if what came is what is due. Raises `Unmet`."""
    if came != due:
        raise Unmet(f"{what}: {came}, not {due}")


@dataclass
class Free:
    """The serials that nobody was given yet."""

    first: int
    last: int

    @property
    def serial(self) -> str:
        """Their written form."""
        return f"{FOREST}-{self.first}-{self.last}"

    @property
    def quantity_kg(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Owner:
    """A person and the block that the operators moved to them."""

    person: Person
    serial: str

    def act(self, what: str, **wish: Any) -> Any:
        """One act on the block, whatever the answer."""
        return self.person.ask("POST", f"/v1/holdings/{self.serial}/{what}", wish)

    def held(self) -> list[tuple[str, int]]:
        """What this person holds: state and kilograms of each block, in the order of serials."""
        items = self.person.call("GET", "/v1/holdings?limit=100")["items"]
        return [(each["state"], each["quantity_kg"]) for each in items]


@dataclass
class Ground:
    """Maker and checker at the registry's desk of one instance."""

    instance: Instance
    racers: int
    maker: Operator = field(init=False)
    checker: Operator = field(init=False)
    free: Free = field(init=False)
    _numbers: Callable[[], int] = field(default=itertools.count(1).__next__, init=False)

    def __post_init__(self) -> None:
        self.maker = Operator(self.instance, "sample-lin")
        self.checker = Operator(self.instance, "sample-zhang")
        whole = f"/v1/serials/{FOREST}-1-{ISSUED_KG}"
        pieces = self.anyone().call("GET", whole)["pieces"]
        household = next(each["holder"] for each in pieces if each["lot"])
        kept = next(each for each in pieces if each["lot"] is None and each["holder"] == household)
        first, last = kept["serial"].split("-")[-2:]
        self.free = Free(int(first), int(last))

    def anyone(self) -> Person:
        """Somebody who has not signed in."""
        return Person(self.instance)

    def person(self) -> Person:
        """Somebody new, signed in."""
        someone = self.anyone()
        someone.sign_in(f"case {self._numbers()}")
        return someone

    def mandate(self, kind: str, **wish: Any) -> str:
        """Have one operator ask and the other approve; the mandate's code."""
        code = self.maker.request_mandate(kind, **wish)
        self.checker.send(f"/console/registry/{code}/approve")
        return code

    def owner(self, quantity_kg: int) -> Owner:
        """Somebody new who holds so many units in one block."""
        someone = self.person()
        receiver = someone.call("GET", "/v1/me")["code"]
        self.mandate("transfer", serial=self.free.serial, quantity_kg=quantity_kg, other=receiver)
        block = someone.call("GET", "/v1/holdings")["items"][0]
        meet(block["quantity_kg"], quantity_kg, "kilograms moved to a person")
        self.free.first = int(block["serial"].rsplit("-", 1)[-1]) + 1
        return Owner(someone, block["serial"])
