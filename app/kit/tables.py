"""A table for spreadsheets: CSV as RFC 4180 has it, with nothing in it that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable

BOM = "\ufeff"
"""With a byte order mark every spreadsheet, Excel above all, reads the Chinese right."""
_RUNS = tuple("=+-@\t\r\n＝＋－＠|%")


def plain_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
    text = "" if value is None else str(value)
    if isinstance(value, int):
        return text
    return f"'{text}" if text.lstrip(" \u00a0\u3000").startswith(_RUNS) else text


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, every cell plain."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([plain_cell(cell) for cell in row] for row in rows)
    return written.getvalue()
