"""The parties of a case as everybody may read of them. Pure.

Natural persons keep their surname, the rest is 某; two who would read alike are told apart by 甲、乙、丙.
Source: 最高人民法院《关于人民法院在互联网公布裁判文书的规定》 articles 8 and 9 (法释〔2016〕19号). That rule
names legal persons; here they are not named outward either: what is shown is a payment and no judgment.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

PERSON, ORGANISATION = "person", "organisation"
PARTY_KINDS = (PERSON, ORGANISATION)
MOST_PARTIES = 20
LONGEST_NAME = 60

_SURNAME = re.compile(
    "(?:欧阳|上官|司马|诸葛|司徒|司空|夏侯|皇甫|尉迟|公孙|慕容|令狐|东方|西门|南宫|长孙|宇文|轩辕|端木|百里|申屠"
    "|太史|澹台|公冶|宗政|濮阳|淳于|单于|钟离|闾丘|拓跋|呼延|独孤|东郭|南门|赫连|万俟|闻人)(?=.)|."
)
_SUFFIX = re.compile(
    "(?:有限责任公司|股份有限公司|有限公司|公司|专业合作社|合作社|村民委员会|居民委员会|村民小组|林场|农场"
    "|养殖场|加工厂|经营部|工作室|[厂场店矿院所站社])$"
)
_STEMS = "甲乙丙丁戊己庚辛壬癸"


class Party(NamedTuple):
    """Somebody who has to make good, by their full name; it is sealed wherever it is kept."""

    name: str
    kind: str = PERSON


def pseudonyms(parties: Sequence[Party]) -> list[str]:
    """How these parties are shown, in their order, no two of them alike."""
    shown = [_pseudonym(each) for each in parties]
    alike, seen = Counter(shown), Counter[str]()
    told = []
    for each in shown:
        seen[each] += 1
        told.append(each + _stem(seen[each]) if alike[each] > 1 else each)
    return told


def _pseudonym(party: Party) -> str:
    name = party.name.strip()
    if party.kind == ORGANISATION:
        found = _SUFFIX.search(name)
        return f"某{found[0] if found else '单位'}"
    surname = _SURNAME.match(name)
    return f"{surname[0] if surname else ''}某"


def _stem(place: int) -> str:
    """甲 for the first, 癸 for the tenth, then numbers."""
    return _STEMS[place - 1] if place <= len(_STEMS) else str(place)
