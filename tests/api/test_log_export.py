"""The log taken home: parts that make one file, and readers who are slow."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.config import Settings
from app.kit.transaction import transaction
from app.registry.queries import export


def grown(entries: int, *head_sizes: int) -> None:
    """A log of so many entries, and heads that seal so many; not a true one, but of true length."""
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(
            text(
                "INSERT INTO log_entry (position, source, reference, kind, quantity_kg, leaf)"
                " SELECT n, 'long', n, 'retirement', 1, '{\"at\":\"' || repeat('x', 300) || '\"}'"
                " FROM generate_series(0, :last) n"
            ),
            {"last": entries - 1},
        )
        for number, size in enumerate(head_sizes, 1):
            session.execute(
                text(
                    "INSERT INTO log_head (number, until, size, root, issued_kg, active_kg, reserved_kg,"
                    " pledged_kg, retired_kg, cancelled_kg, sealed_at, document)"
                    " VALUES (:n, now() + :n * interval '1 s', :size, sha256(''), 0, 0, 0, 0, 0, 0, now(),"
                    " :document)"
                ),
                {"n": number, "size": size, "document": f"head {number}"},
            )


def lines(client: FlaskClient, part: int) -> list[Any]:
    """What a part of the export says, each line in short."""
    answer = client.get(f"/v1/log/export?part={part}")
    assert answer.status_code == 200, answer.text
    return [
        each.get("head", each.get("entry", each.get("format", each)))
        for each in map(json.loads, answer.text.splitlines())
    ]


def test_the_parts_of_an_export_make_one_log_with_each_head_behind_what_it_seals(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ENTRIES_A_PART", 3)
    assert lines(client, 1) == ["senhui-log-1", {"entries": 0, "heads": 0}]
    grown(8, 0, 2, 3, 3, 7)
    assert lines(client, 1) == ["senhui-log-1", "head 1", 0, 1, "head 2", 2, "head 3", "head 4"]
    assert lines(client, 2) == [3, 4, 5]
    assert lines(client, 3) == [6, "head 5", {"entries": 7, "heads": 5}], "what no head seals is not there"
    for absent in (0, 4, -1, "x", 2**70):
        assert client.get(f"/v1/log/export?part={absent}").status_code in {404, 422}
    assert "".join(export.read_parts()) == "".join(
        client.get(f"/v1/log/export?part={part}").text for part in (1, 2, 3)
    )
    links = [client.get(f"/v1/log/export?part={part}").headers["Link"] for part in (1, 3)]
    assert links == [
        '</v1/log/export?part=2>; rel="next", </v1/log/export?part=3>; rel="last"',
        '</v1/log/export?part=3>; rel="last"',
    ]


def test_a_part_that_is_full_never_changes_and_is_not_sent_again(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ENTRIES_A_PART", 3)
    grown(6, 2, 3)
    alone = client.get("/v1/log/export")
    assert alone.headers["Cache-Control"] == "no-cache", "a head may yet come behind it"
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE log_head SET size = 5 WHERE number = 2"))
    full, growing = (client.get(f"/v1/log/export?part={part}") for part in (1, 2))
    assert "immutable" in full.headers["Cache-Control"]
    assert growing.headers["Cache-Control"] == "no-cache"
    assert alone.headers["ETag"] != full.headers["ETag"]
    for answer, part in ((full, 1), (growing, 2)):
        known = {"If-None-Match": answer.headers["ETag"]}
        again = client.get(f"/v1/log/export?part={part}", headers=known)
        assert (again.status_code, again.data) == (304, b"")
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE log_head SET size = 6 WHERE number = 2"))
    same = {"If-None-Match": f"{full.headers['ETag']}, {growing.headers['ETag']}"}
    assert client.get("/v1/log/export?part=1", headers=same).status_code == 304
    assert client.get("/v1/log/export?part=2", headers=same).status_code == 200


def test_slow_readers_keep_nobody_from_the_log(app: Flask, settings: Settings, tmp_path: Path) -> None:
    """A server with one thread; twenty who ask for the log and read nothing of it."""
    grown(60_000, 60_000)  # more than what lies between a server and who does not read
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    env = os.environ | {
        "SENHUI_ENV": "development",
        "SENHUI_VAR": str(tmp_path),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "PORT": str(port),
    }
    told = "--interface wsgi --workers 1 --blocking-threads 1 --host 127.0.0.1 --no-ws --port"
    command = [sys.executable, "-m", "granian", *told.split(), str(port), "wsgi:app"]
    url, slow = f"http://127.0.0.1:{port}/v1/log/export?part=", []
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(200):
                with suppress(requests.RequestException):
                    if requests.get(f"{url}1", timeout=5).status_code == 200:
                        break
                time.sleep(0.1)
            for _ in range(20):
                reader = socket.socket()
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                reader.connect(("127.0.0.1", port))
                reader.sendall(b"GET /v1/log/export?part=1 HTTP/1.1\r\nHost: x\r\n\r\n")
                slow.append(reader)
            time.sleep(0.5)
            for part in (1, 2, 3):
                answer = requests.get(f"{url}{part}", timeout=5)
                assert (answer.status_code, 500_000 < len(answer.content) < 2_000_000) == (200, True)
        finally:
            for reader in slow:
                reader.close()
            server.terminate()
