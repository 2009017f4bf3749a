"""A card for whom units were bought as a gift; until it is claimed, its QR code leads to where it can be."""

from app.web.documents.sheets import Card, Document
from app.web.documents.words import Words, figure, read, said
from app.web.words import grouped


def gift_card(document: Document, words: Words) -> Card:
    """The card."""
    facts = document.facts
    claim = facts.get("claim_code")
    number = facts.get("certificate")
    code = str(claim or (grouped(number) if number else document.number))
    dear, signed = facts.get("to_name"), facts.get("from_name")
    return Card(
        title=read(facts["occasion"]),
        figure=figure(facts["quantity_kg"] * 1000),
        dear=words.say("documents.dear", name=dear) if dear else "",
        message=facts.get("message") or "",
        signed=signed or "",
        origin=said(
            "documents.gift_forest",
            project=read(facts["project_name"]),
            seller=facts["seller"],
            place=read(facts.get("place")),
        ),
        code=code,
        code_label=said("documents.scan_to_claim" if claim else "documents.scan"),
        drawing=facts.get("drawing") or "",
        notes=[read(note) for note in facts.get("notes") or ()],
    )
