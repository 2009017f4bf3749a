"""One exchange with the outside: what it bounds, what it refuses, what it never says."""

import gzip
import logging
import os
import threading
import time
import traceback
from typing import Any

import pytest

from app.clients.errors import Unreachable
from app.clients.http import Connection, origin

SECRET = "s3cr3t-of-ours"
TARGET = f"/ask?secret={SECRET}"


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.weixin.qq.com",
        "https://api.mch.weixin.qq.com/",
        "http://127.0.0.1:5000",
        "http://localhost:80",
        "http://[::1]:8080",
    ],
)
def test_a_base_url_is_https_or_loopback(base_url: str) -> None:
    assert origin(base_url) == base_url.rstrip("/")


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.weixin.qq.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "ftp://127.0.0.1",
        "https://",
        "https:///path",
        "api.weixin.qq.com",
        "",
        "https://a.example/path",
        "https://a.example?x=1",
        "https://user:word@a.example",
        "http://10.0.0.1",
        "https://a.example#f",
    ],
)
def test_any_other_base_url_is_refused_without_being_repeated(base_url: str) -> None:
    with pytest.raises(ValueError, match="loopback") as refused:
        origin(base_url)
    assert "word" not in str(refused.value)


def test_an_answer_comes_back_as_raw_bytes_with_headers_in_any_case(stranger: Any) -> None:
    stranger.says("/ask", b"\xff\x00", 404, Request_ID="R1")
    answer = Connection(stranger.origin).send("GET", "/ask")
    assert (answer.status, answer.body, answer.headers["request-id"]) == (404, b"\xff\x00", "R1")


def test_connections_are_kept_open_and_used_again(stranger: Any) -> None:
    stranger.says("/ask", b"{}")
    connection = Connection(stranger.origin)
    for _ in range(5):
        connection.send("GET", "/ask")
    assert stranger.connections == 1


def test_a_forked_child_opens_its_own_connection(stranger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger.says("/ask", b"{}")
    connection = Connection(stranger.origin)
    connection.send("GET", "/ask")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    connection.send("GET", "/ask")
    assert stranger.connections == 2


def test_the_signer_sees_what_goes_over_the_wire(stranger: Any) -> None:
    stranger.says("/a%2Ab%7C|c", b"{}")
    stranger.says("/a%2Ab%7C%7Cc", b"{}")
    signed: list[tuple[str, str, bytes]] = []

    def sign(*seen: Any) -> dict[str, str]:
        signed.append(seen)
        return {"Authorization": "mine"}

    Connection(stranger.origin, sign=sign).send("POST", "/a%2Ab%7C|c?token=x-_~%2B==&b=森", "森惠".encode())
    heard = stranger.heard[0]
    assert signed == [(heard.method, heard.target, heard.body)]
    assert heard.headers["Authorization"] == "mine"


def test_the_environment_has_no_say(stranger: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    stranger.says("/ask", b"{}", Set_Cookie="a=b")
    connection = Connection(stranger.origin, sign=lambda *_: {"Authorization": "mine"})
    connection.send("GET", "/ask")
    connection.send("GET", "/ask")
    assert stranger.heard[1].headers["Authorization"] == "mine"
    assert "Cookie" not in stranger.heard[1].headers


def test_a_redirect_is_not_followed(stranger: Any) -> None:
    stranger.says("/ask", b"", 302, Location=f"{stranger.origin}/elsewhere")
    stranger.says("/elsewhere", b"{}")
    with pytest.raises(Unreachable, match="302"):
        Connection(stranger.origin).send("GET", "/ask")
    assert [heard.target for heard in stranger.heard] == ["/ask"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_leaves_the_outcome_open_and_names_the_request(stranger: Any, status: int) -> None:
    stranger.says("/ask", b"{}", status, Request_ID="R-77")
    with pytest.raises(Unreachable, match=f"{status}, request R-77"):
        Connection(stranger.origin).send("POST", "/ask", b"{}")
    assert len(stranger.heard) == 1, "nothing is sent twice"


FAULTS = {
    "hangs": lambda ear: ear.hang(),
    "resets": lambda ear: ear.reset(),
    "drips": lambda ear: ear.drip(),
    "hangs up": lambda ear: ear.raw(b""),
    "speaks gibberish": lambda ear: ear.raw(b"\x16\x03\x01 not http\r\n\r\n"),
    "stops half-way": lambda ear: ear.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    "breaks its chunks": lambda ear: ear.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "ends in a chunk": lambda ear: ear.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
    "lies about gzip": lambda ear: ear.answer(b"plain", 200, {"Content-Encoding": "gzip"}),
    "talks too much": lambda ear: ear.answer(b" " * (2 << 20), 200, {}),
    "sends a bomb": lambda ear: ear.answer(
        gzip.compress(b" " * (64 << 20), mtime=0), 200, {"Content-Encoding": "gzip"}
    ),
    "redirects badly": lambda ear: ear.answer(b"", 302, {"Location": "http://[::bad"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_unreachable_and_gives_no_secret_away(
    stranger: Any, impatient: float, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    stranger.does("/ask", FAULTS[fault])
    begun = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        Connection(stranger.origin).send("GET", TARGET)
    assert time.monotonic() - begun < 5 * impatient
    assert "/ask" in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text
    assert caught.value.__context__ is None


def test_nobody_listening_is_unreachable_and_gives_no_secret_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unreachable) as caught:
        Connection("http://127.0.0.1:9").send("GET", TARGET)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caplog.text
    assert caught.value.__context__ is None


def test_a_success_leaves_no_secret_in_the_log(stranger: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stranger.says("/ask", b"{}")
    Connection(stranger.origin).send("GET", TARGET)
    Connection(stranger.origin).send("GET", "/ask")
    assert "GET /ask HTTP" in caplog.text, "the log is on"
    assert SECRET not in caplog.text


def test_a_packed_answer_is_unpacked(stranger: Any) -> None:
    stranger.says("/ask", gzip.compress(b'{"a":1}'), Content_Encoding="gzip")
    assert Connection(stranger.origin).send("GET", "/ask").body == b'{"a":1}'


def test_one_connection_serves_many_threads(stranger: Any) -> None:
    stranger.says("/ask", b"{}")
    connection, bodies = Connection(stranger.origin), []
    threads = [
        threading.Thread(target=lambda: bodies.append(connection.send("GET", "/ask").body)) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [b"{}"] * 12
