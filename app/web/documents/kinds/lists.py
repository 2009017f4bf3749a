"""The lists that several kinds have behind their face: what was retired, and shares as bars."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.web.documents.sheets import Row
from app.web.documents.strips import (
    GREEN,
    GUTTER,
    LEFT,
    SOFT,
    WIDTH,
    Box,
    Column,
    Mark,
    Strip,
    gap,
    heading,
    paragraph,
    table,
)
from app.web.documents.typeface import broken, hei
from app.web.documents.words import Words, beside, day, known, read, said, under
from app.web.words import grouped

MOST_LINES = 2000
"""How many rows of one list are printed; who has more finds all of them behind the public page."""
_TINTS = ("#1f6f54", "#3a8567", "#5f9f85", "#8cc2a9", "#a9d0bd", "#c3dfd2")
_BAR_LEFT, _BAR_MOST = LEFT + 130, 210.0


def bounded(words: Words, rows: Sequence[Any]) -> tuple[Sequence[Any], list[Strip]]:
    """As many rows as are printed, and the sentence that says how many are not."""
    if len(rows) <= MOST_LINES:
        return rows, []
    told = said("documents.more_lines", more=f"{len(rows) - MOST_LINES:,}", all=f"{len(rows):,}")
    return rows[:MOST_LINES], [gap(6), *paragraph(words.first(told), 8, SOFT)]


def retirements(words: Words, retired: Sequence[Mapping[str, Any]]) -> Iterator[Strip]:
    """Every run of serials that was used up, whose forest, its certificate; one alone stands on the face."""
    if len(retired) < 2:
        return
    yield from heading(words, said("documents.retirements"), words.say("documents.retirements_note"))
    columns = (
        Column(said("documents.serial"), 158),
        Column(said("documents.forest"), 150),
        Column(said("documents.certificate_and_day"), 108),
        Column(said("documents.quantity_kg"), 55, "end"),
    )
    shown, more = bounded(words, retired)
    total = (
        words.say("documents.total"),
        "",
        "",
        f"{sum(each['quantity_kg'] for each in retired):,}",
    )
    yield from table(words, columns, [_retirement(words, each) for each in shown], total)
    yield from more


def _retirement(words: Words, each: Mapping[str, Any]) -> tuple[str, str, str, str]:
    forest = each.get("project_name") or {"zh": each.get("forest_zh"), "en": each.get("forest_en")}
    vintage = words.say("documents.of_vintage", year=each["vintage"]) if each.get("vintage") else ""
    named = each.get("product_name")
    product = read(named) if named else known("product", each["product"], "registry")
    number = each.get("certificate") or each.get("number")
    return (
        str(each["serial"]),
        under(
            words.of(forest),
            beside(words.first(product), words.of(each.get("seller")), vintage),
        ),
        under(grouped(number) if number else "", day(each.get("retired_at"))),
        f"{each['quantity_kg']:,}",
    )


def retired_rows(words: Words, quantity: str, retired: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What was retired, for the face: of one run everything, of many how many there are."""
    if len(retired) != 1:
        told = words.say("documents.runs_overleaf", count=len(retired)) if retired else ""
        return [Row(said("documents.retired"), quantity, told)]
    serial, forest, certificate, _ = _retirement(words, retired[0])
    name, _, whose = forest.partition("\n")
    number = certificate.partition("\n")[0]
    checked = f"{words.say('documents.certificate_number')} {number}" if number else ""
    return [
        Row(said("documents.retired"), quantity, beside(serial, checked)),
        Row(said("documents.forest"), name, whose),
    ]


def bars(words: Words, shares: Sequence[tuple[str, int]]) -> Iterator[Strip]:
    """Parts of a sum of grams: the name, a bar, the mass and its share; the largest bar is the longest."""
    total, most = sum(grams for _, grams in shares), max((grams for _, grams in shares), default=0)
    shown, more = bounded(words, shares)
    for index, (name, grams) in enumerate(shown):
        lines = broken(name, hei(), 8.4, _BAR_LEFT - LEFT - GUTTER)
        long = _BAR_MOST * grams / most if most > 0 else 0
        share = f"{grams / total:.1%}" if total else ""
        right = LEFT + WIDTH
        yield Strip(
            17 + 10.5 * (len(lines) - 1),
            (
                *(Mark(LEFT, 11 + 10.5 * place, line, 8.4) for place, line in enumerate(lines)),
                Mark(right - 44, 11, kilograms_of(grams), 8.2, anchor="end"),
                Mark(right, 11, share, 8.2, fill=SOFT, anchor="end"),
            ),
            (Box(_BAR_LEFT, 3.5, max(long, 0.6) if grams else 0, 9.5, _TINTS[min(index, len(_TINTS) - 1)]),),
        )
    yield from more
    yield gap(4)
    yield Strip(1, (), (Box(LEFT, 0, WIDTH, 0.8, GREEN),))
    yield Strip(
        18,
        (
            Mark(LEFT, 12, words.say("documents.total"), 8.4, "Senhui Song", GREEN),
            Mark(LEFT + WIDTH - 44, 12, kilograms_of(total), 8.4, "Senhui Song", GREEN, "end"),
        ),
    )


def kilograms_of(grams: int) -> str:
    """A mass in kilograms with three decimals, so that a column of masses can be added by eye."""
    return f"{grams / 1000:,.3f} kg"
