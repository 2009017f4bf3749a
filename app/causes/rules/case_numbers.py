"""The numbers of cases 案号、文号: how they are written, brought to one form. Pure.

A court's number is （year）court, special, type, running number 号. Source: 最高人民法院《关于人民法院案件
案号的若干规定》 articles 2, 3 and 7 (法〔2015〕137号, 法〔2018〕335号). Procuratorates, police and
administrations write organ, kind〔year〕number 号. Source: 《党政机关公文格式》 GB/T 9704-2012, 7.2.5.
"""

import re

FIRST_YEAR = 1979
"""No case that forest carbon could be bought for is older: the first 森林法（试行） is of this year."""
LONGEST = 60
_ONE_FORM = str.maketrans(
    "（〔［【〖{[" + "）〕］】〗}]" + "０１２３４５６７８９", "(" * 7 + ")" * 7 + "0123456789"
)
_HAN = r"[\u3400-\u9fff]"
_COURT = re.compile(
    rf"\((\d{{4}})\)((?:{_HAN}\d{{0,4}}|最高法){_HAN}{{1,5}})0*([1-9]\d{{0,7}})号((?:之[一二三四五六七八九十]{{1,3}})?)"
)
_PAPER = re.compile(
    rf"({_HAN}{{2,16}}(?:\({_HAN}{{1,6}}\){_HAN}{{0,8}})?)\((\d{{4}})\)第?0*([1-9]\d{{0,7}})号"
)


def read_case_number(written: str, this_year: int) -> str | None:
    """What somebody wrote, brought to its one form; None for what is no case's number, or of no such year.

    Brackets of any kind, wide digits, blanks, a 第 and leading zeros make no other case of it.
    """
    told = "".join(written.split()).translate(_ONE_FORM)
    if len(told) > LONGEST:
        return None
    if found := _COURT.fullmatch(told):
        year, body, number, part = found.groups()
        said = f"（{year}）{body}{number}号{part}"
    elif found := _PAPER.fullmatch(told):
        body, year, number = found.groups()
        said = f"{body.replace('(', '（').replace(')', '）')}〔{year}〕{number}号"
    else:
        return None
    return said if FIRST_YEAR <= int(year) <= this_year else None
