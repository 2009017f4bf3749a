"""What a stranger finds with `senhui-verify`: that all is as it should be, or what was changed and where."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import forest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from stranger import DAY, MONDAY, NIGHT, Stranger, at, sell

from app import create_app
from app.kit.signing import PACKING, Seal, pack
from app.offsets import jobs
from app.offsets.queries import get_certificate
from app.offsets.routes import qr_text
from app.registry.rules.log import canonical
from senhui_verify import Keys, Unreadable, Wrong, check_certificate, check_log, check_qr, qr
from senhui_verify.jws import header
from senhui_verify.words import SENTENCES, say

PACKAGE = Path(__file__).parents[2] / "senhui_verify"


@pytest.fixture
def stranger(client: FlaskClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Stranger:
    return Stranger(client, tmp_path, capsys)


@pytest.fixture
def numbers(app: Flask) -> list[str]:
    """Certificates of two sealed days, and one of a day that is not sealed yet."""
    with at(MONDAY):
        lot = forest(1000)
        sold = sell(app, lot, 10, 20, beneficiary="示例受益人")
    with at(MONDAY + DAY):
        sold += sell(app, lot, 30)
    with at(MONDAY + DAY + NIGHT):
        sold += sell(app, lot, 40)
        assert jobs.seal_days() == 2
    return sold


def test_a_certificates_file_proves_itself_in_both_languages(stranger: Stranger, numbers: list[str]) -> None:
    file = stranger.take(f"/v1/certificates/{numbers[0]}/file", "certificate.json")
    assert stranger.verify("certificate", file) == 0
    said = stranger.heard()
    for expected in (
        "the signature holds",
        numbers[0],
        "示例受益人",
        "head #1 (2026-11-02)",
        "inclusion proof holds",
    ):
        assert expected in said
    assert stranger.verify("certificate", file, lang="zh") == 0
    assert "包含证明成立" in stranger.heard()


def test_the_apis_answer_is_a_certificate_too(stranger: Stranger, numbers: list[str]) -> None:
    file = stranger.take(f"/v1/certificates/{numbers[2]}", "answer.json")
    assert stranger.verify("certificate", file) == 0
    unsigned = "methodology, notes, place, product_name, project_name, url"
    assert f"these texts are not signed: {unsigned}" in stranger.heard()
    answer = json.loads(file.read_text())
    for name in ("quantity_kg", "serial", "beneficiary", "retired_at", "seller", "compliance"):
        changed = {**answer, name: 1 if name == "compliance" else "2026-01-01T00:00:00+00:00"}
        file.write_text(json.dumps(changed))
        assert stranger.verify("certificate", file) == 1
        assert f"for {name}" in stranger.heard()


def test_before_its_day_is_sealed_a_certificate_says_so(stranger: Stranger, numbers: list[str]) -> None:
    file = stranger.take(f"/v1/certificates/{numbers[3]}/file", "certificate.json")
    assert json.loads(file.read_text())["log"] is None
    assert stranger.verify("certificate", file) == 3
    assert "not sealed" in stranger.heard()


def test_a_certificates_proof_stays_as_it_was_when_the_log_grows(
    stranger: Stranger, numbers: list[str]
) -> None:
    before = stranger.take(f"/v1/certificates/{numbers[0]}/file", "before.json").read_bytes()
    with at(MONDAY + 3 * DAY + NIGHT):
        jobs.seal_days()
    assert stranger.take(f"/v1/certificates/{numbers[0]}/file", "after.json").read_bytes() == before


def damaged(original: bytes) -> "list[tuple[int, bytes]]":
    """Every byte in turn changed to another one, and every beginning."""
    changed = [(n, original[:n] + bytes([original[n] ^ 1]) + original[n + 1 :]) for n in range(len(original))]
    return changed + [(n, original[:n]) for n in range(len(original))]


def refused(check: Callable[[bytes], object], whole: bytes) -> None:
    """Nothing but `whole` passes, and each refusal has its words."""
    check(whole)
    for place, content in damaged(whole):
        try:
            check(content)
        except UnicodeDecodeError:
            continue
        except Wrong as refusal:
            [sentence.format(**refusal.where) for sentence in SENTENCES[refusal.name]]
        else:
            raise AssertionError(f"byte {place} was not missed: {content[max(place - 20, 0) : place + 20]!r}")


def small(stranger: Stranger, address: str, name: str) -> bytes:
    """A download without spaces between its members, in which no byte is without meaning."""
    content = json.loads(stranger.take(address, name).read_text())
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def test_no_byte_of_a_certificate_can_be_changed_or_be_missing(
    stranger: Stranger, numbers: list[str]
) -> None:
    keys = Keys(stranger.take("/v1/keys", "keys.json").read_text())
    file = small(stranger, f"/v1/certificates/{numbers[1]}/file", "certificate.json")
    refused(lambda content: check_certificate(keys, content.decode()), file)


def test_no_byte_of_a_log_can_be_changed_or_be_missing(stranger: Stranger, numbers: list[str]) -> None:
    keys = Keys(stranger.take("/v1/keys", "keys.json").read_text())
    refused(
        lambda content: check_log(keys, content.splitlines(keepends=True)),
        stranger.take("/v1/log/export", "log.ndjson").read_bytes(),
    )


@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.from_regex(rb'\{"\w+":[^}]*\}')
)
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
def test_whatever_it_is_given_the_verifier_refuses_in_words(content: bytes) -> None:
    seal = Seal(_pem())
    keys = Keys(json.dumps({"keys": seal.public_jwks()}))
    text = content.decode("utf-8", "replace")
    for check in (
        lambda: check_certificate(keys, text),
        lambda: check_qr(keys, text),
        lambda: check_log(keys, content.splitlines(keepends=True)),
        lambda: Keys(text),
    ):
        with pytest.raises(Wrong):
            check()


def test_the_whole_log_is_recomputed(stranger: Stranger, numbers: list[str]) -> None:
    log = stranger.take("/v1/log/export", "log.ndjson")
    kept = stranger.take("/v1/log/heads/1", "head.json")
    assert stranger.verify("log", log, options=("--head", str(kept))) == 0
    said = stranger.heard()
    assert "4 entries, 2 heads" in said
    assert "1000 kg issued, 60 kg retired" in said
    assert stranger.verify("head", kept) == 0


Act = Callable[[list[dict[str, Any]]], object]


@pytest.mark.parametrize(
    ("act", "code", "said"),
    [
        (lambda lines: lines[3]["leaf"].update(purpose="event"), 1, "entry 2 (line 4) was changed"),
        (
            lambda lines: rehash(lines[3], purpose="event"),
            1,
            "head #1 (2026-11-02) differs: something from entry 0 to 2",
        ),
        (lambda lines: rehash(lines[5], quantity_kg=31), 1, "entry 3 says 31 kg for the serials 31-60"),
        (lambda lines: rehash(lines[5], first_serial=21, quantity_kg=40), 1, "entry 3 writes its serials as"),
        (
            lambda lines: rehash(lines[5], last_serial=1001, quantity_kg=971),
            1,
            "serials 31-1001, which were not issued",
        ),
        (lambda lines: lines.pop(3), 1, "head #1 (2026-11-02) seals 3 entries, here are 2"),
        (lambda lines: lines.insert(3, lines[3]), 1, "line 5 should be entry 3 and is 2"),
        (lambda lines: lines.pop(4), 1, "head #2 (2026-11-03) in line 6 is out of order"),
        (lambda lines: lines[4].update(head=lines[6]["head"]), 1, "is out of order"),
        (lambda lines: lines.pop(), 2, "cut off in line 7, after 4 entries"),
        (lambda lines: lines.pop(0), 2, "lacks the member format"),
        (lambda lines: lines[7].update(entries=5), 1, "the end (line 8) counts otherwise"),
        (lambda lines: lines.append(lines[7]), 2, "line 9 comes after the end"),
        (lambda lines: rehash(lines[2], kind="gift"), 2, "entry 1 is of the kind gift"),
        (lambda lines: rehash(lines[2], extra=1), 2, "entry 1 has an unknown member extra"),
    ],
)
def test_a_log_that_was_tampered_with_is_told_where(
    stranger: Stranger, numbers: list[str], act: Act, code: int, said: str
) -> None:
    log = stranger.take("/v1/log/export", "log.ndjson")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    act(lines)
    log.write_text("".join(f"{canonical(line)}\n" for line in lines))
    assert stranger.verify("log", log) == code
    assert said in stranger.heard()


def rehash(line: dict[str, Any], **changes: Any) -> None:
    """Change a leaf and its hash with it, as somebody would who knows the format."""
    from app.registry.rules.merkle import leaf_hash

    line["leaf"].update(changes)
    line["hash"] = leaf_hash(canonical(line["leaf"]).encode()).hex()


def test_not_even_who_holds_the_key_can_retire_twice_or_bend_the_line(tmp_path: Path) -> None:
    seal = Seal(_pem())
    keys = Keys(json.dumps({"keys": seal.public_jwks()}))
    serials = {"first_serial": 1, "last_serial": 10, "quantity_kg": 10}
    issued = {
        **serials,
        **dict.fromkeys(("methodology", "verification", "monitoring_start", "monitoring_end"), ""),
        "at": "2020-01-01T00:00:00+00:00",
        "kind": "issuance",
        "project": "P",
        "region": "350721",
        "vintage": 2022,
        "sample": True,
    }
    retired = {
        **serials,
        "last_serial": 6,
        "quantity_kg": 6,
        "kind": "retirement",
        "at": "2020-01-02T00:00:00+00:00",
        "serial": "SH-350721-P-2022-1-6",
        "purpose": "personal",
        "certificate": "0" * 64,
        "beneficiary": "0" * 64,
        "sample": True,
    }
    assert _told(keys, seal, [issued, retired], active_kg=4, retired_kg=6) is None
    assert _told(keys, seal, [issued | {"at": "x"}], active_kg=10) == "member_odd"
    assert _told(keys, seal, [issued | {"at": "2999-01-01T00:00:00+00:00"}], active_kg=10) == "entry_late"
    assert _told(keys, seal, [issued | {"kind": []}], active_kg=10) == "kind_unknown"
    kept = json.loads(_made(seal, [issued], active_kg=4, reserved_kg=6)[-2])["head"]
    assert _told(keys, seal, [issued], kept, active_kg=10) == "kept_differs", "the root is the same"
    assert _told(keys, seal, [issued, issued], active_kg=20) == "issued_twice"
    assert _told(keys, seal, [issued, retired, retired], active_kg=-2, retired_kg=12) == "line_sum"
    assert _told(keys, seal, [issued, retired], active_kg=5, retired_kg=5) == "head_line"
    assert _told(keys, seal, [issued, retired], active_kg=5, retired_kg=6) == "line_sum"
    again = {**issued, "first_serial": 11, "last_serial": 20, "vintage": 2023}
    assert _told(keys, seal, [issued, again, retired, retired], active_kg=8, retired_kg=12) == "retired_twice"


def _told(keys: Keys, seal: Seal, leaves: list[dict[str, Any]], *kept: str, **states: int) -> str | None:
    """What the verifier says of a log that the owner of the key made up."""
    try:
        check_log(keys, [f"{line}\n".encode() for line in _made(seal, leaves, **states)], kept)
    except Wrong as refusal:
        return refusal.name
    return None


def _made(seal: Seal, leaves: list[dict[str, Any]], **states: int) -> list[str]:
    from app.registry.rules.merkle import Edge, leaf_hash

    edge, lines = Edge(0, []), ['{"format":"senhui-log-1"}']
    for number, leaf in enumerate(leaves):
        text = canonical(leaf)
        edge.append(text.encode())
        lines.append(canonical({"entry": number, "hash": leaf_hash(text.encode()).hex(), "leaf": leaf}))
    line = dict.fromkeys(("active_kg", "reserved_kg", "pledged_kg", "retired_kg", "cancelled_kg"), 0)
    line |= {"issued_kg": 10 * sum(leaf["kind"] == "issuance" for leaf in leaves), **states}
    claims = {"number": 1, "day": None, "until": "2026-11-02T16:00:00+00:00", "size": len(leaves)}
    claims |= {"root": edge.root().hex(), "line": line, "sealed_at": ""}
    lines.append(canonical({"head": seal.sign(claims, "log+jws")}))
    lines.append(canonical({"entries": len(leaves), "heads": 1}))
    return lines


@pytest.mark.parametrize("odd", ["\x1b[2J\x1b[H签名成立\n", "\ud800", "\u202egnorw"])
def test_what_a_file_says_cannot_steer_the_terminal(odd: str) -> None:
    said = say("fact", "zh", name="purpose", value=odd)
    assert said.isprintable()
    said.encode()


def _pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_a_later_head_goes_on_where_an_earlier_one_ended(stranger: Stranger, numbers: list[str]) -> None:
    old, new = (stranger.take(f"/v1/log/heads/{number}", f"{number}.json") for number in (1, 2))
    proof = stranger.take("/v1/log/proofs/consistency?first=3&second=4", "proof.json")
    assert stranger.verify("consistency", old, new, proof) == 0
    assert "goes on where #1 (2026-11-02) (3 entries) ended" in stranger.heard()
    assert stranger.verify("consistency", new, old, proof) == 1
    assert "the log shrank" in stranger.heard()
    other = stranger.take("/v1/log/proofs/consistency?first=2&second=4", "other.json")
    assert stranger.verify("consistency", old, new, other) == 1
    bent = json.loads(proof.read_text())
    bent["path"][0] = "0" * 64
    proof.write_text(json.dumps(bent))
    assert stranger.verify("consistency", old, new, proof) == 1
    assert "was rewritten" in stranger.heard()


def test_a_log_without_what_a_kept_head_had_is_refused(stranger: Stranger, numbers: list[str]) -> None:
    kept = stranger.take("/v1/log/heads/2", "kept.json")
    lines = stranger.take("/v1/log/export", "log.ndjson").read_bytes().splitlines(keepends=True)
    short = stranger.folder / "short.ndjson"
    short.write_bytes(b"".join(lines[:5]) + b'{"entries":3,"heads":1}\n')
    assert stranger.verify("log", short) == 0, "it is whole by itself"
    assert stranger.verify("log", short, options=("--head", str(kept))) == 1
    assert "cut short: the head #2 (2026-11-03) that you kept has 4 entries" in stranger.heard()


def test_a_qr_code_is_checked_without_any_file(app: Flask, stranger: Stranger, numbers: list[str]) -> None:
    content = qr_text(get_certificate(numbers[0]))
    assert content.startswith(f"{app.extensions['settings'].public_url}/c/{numbers[0]}#")
    assert len(content) < 500, "or a phone cannot read it from paper"
    assert stranger.verify("qr", content) == 0
    assert "示例受益人" in stranger.heard()
    assert stranger.verify("qr", content.replace(numbers[0], numbers[1])) == 1
    assert "is not that of certificate" in stranger.heard()
    for cut in (content[:-5], content[:-40], content.partition("#")[0] + "#", content + "A"):
        assert stranger.verify("qr", cut) == 2
    keys = Keys(stranger.take("/v1/keys", "keys.json").read_text())
    whole = check_qr(keys, content)
    start = content.index("#") + 1
    for place in range(start, len(content)):
        other = "A" if content[place] != "A" else "B"
        try:
            found = check_qr(keys, content[:place] + other + content[place + 1 :])
        except Wrong:
            continue
        assert found == whole, "only bits behind the end of the deflated text say nothing"


def test_both_sides_pack_alike() -> None:
    assert qr.DICTIONARY == PACKING
    document = Seal(_pem()).sign({"number": "x"}, "cert+jws")
    import base64

    head = document.split(".")[0]
    assert base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)) == header(
        json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"], "cert+jws"
    )
    assert len(pack(document)) < 200


def test_another_key_is_named(stranger: Stranger, numbers: list[str]) -> None:
    file = stranger.take(f"/v1/certificates/{numbers[0]}/file", "certificate.json")
    foreign = stranger.folder / "foreign.json"
    foreign.write_text(json.dumps({"keys": Seal(_pem()).public_jwks()}))
    stranger.said.readouterr()
    from senhui_verify.__main__ import main

    assert main(["certificate", str(file), "--keys", str(foreign), "--lang", "en"]) == 1
    assert re.search(r"signed with key [0-9a-f]{16}, which is not in the key file", stranger.heard())


def test_after_a_rotation_what_the_old_key_signed_is_good_and_the_new_one_signs(
    app: Flask, stranger: Stranger, numbers: list[str]
) -> None:
    file = stranger.take(f"/v1/certificates/{numbers[0]}/file", "certificate.json")
    past = stranger.take("/v1/keys", "past.json")
    settings = app.extensions["settings"]
    renewed = create_app(replace(settings, certificate_key=_pem(), past_keys=past.read_bytes()))
    rotated = Stranger(renewed.test_client(), stranger.folder, stranger.said)
    keys = renewed.test_client().get("/v1/keys").json["keys"]
    assert [key["kid"] for key in keys][1:] == [key["kid"] for key in json.loads(past.read_text())["keys"]]
    assert rotated.verify("certificate", file) == 0
    assert rotated.verify("log", rotated.take("/v1/log/export", "log.ndjson")) == 0
    again = rotated.take(f"/v1/certificates/{numbers[0]}/file", "again.json")
    assert rotated.verify("certificate", again) == 0
    assert json.loads(again.read_text())["signature"] != json.loads(file.read_text())["signature"]
    with renewed.app_context():
        from app.kit.database import db

        db.engine.dispose()
    with pytest.raises(ValueError, match="JWK"):
        create_app(replace(settings, past_keys=b'{"keys":[{"kid":"x"}]}'))


def test_a_forgotten_beneficiary_is_not_opened_and_the_certificate_still_holds(
    stranger: Stranger, numbers: list[str]
) -> None:
    from sqlalchemy import text

    from app.kit.transaction import transaction

    with transaction() as session:
        session.execute(text("UPDATE orders SET beneficiary = NULL"))
    file = stranger.take(f"/v1/certificates/{numbers[0]}/file", "certificate.json")
    assert stranger.verify("certificate", file) == 0
    said = stranger.heard()
    assert "not opened" in said
    assert "示例受益人" not in said


def test_the_verifier_stands_alone(tmp_path: Path) -> None:
    modules = sys.stdlib_module_names | {"senhui_verify", "cryptography"}
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert {name.name.split(".")[0] for name in node.names} <= modules, path
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] in modules, path
    shutil.copytree(PACKAGE, tmp_path / "senhui_verify", ignore=shutil.ignore_patterns("__pycache__"))
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": Seal(_pem()).public_jwks()}))
    ran = subprocess.run(
        [sys.executable, "-m", "senhui_verify", "log", "-", "--keys", str(keys)],
        cwd=tmp_path,
        input=b'{"format":"senhui-log-1"}\n{"entries":0,"heads":0}\n',
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert "日志成立：0 条" in ran.stdout.decode()


def test_a_file_that_is_not_there_is_said_and_no_traceback(stranger: Stranger) -> None:
    assert stranger.verify("certificate", "nowhere.json") == 2
    assert "nowhere.json cannot be read" in stranger.heard()
    odd = stranger.folder / "odd"
    odd.write_bytes(b"\xff\xfe")
    assert stranger.verify("certificate", odd) == 2
    with pytest.raises(Unreadable):
        Keys('{"keys":[]}')
