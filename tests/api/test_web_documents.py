"""Documents as anyone takes them home: what they say, what they prove, and what they cost the server."""

import io
import subprocess
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import pytest
from builders import forest, person
from flask import Flask
from flask.testing import FlaskClient
from printing import DUTY, RULING, event, read_qr
from pypdf import PdfReader
from stranger import MONDAY, Stranger, at, sell

from app.kit import qr
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets.purposes import PURPOSES
from app.offsets.queries import get_certificate
from app.offsets.queries.attestations import get_attestation
from app.offsets.routes import attestation_qr, qr_text
from app.offsets.services import attestations, causes
from app.web import charts, words
from app.web.documents import answers
from app.web.documents.press import SEATS, Press, Printer
from app.web.documents.refusals import PressBusy, Undrawable
from app.web.pages import word
from app.web.words import grouped

TYPES = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml; charset=utf-8"}


@pytest.fixture
def stranger(client: FlaskClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Stranger:
    return Stranger(client, tmp_path, capsys)


@pytest.fixture
def number(app: Flask) -> str:
    with at(MONDAY):
        [number] = sell(app, forest(1000), 10, beneficiary="张䶮")
    return number


@pytest.fixture(autouse=True)
def press(monkeypatch: pytest.MonkeyPatch) -> Press:
    """A press of each test's own."""
    press = Press()
    monkeypatch.setattr(answers, "_PRESS", press)
    return press


def attested(app: Flask, kind: str, facts: dict[str, Any], purpose: str = "event") -> str:
    owner = person(app).holder_id
    with transaction():
        cause = causes.open_cause(purpose, owner, "示例")
        return attestations.attest(cause.id, kind, facts)


def read_pdf(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_certificate_as_pdf_says_what_its_page_says(client: FlaskClient, number: str, lang: str) -> None:
    answer = client.get(f"/c/{number}.pdf?lang={lang}")
    said = read_pdf(answer.data)
    page = client.get(f"/c/{number}?lang={lang}").text
    for told in (grouped(number), "张䶮", "SH-350721-", "2026-11-02 12:00:00 UTC+8", "示例村集体"):
        assert told in said, told
        assert told in page, told
    assert "CO2e" in said
    reader = PdfReader(io.BytesIO(answer.data))
    assert grouped(number) in str(reader.metadata and reader.metadata.title)
    assert reader.trailer["/Root"]["/Lang"] == lang
    identified = reader.xmp_metadata.stream.get_data().decode() if reader.xmp_metadata else ""
    assert "<pdfaid:part>3</pdfaid:part>" in identified
    assert "<pdfuaid:part>1</pdfuaid:part>" in identified


def test_the_code_on_the_picture_proves_the_facts_offline(stranger: Stranger, number: str) -> None:
    picture = stranger.client.get(f"/c/{number}.png").data
    content = read_qr(picture)
    assert content == qr_text(get_certificate(number))
    assert stranger.verify("qr", content) == 0
    assert "张䶮" in stranger.heard()


def test_the_pdf_carries_the_file_that_proves_it(stranger: Stranger, number: str) -> None:
    pdf = PdfReader(io.BytesIO(stranger.client.get(f"/c/{number}.pdf").data))
    [(name, [content])] = pdf.attachments.items()
    assert name == f"senhui-{number}.json"
    file = stranger.folder / name
    file.write_bytes(content)
    assert stranger.verify("certificate", file) == 3, "it is not sealed yet, and holds"
    assert "the signature holds" in stranger.heard()
    assert (
        content == stranger.client.get(f"/v1/certificates/{number}/file").data
        or b"senhui-certificate-1" in content
    )


def test_an_events_statement_fills_pages_and_proves_itself(app: Flask, stranger: Stranger) -> None:
    facts = event(lines=300, runs=40)
    number = attested(app, "event_neutral", facts)
    pdf = stranger.client.get(f"/attestations/{number}.pdf").data
    said = read_pdf(pdf)
    for line in (facts["lines"][0], facts["lines"][299]):
        assert line["name"]["zh"] in said
        assert line["factor_source"] in said
    for each in facts["retirements"]:
        assert each["serial"] in said
    picture = stranger.client.get(f"/attestations/{number}.png").data
    assert read_qr(picture) == attestation_qr(get_attestation(number))
    assert stranger.verify("qr", read_qr(picture)) == 0
    [digest] = [line for line in stranger.heard().splitlines() if "facts_sha256" in line]
    [(name, [content])] = PdfReader(io.BytesIO(pdf)).attachments.items()
    (stranger.folder / name).write_bytes(content)
    assert stranger.verify("attestation", stranger.folder / name) == 0
    assert digest in stranger.heard()


def test_each_page_is_a_picture_of_its_own(app: Flask, client: FlaskClient) -> None:
    number = attested(app, "event_neutral", event(lines=40))
    first, second = (client.get(f"/attestations/{number}.svg?page={page}").text for page in (1, 2))
    assert client.get(f"/attestations/{number}.svg").text == first != second
    assert client.get(f"/attestations/{number}.png?page=2").data.startswith(b"\x89PNG")
    for page in ("0", "99", "-1", "x", "", "²", "1" * 5000):
        assert client.get(f"/attestations/{number}.png?page={page}").status_code == 404, page


def test_what_was_revoked_says_so_and_names_what_replaces_it(app: Flask, client: FlaskClient) -> None:
    owner = person(app).holder_id
    with transaction():
        cause = causes.open_cause("tree_duty", owner, "示例")
        old = attestations.attest(cause.id, "duty_equivalence", DUTY)
    before = client.get(f"/attestations/{old}.pdf")
    with transaction():
        new = attestations.attest(cause.id, "duty_equivalence", DUTY | {"trees": 4})
    after = client.get(f"/attestations/{old}.pdf", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200, "what it says has changed, whatever the reader has"
    assert "已撤销" in read_pdf(after.data)
    assert grouped(new) in read_pdf(after.data)
    assert "已撤销" not in read_pdf(before.data) + read_pdf(client.get(f"/attestations/{new}.pdf").data)


@pytest.mark.parametrize("form", TYPES)
def test_who_has_a_document_is_not_sent_it_again(client: FlaskClient, number: str, form: str) -> None:
    address = f"/c/{number}.{form}"
    first = client.get(address)
    assert first.content_type == TYPES[form]
    assert first.headers["Content-Disposition"] == f'inline; filename="senhui-{number}.{form}"'
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(address).data == first.data
    other = client.get(f"{address}?lang=en", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_the_same_document_is_the_same_to_the_byte(
    client: FlaskClient, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get(f"/c/{number}.pdf").data
    monkeypatch.setattr(answers, "_PRESS", Press())
    assert client.get(f"/c/{number}.pdf").data == first


def test_a_number_is_read_however_it_is_written(client: FlaskClient, number: str) -> None:
    assert client.get(f"/c/{grouped(number).lower()}.svg").text == client.get(f"/c/{number}.svg").text


@pytest.mark.parametrize("form", TYPES)
@pytest.mark.parametrize(
    "path", ["/c/0000000000000000", "/attestations/0000000000000000", "/c/x", "/attestations/%FF", "/c/%00"]
)
def test_what_does_not_exist_has_no_document(client: FlaskClient, path: str, form: str) -> None:
    for language in ("zh", "en"):
        answer = client.get(f"{path}.{form}?lang={language}")
        assert answer.status_code == 404
        assert answer.mimetype == "text/html"


def test_facts_that_cannot_be_drawn_are_refused_by_name(app: Flask, client: FlaskClient) -> None:
    for kind, facts in (("event_neutral", {"lines": 5}), ("event_neutral", RULING), ("unheard_of", {})):
        answer = client.get(f"/attestations/{attested(app, kind, facts)}.pdf")
        assert answer.status_code == 404
        assert "版式" in answer.text or kind == "unheard_of"


@pytest.mark.parametrize(
    "name", ["<svg/onload=alert(1)>", "]]>&#x202e;", '"#import "x"', "\u202egnirts", "😀" * 20, "名" * 40]
)
def test_whatever_name_stands_on_a_certificate_it_is_printed(
    app: Flask, client: FlaskClient, name: str
) -> None:
    with at(MONDAY):
        [number] = sell(app, forest(1000), 10, beneficiary=name)
    for form in TYPES:
        assert client.get(f"/c/{number}.{form}").status_code == 200
    assert "<svg/onload" not in client.get(f"/c/{number}.svg").text


def test_every_purpose_has_a_certificate_to_print(app: Flask) -> None:
    with app.test_request_context():
        for purpose in PURPOSES.values():
            assert purpose.certificate == f"offsets.certifies_{purpose.name}"
            assert word("purpose", purpose.name) != purpose.name


def test_the_page_offers_what_can_be_printed(app: Flask, client: FlaskClient, number: str) -> None:
    assert f'href="/c/{number}.pdf"' in client.get(f"/c/{number}").text
    letter = attested(app, "ruling_fulfilled", RULING, "judicial")
    said = read_pdf(client.get(f"/attestations/{letter}.pdf").data)
    for told in ("（2022）闽0627刑初123号", "47.07", "96", "王某某、李某某", "承诺书", "永远不得再次转让"):
        assert told in said, told


def test_a_pdf_may_be_shown_by_the_browser_and_by_nobody_elses_page(client: FlaskClient, number: str) -> None:
    policy = client.get(f"/c/{number}.pdf").headers["Content-Security-Policy"]
    assert "object-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert client.get(f"/c/{number}.svg").headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_press_prints_one_thing_once(press: Press) -> None:
    made: list[int] = []
    begun = threading.Barrier(SEATS)

    def work() -> bytes:
        made.append(1)
        time.sleep(0.05)
        return b"printed"

    def ask() -> None:
        begun.wait()
        assert press.printed("a", work) == b"printed"

    threads = [threading.Thread(target=ask) for _ in range(SEATS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_a_press_that_is_full_refuses_at_once_and_what_it_has_it_still_gives(press: Press) -> None:
    held, inside = threading.Event(), threading.Semaphore(0)

    def slow() -> bytes:
        inside.release()
        held.wait(5)
        return b"slow"

    press.printed("kept", lambda: b"kept")
    threads = [threading.Thread(target=press.printed, args=(f"{n}", slow)) for n in range(SEATS)]
    for thread in threads:
        thread.start()
    inside.acquire()
    until = time.monotonic() + 5
    while time.monotonic() < until and press._seats._value > 0:
        time.sleep(0.005)
    asked = time.monotonic()
    with pytest.raises(PressBusy):
        press.printed("other", lambda: b"other")
    assert time.monotonic() - asked < 0.5
    assert press.printed("kept", lambda: b"never") == b"kept"
    held.set()
    for thread in threads:
        thread.join()
    assert press.printed("other", lambda: b"other") == b"other"


def test_a_press_waits_no_longer_than_it_says() -> None:
    press, held, inside = Press(wait_s=0.05), threading.Event(), threading.Event()

    def slow() -> bytes:
        inside.set()
        held.wait(5)
        return b"slow"

    thread = threading.Thread(target=press.printed, args=("slow", slow))
    thread.start()
    inside.wait(5)
    with pytest.raises(PressBusy):
        press.printed("other", lambda: b"other")
    held.set()
    thread.join()


def test_what_could_not_be_printed_leaves_its_place() -> None:
    press = Press(wait_s=0.05)

    def fail() -> bytes:
        raise RuntimeError("out of paper")

    for _ in range(SEATS + 1):
        with pytest.raises(RuntimeError):
            press.printed("a", fail)
    assert press.printed("a", lambda: b"a") == b"a"


def test_a_press_keeps_what_fits_and_forgets_the_oldest() -> None:
    press = Press(kept_bytes=10)
    made: list[str] = []

    def work(name: str) -> bytes:
        made.append(name)
        return b"1234"

    for name in ("a", "b", "c", "c", "b", "a"):
        press.printed(name, lambda name=name: work(name))
    assert made == ["a", "b", "c", "a"]


def test_who_comes_when_the_press_is_full_is_told_when_to_come_again(
    client: FlaskClient, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise PressBusy()

    monkeypatch.setattr(answers._PRESS, "printed", full)
    answer = client.get(f"/c/{number}.pdf")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert "正在生成的文件太多" in answer.text


def job(source: str) -> dict[str, Any]:
    return {"source": source, "told": "{}", "timestamp": 0, "options": {"format": "pdf"}}


def test_a_printer_that_is_too_slow_is_ended_and_the_next_job_finds_a_new_one() -> None:
    printer = Printer(longest_s=0.5)
    printer.run(job("a"))
    began = time.monotonic()
    with pytest.raises(PressBusy):
        printer.run(job("#for a in range(100000) { for b in range(100000) { let c = b } }"))
    assert time.monotonic() - began < 3
    assert printer.run(job("b")).startswith(b"%PDF")
    printer.close()


def test_a_printer_that_was_killed_is_started_again_unseen() -> None:
    printer = Printer()
    first = printer.run(job("a"))
    assert printer._process is not None
    printer._process.kill()
    printer._process.wait()
    assert printer.run(job("a")) == first
    printer.close()
    printer.close()


def test_a_printer_that_has_grown_leaves_and_another_comes() -> None:
    printer = Printer(grown_kib=1)
    first = printer.run(job("a"))
    former = printer._process
    assert former is not None
    assert former.wait(5) == 0
    assert printer.run(job("a")) == first
    printer.close()


def test_a_printer_that_cannot_be_started_is_a_press_that_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    printer = Printer()
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", Mock(side_effect=OSError("no memory")))
        with pytest.raises(PressBusy):
            printer.run(job("a"))
    assert printer.run(job("a")).startswith(b"%PDF")
    printer.close()


@pytest.mark.parametrize("module", [charts, qr, words])
def test_a_copy_is_stale_once_anything_that_draws_it_has_changed(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = answers._drawer.__wrapped__()
    changed = tmp_path / "changed.py"
    changed.write_text("other")
    monkeypatch.setattr(module, "__file__", str(changed))
    assert answers._drawer.__wrapped__() != before


def test_what_typst_refuses_is_refused_and_nothing_of_it_is_said_outside() -> None:
    printer = Printer()
    for source in (
        "#panic()",
        '#image("/etc/passwd")',
        '#import "@preview/cetz:0.3.0"',
        '#read("senhui-hei.otf", encoding: 5)',
    ):
        with pytest.raises(Undrawable):
            printer.run(job(source))
    assert printer.run(job("a")).startswith(b"%PDF")
    printer.close()


def test_the_longest_document_is_printed_in_seconds_and_holds_no_connection(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = attested(app, "event_neutral", event(lines=2500, runs=2500))
    held: list[bool] = []

    def made(*job: Any) -> bytes:
        held.append(db.session().in_transaction())
        return original(*job)

    original = answers._made
    monkeypatch.setattr(answers, "_made", made)
    answer = client.get(f"/attestations/{number}.pdf")
    assert (answer.status_code, held) == (200, [False])
    assert len(answer.data) < 8_000_000
    last = PdfReader(io.BytesIO(answer.data)).pages
    assert 100 < len(last) < 200
