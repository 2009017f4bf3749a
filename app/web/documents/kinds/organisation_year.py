"""An organisation's year: what was retired for it and for what, what it holds, what it spent."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.web.documents.kinds.lists import bars, bounded
from app.web.documents.sheets import Document, Face, Row
from app.web.documents.strips import Column, Strip, heading, table
from app.web.documents.words import (
    Pair,
    Words,
    beside,
    day,
    figure,
    kilograms,
    money,
    read,
    said,
    second,
    under,
)
from app.web.words import grouped


def organisation_year(document: Document, words: Words) -> Face:
    """Its face and its lists."""
    facts = document.facts
    return Face(
        title=said("documents.title_organisation_year", year=facts["year"]),
        subject_label=said("documents.subject_organisation"),
        subject=facts["name"],
        figure_label=said("documents.figure_year", year=facts["year"]),
        figure=figure(facts["retired_kg"] * 1000),
        statement=said(
            "documents.states_organisation_year",
            name=facts["name"],
            year=facts["year"],
            retired=kilograms(facts["retired_kg"]),
        ),
        rows=[
            Row(said("documents.credit_code"), facts.get("credit_code") or ""),
            Row(said("documents.year"), str(facts["year"])),
            Row(said("documents.spent"), money(facts.get("paid_fen"))),
            Row(said("documents.retired"), kilograms(facts["retired_kg"])),
            Row(said("documents.held"), kilograms(facts.get("held_kg"))),
            Row(said("documents.as_of"), second(facts.get("as_of"))),
        ],
        notes=_notes(facts),
        strips=[*_purposes(words, facts), *_lines(words, facts)],
    )


def _notes(facts: Mapping[str, Any]) -> list[Pair]:
    cut = (
        [] if facts.get("complete", True) else [said("documents.year_cut", count=f"{len(facts['lines']):,}")]
    )
    return [said("documents.year_scope"), *cut, *(read(note) for note in facts.get("notes") or ())]


def _use(words: Words, each: Mapping[str, Any]) -> str:
    return words.of(each["use"]) if each.get("use") else words.say("documents.unnamed_use")


def _purposes(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    rows = facts.get("purposes") or ()
    if rows:
        yield from heading(words, said("documents.uses"))
        named = [beside(_use(words, each), each.get("period") or "") for each in rows]
        yield from bars(
            words, [(name, each["quantity_kg"] * 1000) for name, each in zip(named, rows, strict=True)]
        )


def _lines(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    rows = facts.get("lines") or ()
    if not rows:
        return
    yield from heading(words, said("documents.retirements"), words.say("documents.retirements_note"))
    columns = (
        Column(said("documents.serial"), 138),
        Column(said("documents.forest"), 112),
        Column(said("documents.purpose"), 66),
        Column(said("documents.certificate_and_day"), 106),
        Column(said("documents.quantity_kg"), 49, "end"),
    )
    shown, more = bounded(words, rows)
    total = (words.say("documents.total"), "", "", "", f"{facts['retired_kg']:,}")
    yield from table(words, columns, [_line(words, each) for each in shown], total)
    yield from more


def _line(words: Words, each: Mapping[str, Any]) -> tuple[str, ...]:
    vintage = words.say("documents.of_vintage", year=each["vintage"])
    return (
        each["serial"],
        f"{words.of(each['project_name'])}\n{vintage}",
        under(_use(words, each), each.get("period") or ""),
        f"{grouped(each['number'])}\n{day(each['retired_on'])}",
        f"{each['quantity_kg']:,}",
    )
