"""A partner's signed batch of 10,000 trips through the API, against COPY of the same rows.

Ours: signature, strict JSON, every item judged, consents locked, days, actions, postings with balances,
announcements, items and result, one transaction, over HTTP. The other side: the rows that such a batch
leaves, rendered beforehand, into the same tables with the same keys, constraints and triggers.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from app.accounts import chart
from app.accounts import services as accounts
from app.accounts.chart import PLATFORM
from app.config import Settings
from app.footprint import queries, rules
from app.footprint.rules import PartnerFacts
from app.footprint.services import links
from app.footprint.services import partners as desk
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.transaction import transaction
from bench.rounds import side_by_side, stopwatch
from bench.server import served

ITEMS = 10_000
HOLDERS = 5_000
CHUNK = 1_000
CODE = "bench_metro"
PATH = "/v1/partner/batches"
METRES = 8_000
COLUMNS = {
    "scene_day": "holder_id, day, scene, credited_g, cap_g",
    "action": "id, holder_id, code, scene, occurred_on, occurred_at, trip, source, grade, inputs,"
    " methodology_id, factor_id, computed_g, before_g, avoided_g, cap_reason, recorded_at",
    "posting": "kind, reference, source, target, amount, posted_at",
    "announcement": "listener, payload, announced_at, available_at",
    "partner_item": "partner_id, item, batch_id, holder_id, action_id, fingerprint",
    "trip_key": "key, holder_id, action_id",
}


class Line:
    """A partner with a key and linked people, and ever new trips of theirs."""

    def __init__(self, holders: int = HOLDERS, code: str = CODE) -> None:
        self.code = code
        self.key = Ed25519PrivateKey.generate()
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.keyid = hashlib.sha256(raw).hexdigest()[:16]
        self.partner_id = _register(code, raw)
        self.people = _link(code, holders)
        self.sent = 0
        day = clock.now().astimezone(clock.SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        self.first = day - timedelta(days=30)

    def turns(self, count: int) -> Iterable[tuple[int, str, datetime]]:
        """Holder, token and start of `count` new trips: there and back on each person's day."""
        for _ in range(count):
            holder, token = self.people[self.sent % len(self.people)]
            turn = self.sent // len(self.people)
            self.sent += 1
            yield holder, token, self.first + timedelta(days=turn // 2, hours=8 + 10 * (turn % 2))

    def items(self, count: int = ITEMS) -> list[dict[str, Any]]:
        """New items as the partner tells them."""
        return [
            {
                "id": f"ride-{random_code(12)}",
                "link": token,
                "scene": "metro",
                "started_at": started_at.isoformat(),
                "distance_m": METRES,
                "duration_s": 1200,
                "ride": {"carrier": self.code, "number": random_code(12)},
            }
            for _, token, started_at in self.turns(count)
        ]

    def send(self, port: int, batch_id: str, items: Sequence[Any]) -> Callable[[], dict[str, Any]]:
        """A signed letter, ready to be sent."""
        body = json.dumps({"batch_id": batch_id, "items": items}).encode()
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        covered = {
            "@method": "POST",
            "@authority": f"127.0.0.1:{port}",
            "@path": PATH,
            "content-digest": digest,
        }
        names = " ".join(f'"{name}"' for name in covered)
        told = f'({names});created={int(clock.now().timestamp())};keyid="{self.keyid}"'
        base = "\n".join(
            [*(f'"{name}": {value}' for name, value in covered.items()), f'"@signature-params": {told}']
        )
        headers = {
            "Content-Type": "application/json",
            "Content-Digest": digest,
            "Signature-Input": f"sig1={told}",
            "Signature": f"sig1=:{base64.b64encode(self.key.sign(base.encode())).decode()}:",
        }

        def post() -> dict[str, Any]:
            answer = requests.post(f"http://127.0.0.1:{port}{PATH}", data=body, headers=headers, timeout=60)
            if not answer.ok:
                raise RuntimeError(answer.text[:500])
            taken: dict[str, Any] = answer.json()
            return taken

        return post


def _register(code: str, public_key: bytes) -> int:
    with transaction():
        first, second = (
            accounts.operators.enrol(f"{code}-{number}", random_code(), ["partners"])[0].id
            for number in (1, 2)
        )
        facts = PartnerFacts(code, "metro", "示例地铁", "Sample metro", "data@metro.example.cn")
        terms = desk.propose_partner(first, facts, {"metro": rules.MOST_DAILY_ITEMS})
        desk.decide_terms(second, code, terms.id, True)
        now = clock.now()
        key = desk.register_key(first, code, public_key, now - timedelta(minutes=1), now + timedelta(days=30))
        desk.confirm_key(second, code, key.kid)
        return terms.partner_id


def _link(code: str, holders: int) -> list[tuple[int, str]]:
    people = []
    with transaction():
        for _ in range(holders):
            holder = accounts.open_holder("household", f"示例 {random_code(6)}", None).id
            people.append((holder, links.link_partner(holder, code, ["metro"], "2026-1").token))
    return people


def through_api(line: Line, port: int) -> Callable[[], float]:
    """Rows a second of one signed batch over HTTP."""

    def measure() -> float:
        post = line.send(port, random_code(), line.items())
        with stopwatch() as seconds:
            taken = post()
        if taken["accepted"] != ITEMS:
            raise RuntimeError(f"not everything counted: {taken['reasons']}")
        return ITEMS / seconds()

    return measure


def by_copy(line: Line) -> Callable[[], float]:
    """Rows a second of COPY, in one transaction, from text that is ready."""
    base = 10**12

    def measure() -> float:
        nonlocal base
        base += ITEMS
        ready = {table: _rendered(rows) for table, rows in _rows(line, base).items()}
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url) as connection, stopwatch() as seconds:
            for table, rows in ready.items():
                with connection.cursor().copy(f"COPY {table} ({COLUMNS[table]}) FROM STDIN") as copy:
                    copy.write(rows)
            connection.commit()
        return ITEMS / seconds()

    return measure


def _rows(line: Line, base: int) -> dict[str, list[tuple[Any, ...]]]:
    """What a batch leaves, table by table; two trips of a person fall on one day, as in ours."""
    methodology = queries.find_scene("metro")
    if methodology is None:
        raise LookupError("load methodologies first")
    grams = rules.Decision(
        methodology.method, methodology.factor.value, "partner", {"distance_m": METRES}
    ).computed_g
    now, cap = clock.now(), methodology.method.cap_g
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
    days: dict[tuple[int, Any], int] = {}
    told = []
    for place, (holder, _, started_at) in enumerate(line.turns(ITEMS)):
        action, day = base + place, clock.business_day(started_at)
        begins, ends = rules.trip_minutes(methodology.method, holder, started_at, METRES, 1200)
        before = days.get((holder, day), 0)
        days[holder, day] = before + grams
        inputs = json.dumps({"distance_m": METRES, "started_at": started_at.isoformat(), "duration_s": 1200})
        rows["action"].append(
            (
                action,
                holder,
                random_code(),
                "metro",
                day,
                started_at,
                f"[{begins},{ends})",
                line.code,
                "partner",
                inputs,
                methodology.id,
                methodology.factor.id,
                grams,
                before,
                grams,
                None,
                now,
            )
        )
        kind = chart.RECORD_ACTION
        legs = PLATFORM * 100 + kind.source.code, holder * 100 + kind.target.code
        rows["posting"].append((kind.code, action, *legs, grams, now))
        rows["partner_item"].append(
            (
                line.partner_id,
                f"ride-{random_code(12)}",
                0,
                holder,
                action,
                f"\\x{random_code(16).encode().hex()}",
            )
        )
        rows["trip_key"].append((f"\\x{random_code(32).encode().hex()}", holder, action))
        told.append([action, grams, "metro", holder])
    rows["scene_day"] = [(holder, day, "metro", total, cap) for (holder, day), total in days.items()]
    # Not for a listener: the other side's rows are nobody's work.
    rows["announcement"] = [
        ("bench", json.dumps({"actions": told[at : at + CHUNK]}), now, "infinity")
        for at in range(0, ITEMS, CHUNK)
    ]
    return rows


def _rendered(rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Rows in COPY's text form."""
    lines = ("\t".join("\\N" if value is None else _escaped(str(value)) for value in row) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")


def compare(settings: Settings) -> dict[str, float]:
    """The ratio, with the rates behind it."""
    line = Line()
    with served("wsgi:app", settings) as port:
        ours, other = through_api(line, port), by_copy(line)
        for warm in (ours, other):
            warm()
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        mine, theirs, ratio = side_by_side(ours, other)
    return {"partner_rows_per_s": mine, "partner_copy_rows_per_s": theirs, "partner_ingest_vs_copy": ratio}
