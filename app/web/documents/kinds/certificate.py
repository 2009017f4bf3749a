"""The certificate of a purchase: so many kilograms of that forest, used up once and for ever."""

from app.web.documents.sheets import Document, Face, Row
from app.web.documents.words import Words, figure, read, said, second


def certificate(document: Document, words: Words) -> Face:
    """Its face; it has no lists."""
    facts = document.facts
    project = words.of(facts["project_name"])
    origin = facts.get("origin")
    return Face(
        title=said("documents.title_certificate"),
        number_label=said("documents.certificate_number"),
        subject_label=said("documents.for_whom"),
        subject=facts.get("beneficiary") or "",
        figure_label=said("documents.figure_retired"),
        figure=figure(facts["quantity_kg"] * 1000),
        statement=said(
            "documents.states_certificate",
            project=read(facts["project_name"]),
            seller=facts["seller"],
            purpose=read(facts["certifies"]),
        ),
        rows=(
            Row(said("documents.serial"), facts["serial"]),
            Row(said("documents.product"), words.of(facts["product_name"])),
            Row(said("documents.origin"), _origin(origin), origin["serial"] if origin else ""),
            Row(said("documents.project"), f"{project}　{facts['project']}", words.of(facts["place"])),
            Row(said("documents.seller"), facts["seller"]),
            Row(
                said("documents.monitoring"),
                f"{facts['monitoring_start']} — {facts['monitoring_end']}",
                words.say("documents.of_vintage", year=facts["vintage"]),
            ),
            Row(said("documents.methodology"), words.of(facts["methodology"])),
            Row(said("documents.purpose"), words.of(facts["purpose_name"])),
            Row(said("documents.retired_at"), second(facts["retired_at"])),
        ),
        notes=[read(note) for note in facts["notes"]],
    )


def _origin(origin: dict[str, str] | None) -> str:
    return f"{origin['name']}　{origin['registry']}" if origin else ""
