"""What an event's neutrality statement says: plain values, so that it stands when all else has changed."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import prod
from typing import Any

from app.causes.models.events import EventForest, ForestProof
from app.causes.queries import events as known
from app.causes.queries.events import EventFacts, Kept
from app.causes.queries.schemes import schemes
from app.causes.rules.events import FOREST
from app.footprint.queries import Factor, InventoryLine, Stage
from app.kit import clock
from app.kit.messages import LANGUAGES, t
from app.offsets.queries import attestations, causes
from app.offsets.queries.cause_parts import retirement_facts
from app.offsets.queries.causes import CauseRetirement

Both = dict[str, str]


def still_true(event: EventFacts) -> bool:
    """Whether what stands attested speaks of the figures that count now.

    What is bought, kept or told of it afterwards makes no other statement: it was true when it was issued.
    """
    attestation = attestations.find_standing(event.id, known.NEUTRAL)
    return attestation is not None and attestation.facts["figure"] == _figure(event)


def neutrality_facts(event: EventFacts) -> dict[str, Any]:
    """Everything the statement prints of a counted event. Raises ValueError before it is counted."""
    figure = event.figure
    if figure is None or not event.counted:
        raise ValueError("an event is attested on its final figure")
    retired = causes.list_retirements(event.id)
    came, _ = known.list_kept(event.id)
    kept = causes.list_retirements(*(each.event_id for each in came))
    return {
        "event": _event(event, figure),
        "figure": _figure(event),
        **_rules(event, figure),
        **_inventory(event, figure),
        "reductions": [
            {"name": each.text, "source": each.type, "avoided_g": each.planned_g, "evidence": each.outcome}
            for each in known.list_reductions(event.id)
        ],
        "corrections": [
            {"reason": each.reason, "on": clock.business_day(each.closed_at).isoformat()}
            for each in known.list_corrections(event.id)
            if each.closed_at is not None
        ],
        "method": event.method,
        "forest": forest_facts(event),
        **_units(event, retired),
        "replaces": next((each.number for each in attestations.list_attestations(event.id)), None),
        "neutral_on": clock.business_day().isoformat(),
        "sample": any(each.forest.sample for each in (*retired, *kept)),
        "notes": _notes(event, (*retired, *kept)),
    }


def _rules(event: EventFacts, figure: Stage) -> dict[str, Any]:
    """By which guide and scheme, which order of units, and until when."""
    scheme = event.scheme
    factor = event.deadline_factor
    return {
        "guide": {lang: figure.guide.document["source"][f"title_{lang}"] for lang in LANGUAGES},
        "guide_version": figure.guide.version,
        "scheme": _both(scheme.told) | {"key": scheme.key, "url": scheme.told["url"]},
        "unit_order": [
            {"product": _both(unit), "source": _both(scheme.told), "ordered": scheme.ordered}
            for unit in schemes().units
        ],
        "deadlines": [
            {
                "name": {lang: t("causes.deadline", lang) for lang in LANGUAGES},
                "on": event.deadline.isoformat(),
                "source": factor.source_title,
                "verified": factor.verified,
            }
        ],
    }


def _inventory(event: EventFacts, figure: Stage) -> dict[str, Any]:
    """The final figure with every line, and what is left out."""
    return {
        "stage": figure.stage,
        "inventory": event.inventory.code,
        "closed_at": figure.closed_at and figure.closed_at.isoformat(timespec="seconds"),
        "sources": {each["key"]: _both(each) for each in figure.guide.document["type"]},
        "by_source": figure.by_type,
        "excluded": dict(figure.excluded),
        "lines": [_line(line) for line in figure.lines],
        "emitted_g": figure.emitted_g,
        "unverified_g": figure.unverified_g,
        "evidenced_bp": figure.completeness.evidenced_bp,
    }


def _units(event: EventFacts, retired: Sequence[CauseRetirement]) -> dict[str, Any]:
    """What had to be closed, by which units and whose surplus, and what is beyond it."""
    came, _ = known.list_kept(event.id)
    return {
        "due_g": event.due_g,
        "retired_kg": sum(each.quantity_kg for each in retired),
        "kept": [_kept(each) for each in came],
        "surplus_g": causes.standing(event.id).carry_g,
        "retirements": [retirement_facts(each) for each in retired],
    }


def _figure(event: EventFacts) -> dict[str, Any]:
    """What a statement stands on: other figures make another statement."""
    return {"code": event.figure and event.figure.code, "due_g": event.due_g}


def forest_facts(event: EventFacts) -> dict[str, Any] | None:
    """What is told of a forest planted for an event, with its proof once there is one."""
    forest = known.find_forest(event.id)
    if forest is None or event.method != FOREST:
        return None
    proof = next((each for each in known.list_proofs(event.id) if each.approved), None)
    return _forest(forest) | ({"uptake_g": proof.proven_g, "proof": _proof(proof)} if proof else {})


def _forest(forest: EventForest) -> dict[str, Any]:
    last = forest.planted_on.year + forest.years - 1
    return {
        "place": forest.place,
        "longitude": str(Decimal(forest.longitude_e6) / 1_000_000),
        "latitude": str(Decimal(forest.latitude_e6) / 1_000_000),
        "species": [each for each in forest.species.replace("、", ",").replace("，", ",").split(",") if each],
        "area_m2": forest.area_m2,
        "years": f"{forest.planted_on.year}–{last}",
        "expected_g": forest.expected_g,
        "planting": forest.planting,
        "monitoring": forest.monitoring,
    }


def _proof(proof: ForestProof) -> str:
    return f"{proof.certifier} · {proof.report} · {proof.methodology} · SHA-256 {proof.report_sha256}"


def _event(event: EventFacts, figure: Stage) -> dict[str, Any]:
    return {
        "code": event.code,
        "title": event.title,
        "organiser": event.organiser,
        "kind": _both(schemes().kinds[event.kind]),
        "starts_on": _day(figure.starts_on),
        "ends_on": _day(figure.ends_on),
        "place": event.place,
        "region": event.inventory.region,
        "heads": figure.heads,
        "online_heads": figure.online_heads,
    }


def _line(line: InventoryLine) -> dict[str, Any]:
    measures = line.guide.document["measure"]
    told = line.told
    share = line.share
    amount = Decimal(prod(line.inputs.values())) * share.part / share.whole
    return {
        "source": line.item.type,
        "name": {lang: told[f"name_{lang}"] for lang in LANGUAGES},
        "inputs": [
            {"name": _both(measures[key]), "value": line.inputs[key], "unit": measures[key]["unit"]}
            for key in line.item.measures
        ],
        "share": f"{share.part}/{share.whole}" if share.part != share.whole else None,
        "per": line.item.per,
        "amount": _decimal(amount / line.item.per),
        "unit": _denominator(line.factor),
        "factor": _decimal(line.factor.value),
        "factor_unit": line.factor.unit,
        "factor_code": line.factor.key,
        "factor_version": str(line.factor.version),
        "factor_source": line.factor.source_title,
        "mark": line.factor.tier,
        "verified": line.verified,
        "assumption": line.mark if line.item.assumed else None,
        "grade": line.grade,
        "evidence": line.evidence,
        "emitted_g": line.emitted_g,
    }


def _denominator(factor: Factor) -> str:
    """What the factor is a mass for one of: the amount is counted in it."""
    return factor.unit.split("/", 1)[1] if "/" in factor.unit else ""


def _decimal(value: Decimal) -> str:
    """A number as it is written by hand: no exponent, at most six decimals, no zeros after the last."""
    text = f"{value:.6f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _kept(each: Kept) -> dict[str, Any]:
    certificates = [found.number for found in causes.list_retirements(each.event_id)]
    return {
        "event": each.code,
        "title": each.title,
        "amount_g": each.amount_g,
        "certificates": certificates,
    }


def _notes(event: EventFacts, retired: Sequence[CauseRetirement]) -> list[Both]:
    names = [
        "causes.note_self_declared",
        *dict.fromkeys(note for each in retired for note in each.forest.notes),
    ]
    if not event.deadline_factor.verified or not event.scheme.verified:
        names.append("causes.note_scheme_unverified")
    return [{lang: t(name, lang) for lang in LANGUAGES} for name in names]


def _both(told: Mapping[str, Any]) -> Both:
    return {lang: told[f"name_{lang}"] for lang in LANGUAGES}


def _day(day: date) -> str:
    return day.isoformat()
