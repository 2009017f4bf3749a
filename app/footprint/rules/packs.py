"""Packs 方法学包: figures that may stand side by side because their baselines do, and what each must say."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from app.footprint.rules.grams import Decision
from app.footprint.rules.methods import Method, MethodologyRefused, read_method

DEFAULT_PACK = "fujian-2026"
"""The pack that counts until another is chosen."""


COMPATIBLE_BASELINES = {
    "mean": frozenset({"mean", "substitution", "none", "own_past"}),
    "none": frozenset({"none"}),
    "car": frozenset({"car"}),
}
"""Which baselines may stand in one pack. Against a car trip the same kilometre avoids about ten times
what it avoids against the mean of all travel, so the two are never mixed."""


CATEGORIES = ("clothing", "food", "home", "travel", "goods", "office")
"""衣、食、住、行、用 and 办公: the parts of life that a scene belongs to."""


_SPOKEN = ("scene", "claims_not")
_SPOKEN_WHEN_ON = ("name", "unit", "formula", "evidence", "channel")


def refuse_mixed_baselines(pack_baseline: str, methods: Iterable[Method]) -> None:
    """Refuse a pack whose figures are measured against different things. Raises `MethodologyRefused`."""
    allowed = COMPATIBLE_BASELINES.get(pack_baseline)
    if allowed is None:
        raise MethodologyRefused(f"no such baseline: {pack_baseline}")
    strangers = [method.key for method in methods if method.baseline not in allowed]
    if strangers:
        raise MethodologyRefused(f"{', '.join(strangers)}: baseline does not go with {pack_baseline}")


def counts(document: Mapping[str, Any]) -> bool:
    """Whether a methodology's scene is switched on."""
    return bool(document.get("switched_on", True))


def check_document(document: Mapping[str, Any]) -> None:
    """Refuse a document that leaves unsaid what people must be able to read. Raises `MethodologyRefused`.

    A scene that counts says what counts it; one that does not says why.
    """
    spoken = [*_SPOKEN, *(_SPOKEN_WHEN_ON if counts(document) else ("off",))]
    missing = [
        f"{name}_{lang}" for name in spoken for lang in ("zh", "en") if not _said(document, name, lang)
    ]
    if document.get("category") not in CATEGORIES:
        missing.append("category")
    if counts(document):
        _find_gaps(document, missing)
    if missing:
        raise MethodologyRefused(f"{_name(document)}: does not say {', '.join(missing)}")


def _find_gaps(document: Mapping[str, Any], missing: list[str]) -> None:
    """Add what a counting document leaves out of its parts; its figures are read strictly."""
    read_method(document)
    for part, word in (("baseline", "text"), ("cap", "reason"), ("bounds", "text"), ("example", "text")):
        told = document.get(part, {})
        missing += _unsaid(told, f"{part}.", [word])
    for limit, told in document["pack"].get("limits", {}).items():
        missing += _unsaid(told, f"pack.limits.{limit}.", ["name", "reason"])


def _unsaid(told: Mapping[str, Any], where: str, names: Iterable[str]) -> list[str]:
    """Which of `names` are not said in both languages."""
    return [f"{where}{name}_{lang}" for name in names for lang in ("zh", "en") if not _said(told, name, lang)]


def _said(told: Mapping[str, Any], name: str, lang: str) -> bool:
    return bool(str(told.get(f"{name}_{lang}", "")).strip())


def refuse_unmarked(document: Mapping[str, Any], verified: bool) -> None:
    """Refuse to count with an unverified factor unless the document carries its mark, and only then."""
    marked = _said(document, "mark", "zh") and _said(document, "mark", "en")
    if counts(document) and marked == verified:
        why = "is marked though verified" if verified else "counts with an unverified factor without its mark"
        raise MethodologyRefused(f"{_name(document)}: {why}")


def refuse_generous(document: Mapping[str, Any], value: Decimal, compared: Mapping[str, Decimal]) -> None:
    """Refuse a factor above one that it is compared with: where sources compete the lower avoids less."""
    lower = [key for key, other in compared.items() if other < value]
    if lower:
        raise MethodologyRefused(
            f"{_name(document)}: {', '.join(lower)} avoids less and is the cautious choice"
        )


def refuse_wrong_example(document: Mapping[str, Any], method: Method, value: Decimal) -> None:
    """Refuse a document whose own worked example does not come out."""
    example = document["example"]
    computed = Decision(method, value, example["grade"], example["inputs"]).computed_g
    if computed != example["grams"]:
        raise MethodologyRefused(
            f"{_name(document)}: the worked example gives {computed} g, not {example['grams']} g"
        )


def _name(document: Mapping[str, Any]) -> str:
    return f"{document.get('key')} version {document.get('version')}"
