"""Thanks for what somebody gave to a drive; of donations they speak only where a charity is named."""

from collections.abc import Mapping
from typing import Any

from app.web.documents.sheets import Document, Face, Row
from app.web.documents.words import Words, beside, figure, kilograms, known, money, read, said, second
from app.web.words import grouped

_STATES = {
    ("points", "plain"): "documents.states_points_given",
    ("points", "charity"): "documents.states_points_donated",
    ("steps", "plain"): "documents.states_steps_given",
    ("steps", "charity"): "documents.states_steps_donated",
    ("units", "plain"): "documents.states_units_bought",
    ("units", "charity"): "documents.states_units_bought",
}


def drive_thanks(document: Document, words: Words) -> Face:
    """Its face. `name` is what whoever gave wrote for themselves, and no part of what is signed."""
    facts = document.facts
    manner, given = facts["manner"], facts["given"]
    return Face(
        title=said("documents.title_drive_thanks"),
        subject_label=known("subject_thanks", manner),
        subject=words.of(facts["drive"]["title"]),
        figure_label=known("figure_thanks", given),
        figure=_figure(words, facts),
        statement=said(
            _STATES[given, manner],
            payee=facts["payee"],
            points=f"{facts.get('points', 0):,}",
            steps=f"{facts.get('steps', 0):,}",
            day=facts.get("step_day", ""),
            paid=money(facts["amount_fen"]),
            quantity=kilograms(facts.get("quantity_kg", 0)),
        ),
        rows=[
            Row(said("documents.thanks_to"), facts.get("name") or "", words.say("documents.thanks_to_own")),
            Row(said("documents.thanks_payee"), facts["payee"]),
            Row(said("documents.thanks_use"), words.of(facts["use"])),
            *_charity(facts),
            Row(
                known("thanks_paid", "units" if given == "units" else "points"),
                money(facts["amount_fen"]),
            ),
            *_units(words, facts),
            Row(said("documents.thanks_on"), facts["given_on"]),
        ],
        notes=[read(note) for note in facts["notes"]],
    )


def _figure(words: Words, facts: Mapping[str, Any]) -> tuple[str, str]:
    if facts["given"] == "units":
        return figure(facts["quantity_kg"] * 1000)
    unit = facts["given"]
    return f"{facts[unit]:,}", words.first(known("unit_given", unit))


def _charity(facts: Mapping[str, Any]) -> list[Row]:
    charity = facts.get("charity")
    if not charity:
        return []
    return [
        Row(said("documents.thanks_charity"), charity["name"], charity["credit_code"]),
        Row(said("documents.thanks_fundraising"), charity["fundraising_number"]),
    ]


def _units(words: Words, facts: Mapping[str, Any]) -> list[Row]:
    if facts["given"] != "units":
        return []
    forest = beside(words.of(facts["project_name"]), facts["seller"])
    vintage = words.say("documents.of_vintage", year=facts["vintage"])
    return [
        Row(said("documents.forest"), forest, vintage),
        Row(said("documents.serial"), facts["serial"]),
        Row(
            said("documents.certificate_number"),
            grouped(facts["certificate"]),
            second(facts["retired_at"]),
        ),
    ]
