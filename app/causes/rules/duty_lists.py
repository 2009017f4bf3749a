"""Lists of a duty: persons entered at once, what goes to a greening office, what it answers. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.causes.rules.duties import SEXES, Person, read_name, read_suffix
from app.causes.rules.lists import Head, Listed, Row, RowFault, is_formula, plain

ENCODING = "gb18030"
"""What offices' spreadsheets read; a superset of GBK with a character for every name (GB 18030-2022)."""

PEOPLE = Head(
    {
        "姓名": "name",
        "name": "name",
        "出生年": "birth_year",
        "出生年份": "birth_year",
        "birth year": "birth_year",
        "birth_year": "birth_year",
        "证件后四位": "id_suffix",
        "身份证后四位": "id_suffix",
        "id suffix": "id_suffix",
        "id_suffix": "id_suffix",
        "性别": "sex",
        "sex": "sex",
        "印名": "print_name",
        "同意印名": "print_name",
        "print name": "print_name",
        "print_name": "print_name",
        "只求荣誉": "honour",
        "honour": "honour",
    },
    required="name",
)
"""The first line of a list of persons; the last three columns may be missing."""
_SEXES = {"男": "male", "女": "female", **{sex: sex for sex in SEXES}, "": None}
_YES = {
    "是": True,
    "yes": True,
    "true": True,
    "1": True,
    "否": False,
    "no": False,
    "false": False,
    "0": False,
    "": False,
}
_YEAR = re.compile(r"(19|20)[0-9]{2}")


def read_people(listed: Listed) -> tuple[list[Person], list[RowFault]]:
    """The persons of a list, and every line that cannot be one."""
    people: list[Person] = []
    faults = list(listed.faults)
    for row in listed.rows:
        found = _person(row)
        if isinstance(found, Person):
            people.append(found)
        else:
            faults.append(found)
    return people, faults


def _person(row: Row) -> Person | RowFault:
    cell = row.cells.get
    name, suffix = read_name(cell("name", "")), read_suffix(cell("id_suffix", ""))
    sex, flags = plain(cell("sex", "")), [plain(cell(name, "")) for name in ("print_name", "honour")]
    faults = {
        "name": name is None,
        "birth_year": not _YEAR.fullmatch(cell("birth_year", "")),
        "id_suffix": suffix is None,
        "sex": sex not in _SEXES,
        "print_name": flags[0] not in _YES,
        "honour": flags[1] not in _YES,
    }
    for column, is_faulty in faults.items():
        if is_faulty:
            return RowFault(row.line, "duty_row", column)
    assert name is not None
    assert suffix is not None
    return Person(
        name,
        int(cell("birth_year", "")),
        suffix,
        sex=_SEXES[sex],
        honour=_YES[flags[1]],
        print_name=_YES[flags[0]],
        line=row.line,
    )


SENT_COLUMNS = (
    "序号",
    "报送编号",
    "类别",
    "年度",
    "姓名",
    "证件后四位",
    "常住地区划代码",
    "尽责形式",
    "折算株数",
    "金额(元)",
    "碳汇(千克)",
    "认购凭证编号",
)
KINDS = {"duty": "尽责", "honour": "国土绿化荣誉"}
FORM = "购买林业碳汇（由绿化委员会办公室认定）"


@dataclass(frozen=True)
class Sent:
    """One line of the file for a greening office."""

    number: str
    kind: str
    year: int
    name: str
    id_suffix: str
    region: str
    trees: int
    amount_fen: int
    quantity_kg: int
    voucher: str


def office_file(lines: Iterable[Sent]) -> str:
    """The file for a greening office 报送名单, in the order given; no cell of it is a formula."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(SENT_COLUMNS)
    for place, each in enumerate(lines, 1):
        cells = (
            place,
            each.number,
            KINDS[each.kind],
            each.year,
            each.name,
            each.id_suffix,
            each.region,
            FORM,
            each.trees,
            f"{each.amount_fen // 100}.{each.amount_fen % 100:02d}",
            each.quantity_kg,
            each.voucher,
        )
        writer.writerow([_plain_cell(str(cell)) for cell in cells])
    return written.getvalue()


def _plain_cell(text: str) -> str:
    """A cell that no spreadsheet computes. Source: OWASP, CSV injection."""
    return f"'{text}" if is_formula(text) else text


class Outcome(StrEnum):
    """What an office says of a line."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    CORRECTED = "corrected"


ANSWERS = Head(
    {
        "报送编号": "number",
        "number": "number",
        "结果": "outcome",
        "result": "outcome",
        "证书编号": "office_number",
        "certificate number": "office_number",
        "certificate_number": "office_number",
        "原因": "reason",
        "reason": "reason",
    },
    required="number",
)
"""The first line of an office's answer. Without a result, a certificate's number is acceptance."""
_OUTCOMES: Mapping[str, Outcome | None] = {
    "": None,
    "通过": Outcome.ACCEPTED,
    "退回": Outcome.RETURNED,
    "更正": Outcome.CORRECTED,
    **{each.value: each for each in Outcome},
}
_NUMBER = re.compile(r"[0-9A-Z]{1,20}")
_OFFICE_NUMBER = re.compile(r"[0-9A-Za-z\u4e00-\u9fff〔〕()（）_./-]{4,40}")
_REASON_LENGTH = 100


@dataclass(frozen=True)
class Answer:
    """What an office says of one line: its certificate's number, or why there is none."""

    line: int
    number: str
    outcome: Outcome
    office_number: str | None
    reason: str | None


def read_answers(listed: Listed) -> tuple[list[Answer], list[RowFault]]:
    """The answers in a file, and every line that is none; a line or certificate named twice is a fault."""
    answers: list[Answer] = []
    faults = list(listed.faults)
    numbers: set[str] = set()
    certificates: set[str] = set()
    for row in listed.rows:
        found = _answer(row)
        if isinstance(found, Answer):
            if found.number in numbers or found.office_number in certificates:
                faults.append(RowFault(row.line, "duty_answer_twice"))
                continue
            numbers.add(found.number)
            if found.office_number is not None:
                certificates.add(found.office_number)
            answers.append(found)
        else:
            faults.append(found)
    return answers, faults


def _answer(row: Row) -> Answer | RowFault:
    number = row.cells.get("number", "").upper()
    office_number, reason = row.cells.get("office_number", ""), row.cells.get("reason", "")
    told = plain(row.cells.get("outcome", ""))
    outcome = _OUTCOMES.get(told) or (Outcome.ACCEPTED if office_number else None)
    if not _NUMBER.fullmatch(number):
        return RowFault(row.line, "duty_answer_number")
    if told not in _OUTCOMES or outcome is None:
        return RowFault(row.line, "duty_answer_outcome")
    if outcome is Outcome.RETURNED:
        if not 1 <= len(reason) <= _REASON_LENGTH or office_number:
            return RowFault(row.line, "duty_answer_reason")
        return Answer(row.line, number, outcome, None, reason)
    if not _OFFICE_NUMBER.fullmatch(office_number):
        return RowFault(row.line, "duty_answer_certificate")
    return Answer(row.line, number, outcome, office_number, None)
