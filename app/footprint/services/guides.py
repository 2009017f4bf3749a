"""Loading what calculators ask and compute by. A published version is never edited."""

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.footprint import queries, rules
from app.footprint.queries import EVENT_INVENTORY, PERSON_MONTH
from app.footprint.queries.catalogue import catalogue
from app.footprint.queries.kinds import FILE as KINDS
from app.footprint.rules import GuideRefused
from app.footprint.services.factors import LOCK
from app.footprint.services.guide_units import (
    refuse_items,
    refuse_kinds,
    refuse_measures,
    type_units,
    units_of,
)
from app.kit import clock
from app.kit.database import db

_DATA = Path(__file__).parents[1] / "data"
FILES = {PERSON_MONTH: _DATA / "person_month.toml", EVENT_INVENTORY: _DATA / "event.toml"}

_STORED = text("SELECT key, version, document FROM guide")
_INSERT = text(
    "INSERT INTO guide (key, version, document, loaded_at)"
    " VALUES (:key, :version, CAST(:document AS jsonb), :now)"
)
type_document = dict[str, Any]


def load_guides() -> int:
    """Store what the files have and the database has not; returns how many versions were new.

    Call `load_factors` before. Loading twice loads once, and any number of processes may do it at the
    same moment. Raises `GuideRefused` for a version that was published with other content, for a
    document that names a kind, a category or a factor that does not exist, and for a kind or an item whose
    unit its factor does not bear out.
    """
    refuse_kinds(KINDS.name, queries.emission_kinds().values(), _known_units())
    documents = [read_file(key) for key in FILES]
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    stored = {(row.key, row.version): row.document for row in db.session.execute(_STORED)}
    fresh = []
    for document in documents:
        published = stored.get((document["key"], document["version"]))
        if published is None:
            fresh.append(document)
        elif published != document:
            raise GuideRefused(
                f"{document['key']} version {document['version']} is published; give the change a new version"
            )
    for document in fresh:
        _CHECKS[document["key"]](document)
        values = {
            "key": document["key"],
            "version": document["version"],
            "document": json.dumps(document, ensure_ascii=False),
            "now": clock.now(),
        }
        db.session.execute(_INSERT, values)
    return len(fresh)


def check_files(factors: Iterable[tuple[str, str]]) -> int:
    """Check the units of the files with factors as (key, unit), without a database; returns how many files.

    Raises `GuideRefused`.
    """
    known, kinds = units_of(factors), queries.emission_kinds()
    refuse_kinds(KINDS.name, kinds.values(), known)
    refuse_measures(FILES[PERSON_MONTH].name, read_file(PERSON_MONTH), kinds)
    refuse_items(FILES[EVENT_INVENTORY].name, read_file(EVENT_INVENTORY), known)
    return 1 + len(FILES)


def read_file(key: str) -> type_document:
    """The document of this name as its file has it. Raises `GuideRefused`."""
    document = tomllib.loads(FILES[key].read_text("utf-8"))
    if document.get("key") != key:
        raise GuideRefused(f"{FILES[key].name} is not {key}")
    return document


def _check_questions(document: type_document) -> None:
    """Every kind that a question feeds exists, in a category that the document has."""
    kinds = queries.emission_kinds()
    categories = {each["key"] for each in document["category"]}
    for question in rules.read_questionnaire(document).questions:
        for name in question.kinds:
            if name not in kinds or kinds[name].category not in categories:
                raise GuideRefused(f"{document['key']}: {question.key} feeds {name}, which is no kind")
    refuse_measures(FILES[PERSON_MONTH].name, document, kinds)


def _check_event(document: type_document) -> None:
    """Every factor that a deadline or the benchmark names exists, and items come out in kilograms."""
    refuse_items(FILES[EVENT_INVENTORY].name, document, _known_units())
    cited = [each["factor"] for each in (*document["deadline"], document["benchmark"])]
    unknown = set(cited) - catalogue().latest.keys()
    if unknown:
        raise GuideRefused(f"{document['key']}: no factor {', '.join(sorted(unknown))}")


def _known_units() -> type_units:
    """The units of every factor as it counts, and as it will."""
    known = catalogue()
    upcoming = (each for each in known.factors.values() if not rules.in_force(each, known.day))
    return units_of((each.key, each.unit) for each in (*known.latest.values(), *upcoming))


_CHECKS: Mapping[str, Callable[[type_document], None]] = {
    PERSON_MONTH: _check_questions,
    EVENT_INVENTORY: _check_event,
}
