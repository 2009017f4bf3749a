"""Partners' rules without a database: signatures as the standards have them, contacts, times, items."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.footprint import rules
from app.footprint.rules import PartnerFacts, Refusal
from app.footprint.rules.batches import Digests
from app.kit.message_signatures import (
    SentRequest,
    SignatureUnreadable,
    authority_of,
    content_digest,
    digest_matches,
    key_id,
    read_signature,
)

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
# Source: RFC 9421, B.1.4 (test-key-ed25519) and B.2.6.
RFC_KEY = base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
RFC_HEADERS = {
    "date": "Tue, 20 Apr 2021 02:07:55 GMT",
    "content-type": "application/json",
    "content-length": "18",
    "signature-input": 'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"',
    "signature": "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5"
    "lIp5WPpBKRCw==:",
}


def sent(**changes: str) -> SentRequest:
    return SentRequest("POST", "example.com", "/foo", "param=Value&Pet=dog", {**RFC_HEADERS, **changes})


def test_the_standards_own_example_verifies_and_no_other_request_does() -> None:
    read = read_signature(sent())
    assert (read.keyid, read.created_s, read.expires_s) == ("test-key-ed25519", 1618884473, None)
    assert read.made_by(RFC_KEY)
    assert not read_signature(sent(date="Tue, 20 Apr 2021 02:07:56 GMT")).made_by(RFC_KEY)
    assert not read.made_by(bytes(32))
    assert not read.made_by(b"short")


@pytest.mark.parametrize(
    "told",
    [
        "",
        "sig1=()",
        'sig1=("@method" "@method");created=1;keyid="k"',
        'sig1=("@method");keyid="k"',
        'sig1=("@method");created=1',
        'sig1=("@method");created="x";keyid="k"',
        'sig1=("@method");created=1;created=2;keyid="k"',
        'sig1=("@method");created=1;keyid="k";alg="hmac-sha256"',
        'sig1=("@status");created=1;keyid="k"',
        'sig1=("nothing-there");created=1;keyid="k"',
        'other=("@method");created=1;keyid="k"',
        'sig1=("@method";req);created=1;keyid="k"',
        'sig1=("@method");created=1;keyid="k", sig2=("@method");created=1;keyid="k"',
    ],
)
def test_what_could_be_read_in_two_ways_is_no_signature(told: str) -> None:
    with pytest.raises(SignatureUnreadable):
        read_signature(sent(**{"signature-input": told, "signature": "sig1=:AAAA:"}))


def test_a_digest_is_of_these_very_bytes() -> None:
    # Source: RFC 9530, section 2.
    body = b'{"hello": "world"}\n'
    header = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert content_digest(body) == header
    assert digest_matches(f"sha-512=:AAAA:, {header}", body)
    assert not digest_matches(header, body + b" ")
    assert not digest_matches(f"{header}, {header}", body)
    assert len(key_id(bytes(32))) == 16


def test_an_authority_has_no_default_port() -> None:
    assert (
        authority_of("https://Senhui.example/x")
        == authority_of("https://senhui.example:443")
        == "senhui.example"
    )
    assert authority_of("http://127.0.0.1:8000") == "127.0.0.1:8000"
    assert authority_of("http://[::1]:8000/") == "[::1]:8000"


def test_a_contact_is_an_organisations_and_a_code_no_other_source() -> None:
    sound = PartnerFacts("fuzhou_metro", "metro", "地铁", "Metro", "open-data@fzmtr.com.cn")
    assert rules.partner_faults(sound) == []
    for contact in ("somebody@qq.com", "Me@Gmail.com", "no address", "a@b"):
        [fault] = rules.partner_faults(PartnerFacts("metro", "metro", "地铁", "Metro", contact))
        assert fault.where == "contact"
    for code in ("self", "werun", "photo", "partner", "A", "1x", "a", "x" * 31, "a-b"):
        [fault] = rules.partner_faults(PartnerFacts(code, "bus", "公交", "Bus", "data@bus.example.cn"))
        assert fault.where == "code"


def test_terms_and_keys_have_their_bounds() -> None:
    assert rules.terms_faults({"metro": 1}, ["metro"]) == []
    assert rules.terms_faults({}, ["metro"])
    assert rules.terms_faults({"metro": 0}, ["metro"])
    assert rules.terms_faults({"walking": 5}, ["metro"])
    year = timedelta(days=365)
    assert rules.key_life_fault(NOW, NOW + year, NOW) is None
    for begins, ends in ((NOW, NOW), (NOW, NOW + timedelta(days=401)), (NOW - year, NOW - timedelta(1))):
        assert rules.key_life_fault(begins, ends, NOW) is not None


def test_a_signature_is_timely_within_five_minutes_and_until_it_runs_out() -> None:
    present = int(NOW.timestamp())
    assert rules.is_timely(present - 300, None, NOW)
    assert rules.is_timely(present + 300, present, NOW)
    assert not rules.is_timely(present - 301, None, NOW)
    assert not rules.is_timely(present + 301, None, NOW)
    assert not rules.is_timely(present, present - 1, NOW)


@pytest.mark.parametrize("raw", [None, True, 1.5, "x", [], {}, {"id": {}}, {"id": "a", "link": None}])
def test_whatever_stands_where_an_item_should_is_refused_and_nothing_else(raw: Any) -> None:
    read = rules.read_item(raw, Digests(str.encode, str.encode))
    assert isinstance(read, Refusal)
    assert read.reason == "unreadable"
