"""Every rule that can refuse, hold, cut or weigh an act, as data that anyone may read."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.footprint import rules
from app.footprint.queries.catalogue import Methodology, list_scenes
from app.footprint.rules.photos import LARGEST_PHOTO_BYTES, MOST_PIXELS
from app.footprint.rules.plausibility import LONGEST_WORDS, PHOTO_KEPT, PHOTOS_AN_ACT, PUBLISHED_IN
from app.kit.messages import t

_CUTS = frozenset({"hold", "cap"})


@dataclass(frozen=True)
class PublishedRule:
    """One rule: what it does, its value and unit, its name and reason in both languages, its source."""

    key: str
    scene: str | None
    effect: str
    value: str
    unit: str
    name_zh: str
    name_en: str
    reason_zh: str
    reason_en: str
    source: str | None = None

    @property
    def appealable(self) -> bool:
        """Whether an operator can decide otherwise: of what holds and what caps."""
        return self.effect in _CUTS


def list_rules() -> list[PublishedRule]:
    """The rules of every scene that counts today, then those that are for all."""
    return [rule for scene in list_scenes() for rule in _of_scene(scene)] + list(_for_all())


def _rule(
    key: str,
    effect: str,
    value: object,
    unit: str,
    *,
    scene: str | None = None,
    reason: tuple[str, str] | None = None,
    source: str | None = None,
    named: str | None = None,
) -> PublishedRule:
    name = f"footprint.rule_{named or key}"
    reason_zh, reason_en = reason or (t(f"{name}_why", "zh"), t(f"{name}_why", "en"))
    names = {"name_zh": t(name, "zh"), "name_en": t(name, "en")}
    return PublishedRule(
        key, scene, effect, str(value), unit, **names, reason_zh=reason_zh, reason_en=reason_en, source=source
    )


def _of_scene(methodology: Methodology) -> Iterator[PublishedRule]:
    document, method = methodology.document, methodology.method
    cap, bounds, weighed = document["cap"], document["bounds"], document["weights_source"]
    yield _rule(
        rules.DAILY_CAP,
        "cap",
        method.cap_g,
        "g",
        scene=method.scene,
        reason=(cap["reason_zh"], cap["reason_en"]),
        source=cap.get("factor"),
        named="monthly_cap" if method.period == rules.MONTH else None,
    )
    for grade in dict.fromkeys(method.sources.values()):
        yield _rule(
            f"weight_{grade}",
            "weigh",
            method.weights[grade],
            "×",
            scene=method.scene,
            reason=(weighed["text_zh"], weighed["text_en"]),
            source=", ".join(weighed["factors"]) or None,
        )
    unit = method.input_unit
    for name, its_unit in (("least", unit), ("most", unit), ("slowest_kmh", "km/h"), ("fastest_kmh", "km/h")):
        value = getattr(method.bounds, name)
        if value is not None:
            said = (bounds["text_zh"], bounds["text_en"])
            yield _rule(name, "refuse", value, its_unit, scene=method.scene, reason=said)
    if method.window_days != rules.WINDOW_DAYS:
        why = (t("footprint.rule_window_why", "zh"), t("footprint.rule_window_why", "en"))
        yield _rule("oldest", "refuse", method.window_days, "d", scene=method.scene, reason=why)
    if rules.SELF in method.sources:
        yield from _limits(methodology)


def _limits(methodology: Methodology) -> Iterator[PublishedRule]:
    method = methodology.method
    units = {rules.DAY_ACTS: method.input_unit if method.kind == rules.COUNT else "1", rules.DAY_TOTAL: "m"}
    for key, told in methodology.document["pack"].get("limits", {}).items():
        value = getattr(method.limits, key)
        if value is not None:
            texts = {name: told[name] for name in ("name_zh", "name_en", "reason_zh", "reason_en")}
            yield PublishedRule(key, method.scene, "hold", str(value), units.get(key, "1"), **texts)


def _for_all() -> Iterator[PublishedRule]:
    yield _rule("oldest", "refuse", rules.OLDEST.days, "d")
    yield _rule("photo_size", "refuse", LARGEST_PHOTO_BYTES // 1024 // 1024, "MB")
    yield _rule("photo_area", "refuse", MOST_PIXELS, "px")
    yield _rule("photos_an_act", "refuse", PHOTOS_AN_ACT, "1")
    yield _rule("photo_once", "refuse", 1, "1")
    yield _rule("appeals_an_act", "refuse", 1, "1")
    yield _rule("appeal_words", "refuse", LONGEST_WORDS, "1")
    yield _rule("photo_kept", "inform", PHOTO_KEPT.days, "d")
    yield _rule("published_in", "inform", PUBLISHED_IN, "1")
