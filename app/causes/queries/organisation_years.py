"""An organisation's year 年度报告: what it bought, what was retired for it and why, what it still holds.

The facts are plain values, one document of kind `organisation_year`; the page, the JSON and the CSV are the
same facts written in three ways. The company's purposes only: what its causes (events, cases) used stands
on their own documents.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from app.accounts import chart
from app.accounts import queries as accounts
from app.accounts.queries import memberships
from app.causes.models.organisations import OrganisationOrder
from app.causes.queries.organisations import sum_spent, uses_of
from app.causes.rules.organisations import text_cell
from app.kit import clock
from app.kit.database import db
from app.kit.messages import LANGUAGES, t
from app.offsets import queries as offsets
from app.offsets.queries.retired import Retired

MOST_LINES = 5_000
"""Lines of one statement; whoever has more asks for the rest by list."""


@dataclass(frozen=True)
class _For:
    """What a line was for."""

    name: str | None
    period: str | None


def organisation_year_facts(organisation_id: int, year: int) -> dict[str, Any]:
    """What stands on an organisation's statement of a year, as plain values."""
    organisation = memberships.get_organisation(organisation_id)
    first, last = date(year, 1, 1), date(year, 12, 31)
    lines = offsets.retired.list_retired(organisation_id, first, last, (first, 0), MOST_LINES + 1)
    told = _what_for([each for each in lines if each.by_order], [each for each in lines if not each.by_order])
    written = [_line(each, told.get(each.number, _For(None, None))) for each in lines[:MOST_LINES]]
    spent_fen, _ = sum_spent(organisation_id, first, date(year + 1, 1, 1))
    return {
        "kind": "organisation_year",
        "organisation": organisation.code,
        "name": organisation.public_name or organisation.code,
        "verified": organisation.verified,
        "credit_code": organisation.credit_code,
        "year": year,
        "complete": len(lines) <= MOST_LINES,
        "paid_fen": spent_fen,
        "retired_kg": sum(offsets.retired.sum_retired(organisation_id, first, last, "year").values()) // 1000,
        "held_kg": accounts.get_balance(organisation_id, chart.UNITS) // 1000,
        "purposes": _purposes(written),
        "lines": written,
        "as_of": clock.now().isoformat(timespec="seconds"),
        "sample": any(line["sample"] for line in written),
        "notes": _notes(lines[:MOST_LINES]),
    }


def _what_for(by_order: list[Retired], own: list[Retired]) -> dict[str, _For]:
    """What each retirement was for, by its public number."""
    uses = uses_of([each.number for each in own])
    found = {number: _For(use.use_name, use.period) for number, use in uses.items()}
    ids = {each.id // 2: each.number for each in by_order}
    rows = db.session.scalars(select(OrganisationOrder).where(OrganisationOrder.order_id.in_(ids)))
    return found | {ids[row.order_id]: _For(row.use_name, row.period) for row in rows}


def _notes(lines: Sequence[Retired]) -> list[dict[str, str]]:
    """What must stand wherever such units are shown, once each, in both languages."""
    named = dict.fromkeys(note for each in lines for note in each.forest.notes)
    return [{lang: t(note, lang) for lang in LANGUAGES} for note in named]


def _line(each: Retired, told: _For) -> dict[str, Any]:
    forest = each.forest
    return {
        "retired_on": each.day.isoformat(),
        "number": each.number,
        "path": each.path,
        "bought": each.by_order,
        "quantity_kg": each.quantity_kg,
        "serial": each.serial,
        "use": told.name,
        "period": told.period,
        "product": forest.product,
        "project": forest.project,
        "project_name": {"zh": forest.name.zh, "en": forest.name.en},
        "vintage": forest.vintage,
        "sample": forest.sample,
    }


def _purposes(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Kilograms by what they were for, the most first."""
    sums: dict[tuple[str | None, str | None], int] = {}
    for line in lines:
        key = (line["use"], line["period"])
        sums[key] = sums.get(key, 0) + line["quantity_kg"]
    ordered = sorted(sums.items(), key=lambda each: -each[1])
    return [{"use": use, "period": period, "quantity_kg": kg} for (use, period), kg in ordered]


_COLUMNS = (
    "retired_on",
    "number",
    "quantity_kg",
    "serial",
    "use",
    "period",
    "product",
    "project",
    "vintage",
    "sample",
)


def year_csv(facts: dict[str, Any]) -> str:
    """A year's lines for a spreadsheet, with a mark that lets it read UTF-8; no cell is a formula."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_COLUMNS)
    for line in facts["lines"]:
        rows.writerow(["" if line[name] is None else text_cell(line[name]) for name in _COLUMNS])
    return "\ufeff" + written.getvalue()
