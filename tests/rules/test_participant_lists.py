"""Lists of participants: what is read, what is refused and by which name, how distances come about."""

from decimal import Decimal

import pytest

from app.causes.queries.words import cities, column_name, columns, document, words
from app.causes.rules.distances import great_circle_km, way_km
from app.causes.rules.lists import ListRefused, is_formula, read_list
from app.causes.rules.participants import (
    MOST_LEG_KM,
    Amount,
    Leg,
    ListedPerson,
    Person,
    amounts_of,
    people_of,
    summed,
)

HEAD = "编号,姓名,参会方式,出发城市,去程交通,去程公里,返程交通,返程公里,住宿晚数,用餐数,素食"


def listed(text: str | bytes) -> tuple[list[ListedPerson], list[tuple[int, str, str | None]]]:
    content = text if isinstance(text, bytes) else text.encode()
    people, faults = people_of(read_list(content, words().head), words(), cities().by_code["350100"])
    return people, [(fault.line, fault.reason, fault.column) for fault in faults]


def refused(content: bytes) -> str:
    with pytest.raises(ListRefused) as found:
        read_list(content, words().head)
    return found.value.reason


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 BOM"), ("gbk", "GB18030"), ("gb18030", "GB18030")],
)
def test_a_list_is_the_same_in_every_encoding_that_spreadsheets_write(encoding: str, named: str) -> None:
    content = f"{HEAD}\n7,林晓,现场,厦门,高铁,,,,2,5,是\n".encode(encoding)
    assert read_list(content, words().head).encoding == named
    [each], faults = listed(content)
    assert faults == []
    assert (each.number, each.person.city, each.person.nights, each.person.diet) == (
        "7",
        "350200",
        2,
        "vegetarian",
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "sep={}\r\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_list_is_the_same_by_every_delimiter_and_line_end(delimiter: str, first: str, end: str) -> None:
    rows = [
        ["姓名", "去程交通", "去程公里"],
        [f'"林{delimiter}晓"', "地铁", "12"],
        ["", "", ""],
        ["王", "公交", "3"],
    ]
    text = first.format(delimiter) + end.join(delimiter.join(row) for row in rows) + end
    people, faults = listed(text)
    assert faults == []
    assert [each.person.there for each in people] == [Leg("metro", 12), Leg("bus", 3)]


def test_columns_are_known_in_english_and_whatever_else_there_is_is_never_kept() -> None:
    content = b"Name,Phone,There by,KM there,Hotel nights\nLin,13800000000,HSR,250,1\n"
    found = read_list(content, words().head)
    assert found.unused == ("Phone",)
    assert set(found.rows[0].cells) == {"name", "there", "there_km", "nights"}
    [each], _ = listed(content)
    assert each == ListedPerson(
        2, Person("onsite", Leg("high_speed_rail", 250), Leg("high_speed_rail", 250), nights=1)
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "list_empty"),
        (b" \r\n\n", "list_empty"),
        (HEAD.encode(), "list_empty"),
        (HEAD.encode() + b"\n,,,,,,,,,,\n-,,,,,,,,,,\n", "list_empty"),
        (b"PK\x03\x04" + b"x" * 100, "list_other_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "list_other_file"),
        (b"%PDF-1.7\n", "list_other_file"),
        (b"\x89PNG\r\n\x1a\n", "list_other_file"),
        (b"<html><table><tr><td>a</td></tr></table>", "list_other_file"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?>", "list_other_file"),
        ("去程交通\n高铁\n".encode("utf-16"), "list_encoding"),
        (b"there by\n\xff\xff\xff\n", "list_encoding"),
        (b"there by\nhs\0r\n", "list_nul"),
        (b'there by,km\n"hsr,12\n', "list_quoting"),
        (b'there by,km\nh"s"r,1\n"a"b,2\n', "list_quoting"),
        ("姓名,电话\n林,1\n".encode(), "list_head"),
        ("林晓,高铁,200\n".encode(), "list_head"),
        ("去程交通,There by\n高铁,hsr\n".encode(), "list_column_twice"),
        ((",".join(["去程交通"] + ["x"] * 60) + "\n高铁\n").encode(), "list_columns"),
        (("去程交通\n" + "步行\n" * 20_001).encode(), "list_rows"),
        (b"there by\n" + b"walk\n" * 900_000, "list_bytes"),
    ],
)
def test_a_file_that_is_no_list_is_refused_by_name(content: bytes, reason: str) -> None:
    assert refused(content) == reason


@pytest.mark.parametrize(
    ("row", "reason", "column"),
    [
        ("1,林,现场,,骆驼,10,,,,,", "cell_word", "there"),
        ("1,林,半路,,高铁,10,,,,,", "cell_word", "attendance"),
        ("1,林,,,,10,,,,,", "cell_required", "there"),
        ("1,林,,,高铁,,,,,,", "cell_distance", "there_km"),
        ("1,林,,火星,高铁,,,,,,", "cell_city", "from"),
        ("1,林,,Suzhou,高铁,,,,,,", "cell_city", "from"),
        ("1,林,,福州鼓楼区,高铁,,,,,,", "cell_same_city", "there_km"),
        ("1,林,,,高铁,0,,,,,", "cell_between", "there_km"),
        ("1,林,,,高铁,-5,,,,,", "cell_between", "there_km"),
        (f"1,林,,,高铁,{MOST_LEG_KM + 1},,,,,", "cell_between", "there_km"),
        ("1,林,,,高铁,很远,,,,,", "cell_km", "there_km"),
        ("1,林,,,高铁,1e3,,,,,", "cell_km", "there_km"),
        ("1,林,,,高铁,10,骆驼,,,,", "cell_word", "back"),
        ("1,林,,,高铁,10,,x,,,", "cell_km", "back_km"),
        ("1,林,,,高铁,10,,,1.5,,", "cell_between", "nights"),
        ("1,林,,,高铁,10,,,-1,,", "cell_between", "nights"),
        ("1,林,,,高铁,10,,,61,,", "cell_between", "nights"),
        ("1,林,,,高铁,10,,,两,,", "cell_whole", "nights"),
        ("1,林,,,高铁,10,,,,201,", "cell_between", "meals"),
        ("1,林,,,高铁,10,,,,3,也许", "cell_word", "vegetarian"),
        ("1,林,线上,,高铁,10,,,,,", "cell_online", "there"),
        ("1,林,线上,,,,,,2,,", "cell_online", "nights"),
        ("1,林,,,=HYPERLINK(1),10,,,,,", "cell_formula", "there"),
        ("＝1,林,,,高铁,10,,,,,", "cell_formula", "number"),
        ("1,林,,@SUM(1),高铁,10,,,,,", "cell_formula", "from"),
        ("1,林,,,高铁,10,,,,,,多一格", "row_cells", None),
        ("1,林\x07,,,高铁,10,,,,,", "row_control", None),
        (f"1,{'林' * 201},,,高铁,10,,,,,", "row_long", None),
        (f"{'1' * 61},林,,,高铁,10,,,,,", "cell_long", "number"),
    ],
)
def test_a_faulty_line_is_named_by_its_number_and_column(row: str, reason: str, column: str | None) -> None:
    sound = "2,王,,,地铁,12,,,,,"
    people, faults = listed(f"{HEAD}\n\n{sound}\n{row}\n")
    assert faults == [(4, reason, column)]
    assert [each.line for each in people] == [3]


def test_the_same_number_twice_is_one_person_and_the_second_line_a_fault() -> None:
    people, faults = listed(f"{HEAD}\n1,林,,,地铁,1,,,,,\n１,王,,,地铁,2,,,,,\n")
    assert [each.line for each in people] == [2]
    assert faults == [(3, "cell_twice", "number")]


def test_a_line_is_named_by_where_it_begins_also_after_cells_of_many_lines() -> None:
    _, faults = listed(f'{HEAD}\n1,"林\n晓\n",,,地铁,1,,,,,\n2,王,,,骆驼,1,,,,,\n')
    assert faults == [(5, "cell_word", "there")]


def test_formulas_in_columns_that_are_not_kept_are_counted_and_harm_nobody() -> None:
    found = read_list(f"{HEAD}\n1,\"=cmd|' /C calc'!A0\",,,地铁,1,,,,,\n".encode(), words().head)
    assert found.formulas == 1
    assert found.faults == ()


@pytest.mark.parametrize("cell", ["=1+1", "+1+cmd", "-1+cmd", "@SUM(A1)", " =1", "＝1", "\t=1"])
def test_what_a_spreadsheet_would_compute_is_known_for_a_formula(cell: str) -> None:
    assert is_formula(cell)


@pytest.mark.parametrize("cell", ["-3", "+3.5", "−", "高铁", "a=b", "1-2"])
def test_plain_words_and_numbers_are_no_formulas(cell: str) -> None:
    assert not is_formula(cell)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("福建省福州市鼓楼区", "350100"),
        ("福建福州", "350100"),
        ("吉林长春市", "220100"),
        ("吉林市", "220200"),
        ("北京朝阳区", "110000"),
        ("南平延平区", "350700"),
        ("武夷山市", "350782"),
        ("Xiamen", "350200"),
        ("350200", "350200"),
        ("朝阳区", None),
        ("福建", None),
        ("Fuzhou", None),
        ("福", None),
    ],
)
def test_a_city_is_found_as_people_write_it_and_never_guessed(written: str, code: str | None) -> None:
    found = cities().find(written)
    assert (found and found.code) == code


def test_a_distance_is_the_great_circle_times_its_detour_begun_kilometres_count() -> None:
    beijing, shanghai = cities().by_code["110000"], cities().by_code["310000"]
    # 1,067 to 1,068 km by every gazetteer; the high-speed line is 1,318 km long, so 1.33 is on the high side.
    assert 1_060 < great_circle_km(beijing, shanghai) < 1_075
    assert 1_318 < way_km(beijing, shanghai, words().detours["ground"].value) < 1_450
    assert way_km(beijing, beijing, Decimal("1.33")) == 0
    assert way_km(beijing, shanghai, Decimal(1)) == way_km(shanghai, beijing, Decimal(1))


def test_estimated_ways_are_assumed_and_told_ones_are_known_by_who_told_them() -> None:
    told = Person("onsite", Leg("flight", 700), Leg("high_speed_rail", 800, by_city=True), 2, 3)
    assert summed(amounts_of(told, "surveyed", words().means)) == [
        Amount("people_flight", "surveyed", 700),
        Amount("people_high_speed_rail", "assumed", 800),
        Amount("people_hotel", "surveyed", 2),
        Amount("people_meal_meat", "surveyed", 3),
    ]


def test_there_and_back_by_the_same_means_is_one_person() -> None:
    told = Person("onsite", Leg("car", 30), Leg("car", 31))
    assert amounts_of(told, "recorded", words().means) == [Amount("people_car", "recorded", 61, 1)]


def test_who_walks_or_sits_in_anothers_car_adds_nothing() -> None:
    assert amounts_of(Person("onsite", Leg("walk"), Leg("shared_car")), "recorded", words().means) == []


def test_every_word_of_the_template_is_read_as_its_column() -> None:
    for key in columns():
        for language in ("zh", "en"):
            assert words().head.key(column_name(key, language)) == key


def test_no_detour_without_a_source_and_none_unverified_is_called_verified() -> None:
    for told in document()["detour"]:
        assert told["source_zh"]
        assert told["source_en"]
        assert told["verified"] == (told["tier"] in "ABC")
