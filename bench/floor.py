"""The floor of one recorded action: a bare handler that writes the same rows with one statement.

No authentication, no validation, no rules: what is left is the server, the driver and PostgreSQL.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import psycopg

_local = threading.local()
_WRITE = """
WITH held AS (
  INSERT INTO scene_day AS day (holder_id, day, scene, credited_g, cap_g)
  VALUES (%(holder)s, %(day)s, 'metro', 1, 1000000)
  ON CONFLICT (holder_id, day, scene) DO UPDATE SET credited_g = day.credited_g + 1
), written AS (
  INSERT INTO action (holder_id, code, scene, occurred_on, occurred_at, trip, source, grade, inputs,
    methodology_id, factor_id, computed_g, before_g, avoided_g, recorded_at)
  VALUES (%(holder)s, %(code)s, 'metro', %(day)s, %(at)s, int8range(%(begin)s, %(begin)s + 10), 'self',
    'declared', %(inputs)s, 1, 1, 70, 0, 70, now())
  RETURNING id
), told AS (
  INSERT INTO announcement (listener, payload, announced_at, available_at)
  SELECT 'bench', jsonb_build_object('holder_id', %(holder)s::bigint, 'action', id), now(), 'infinity'
  FROM written
)
INSERT INTO posting (kind, reference, source, target, amount, posted_at)
SELECT 1, id, 190, %(holder)s * 100 + 10, 70, now() FROM written RETURNING reference
"""


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Write one action and say its id."""
    body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    at = datetime.fromisoformat(body["started_at"])
    holder = int(environ["HTTP_X_HOLDER"])
    minute = int(at.timestamp()) // 60
    values = {
        "holder": holder,
        "code": environ["HTTP_X_CODE"],
        "day": at.date(),
        "at": at,
        "begin": holder * 100_000_000 + minute,
        "inputs": json.dumps(body),
    }
    row = _connection().execute(_WRITE, values, prepare=True).fetchone()
    answer = json.dumps({"id": row[0] if row else None}).encode()
    start_response(
        "201 Created", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
    )
    return [answer]


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_local, "connection"):
        url = os.environ["DATABASE_URL"].replace("+psycopg", "")
        _local.connection = psycopg.connect(url, autocommit=True)
    connection: psycopg.Connection[Any] = _local.connection
    return connection
