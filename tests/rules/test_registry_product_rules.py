"""What is true of products, foreign serials, letters and the lines of a face."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registries import new_key

from app.kit import messages
from app.kit.letters import LetterRefused, content_of, digest, read_key, read_letter
from app.kit.signing import Seal
from app.registry import rules
from app.registry.rules.handovers import Given, Taken, given_status, may_withdraw, misfit, taken_status
from app.registry.rules.statements import read_statement
from app.web.faces import lines, width

LONG = "8154-449345236-449346235-VCU-034-APX-IN-1-1354-01012014-31122014-0"
SHORT = "0001-000001-000100-VCS-VCU-003-VER-US-0003-01012020-31122020-1"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize("product", rules.PRODUCTS.values(), ids=lambda each: each.name)
def test_every_product_has_its_words_and_its_note(product: rules.Product) -> None:
    for lang in messages.LANGUAGES:
        assert messages.t(f"registry.product_{product.name}", lang)
        assert messages.t(f"registry.note_{product.note}", lang)
    assert ("履约" in messages.t(f"registry.note_{product.note}", "zh")) is True
    assert product.home is None or not product.retrade, "what is traded elsewhere is not traded again here"


def test_a_tonne_product_moves_in_tonnes() -> None:
    assert rules.whole_steps("carbon_ticket", 3000)
    assert rules.whole_steps("yiyuan", 30)
    for product, quantity_kg in (("vcs", 1500), ("yiyuan", 5), ("yiyuan", 0), ("ccer", -1000)):
        assert not rules.whole_steps(product, quantity_kg)


@pytest.mark.parametrize(
    ("home", "serial", "claim"),
    [
        ("VERRA", LONG, ("VCU-1354", 449345236, 449346235, 1000)),
        ("VERRA", SHORT, ("VCU-3", 1, 100, 1000)),
        ("TANHUITONG", "SH-350721-SC-DG-2021-11-20", ("350721-SC-DG-2021", 11, 20, 1)),
        ("FFCER", "SH2021001", ("=SH2021001", 1, 1, None)),
        ("CCER", "CCER-2020-甲-001", ("=CCER2020甲001", 1, 1, None)),
        ("CCER", "A-B-1-2", ("=A-B1-2", 1, 1, None)),
    ],
)
def test_a_serial_is_a_run_where_its_form_is_known(
    home: str, serial: str, claim: tuple[str, int, int, int | None]
) -> None:
    assert rules.read_origin_serial(home, serial) == rules.Claim(*claim)


@pytest.mark.parametrize(
    ("home", "serial", "sentence"),
    [
        ("VERRA", SHORT[:-2], "serial_form"),
        ("VERRA", f"VCU-{SHORT}", "serial_form"),
        ("VERRA", SHORT.replace("000001", "0" * 15 + "1"), "serial_form"),
        ("VERRA", "SH-350721-SC-DG-2021-11-20", "serial_form"),
        ("VERRA", SHORT.replace("000001", "000101"), "serial_backwards"),
        ("TANHUITONG", "SH-350721-SC-DG-2021-20-11", "serial_form"),
        ("TANHUITONG", "SH-350721-SC-DG-2021-011-20", "serial_form"),
        ("SANMING", "SH-X", "serial_form"),
        ("SANMING", "", "serial_empty"),
        ("VERRA", "1" * 201, "serial_empty"),
    ],
)
def test_what_is_almost_a_serial_is_none_and_never_a_text(home: str, serial: str, sentence: str) -> None:
    with pytest.raises(rules.SerialUnclear, match=f"registry.{sentence}"):
        rules.read_origin_serial(home, serial)


@pytest.mark.parametrize(
    "written",
    [
        *("SM-2021-001\u200b", "S\u00adM-2021-001", "SM-2021-٠٠1", "sm_2021_001", " SM—2021 . 001. "),
        *("ＳＭ－２０２１－００１", "S\u034fM-2021-001", "SM-2021-𝟎𝟎𝟏", "\ufeffSM/2021//001"),
    ],
)
def test_one_serial_has_one_writing(written: str) -> None:
    assert rules.normal_serial(written) == "SM-2021-001"


@pytest.mark.parametrize("written", ["ЅM-2021-001", "SΜ-1", "É-1", "한-1", "SM-❶", "SM-\u3164-1"])
def test_a_letter_that_looks_like_another_is_refused(written: str) -> None:
    with pytest.raises(rules.SerialUnclear, match="serial_letters"):
        rules.normal_serial(written)


def test_characters_of_han_stay() -> None:
    assert rules.normal_serial("三明碳票（二〇二一）第001号") == "三明碳票-二〇二一-第001号"


def test_a_serial_is_measured_before_it_is_read() -> None:
    with pytest.raises(rules.SerialUnclear, match="serial_empty"):
        rules.normal_serial("1" * 201)
    with pytest.raises(rules.SerialUnclear, match="serial_empty"):
        rules.read_origin_serial("VERRA", rules.normal_serial("ﬃ" * 100))


@given(st.text(max_size=60))
def test_a_normal_serial_is_normal(written: str) -> None:
    try:
        once = rules.normal_serial(written)
    except rules.SerialUnclear:
        return
    assert rules.normal_serial(once) == once
    assert once.strip("-") == once
    assert once.upper() == once
    assert "--" not in once


def test_statuses_follow_the_latest_stamp() -> None:
    assert given_status(None, None, None) is Given.DRAFTED
    assert given_status(NOW, NOW, None) is Given.EXECUTED
    assert taken_status(NOW, None, NOW) is Taken.CLOSED
    assert taken_status(NOW, None, None) is Taken.ACCEPTED


def test_nobody_withdraws_what_was_accepted_or_still_binds() -> None:
    later, earlier = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)
    allowed = {
        (status, expires_at)
        for status in Given
        for expires_at in (earlier, later, None)
        if may_withdraw(status, expires_at, NOW)
    }
    assert allowed == {
        (Given.DRAFTED, earlier),
        (Given.DRAFTED, later),
        (Given.DRAFTED, None),
        (Given.OFFERED, earlier),
    }


def test_the_first_misfit_is_named() -> None:
    assert misfit({"a": 1, "b": 2}, {"a": 1, "b": 3}) == "b"
    assert misfit({"a": 1}, {"a": 1, "z": 0}) is None
    assert misfit({"a": 1}, {}) == "a"


@pytest.fixture(scope="module")
def seal() -> Seal:
    return Seal(new_key())


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_letter_with_one_bit_changed_is_no_letter(seal: Seal, place: int, bit: int) -> None:
    letter = seal.sign({"iss": seal.kid, "said": "一千千克"}, "handover-offer+jws")
    raw = bytearray(letter.encode())
    raw[place % len(raw)] ^= 1 << bit
    key = read_key(seal.public_jwk()["x"])
    with pytest.raises(LetterRefused):
        read_letter(raw.decode("latin-1"), "handover-offer+jws", [key])
    assert read_letter(letter, "handover-offer+jws", [key])["said"] == "一千千克"
    assert content_of(letter)["said"] == "一千千克"
    assert len(digest(letter)) == 64


def test_a_letter_of_one_kind_is_never_another(seal: Seal) -> None:
    letter = seal.sign({"iss": seal.kid}, "cert+jws")
    with pytest.raises(LetterRefused, match="other_kind"):
        read_letter(letter, "handover-deed+jws", [read_key(seal.public_jwk()["x"])])


def test_a_letter_names_its_own_sender(seal: Seal) -> None:
    letter = seal.sign({"iss": "0" * 16}, "handover-deed+jws")
    with pytest.raises(LetterRefused, match="other_sender"):
        read_letter(letter, "handover-deed+jws", [read_key(seal.public_jwk()["x"])])


@pytest.mark.parametrize("written", ["", "x", "A" * 42, "A" * 44, "A" * 42 + "B", "钥" * 43])
def test_what_is_no_key_is_not_read_as_one(written: str) -> None:
    with pytest.raises(ValueError):
        read_key(written)


WHOLE = {
    "issued_kg": 10,
    "held_kg": 7,
    "retired_kg": 2,
    "cancelled_kg": 1,
    "stated_at": "2026-11-25T00:00:00+00:00",
}


@pytest.mark.parametrize(
    "change",
    [
        {"held_kg": 8},
        {"held_kg": -1},
        {"held_kg": "7"},
        {"held_kg": True},
        {"held_kg": 10**20},
        {"stated_at": "now"},
        {"stated_at": "2026-11-25T00:00:00"},
        {"stated_at": None},
        {"stated_at": "2026-11-25T00:05:01+00:00"},
    ],
)
def test_a_statement_that_does_not_add_up_is_refused(change: dict[str, object]) -> None:
    assert read_statement(json.loads(json.dumps(WHOLE)), NOW)["held_kg"] == 7
    with pytest.raises(ValueError, match=r"registry\.statement_"):
        read_statement({**WHOLE, **change}, NOW)


def test_clocks_may_differ_by_five_minutes() -> None:
    ahead = {**WHOLE, "stated_at": "2026-11-25T00:05:00+00:00"}
    assert read_statement(ahead, NOW)["stated_at"] == NOW + timedelta(minutes=5)


@given(st.text(alphabet="ab cd-一二三，", max_size=80), st.integers(6, 40))
def test_a_face_says_all_of_a_text_in_lines_that_fit(text: str, most: int) -> None:
    found = lines(text, most)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    for line in found:
        words = line.replace("-", " ").split()
        assert width(line) <= most or len(words) == 1 or max(map(width, words)) >= most - 1
