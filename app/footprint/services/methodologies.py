"""Loading methodologies from `data/packs/`. A published version is never edited."""

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.footprint import rules
from app.footprint.queries import results
from app.footprint.queries.catalogue import forget
from app.footprint.rules import DEFAULT_PACK, MethodologyRefused
from app.footprint.services.factors import take_turn
from app.footprint.services.packs import choose_first
from app.kit import clock
from app.kit.database import db

FOLDER = Path(__file__).parents[1] / "data" / "packs"
FILE = FOLDER / f"{DEFAULT_PACK}.toml"

_FACTORS = text("SELECT id, key, version, value, unit, region, verified FROM factor")
_STORED = text("SELECT id, key, version, scene, pack, document FROM methodology ORDER BY id")
_INSERT = text(
    "INSERT INTO methodology (key, version, scene, pack, factor_id, document, effective_from, loaded_at)"
    " VALUES (:key, :version, :scene, :pack, :factor_id, CAST(:document AS jsonb), :effective_from, :now)"
)
type_document = dict[str, Any]
type_factors = Mapping[tuple[str, int], Any]


def load_methodologies(effective_from: date | None = None) -> int:
    """Store what the files have and the database has not; returns how many versions were new.

    Call `load_factors` before. Loading twice loads once, and any number of processes may do it at the
    same moment. A version that replaces one by which results exist counts from tomorrow, from the day
    it names, or from `effective_from` where that is later. Raises `MethodologyRefused` for a version
    that was published with other content, for what its factors do not bear out, and for baselines that
    do not go together; `ChangeRefused` for a day that has begun.
    """
    documents = read_folder(FOLDER)
    take_turn()
    stored = {(row.key, row.version): row for row in db.session.execute(_STORED)}
    factors = {(row.key, row.version): row for row in db.session.execute(_FACTORS)}
    _refuse_edited(documents, {key: row.document for key, row in stored.items()})
    fresh = [each for each in documents if (each["key"], each["version"]) not in stored]
    _refuse_mixed([*(row.document for row in stored.values()), *fresh])
    for document in fresh:
        _check(document, factors)
        replaced = [
            row.id
            for row in stored.values()
            if (row.pack, row.scene) == (document["pack"]["key"], document["scene"])
        ]
        _insert(document, factors, _day(document, replaced, effective_from))
    choose_first()
    forget()
    return len(fresh)


def read_folder(folder: Path) -> list[type_document]:
    """The documents of every pack in a folder. Raises `MethodologyRefused`."""
    files = sorted(folder.glob("*.toml"))
    documents = [each for file in files for each in read_documents(file.read_text("utf-8"))]
    keys = [(each["key"], each["version"]) for each in documents]
    twice = sorted({f"{key} version {version}" for key, version in keys if keys.count((key, version)) > 1})
    if twice:
        raise MethodologyRefused(f"{', '.join(twice)}: stands twice")
    return documents


def read_documents(toml: str) -> list[type_document]:
    """The documents of a pack, each with the pack's own words in it. Raises `MethodologyRefused`."""
    try:
        told = tomllib.loads(toml)
        pack = told["pack"]
        shared = {name: pack[name] for name in ("weights", "weights_source")}
        named = {name: value for name, value in pack.items() if name not in shared}
        documents = [
            {
                **each,
                "weights": {**shared["weights"], **each.get("weights", {})},
                "weights_source": each.get("weights_source", shared["weights_source"]),
                "pack": named,
                "region": pack["region"],
            }
            for each in told["methodology"]
        ]
        for document in documents:
            rules.check_document(document)
    except (KeyError, TypeError, AttributeError, tomllib.TOMLDecodeError) as error:
        raise MethodologyRefused(f"a pack is malformed: {error}") from error
    return documents


def _refuse_edited(documents: list[type_document], stored: Mapping[tuple[str, int], type_document]) -> None:
    for document in documents:
        published = stored.get((document["key"], document["version"]), document)
        if published != document:
            raise MethodologyRefused(
                f"{document['key']} version {document['version']} is published; give the change a new version"
            )


def _refuse_mixed(documents: Iterable[type_document]) -> None:
    """Refuse a pack whose scenes, each by its last version, do not go together, or whose baseline changed."""
    documents = list(documents)
    pairs = {(each["pack"]["key"], each["pack"]["baseline"]) for each in documents}
    changed = sorted({pack for pack, baseline in pairs if any(pack == p and baseline != b for p, b in pairs)})
    if changed:
        raise MethodologyRefused(f"{', '.join(changed)}: a pack keeps its baseline; another is another pack")
    last: dict[str, dict[str, type_document]] = {}
    for document in documents:
        last.setdefault(document["pack"]["key"], {})[document["scene"]] = document
    for scenes in last.values():
        baseline = next(reversed(scenes.values()))["pack"]["baseline"]
        counted = [rules.read_method(each) for each in scenes.values() if rules.counts(each)]
        rules.refuse_mixed_baselines(baseline, counted)


def _check(document: type_document, factors: type_factors) -> None:
    """Refuse a document that its factors do not bear out. Raises `MethodologyRefused`."""
    if not rules.counts(document):
        return
    name = f"{document['key']} version {document['version']}"
    method = rules.read_method(document)
    pinned = [(document["factor"], document["factor_version"])]
    pinned += [(term.factor, term.factor_version) for term in method.terms]
    missing = [f"{key} {version}" for key, version in pinned if (key, version) not in factors]
    if missing:
        raise MethodologyRefused(f"{name}: no factor {', '.join(missing)}")
    used = [factors[each] for each in pinned]
    if used[0].region != document["factor_region"]:
        raise MethodologyRefused(f"{name}: {used[0].key} is of {used[0].region}")
    _check_cited(document, name, {key for key, _ in factors})
    _check_units(document, name, used)
    rules.refuse_unmarked(document, all(factor.verified for factor in used))
    rules.refuse_generous(document, used[0].value, _compared(document, name, used[0].unit, factors))
    values = {each: factors[each].value for each in pinned}
    rules.refuse_wrong_example(document, method.bind(values), used[0].value)


def _check_cited(document: type_document, name: str, known: Collection[str]) -> None:
    cited = [*document["weights_source"]["factors"], *document.get("conservative", {}).get("compared", ())]
    cited += [document["cap"][name] for name in ("factor",) if name in document["cap"]]
    strangers = [key for key in cited if key not in known]
    if strangers:
        raise MethodologyRefused(f"{name}: cites {', '.join(strangers)}, a factor that does not exist")


def _check_units(document: type_document, name: str, used: list[Any]) -> None:
    """Refuse a formula whose units do not come out in kilograms."""
    from app.footprint.rules import units  # for loading only; what serves never needs it

    # A share is a pure number or has a unit of its own; its size belongs to the formula, not to the check.
    shares = [document.get("share_unit", "1"), *(each["share_unit"] for each in document.get("terms", ()))]
    terms = [((Fraction(1), unit), factor.unit) for unit, factor in zip(shares, used, strict=True)]
    try:
        units.check_formula(terms, (Fraction(document["inputs_per_unit"]), document["measure_unit"]))
    except (units.UnitsRefused, KeyError) as refused:
        raise MethodologyRefused(f"{name}: {refused}") from refused


def _compared(document: type_document, name: str, unit: str, factors: type_factors) -> dict[str, Decimal]:
    """The latest values of what a document compares its factor with, in that factor's unit."""
    from app.footprint.rules import units

    latest = {key: row for (key, _), row in sorted(factors.items())}
    try:
        return {
            key: units.as_avoided(latest[key].value, latest[key].unit, unit)
            for key in document.get("conservative", {}).get("compared", ())
        }
    except units.UnitsRefused as refused:
        raise MethodologyRefused(f"{name}: {refused}") from refused


def _day(document: type_document, replaced: list[int], effective_from: date | None) -> date | None:
    told = document.get("effective_from")
    asked = max(filter(None, (date.fromisoformat(told) if told else None, effective_from)), default=None)
    name = f"{document['key']} version {document['version']}"
    return rules.effective_day(name, asked, clock.business_day(), results.exist_by_methodologies(replaced))


def _insert(document: type_document, factors: type_factors, day: date | None) -> None:
    factor = factors[document["factor"], document["factor_version"]] if rules.counts(document) else None
    db.session.execute(
        _INSERT,
        {
            "key": document["key"],
            "version": document["version"],
            "scene": document["scene"],
            "pack": document["pack"]["key"],
            "factor_id": factor.id if factor else None,
            "document": json.dumps(document, ensure_ascii=False),
            "effective_from": day,
            "now": clock.now(),
        },
    )
