"""What is issued of a tree-planting duty: a voucher of what was bought, and what it amounts to in trees.

Neither says that the duty is discharged: the greening office does, and both say so.
"""

from collections.abc import Mapping
from typing import Any

from app.web.documents.kinds.lists import retired_rows, retirements
from app.web.documents.sheets import Document, Face, Row
from app.web.documents.words import (
    Pair,
    Words,
    beside,
    figure,
    kilograms,
    known,
    money,
    read,
    said,
    weight,
)


def duty_equivalence(document: Document, words: Words) -> Face:
    """So many trees, by this tariff, of this year."""
    facts = document.facts
    return Face(
        title=said("documents.title_duty_equivalence"),
        subject_label=said("documents.subject_person"),
        subject=words.of(facts["person"]["name"]),
        figure_label=said("documents.figure_trees", year=facts["year"]),
        figure=(f"{facts['trees']:,}", words.say("documents.unit_trees")),
        statement=said(
            "documents.states_duty_equivalence",
            region=read(facts["region"]),
            year=facts["year"],
            tariff=read(facts["tariff"]["name"]),
            trees=f"{facts['trees']:,}",
        ),
        rows=[
            *_progress(words, facts),
            *_tariff(words, facts),
            Row(said("documents.paid"), money(facts.get("paid_fen"))),
            *_bought(words, facts),
        ],
        notes=_notes(facts),
        strips=[*retirements(words, facts["retirements"])],
    )


def duty_voucher(document: Document, words: Words) -> Face:
    """What was paid, and the kilograms that it used up."""
    facts = document.facts
    return Face(
        title=said("documents.title_duty_voucher"),
        subject_label=said("documents.subject_payer"),
        subject=words.of(facts["payer"]),
        figure_label=said("documents.figure_bought"),
        figure=figure(facts["quantity_kg"] * 1000),
        statement=said(
            "documents.states_duty_voucher",
            paid=money(facts["paid_fen"]),
            quantity=kilograms(facts["quantity_kg"]),
            year=facts["year"],
        ),
        rows=[
            Row(said("documents.subject_person"), words.of((facts.get("person") or {}).get("name"))),
            Row(said("documents.persons"), f"{facts['persons']:,}" if facts.get("persons") else ""),
            Row(said("documents.paid"), money(facts["paid_fen"])),
            Row(
                said("documents.trees_amounted"),
                _trees(words, facts.get("trees")),
                words.of(facts.get("rest")),
            ),
            *_tariff(words, facts),
            *_bought(words, facts),
        ],
        notes=_notes(facts),
        strips=[*retirements(words, facts["retirements"])],
    )


def _trees(words: Words, trees: Any) -> str:
    return "" if trees is None else words.say("documents.trees", trees=f"{trees:,}")


def _progress(words: Words, facts: Mapping[str, Any]) -> list[Row]:
    needed, beyond = facts.get("trees_needed"), facts.get("surplus_trees")
    told = beside(
        words.say("documents.trees_of", needed=needed) if needed else "",
        words.say("documents.trees_beyond", trees=f"{beyond:,}") if beyond else "",
    )
    return [
        Row(said("documents.trees_amounted"), _trees(words, facts["trees"]), words.of(facts.get("rest"))),
        Row(said("documents.trees_duty"), _trees(words, facts.get("duty_trees")), told),
    ]


def _tariff(words: Words, facts: Mapping[str, Any]) -> list[Row]:
    tariff = facts["tariff"]
    by = {"fen_per_tree": money(tariff.get("fen_per_tree")), "g_per_tree": weight(tariff.get("g_per_tree"))}
    each = said("documents.per_tree", rate=by.get(tariff["basis"], ""))
    graded = words.first(known("grade", tariff["grade"]))
    return [
        Row(said("documents.tariff"), words.of(tariff["name"]), words.first(each)),
        Row(
            said("documents.tariff_source"),
            words.of(tariff["source"]),
            beside(graded, words.of(tariff.get("note"))),
        ),
    ]


def _bought(words: Words, facts: Mapping[str, Any]) -> list[Row]:
    return retired_rows(words, kilograms(facts["quantity_kg"]), facts["retirements"])


def _notes(facts: Mapping[str, Any]) -> list[Pair]:
    own = read(facts["discharged_by"]) if facts.get("discharged_by") else said("documents.office_discharges")
    return [own, *(read(note) for note in facts.get("notes") or ())]
