"""Cut the two fonts of our documents out of Noto CJK: `python -m app.web.documents.fonts.cut FOLDER`.

FOLDER holds `NotoSansCJK-Regular.ttc` and `NotoSerifCJK-Bold.ttc` (README.md says where from). Run only
when another version or other characters are wanted; what it writes is committed.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Cut:
    """One of our fonts: out of which face, under which name, with which characters."""

    family: str
    collection: str
    face: str
    characters: frozenset[int]


def _between(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(code for first, last in ranges for code in range(first, last + 1))


def _gb2312() -> frozenset[int]:
    pairs = (bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    return frozenset(ord(letter) for pair in pairs for letter in pair.decode("gb2312", "ignore"))


_LETTERS = _between(
    (0x20, 0x24F),  # Latin, with every pinyin and Vietnamese letter
    (0x370, 0x52F),  # Greek, Cyrillic
    (0x1E00, 0x1EFF),
    (0x2000, 0x25FF),  # punctuation, units, arrows, mathematics, shapes
    (0x2600, 0x27BF),
    (0x3000, 0x30FF),  # Chinese punctuation, kana
    (0x3200, 0x33FF),
    (0xFE30, 0xFE6F),
    (0xFF00, 0xFFEF),
)
_HANZI = _between((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
CUTS = (
    Cut("Senhui Hei", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular", _LETTERS | _HANZI),
    Cut("Senhui Song", "NotoSerifCJK-Bold.ttc", "NotoSerifCJKsc-Bold", _LETTERS | _gb2312()),
)


def main() -> None:
    """Write both fonts, and what is known of them without opening them."""
    metrics = {cut.family: cut_font(cut, Path(sys.argv[1])) for cut in CUTS}
    (HERE / "metrics.json").write_text(json.dumps(metrics, separators=(",", ":")) + "\n")


def cut_font(cut: Cut, folder: Path) -> dict[str, Any]:
    """Write one font beside this file; what it covers and how wide its letters are, in thousandths.

    Without kerning and ligatures, so that a line is as wide as its letters are.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib.ttCollection import TTCollection

    faces = TTCollection(str(folder / cut.collection)).fonts
    font = next(face for face in faces if face["name"].getDebugName(6) == cut.face)
    options = Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=["*"])
    options.drop_tables += ["BASE", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=cut.characters & font.getBestCmap().keys())
    subsetter.subset(font)
    _rename(font, cut.family)
    font.save(str(HERE / f"{cut.family.replace(' ', '-').lower()}.otf"))
    widths = {code: font["hmtx"][glyph][0] for code, glyph in font.getBestCmap().items()}
    return {
        "covers": list(_ranges(sorted(widths))),
        "advance": {code: width for code, width in sorted(widths.items()) if width != 1000},
    }


def _rename(font: Any, family: str) -> None:
    """A changed font does not bear the name of the one that it was cut from."""
    style = font["name"].getDebugName(2)
    names = {1: family, 2: style, 4: f"{family} {style}", 6: f"{family.replace(' ', '')}-{style}"}
    for number, written in names.items():
        font["name"].setName(written, number, 3, 1, 0x409)
    inner = font["CFF "].cff
    inner.fontNames[0] = names[6]
    inner.topDictIndex[0].FullName, inner.topDictIndex[0].FamilyName = names[4], family


def _ranges(codes: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = -1
    for code in codes:
        if code != last + 1 or first < 0:
            if first >= 0:
                yield first, last
            first = code
        last = code
    if first >= 0:
        yield first, last


if __name__ == "__main__":
    main()
