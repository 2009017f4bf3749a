"""How documents are set: nothing lost, nothing outside the paper, nothing that the typefaces lack."""

import hashlib
import re
import unicodedata
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from printing import CARD, CERTIFICATE, FACTS, NUMBER, RETIREMENT, document, event, printed, retirements

from app.kit import messages
from app.web.documents import draw
from app.web.documents.kinds import KINDS
from app.web.documents.kinds.lists import MOST_LINES
from app.web.documents.sheets import A4, A5_ACROSS, Drawn
from app.web.documents.typeface import FONTS, GETA, balanced, broken, face_for, hei, printable, song
from app.web.documents.words import Words, day, ink, number, said
from app.web.words import grouped

NAMES = [
    "张䶮",
    "𬭎㛃",
    "喆堃",
    "阿依古丽·买买提",
    "Nguyễn Thị Ánh",
    "Ömer Çelik",
    "Δημος",
    "Иванов",
    "ゆうき",
    "O’Brien",
]
HOSTILE = [
    "<script>alert(1)</script>",
    "]]>&amp;<![CDATA[",
    "\u202egnirts\u0000\ud800",
    "{{ 7*7 }} #let",
    "\n\r\t",
]
NOTED = ("ccer", "sample")
"""What stands on cards of a sample forest's units."""
CODE = Path(__file__).parents[2] / "app" / "web" / "documents"


def drawn(name: str, language: str = "zh") -> Drawn:
    kind, facts = FACTS[name]
    return draw(document(kind, facts, language))


def text_of(pages: Drawn) -> str:
    return "\n".join(page.text for page in pages.pages)


def test_there_are_facts_of_every_kind_here() -> None:
    assert {kind for kind, _ in FACTS.values()} == set(KINDS)


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("name", FACTS)
def test_every_letter_has_a_glyph_and_stands_on_the_paper(name: str, language: str) -> None:
    document = drawn(name, language)
    width, height = document.size
    for page in document.pages:
        lines = list(printed(page.svg))
        assert len(lines) > 8
        for line in lines:
            assert line.face.covers(line.text), line.text
            assert line.left > 20, line.text
            assert line.right < width - 20, line.text
            assert 25 < line.y < height - 20, line
        assert "None" not in page.text


@pytest.mark.parametrize("language", messages.LANGUAGES)
@pytest.mark.parametrize("name", FACTS)
def test_no_two_lines_are_set_over_each_other(name: str, language: str) -> None:
    for page in drawn(name, language).pages:
        lines = sorted((line for line in printed(page.svg) if line.size < 40), key=lambda x: x.y)
        for index, one in enumerate(lines):
            for other in lines[index + 1 :]:
                if other.y - one.y > 0.55 * min(one.size, other.size):
                    break
                assert one.right <= other.left + 0.5 or other.right <= one.left + 0.5, (one, other)


@pytest.mark.parametrize("name", [name for name in FACTS if "card" not in name])
def test_a_document_is_titled_in_both_languages(name: str) -> None:
    kind, facts = FACTS[name]
    face = KINDS[kind](document(kind, facts), Words("zh"))
    for language in messages.LANGUAGES:
        said = drawn(name, language).pages[0].text
        assert face.title.zh in said
        assert face.title.en in said


def test_every_line_factor_source_and_serial_of_an_event_is_printed() -> None:
    facts = event(lines=300, runs=40)
    document_of_300 = draw(document("event_neutral", facts))
    said = text_of(document_of_300)
    for line in facts["lines"]:
        assert line["name"]["zh"] in said
        assert f"{line['emitted_g'] / 1000:,.3f} kg" in said
        for told in (line["factor_code"], line["factor_source"], number(line["factor"])):
            assert told in said
    for each in facts["retirements"]:
        assert each["serial"] in said
    assert f"{facts['emitted_g'] / 1000:,.3f} kg" in said
    for told in ("场馆自行处理，未取得数据", "1.888 t", "分摊 1/2", "没有可引用的因子，是我们自己的取法"):
        assert told in said.replace("\n", "").replace("\u00a0", " "), told
    pages = len(document_of_300.pages)
    assert 10 < pages < 24
    for page, sheet in enumerate(document_of_300.pages, 1):
        assert f"第 {page} 页，共 {pages} 页" in sheet.text


def test_a_tables_head_stands_again_on_every_page_it_runs_on() -> None:
    pages = draw(document("event_neutral", event(lines=300))).pages
    with_lines = [page for page in pages if "批参会人员" in page.text]
    assert len(with_lines) > 5
    assert all("Amount" in page.text for page in with_lines)


def test_a_list_without_end_is_cut_and_says_so() -> None:
    facts = event(runs=MOST_LINES + 5)
    said = text_of(draw(document("event_neutral", facts)))
    assert facts["retirements"][MOST_LINES - 1]["serial"] in said
    assert facts["retirements"][MOST_LINES]["serial"] not in said
    assert f"还有 5 行未印出（共 {MOST_LINES + 5:,} 行）" in said


def test_rows_that_the_face_cannot_hold_follow_on_the_next_page() -> None:
    seller = "很长的名字" * 60
    facts = CERTIFICATE | {"seller": seller, "methodology": "很长的方法学" * 60}
    pages = draw(document("certificate", facts)).pages
    assert len(pages) > 1
    assert "续" in pages[1].text
    said = "".join(page.text for page in pages).replace("\n", "")
    for told in (seller, "很长的方法学" * 60, "2026-11-21 02:00:00 UTC+8"):
        assert told in said


def test_a_purpose_in_many_words_stays_clear_of_its_bar_and_of_others() -> None:
    uses = [f"{place}" + "某某厂区二期办公与差旅排放" * 6 for place in range(3)]
    purposes = [{"use": use, "period": "2025", "quantity_kg": 3000} for use in uses]
    pages = draw(document("organisation_year", FACTS["year"][1] | {"purposes": purposes})).pages
    lines = [line for page in pages for line in printed(page.svg)]
    named = [line for line in lines if "厂区" in line.text or "排放" in line.text]
    assert all(use in "".join(line.text for line in named) for use in uses)
    assert max(line.right for line in named) < 62 + 130
    assert all(lower.y - upper.y > 8 for upper, lower in pairwise(sorted(named, key=lambda each: each.y)))


def test_a_year_that_is_cut_says_so() -> None:
    said = text_of(draw(document("organisation_year", FACTS["year"][1] | {"complete": False})))
    assert "只列前 12 条" in said.replace("\n", "")


def test_a_row_higher_than_a_page_goes_on_overleaf_under_the_same_head() -> None:
    numbers = [f"{place:016}X" for place in range(600)]
    facts = event() | {"kept": [{"event": "EV1", "title": "去年", "amount_g": 5, "certificates": numbers}]}
    drawn = draw(document("event_neutral", facts))
    said = "".join(page.text for page in drawn.pages).replace("\n", "")
    assert [grouped(number) for number in numbers if grouped(number) not in said] == []
    assert all(line.y < A4[1] - 20 for page in drawn.pages for line in printed(page.svg))
    assert sum("沿用以前活动的结余" in page.text for page in drawn.pages) == 1
    assert sum("凭证\nCertificates" in page.text for page in drawn.pages) > 1


@pytest.mark.parametrize("letter", ["会", "W", "😀"])
def test_nothing_is_cut_of_what_a_document_is_about(letter: str) -> None:
    facts = event()
    facts["event"] |= {"title": letter * 100, "organiser": "主办"}
    page = draw(document("event_neutral", facts)).pages[0]
    lines = [line.text for line in printed(page.svg) if set(line.text) == set(printable(letter)[0])]
    assert sum(map(len, lines)) == 100


def test_one_run_of_serials_stands_on_the_face_and_needs_no_list() -> None:
    one, two = (
        draw(document("duty_equivalence", FACTS["duty"][1] | {"retirements": retirements(count)}))
        for count in (1, 2)
    )
    assert (len(one.pages), len(two.pages)) == (1, 2)
    assert RETIREMENT["serial"] in one.pages[0].text


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_its_bearer_writes_it(name: str) -> None:
    said = draw(document("certificate", CERTIFICATE | {"beneficiary": name})).pages[0].text
    assert name.replace("’", "'") in said
    assert GETA not in said
    assert len({face_for(letter).family for letter in name} & {"Senhui Song"}) < 2


@pytest.mark.parametrize("name", ["王😀", "Ελένη", "ཨོཾ", "김민수", "جمال"])
def test_what_the_typeface_lacks_is_a_geta_mark_and_the_sheet_says_for_what(name: str) -> None:
    page = draw(document("certificate", CERTIFICATE | {"beneficiary": name})).pages[0]
    said = page.text.replace("\n", "")
    assert GETA in said
    assert re.search(r"U\+[0-9A-F]{4,5}", said)
    assert all(f"U+{ord(letter):04X}" in said for letter in name if not hei().covers(letter))
    assert all(line.face.covers(line.text) for line in printed(page.svg))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_is_text_and_nothing_else(text: str) -> None:
    for kind, facts in (
        ("certificate", CERTIFICATE | {"beneficiary": text, "seller": text}),
        ("gift_card", CARD | {"message": text, "from_name": text, "to_name": text}),
    ):
        page = draw(document(kind, facts)).pages[0]
        shown = "".join(line.text for line in printed(page.svg))
        plain = "".join(letter for letter in text if unicodedata.category(letter)[0] != "C").replace(" ", "")
        assert plain in shown.replace(" ", "").replace("\u00a0", "")


@given(st.text(max_size=60))
def test_whatever_is_written_can_be_set(text: str) -> None:
    shown, lacking = printable(text)
    assert hei().covers(shown)
    assert (GETA in shown) >= bool(lacking)
    assert printable(shown) == (shown, frozenset())


@given(st.text(st.sampled_from("森林碳汇，。（）“” abcdefg123-/"), max_size=80), st.floats(20, 300))
def test_breaking_loses_nothing_and_keeps_within_the_width(text: str, width: float) -> None:
    for lines in (broken(text, hei(), 10, width), balanced(text, hei(), 10, width)):
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(hei().width(line, 10) <= width or len(line) == 1 for line in lines)


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    text = "取自“示例镇杉木林经营碳汇项目”的森林碳汇，由示例村集体（洋墩乡）出售。" * 4
    for width in range(60, 400, 7):
        lines = broken(text, hei(), 10, width)
        assert not any(line[0] in "，。”）" for line in lines)
        assert not any(line[-1] in "“（" for line in lines)


def test_lines_are_balanced() -> None:
    lines = balanced("用于抵消个人生活排放，已一次性永久注销。" * 2, hei(), 10, 390)
    assert len(lines) == 2
    short, long = sorted(hei().width(line, 10) for line in lines)
    assert short > 0.8 * long


def test_what_was_revoked_or_is_a_sample_says_so_across_every_page() -> None:
    kind, facts = FACTS["event"]
    standing = draw(document(kind, facts | {"sample": False}))
    revoked = draw(
        document(kind, facts, revoked_at=document(kind, facts).issued_at, replaced_by="8" + NUMBER[1:])
    )
    for page in revoked.pages:
        assert "已撤销 REVOKED" in page.text
    assert "8K3M-9QXW-2DPT-5RVH-8" in revoked.pages[0].text
    assert all("示例 SAMPLE" in page.text for page in drawn("event").pages)
    assert not any("SAMPLE" in page.text or "REVOKED" in page.text for page in standing.pages)


def test_the_same_facts_are_drawn_alike_and_another_number_has_other_rings() -> None:
    assert drawn("event") == drawn("event")
    one, other = (
        draw(document("certificate", CERTIFICATE)),
        draw(document("certificate", CERTIFICATE, "en")),
    )
    rings = [re.findall(r'<path d="(M[^"]*Z)"', each.pages[0].svg)[0] for each in (one, other)]
    assert rings[0] == rings[1]


def test_notes_that_the_face_has_no_room_for_follow_at_the_end() -> None:
    notes = [f"第 {place} 条说明，写得很长，一行放不下，所以要占两行。" * 2 for place in range(20)]
    pages = draw(document("certificate", CERTIFICATE | {"notes": notes})).pages
    said = "".join(page.text for page in pages).replace("\n", "")
    assert all(note in said for note in notes)
    assert "说明\nNotes" in pages[-1].text


@pytest.mark.parametrize("length", [0, 1, 60, 200, 360, 5000])
def test_a_long_message_stays_clear_of_what_is_given(length: int) -> None:
    card = draw(
        document("gift_card", CARD | {"message": "春" * length, "to_name": "名" * 60, "from_name": "名" * 60})
    )
    lines = list(printed(card.pages[0].svg))
    lowest = max((line.y for line in lines if "春" in line.text), default=0)
    [signed] = [line for line in lines if line.text.startswith("名名") and line.anchor == "end"]
    assert lowest < signed.y < 285
    assert sum(line.text.count("春") for line in lines) == min(length, 360)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_card_says_whose_forest_and_what_must_be_known_in_full(language: str) -> None:
    names = {"zh": "福建省南平市某某县国有林场杉木林碳汇项目", "en": "Fir Forest of a State Farm in Nanping"}
    notes = [
        {each: messages.t(f"registry.note_{note}", each) for each in messages.LANGUAGES} for note in NOTED
    ]
    rare = "".join(map(chr, range(0x1F600, 0x1F610)))
    facts = CARD | {"seller": "某某县某某镇某某村股份经济合作联合社（示例）", "project_name": names}
    card = draw(document("gift_card", facts | {"notes": notes, "to_name": rare}, language))
    said = "".join(line.text for line in printed(card.pages[0].svg)).replace(" ", "").replace("　", "")
    told = [facts["seller"], names[language], facts["place"][language], "U+1F60B"]
    assert [each for each in told if each.replace(" ", "") not in said] == []
    assert all(note[language].replace(" ", "").replace("　", "") in said for note in notes)
    assert all(line.y < A5_ACROSS[1] - 26 for line in printed(card.pages[0].svg))


@pytest.mark.parametrize(
    "drawing",
    [
        '<script>alert(1)</script><path d="M0 0" onload="alert(1)"/>',
        '<image href="file:///etc/passwd"/><foreignObject><p/></foreignObject>',
        '<path d="M0 0&quot;/><script>" style="x" xlink:href="y"/>',
        "<path",
        "</g><script/><g>",
    ],
)
def test_a_drawing_holds_plain_shapes_and_nothing_that_acts(drawing: str) -> None:
    [page] = draw(document("gift_card", CARD | {"drawing": drawing})).pages
    root = ElementTree.fromstring(page.svg)
    names = {node.tag.partition("}")[2] for node in root.iter()}
    assert names <= {"svg", "g", "path", "circle", "rect", "text", "tspan"}
    assert not any(
        "on" in name[:2] or "href" in name or name == "style" for node in root.iter() for name in node.attrib
    )


def test_a_card_is_half_a_sheet_and_leads_to_where_it_is_claimed() -> None:
    open_card, claimed = drawn("card"), drawn("claimed card")
    assert open_card.size == A5_ACROSS
    assert CARD["claim_code"] in open_card.pages[0].text.replace("\n", "")
    assert "扫码领取" in open_card.pages[0].text
    assert "/g/" not in claimed.pages[0].text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("CO₂e", 'CO<tspan font-size="68%" dy="0.2em">2</tspan><tspan dy="-0.136em">e</tspan>'),
        ("a<b", "a&lt;b"),
        ("kgCO2", 'kgCO<tspan font-size="68%" dy="0.2em">2</tspan><tspan dy="-0.136em"></tspan>'),
    ],
)
def test_the_sign_that_no_typeface_has_is_set_low_by_hand(written: str, shown: str) -> None:
    assert ink(written) == shown


def test_an_instant_is_written_as_the_day_in_shanghai() -> None:
    assert day("2026-11-20T18:00:00+00:00") == "2026-11-21"
    assert day("2026-11-20") == "2026-11-20"
    assert day(None) == ""


def test_the_typefaces_hold_what_chinese_law_asks_of_names() -> None:
    gb18030 = [chr(code) for code in (*range(0x3400, 0x4DB6), *range(0x4E00, 0x9FF0))]
    assert hei().covers("".join(gb18030))
    gb2312 = [bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF)]
    assert song().covers("".join(pair.decode("gb2312", "ignore") for pair in gb2312))
    figures = {hei().width(digit, 1000) for digit in "0123456789"}
    assert len(figures) == 1, "figures stand under one another"


def test_the_fonts_are_those_that_their_page_describes() -> None:
    told = (FONTS / "README.md").read_text()
    for name in ("senhui-hei.otf", "senhui-song.otf", "metrics.json"):
        assert hashlib.sha256((FONTS / name).read_bytes()).hexdigest() in told
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text()


def test_every_sentence_for_documents_is_used_and_every_one_used_exists() -> None:
    source = "\n".join(path.read_text() for path in CODE.rglob("*.py"))
    used = set(re.findall(r'"(documents\.[a-z_]+)"', source))
    groups = set(re.findall(r'known\(\s*"([a-z_]+)"', source)) | {"paper", "paper_state"}
    assert "一元碳汇" in text_of(drawn("ruling")), "what facts name by its code has the registry's name"
    known = {name for name in messages.catalogue() if name.startswith("documents.")}
    assert used <= known
    unused = {
        name for name in known - used if not any(name.startswith(f"documents.{group}_") for group in groups)
    }
    assert unused == {"documents.busy_detail", "documents.undrawable_detail"}


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_our_own_words_are_set_in_song_throughout(language: str) -> None:
    titles = [name for name in messages.catalogue() if name.startswith("documents.title_")]
    assert len(titles) == len(KINDS)  # two for what a court and an authority order, none for a card
    for name in titles:
        assert song().covers(Words(language).first(said(name, year=2026)))


def test_pages_follow_one_another_without_a_gap_in_their_serials() -> None:
    said = text_of(draw(document("organisation_year", FACTS["year"][1] | {"lines": [*_lines(90)]})))
    firsts = [int(found) for found in re.findall(r"SH-350721-SC-YD-2021-(\d+)-\d+", said)]
    assert all(later - former == 1000 for former, later in pairwise(firsts))
    assert len(firsts) == 90


def _lines(count: int) -> list[dict[str, object]]:
    return [each | {"number": NUMBER, "retired_on": "2026-05-01", "use": None} for each in retirements(count)]
