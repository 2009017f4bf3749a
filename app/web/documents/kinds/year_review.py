"""A person's year, as a picture for a phone. What was avoided stands large, what was emitted beside it."""

from app.web.documents.sheets import Document, Medal, Poster, Row
from app.web.documents.words import Words, figure, read, said, weight

MOST_MEDALS = 6


def year_review(document: Document, words: Words) -> Poster:
    """The picture."""
    facts = document.facts
    claims = (
        ("documents.review_avoided", facts["avoided_g"], "documents.review_by_acts"),
        ("documents.review_emitted", facts["emitted_g"], "documents.review_months"),
        ("documents.review_retired", facts["retired_g"], "documents.review_of_forest"),
    )
    state = "documents.review_whole" if facts["over"] else "documents.review_so_far"
    return Poster(
        title=said("documents.title_year_review", year=facts["year"]),
        figure=figure(facts["avoided_g"]),
        figure_label=said("documents.review_avoided"),
        months=facts["by_month"],
        medal=Medal(read(facts["level"]), facts["level"]["drawing"]),
        counts=[
            (f"{facts['active_days']:,}", said("documents.review_days")),
            (f"{facts['longest_streak']:,}", said("documents.review_streak")),
            (f"{len(facts['parts']):,}", said("documents.review_ways")),
        ],
        claims=[
            Row(
                said(name),
                weight(grams),
                words.say(note, months=facts["recorded_months"]),
            )
            for name, grams, note in claims
        ],
        medals=[Medal(read(each), each["drawing"]) for each in facts["badges"][:MOST_MEDALS]],
        medals_label=said("documents.review_badges", count=len(facts["badges"])),
        scan=said("documents.review_scan" if facts["shown"] else "documents.review_scan_rules"),
        notes=[said("documents.review_apart"), said(state, day=f"{document.issued_at:%Y-%m-%d}")],
    )
