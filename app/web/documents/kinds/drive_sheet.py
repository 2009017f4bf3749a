"""A drive's sheet for the village's notice board: what it asked for, what came in, how it goes on."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.web.documents.kinds.lists import bounded
from app.web.documents.sheets import Document, Face, Row
from app.web.documents.strips import Column, Strip, gap, heading, paragraph, table
from app.web.documents.words import Words, beside, figure, kilograms, known, money, read, said, second


def drive_sheet(document: Document, words: Words) -> Face:
    """Its face and its lists."""
    facts = document.facts
    goal_kg = facts.get("goal_kg")
    return Face(
        title=said("documents.title_drive_sheet"),
        number_label=said("documents.drive_code"),
        subject_label=said("documents.subject_sheet"),
        subject=words.of(facts["title"]),
        figure_label=known("figure_sheet", "units" if goal_kg else "points"),
        figure=figure(facts["bought_kg"] * 1000) if goal_kg else (money(facts["points"]), ""),
        statement=said(
            "documents.states_drive_sheet",
            payee=facts["payee"],
            gifts=f"{facts['gifts']:,}",
            paid=money(facts["points"]),
            quantity=kilograms(facts["bought_kg"]),
        ),
        rows=[
            Row(said("documents.thanks_payee"), facts["payee"]),
            Row(said("documents.thanks_use"), words.of(facts["use"])),
            Row(said("documents.sheet_goal"), kilograms(goal_kg) or money(facts.get("goal_fen"))),
            Row(said("documents.sheet_points"), money(facts["points"])),
            Row(said("documents.sheet_units"), kilograms(facts["bought_kg"]), money(facts["paid_fen"])),
            Row(said("documents.sheet_days"), f"{facts['starts_on']} — {facts['ends_on']}"),
            *_charity(facts),
            Row(said("documents.as_of"), second(facts["as_of"])),
        ],
        notes=[said("documents.sheet_money"), *(read(note) for note in facts["notes"])],
        strips=[*_months(words, facts), *_reports(words, facts)],
    )


def _charity(facts: Mapping[str, Any]) -> list[Row]:
    charity = facts.get("charity")
    if not charity:
        return []
    return [
        Row(said("documents.thanks_charity"), charity["name"], charity["credit_code"]),
        Row(said("documents.thanks_fundraising"), charity["fundraising_number"]),
    ]


def _months(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    if not facts["months"]:
        return
    yield from heading(words, said("documents.sheet_received"))
    columns = (
        Column(said("documents.sheet_month"), 130),
        Column(said("documents.sheet_gifts"), 90, "end"),
        Column(said("documents.sheet_points"), 120, "end"),
        Column(said("documents.sheet_units"), 131, "end"),
    )
    rows = [_month(each["month"], each) for each in facts["months"]]
    total = _month(words.say("documents.total"), {**facts, "quantity_kg": facts["bought_kg"]})
    yield from table(words, columns, rows, total)


def _month(name: str, each: Mapping[str, Any]) -> tuple[str, ...]:
    return (name, f"{each['gifts']:,}", money(each["points"]), kilograms(each["quantity_kg"]))


def _reports(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    if not facts["reports"]:
        return
    yield from heading(words, said("documents.sheet_reports"))
    shown, more = bounded(words, facts["reports"])
    for each in shown:
        used = each.get("used_fen")
        told = words.say("documents.sheet_used", amount=money(used)) if used is not None else ""
        yield from paragraph(beside(each["happened_on"], words.of(each["words"]), told))
        yield gap(4)
    yield from more
