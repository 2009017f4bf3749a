"""Words for others: what is refused, what a person must look at, and what is simply fine."""

import pytest
from marshmallow import ValidationError

from app.kit.fields import Written
from app.kit.wording import doubt, fault


@pytest.mark.parametrize(
    "text",
    [
        "祝小明八岁生日快乐，像树一样长大。",
        "Happy birthday, Ada! Love, Grandma.",
        "عيد ميلاد سعيد",  # right-to-left letters are letters
        "יום הולדת שמח",
        "🎂🌲👨‍👩‍👧 生日快乐 ❤️",
        "=HYPERLINK(1+1)",  # a formula is text where nobody computes it
        "<script>alert(1)</script>",  # and so is HTML
        "2026-11-26 结婚纪念",
        "2026年11月26日",
        "一生一世，三生三世",
        "第 12 中学 2024 级 3 班",
        "Chúc mừng sinh nhật",
        "价值 100.50 元的心意",
        "2026/11/26，共 10,000 千克",
        "1、2、3，种树去",
        "不论春夏。春有百花",
    ],
)
def test_ordinary_words_pass(text: str) -> None:
    assert (fault(text), doubt(text)) == (None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("见 https://evil.example/x", "link"),
        ("weixin://dl/business", "link"),
        ("www.senhui", "link"),
        ("去ｗｗｗ．ｂａｉｄｕ．ｃｏｍ看看", "link"),
        ("百度。com", "link"),
        ("写信给 a.b@qq.com", "link"),
        ("a ＠ b . cn", "link"),
        ("打 13800138000 找我", "phone"),
        ("138 0013 8000", "phone"),
        ("+86-138-0013-8000", "phone"),
        ("１３８００１３８０００", "phone"),
        ("一三八零零一三八零零零", "phone"),
        ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣", "phone"),
        ("1\u03323\u03328\u03320\u03320\u03321\u03323\u03328\u03320\u03320\u03320", "phone"),
        ("138、0013、8000", "phone"),
        ("1*3*8*0*0*1*3*8*0*0*0", "phone"),
        ("w\u0332ww.senhui", "link"),
        ("0591-87654321", "phone"),
        ("400-123-4567", "phone"),
        ("生日\u202e快乐", "hidden"),
        ("生\u200b日", "hidden"),
        ("生\u2066日\u2069", "hidden"),
        ("\ufeff快乐", "hidden"),
        ("\ue000", "hidden"),
        ("a\u200db", "hidden"),
        ("Z" + "\u0300" * 12, "hidden"),
        ("……！", "empty"),
        ("   ", "empty"),
    ],
)
def test_what_reaches_outside_or_hides_is_refused(text: str, why: str) -> None:
    assert fault(text) == f"kit.words_{why}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("我的号是 1314520520", "number"),
        ("七六五四三二一", "number"),
        ("微信 abc_1234", "contact"),
        ("加我:senhui", "contact"),
        ("QQ：12345", "contact"),
    ],
)
def test_what_might_be_a_way_to_reach_somebody_is_for_a_person(text: str, why: str) -> None:
    assert (fault(text), doubt(text)) == (None, why)


def test_words_of_several_lines_are_one_paragraph() -> None:
    assert Written(50).deserialize("生日\n  快乐\t呀") == "生日 快乐 呀"


@pytest.mark.parametrize("value", ["字" * 51, "", "\n\n", "x\u202ey", 7, None, ["a"], "a\ud800"])
def test_anything_else_is_refused_by_the_field(value: object) -> None:
    with pytest.raises(ValidationError):
        Written(50).deserialize(value)
