"""What a group planted together: every part with its serials and its certificate, and nobody's name."""

from app.web.documents.kinds.lists import retired_rows, retirements
from app.web.documents.sheets import Document, Face, Row
from app.web.documents.words import Words, figure, kilograms, read, said


def planting(document: Document, words: Words) -> Face:
    """Its face, and the list of its parts."""
    facts = document.facts
    planted = kilograms(facts["planted_kg"])
    return Face(
        title=said("documents.title_planting"),
        subject_label=said("documents.subject_planting"),
        subject=words.say("documents.planting_subject", people=f"{facts['people']:,}"),
        figure_label=said("documents.figure_retired"),
        figure=figure(facts["planted_kg"] * 1000),
        statement=said(
            "documents.states_planting" if facts["reached"] else "documents.states_planting_short",
            people=f"{facts['people']:,}",
            planted=planted,
            goal=kilograms(facts["goal_kg"]),
        ),
        rows=[
            Row(said("documents.planting_group"), facts["group"]),
            Row(said("documents.planting_goal"), kilograms(facts["goal_kg"])),
            Row(said("documents.planting_days"), f"{facts['begun_on']} — {facts['ended_on']}"),
            *retired_rows(words, planted, facts["retirements"]),
        ],
        notes=[read(note) for note in facts.get("notes") or ()],
        strips=[*retirements(words, facts["retirements"])],
    )
