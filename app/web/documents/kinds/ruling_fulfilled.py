"""The letter to a court or an authority that what it ordered is done: ordered, paid, retired side by side."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.web.documents.kinds.lists import bounded, retired_rows, retirements
from app.web.documents.sheets import Document, Face, Row
from app.web.documents.strips import Column, Strip, heading, table
from app.web.documents.words import (
    Words,
    beside,
    day,
    figure,
    known,
    money,
    number,
    read,
    said,
    second,
    weight,
)


def ruling_fulfilled(document: Document, words: Words) -> Face:
    """Its face, which the clerk files, and the lists that it stands on."""
    facts = document.facts
    penalty = facts.get("stage") == "administrative"
    parties = facts["parties"] if isinstance(facts["parties"], str) else "、".join(facts["parties"])
    return Face(
        title=said("documents.title_penalty_fulfilled" if penalty else "documents.title_ruling_fulfilled"),
        subject_label=said("documents.subject_case"),
        subject=facts["case_number"],
        figure_label=said("documents.figure_retired"),
        figure=figure(facts["retired_g"]),
        statement=said(
            "documents.states_ruling_fulfilled",
            court=facts["court"],
            case=facts["case_number"],
            ordered=_ordered(facts),
            retired=weight(facts["retired_g"]),
        ),
        rows=_rows(words, facts, parties),
        notes=[said("documents.ruling_bound"), *(read(note) for note in facts.get("notes") or ())],
        strips=[
            *_three_columns(words, facts),
            *retirements(words, facts["retirements"]),
            *_instalments(words, facts),
            *_papers(words, facts),
        ],
    )


def _rows(words: Words, facts: Mapping[str, Any], parties: str) -> list[Row]:
    return [
        Row(said("documents.court"), facts["court"]),
        Row(said("documents.parties"), parties, words.first(known("case_stage", facts["stage"]))),
        Row(said("documents.legal_basis"), words.of(facts.get("legal_basis"))),
        Row(said("documents.ruled_on"), day(facts.get("ruled_on"))),
        Row(said("documents.loss"), weight(facts.get("loss_g")), _reckoned(words, facts)),
        _price(words, facts),
        Row(said("documents.ordered"), _ordered(facts)),
        Row(said("documents.paid"), money(facts["paid_fen"])),
        *retired_rows(words, weight(facts["retired_g"]), facts["retirements"]),
        Row(said("documents.fulfilled_at"), second(facts["fulfilled_at"])),
    ]


def _reckoned(words: Words, facts: Mapping[str, Any]) -> str:
    """How the loss became what was ordered."""
    multiplier, rounding = facts.get("multiplier"), facts.get("rounding")
    times = words.say("documents.times", multiplier=number(multiplier)) if multiplier else ""
    return beside(times, words.first(known("rounding", rounding)) if rounding else "")


def _price(words: Words, facts: Mapping[str, Any]) -> Row:
    price = facts.get("price_fen_per_t")
    told = words.say("documents.per_tonne", price=money(price)) if price else ""
    return Row(
        said("documents.price"),
        told,
        beside(words.of(facts.get("price_source")), day(facts.get("priced_on"))),
    )


def _ordered(facts: Mapping[str, Any]) -> str:
    return beside(weight(facts.get("ordered_g")), money(facts.get("amount_fen")))


def _three_columns(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    """Ordered is not paid and paid is not retired: the three stand side by side."""
    yield from heading(words, said("documents.side_by_side"))
    columns = (
        Column(said("documents.measure"), 120),
        Column(said("documents.ordered"), 117, "end"),
        Column(said("documents.paid"), 117, "end"),
        Column(said("documents.retired"), 117, "end"),
    )
    paid_g = sum(each["quantity_kg"] for each in facts["retirements"]) * 1000
    masses = (weight(facts.get("ordered_g")) or "—", weight(paid_g), weight(facts["retired_g"]))
    sums = (money(facts.get("amount_fen")) or "—", money(facts["paid_fen"]), "—")
    rows = ((words.say("documents.mass"), *masses), (words.say("documents.money"), *sums))
    yield from table(words, columns, rows)


def _instalments(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    rows = facts.get("instalments") or ()
    if not rows:
        return
    yield from heading(words, said("documents.instalments"))
    columns = (
        Column(said("documents.instalment"), 80),
        Column(said("documents.due_on"), 190),
        Column(said("documents.part"), 201, "end"),
    )
    shown, more = bounded(words, rows)
    by_money = facts.get("measure") == "fen"
    yield from table(
        words,
        columns,
        [
            (str(place), day(each["due_on"]), money(each["part"]) if by_money else weight(each["part"]))
            for place, each in enumerate(shown, 1)
        ],
    )
    yield from more


_PAPER = (("paper", "kind"), ("paper_state", "state"))


def _papers(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    rows = facts.get("papers") or ()
    if rows:
        yield from heading(words, said("documents.papers"))
        columns = (Column(said("documents.paper"), 300), Column(said("documents.state"), 171))
        yield from table(
            words,
            columns,
            [tuple(words.first(known(group, each[key])) for group, key in _PAPER) for each in rows],
        )
