"""Words that people write for others to read: what no such words may hold, and what a person must look at.

A first look only: what passes here is judged further before anybody sees it. Digits, letters and dots are
read in every form that Unicode has for them (NFKC, UAX 15) and without what stands around them, so that a
fullwidth, Chinese or keycap number is one too. What hides (bidirectional controls, zero-width characters,
private use) is refused: the text would be read otherwise than it is written (UTR 36). Emoji and right-to-left
letters are words like any others.
"""

import re
import unicodedata

_DIGITS = str.maketrans("〇零一壹幺二贰三叁四肆五伍六陆七柒八捌九玖。", "001112233445566778899.")
_JOINER = "\u200d"
_MOST_STACKED = 3
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
"""What stands on or around a letter: a keycap, a line under it."""
_PICTURES = frozenset({"So", "Sk", "Mn"})

_LINK = re.compile(
    r"[a-z]{2,12}\s?:\s?//|\bwww\.|\bmailto:"
    r"|[a-z0-9\u4e00-\u9fff][a-z0-9-]*\.(?:com|cn|net|org|top|xyz|vip|cc|info|link|site|shop|club|app|gov|edu)(?![a-z])"
)
_MAIL = re.compile(r"[\w.+-]+\s?@\s?[\w-]+\s?\.\s?[a-z]{2,}")
_NUMBER = re.compile(r"\d(?:[\s.()·_,、/*\-–—－]{0,2}\d)+")
_PHONE = re.compile(r"(?:0{0,2}86)?1[3-9]\d{9}|0\d{9,11}|[48]00\d{7}")
_DATE = re.compile(r"(?:19|20)\d\d(?:0?[1-9]|1[0-2])(?:0?[1-9]|[12]\d|3[01])")
_LONG = 7
_CONTACT = re.compile(
    r"(?:微信|薇信|威信|v信|\bwechat|\bvx|\bwx|\bqq|扣扣|企鹅号|加我|手机|电话|公众号|群号)\W{0,3}[a-z0-9_-]{4,}"
)


def fault(text: str) -> str | None:
    """Why words cannot be taken (the name of a message), None when they can."""
    if _hides(text):
        return "kit.words_hidden"
    if re.search(r"\S", text) is None or not any(unicodedata.category(each)[0] in "LNS" for each in text):
        return "kit.words_empty"
    told = _read(text)
    if _MAIL.search(told) or _LINK.search(told):
        return "kit.words_link"
    if any(_PHONE.fullmatch(number) for number in _numbers(told)):
        return "kit.words_phone"
    return None


def doubt(text: str) -> str | None:
    """What about acceptable words only a person can judge: `number` or `contact`; None for nothing."""
    told = _read(text)
    if any(len(number) >= _LONG and not _DATE.fullmatch(number) for number in _numbers(told)):
        return "number"
    return "contact" if _CONTACT.search(told) else None


def _read(text: str) -> str:
    told = unicodedata.normalize("NFKC", text)
    bare = "".join(each for each in told if unicodedata.category(each) not in _MARKS)
    return bare.casefold().translate(_DIGITS)


def _numbers(told: str) -> list[str]:
    return [re.sub(r"\D", "", each) for each in _NUMBER.findall(told)]


def _hides(text: str) -> bool:
    """Whether something in the text cannot be seen, or is piled up beyond what any script does."""
    stacked = 0
    for place, each in enumerate(text):
        kind = unicodedata.category(each)
        stacked = stacked + 1 if kind in _MARKS else 0
        if stacked > _MOST_STACKED or (kind in _HIDDEN and not _joins(text, place)):
            return True
    return False


def _joins(text: str, place: int) -> bool:
    """Whether the character makes one picture of two, as in a family."""
    around = text[place - 1 : place], text[place + 1 : place + 2]
    return text[place] == _JOINER and all(each and unicodedata.category(each) in _PICTURES for each in around)
