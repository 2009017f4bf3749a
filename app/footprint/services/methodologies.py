"""Loading methodologies from `data/methodologies.toml`. A published version is never edited."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.footprint import rules
from app.footprint.queries.catalogue import forget
from app.footprint.rules import MethodologyRefused
from app.footprint.services.factors import LOCK
from app.kit import clock
from app.kit.database import db

FILE = Path(__file__).parents[1] / "data" / "methodologies.toml"
_IN_GRAMS = "kgCO2"
"""Factors of methodologies are kg of CO2 or CO2e a unit; this is how their units begin."""

_FACTORS = text("SELECT id, key, version, unit, region FROM factor")
_STORED = text("SELECT key, version, scene, document FROM methodology ORDER BY id")
_INSERT = text(
    "INSERT INTO methodology (key, version, scene, factor_id, document, loaded_at)"
    " VALUES (:key, :version, :scene, :factor_id, CAST(:document AS jsonb), :now)"
)
type_document = dict[str, Any]


def load_methodologies() -> int:
    """Store what the file has and the database has not; returns how many versions were new.

    Call `load_factors` before. Loading twice loads once, and any number of processes may do it at the
    same moment. Raises `MethodologyRefused` for a version that was published with other content, for
    a factor that is missing or of another region, and for baselines that do not go together.
    """
    documents = read_documents(FILE.read_text("utf-8"))
    db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    stored = {(row.key, row.version): row.document for row in db.session.execute(_STORED)}
    factors = {(row.key, row.version): row for row in db.session.execute(_FACTORS)}
    _refuse_edited(documents, stored)
    fresh = [each for each in documents if (each["key"], each["version"]) not in stored]
    current = {each["scene"]: each for each in (*stored.values(), *fresh)}
    pack_baseline = documents[-1]["pack"]["baseline"]
    rules.refuse_mixed_baselines(pack_baseline, [rules.read_method(each) for each in current.values()])
    for document in fresh:
        _insert(document, _factor_id(document, factors))
    forget()
    return len(fresh)


def read_documents(toml: str) -> list[type_document]:
    """The documents of a pack, each with the pack's own words in it. Raises `MethodologyRefused`."""
    told = tomllib.loads(toml)
    shared = {name: told["pack"][name] for name in ("weights", "weights_source")}
    pack = {name: value for name, value in told["pack"].items() if name not in shared}
    documents = [{**shared, **each, "pack": pack, "region": pack["region"]} for each in told["methodology"]]
    for document in documents:
        rules.read_method(document)
    return documents


def _refuse_edited(documents: list[type_document], stored: Mapping[tuple[str, int], type_document]) -> None:
    for document in documents:
        published = stored.get((document["key"], document["version"]), document)
        if published != document:
            raise MethodologyRefused(
                f"{document['key']} version {document['version']} is published; give the change a new version"
            )


def _factor_id(document: type_document, factors: Mapping[tuple[str, int], Any]) -> int:
    """The id of the factor that a document uses, if it exists and is what the document says."""
    name = f"{document['key']} version {document['version']}"
    factor = factors.get((document["factor"], document["factor_version"]))
    if factor is None:
        raise MethodologyRefused(f"{name}: no factor {document['factor']} {document['factor_version']}")
    if factor.region != document["factor_region"] or not factor.unit.startswith(_IN_GRAMS):
        raise MethodologyRefused(f"{name}: {factor.key} is of {factor.region} in {factor.unit}")
    known = {key for key, _ in factors}
    cited = [*document["weights_source"]["factors"], document["cap"].get("factor", factor.key)]
    if not known.issuperset(cited):
        raise MethodologyRefused(f"{name}: cites a factor that does not exist")
    return int(factor.id)


def _insert(document: type_document, factor_id: int) -> None:
    db.session.execute(
        _INSERT,
        {
            "key": document["key"],
            "version": document["version"],
            "scene": document["scene"],
            "factor_id": factor_id,
            "document": json.dumps(document, ensure_ascii=False),
            "now": clock.now(),
        },
    )
