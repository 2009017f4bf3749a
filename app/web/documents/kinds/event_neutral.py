"""The statement of an event's neutrality: every line, factor, source and serial that it stands on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.web.documents.kinds.lists import bars, bounded, kilograms_of, retired_rows, retirements
from app.web.documents.sheets import Document, Face, Row
from app.web.documents.strips import SOFT, Column, Strip, gap, heading, paragraph, table
from app.web.documents.words import (
    Pair,
    Words,
    beside,
    day,
    figure,
    kilograms,
    known,
    number,
    per,
    read,
    said,
    under,
    weight,
)
from app.web.words import grouped


def event_neutral(document: Document, words: Words) -> Face:
    """Its face and its lists."""
    facts = document.facts
    event = facts["event"]
    due_g = facts.get("due_g") or facts["emitted_g"]
    planted = facts.get("method") == "forest"
    stage = known("stage", facts.get("stage", "final"))
    return Face(
        title=said("documents.title_event_neutral"),
        subject_label=said("documents.subject_event"),
        subject=event["title"],
        figure_label=said("documents.figure_planted" if planted else "documents.figure_neutral", stage=stage),
        figure=figure(due_g),
        statement=said(
            "documents.states_event_planted" if planted else "documents.states_event_neutral",
            organiser=event["organiser"],
            due=weight(due_g),
            retired=kilograms(facts["retired_kg"]),
        ),
        rows=_rows(words, facts),
        notes=[read(note) for note in facts.get("notes") or ()],
        strips=list(_lists(words, facts)),
    )


def _rows(words: Words, facts: Mapping[str, Any]) -> list[Row]:
    event, forest, replaces = facts["event"], facts.get("forest"), facts.get("replaces")
    first, last = event["starts_on"], event["ends_on"]
    heads = said("documents.heads", heads=f"{event['heads']:,}", online=f"{event.get('online_heads') or 0:,}")
    version = facts.get("guide_version")
    retired = kilograms(facts["retired_kg"]) if facts["retired_kg"] else ""
    return [
        Row(said("documents.organiser"), event["organiser"], f"{words.of(event['kind'])}　{event['code']}"),
        Row(said("documents.event_when"), first if first == last else f"{first} — {last}", event["place"]),
        Row(said("documents.event_heads"), words.first(heads)),
        Row(
            said("documents.guide"),
            words.of(facts["guide"]),
            beside(f"v{version}" if version else "", words.of(facts.get("scheme"))),
        ),
        *retired_rows(words, retired, facts["retirements"]),
        Row(said("documents.forest_planted"), _forest(words, forest) if forest else ""),
        Row(said("documents.neutral_on"), day(facts["neutral_on"])),
        Row(said("documents.surplus"), weight(facts.get("surplus_g") or None)),
        Row(said("documents.replaces"), grouped(replaces) if replaces else ""),
    ]


def _lists(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    yield from _by_source(words, facts)
    yield from _lines(words, facts)
    yield from _reductions(words, facts)
    yield from retirements(words, facts["retirements"])
    yield from _kept(words, facts)
    yield from _forest_told(words, facts.get("forest"))
    yield from _corrections(words, facts)
    yield from _settings(words, facts)


def _source(words: Words, facts: Mapping[str, Any], key: str) -> str:
    names = facts.get("sources") or {}
    return words.of(names[key]) if key in names else words.first(known("source", key))


def _by_source(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    sums: dict[str, int] = dict(facts.get("by_source") or {})
    if not sums:
        for line in facts["lines"]:
            sums[line["source"]] = sums.get(line["source"], 0) + line["emitted_g"]
    shares = sorted(
        ((_source(words, facts, key), grams) for key, grams in sums.items()), key=lambda each: -each[1]
    )
    yield from heading(words, said("documents.by_source"))
    yield from bars(words, shares)


def _lines(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    yield from heading(words, said("documents.lines"), words.say("documents.lines_note"))
    columns = (
        Column(said("documents.line_item"), 144),
        Column(said("documents.line_amount"), 132, "end"),
        Column(said("documents.line_factor"), 124, "end"),
        Column(said("documents.line_emitted"), 71, "end"),
    )
    shown, more = bounded(words, facts["lines"])
    total = (words.say("documents.total"), "", "", kilograms_of(facts["emitted_g"]))
    yield from table(words, columns, [_line(words, facts, line) for line in shown], total)
    yield from more
    yield from _unverified(words, facts)
    yield from _excluded(words, facts)
    yield from _factors(words, shown)


def _unverified(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    """How much rests on factors or shares that nobody could check."""
    if unverified_g := facts.get("unverified_g"):
        yield gap(5)
        yield from paragraph(words.say("documents.unverified", mass=weight(unverified_g)), 7.4, SOFT)


def _excluded(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    """What is not counted, and why."""
    rows = facts.get("excluded") or {}
    if rows:
        yield from heading(words, said("documents.excluded"))
        columns = (Column(said("documents.source"), 130), Column(said("documents.reason"), 341))
        told = [(_source(words, facts, key), words.of(reason)) for key, reason in rows.items()]
        yield from table(words, columns, told)


def _line(words: Words, facts: Mapping[str, Any], line: Mapping[str, Any]) -> tuple[str, ...]:
    inputs = "　".join(
        f"{words.of(each['name'])} {number(each['value'])} {per(str(each.get('unit') or ''))}".strip()
        for each in line.get("inputs") or ()
    )
    share = words.say("documents.share", share=line["share"]) if line.get("share") else ""
    amount = f"{number(line['amount'])} {per(line.get('unit') or '')}".strip()
    return (
        under(
            words.of(line["name"]),
            beside(_source(words, facts, line["source"]), words.of(line.get("evidence"))),
            words.of(line.get("assumption")),
        ),
        under(amount, beside(inputs, share)),
        f"{number(line['factor'])} {per(line['factor_unit'])}\n{_factor_name(words, line)}",
        kilograms_of(line["emitted_g"]),
    )


def _factor_name(words: Words, line: Mapping[str, Any]) -> str:
    version = f"@{line['factor_version']}" if line.get("factor_version") else ""
    return beside(
        f"{line.get('factor_code') or ''}{version}", words.first(known("mark", line.get("mark") or ""))
    )


def _factors(words: Words, lines: Sequence[Mapping[str, Any]]) -> Iterator[Strip]:
    """Each factor once, with where it is from: the lines name it by its code."""
    each_once = {_factor_name(words, line): line for line in lines}
    if not each_once:
        return
    yield from heading(words, said("documents.factors"), words.say("documents.factors_note"))
    columns = (
        Column(said("documents.line_factor"), 150),
        Column(said("documents.value"), 92, "end"),
        Column(said("documents.line_source"), 229),
    )
    rows = [
        (name, f"{number(line['factor'])}\n{per(line['factor_unit'])}", words.of(line["factor_source"]))
        for name, line in sorted(each_once.items())
    ]
    yield from table(words, columns, rows)


def _reductions(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    rows = facts.get("reductions") or ()
    if not rows:
        return
    yield from heading(words, said("documents.reductions"), words.say("documents.reductions_note"))
    columns = (
        Column(said("documents.reduction"), 210),
        Column(said("documents.evidence"), 190),
        Column(said("documents.avoided"), 72, "end"),
    )
    shown, more = bounded(words, rows)
    yield from table(
        words,
        columns,
        [
            (
                words.of(each["name"]),
                words.of(each.get("evidence") or "—"),
                kilograms_of(each["avoided_g"]) if each.get("avoided_g") is not None else "—",
            )
            for each in shown
        ],
    )
    yield from more


def _kept(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    """What a former event bought beyond its due and this one used."""
    rows = facts.get("kept") or ()
    if rows:
        yield from heading(words, said("documents.kept"))
        columns = (
            Column(said("documents.subject_event"), 210),
            Column(said("documents.certificates"), 180),
            Column(said("documents.mass"), 82, "end"),
        )
        yield from table(
            words,
            columns,
            [
                (
                    f"{each['title']}\n{each['event']}",
                    "　".join(map(grouped, each["certificates"])),
                    weight(each["amount_g"]),
                )
                for each in rows
            ],
        )


def _forest(words: Words, forest: Mapping[str, Any]) -> str:
    mu = forest.get("area_mu") or number(round(forest.get("area_m2", 0) * 15 / 10_000, 2))
    species = "、" if words.lang == "zh" else ", "
    return words.first(
        said("documents.forest_area", mu=mu, species=species.join(forest["species"]), years=forest["years"])
    )


def _forest_told(words: Words, forest: Mapping[str, Any] | None) -> Iterator[Strip]:
    if forest is None:
        return
    yield from heading(words, said("documents.forest_planted"))
    columns = (Column(said("documents.fact"), 110), Column(said("documents.told"), 361))
    where = beside(forest.get("place") or "", forest.get("longitude") or "", forest.get("latitude") or "")
    told: list[tuple[Pair, str]] = [
        (said("documents.forest_area_label"), _forest(words, forest)),
        (said("documents.event_where"), where),
        (said("documents.forest_planting"), words.of(forest.get("planting"))),
        (said("documents.forest_monitoring"), words.of(forest.get("monitoring"))),
        (said("documents.forest_expected"), weight(forest.get("expected_g"))),
        (said("documents.forest_uptake"), weight(forest.get("uptake_g"))),
        (said("documents.forest_proof"), words.of(forest.get("proof"))),
    ]
    yield from table(words, columns, [(words.first(label), value) for label, value in told if value])


def _corrections(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    rows = facts.get("corrections") or ()
    if rows:
        yield from heading(words, said("documents.corrections"))
        columns = (Column(said("documents.day"), 80), Column(said("documents.reason"), 391))
        yield from table(words, columns, [(day(each["on"]), words.of(each["reason"])) for each in rows])


def _settings(words: Words, facts: Mapping[str, Any]) -> Iterator[Strip]:
    """The settings that applied, with where they are from."""
    ordered = facts.get("unit_order") or ()
    deadlines = facts.get("deadlines") or ()
    if not (ordered or deadlines):
        return
    yield from heading(words, said("documents.settings"))
    columns = (
        Column(said("documents.setting"), 190),
        Column(said("documents.value"), 90),
        Column(said("documents.line_source"), 191),
    )
    rows = [(words.of(each["name"]), day(each["on"]), words.of(each["source"])) for each in deadlines]
    for place, each in enumerate(ordered, 1):
        rank = str(place) if each.get("ordered", True) else "—"
        rows.append((words.of(each["product"]), rank, words.of(each["source"])))
    yield from table(words, columns, rows)
    yield gap(4)
    yield from paragraph(words.say("documents.settings_note"), 7.2, SOFT)
