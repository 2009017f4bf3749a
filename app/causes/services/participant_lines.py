"""What people come to, written into the event's inventory: a line an item and grade, traceable to whom."""

from contextlib import suppress

from app.causes.errors.participants import NothingOpen
from app.causes.models.participants import ParticipantDesk, ParticipantImport, ParticipantLine
from app.causes.queries import participants as known
from app.causes.queries.events import EventFacts
from app.causes.queries.participants import PEOPLE_ITEMS, Books, Count
from app.causes.queries.words import document
from app.causes.rules.participants import ASSUMED, SURVEYED
from app.footprint import services as stock
from app.footprint.queries import InventoryLine
from app.footprint.services import NewLine
from app.kit import clock
from app.kit.database import db
from app.kit.messages import LANGUAGES, t


def count_people(event: EventFacts) -> None:
    """Let the open stage's lines of people say what the people say now; the event's row is held.

    A line that says it already stays. Raises `NothingOpen`, `GuideWithoutPeople`, and what
    `footprint.add_line` and `replace_line` do.
    """
    books = known.open_books(event)
    imported = known.find_standing(event.id)
    wanted = {(each.item, each.grade): each for each in known.tally(event.id).counts}
    where = books.inventory.holder_id, books.inventory.code, books.stage.stage
    for line in books.stage.lines:
        if line.item.key not in PEOPLE_ITEMS:
            continue
        count = wanted.pop((line.item.key, line.grade), None)
        if count is None:
            stock.remove_line(*where, line.number)
        elif (told := _line(count, imported)) and (line.inputs, line.source) != (told.inputs, told.source):
            _trace(books, event, imported, count, stock.replace_line(*where, line.number, told))
    for count in wanted.values():
        _trace(books, event, imported, count, stock.add_line(*where, _line(count, imported)))
    desk = db.session.get(ParticipantDesk, event.id)
    if desk is not None:
        desk.counted_at = clock.now()
    db.session.flush()


def catch_up(event: EventFacts) -> None:
    """Count whoever was told of since, before a stage closes; where nobody was, nothing is done."""
    if known.has_people(event.id):
        with suppress(NothingOpen):  # of which the closing itself speaks
            count_people(event)


def _line(count: Count, imported: ParticipantImport | None) -> NewLine:
    """A line of the inventory; its source names the import, so that it is traced wherever it is copied."""
    listed = imported is not None and count.listed > 0
    name = "causes.line_source" if listed else "causes.line_source_reports"
    people = {"listed": count.listed, "reported": count.reported}
    if listed and imported is not None:
        people["number"] = imported.number
    source = " / ".join(t(name, lang, **people) for lang in LANGUAGES)
    return NewLine(count.item, count.inputs, count.grade, _evidence(count, imported), source)


def _evidence(count: Count, imported: ParticipantImport | None) -> str | None:
    """How one knows: the file's digest, people's own word, or the table of cities, which proves nothing."""
    if count.grade == ASSUMED:
        return " / ".join(document()["cities"][f"mark_{lang}"] for lang in LANGUAGES)
    if count.grade == SURVEYED or imported is None:
        return " / ".join(t("causes.line_own_word", lang) for lang in LANGUAGES)
    return f"SHA-256 {imported.file_sha256}"


def _trace(
    books: Books, event: EventFacts, imported: ParticipantImport | None, count: Count, line: InventoryLine
) -> None:
    db.session.add(
        ParticipantLine(
            inventory_id=books.inventory.id,
            stage=books.stage.stage,
            number=line.number,
            revision=line.revision,
            event_id=event.id,
            import_id=imported.id if imported is not None and count.listed else None,
            amount=count.amount,
            listed=count.listed,
            reported=count.reported,
            counted_at=clock.now(),
        )
    )
