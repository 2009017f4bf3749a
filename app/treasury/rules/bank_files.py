"""The files that go to the bank and come back from it. Pure: text in, text out.

To the bank: GB18030 without a byte order mark. Chinese banks' portals and the spreadsheets of those who
run them read a CSV as GBK; GB18030 is its superset, mandatory in China (GB 18030-2022), and has a
character for every name there is. From the bank: UTF-8 or GB18030, told apart by what can be read.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.treasury.rules.payouts import Outcome

ENCODING = "gb18030"
COLUMNS = ("序号", "收款方户名", "收款方账号", "开户行", "金额(元)", "用途/附言")
PURPOSE = "森惠结算款 {number}"
RESULT_COLUMNS = (
    ("付款编号", "金额(元)", "结果", "银行流水号", "原因"),
    ("payout_number", "amount_yuan", "result", "bank_reference", "reason"),
)
"""The first line of a result file, in either language."""
OUTCOMES = {
    "成功": Outcome.PAID,
    "失败": Outcome.FAILED,
    "退票": Outcome.RETURNED,
    **{outcome.value: outcome for outcome in Outcome},
}
MOST_LINES = 20_000
_YUAN = re.compile(r"(0|[1-9][0-9]{0,12})\.([0-9]{2})")
_NUMBER = re.compile(r"[0-9A-Z]{1,32}")
_REFERENCE = re.compile(r"[0-9A-Za-z._-]{1,64}")
_REASON = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def yuan_text(fen: int) -> str:
    """Money exact to the fen, as programs read it: `1234.05`, `-0.50`."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def read_yuan(written: str) -> int | None:
    """Fen of an amount written with exactly two decimals; None for anything else."""
    found = _YUAN.fullmatch(written)
    return int(found[1]) * 100 + int(found[2]) if found else None


def plain_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula. Source: OWASP, CSV Injection."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_csv(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV with the line ends that RFC 4180 asks for."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()


@dataclass(frozen=True)
class Transfer:
    """One line of the bank's file."""

    account_name: str
    account_number: str
    bank_name: str
    amount_fen: int
    number: str


def bank_file(transfers: Iterable[Transfer]) -> str:
    """The bank's file for batch transfers 批量转账, in the order given."""
    lines = (
        (
            place,
            each.account_name,
            each.account_number,
            each.bank_name,
            yuan_text(each.amount_fen),
            PURPOSE.format(number=each.number),
        )
        for place, each in enumerate(transfers, 1)
    )
    return write_csv((COLUMNS, *lines))


@dataclass(frozen=True)
class Result:
    """What the bank says of one payout; `line` is its place in the file, 0 when written by hand."""

    number: str
    outcome: Outcome
    amount_fen: int
    bank_reference: str | None = None
    reason: str | None = None
    line: int = 0


@dataclass(frozen=True)
class LineFault:
    """What is wrong with one line; `fault` is a name in this room's catalogue."""

    line: int
    fault: str


def read_bytes(content: bytes) -> str | None:
    """A file's text; None when it is neither UTF-8 nor GB18030."""
    for encoding in ("utf-8-sig", ENCODING):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def read_results(text: str) -> tuple[list[Result], list[LineFault]]:
    """The results in a file and every line that cannot be read."""
    results, faults = [], []
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return [], [LineFault(1, "line_malformed")]
    if not rows or tuple(map(str.strip, rows[0])) not in RESULT_COLUMNS:
        return [], [LineFault(1, "line_header")]
    if len(rows) > MOST_LINES:
        return [], [LineFault(MOST_LINES + 1, "line_too_many")]
    seen: set[str] = set()
    for line, row in enumerate(rows[1:], 2):
        if not any(map(str.strip, row)):
            continue
        found = _read_line(line, [cell.strip() for cell in row])
        if isinstance(found, Result) and found.number in seen:
            found = LineFault(line, "line_twice")
        if isinstance(found, LineFault):
            faults.append(found)
        else:
            seen.add(found.number)
            results.append(found)
    if not results and not faults:
        faults.append(LineFault(1, "line_none"))
    return results, faults


def result_fault(result: Result) -> LineFault | None:
    """What a result lacks: the bank's reference of what arrived, the reason of what came back."""
    if result.outcome is Outcome.PAID:
        return None if result.bank_reference else LineFault(result.line, "line_reference_missing")
    return None if result.reason else LineFault(result.line, "line_reason_missing")


def _read_line(line: int, row: list[str]) -> Result | LineFault:
    if len(row) != len(RESULT_COLUMNS[0]):
        return LineFault(line, "line_columns")
    number, amount, outcome, reference, reason = row
    amount_fen, known = read_yuan(amount), OUTCOMES.get(outcome)
    for fault, is_so in _faults(number, amount_fen, known, reference, reason):
        if is_so:
            return LineFault(line, fault)
    assert known is not None
    assert amount_fen is not None
    result = Result(number, known, amount_fen, reference or None, reason or None, line)
    return result_fault(result) or result


def _faults(
    number: str, amount_fen: int | None, outcome: Outcome | None, reference: str, reason: str
) -> Iterator[tuple[str, bool]]:
    yield "line_number", not _NUMBER.fullmatch(number)
    yield "line_amount", amount_fen is None
    yield "line_outcome", outcome is None
    yield "line_reference", bool(reference and not _REFERENCE.fullmatch(reference))
    yield "line_reason", bool(reason and not _REASON.fullmatch(reason))
