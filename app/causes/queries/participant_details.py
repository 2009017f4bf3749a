"""What an organiser sees of an event's participants: counts with their factors, imports, what waits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.causes.models.participants import ParticipantImport
from app.causes.queries import events
from app.causes.queries import participants as known
from app.causes.queries.events import EventFacts
from app.causes.queries.participants import PEOPLE_ITEMS, Books, Count, Desk, Tally
from app.footprint import queries as footprint
from app.footprint import rules as inventories
from app.footprint.queries import Factor, InventoryLine
from app.kit.messages import LANGUAGES
from app.kit.problems import Problem


@dataclass(frozen=True)
class PeopleLine:
    """What people come to of one item, as the inventory's line of it is computed."""

    count: Count
    item: inventories.Item
    told: Mapping[str, Any]
    factor: Factor

    @property
    def emitted_g(self) -> int:
        """Grams, rounded up once for all people together."""
        sole = inventories.Share("sole")
        return inventories.line_grams(self.item, self.count.inputs, sole, self.factor.value, self.factor.unit)

    @property
    def verified(self) -> bool:
        """Whether nothing in it is unverified or our own choice."""
        return self.factor.verified and not self.item.assumed

    @property
    def mark(self) -> Mapping[str, str] | None:
        """What stands beside an unverified one."""
        if self.item.assumed:
            return {lang: self.told[f"assumption_{lang}"] for lang in LANGUAGES}
        return self.factor.mark


@dataclass(frozen=True)
class PeopleDetail:
    """An event's participants: who stands, what they come to, and whether the inventory says so."""

    event: EventFacts
    desk: Desk
    books: Books | None
    tally: Tally
    lines: Sequence[PeopleLine]
    counted: Sequence[InventoryLine]
    draft: ParticipantImport | None
    standing: ParticipantImport | None

    @property
    def emitted_g(self) -> int:
        """What all people come to now."""
        return sum(line.emitted_g for line in self.lines)

    @property
    def counted_g(self) -> int:
        """What of it stands in the inventory."""
        return sum(line.emitted_g for line in self.counted)

    @property
    def waits(self) -> bool:
        """Whether people were told of whom the open stage does not count yet."""
        now = {(each.count.item, each.count.grade, each.count.amount) for each in self.lines}
        then = {(each.item.key, each.grade, *each.inputs.values()) for each in self.counted}
        return self.books is not None and now != then


def people_of(event: EventFacts) -> PeopleDetail:
    """The participants of an event, as its organiser may see them."""
    tally = known.tally(event.id)
    try:
        books = known.open_books(event)
    except Problem:
        books = None
    shown = books or Books(event.inventory, event.latest)
    return PeopleDetail(
        event=event,
        desk=known.get_desk(event.id),
        books=books,
        tally=tally,
        lines=_lines(shown, tally.counts),
        counted=[line for line in shown.stage.lines if line.item.key in PEOPLE_ITEMS],
        draft=known.find_draft(event.id),
        standing=known.find_standing(event.id),
    )


def lines_of(event: EventFacts, drafted: ParticipantImport) -> list[PeopleLine]:
    """What an import comes to, as its sums say, by the stage that is open or was closed last."""
    counts = [
        Count(each["item"], each["grade"], each["amount"], listed=each["people"]) for each in drafted.sums
    ]
    inventory = events.open_inventory(event)
    return _lines(Books(inventory, [*inventory.stages.values()][-1]), counts)


def _lines(books: Books, counts: Iterable[Count]) -> list[PeopleLine]:
    """Nothing where the guide counts no people."""
    countable = books.inventory.guide.event.items.keys() >= PEOPLE_ITEMS
    return [_line(books, each) for each in counts] if countable else []


def _line(books: Books, count: Count) -> PeopleLine:
    guide: footprint.Guide = books.inventory.guide
    return PeopleLine(count, guide.event.items[count.item], guide.items[count.item], books.factor(count.item))
