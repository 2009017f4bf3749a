"""A write over HTTP: one transaction, and the same `Idempotency-Key` never acts twice.

The key's row is the first statement of the business transaction and the answer is stored in it, so
a second request waits for the first and then replays it; a crash leaves neither effect nor key.
Same key with another body is 409. Keys belong to the caller, live for 48 hours at least, and only
committed answers are kept. Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import functools
import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, make_response, request
from sqlalchemy import BigInteger, DateTime, LargeBinary, Row, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit import clock, identity
from app.kit.database import Base, db, write
from app.kit.problems import KeyReused, Unreadable
from app.kit.sealing import keyed_digest
from app.kit.transaction import transaction

_KEY = re.compile(r'"?([A-Za-z0-9_.:-]{1,128})"?\Z')


class IdempotencyKey(Base):
    """What a caller's key did, and what was answered."""

    __tablename__ = "idempotency_key"

    holder_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    route: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


_CLAIM = text(
    "INSERT INTO idempotency_key (holder_id, route, key, fingerprint, created_at)"
    " VALUES (:holder, :route, :key, :print, :now) ON CONFLICT DO NOTHING"
)
_FIND = text(
    "SELECT fingerprint, status, body FROM idempotency_key"
    " WHERE holder_id = :holder AND route = :route AND key = :key"
)
_KEEP = text(
    "UPDATE idempotency_key SET status = :status, body = :body"
    " WHERE holder_id = :holder AND route = :route AND key = :key"
)
_FORGET = text("DELETE FROM idempotency_key WHERE created_at < :before")


def writes(view: Callable[..., Any]) -> Callable[..., Any]:
    """Run a view as one transaction, honouring `Idempotency-Key`. Stands above the response decorator."""

    @functools.wraps(view)
    def written(*args: Any, **kwargs: Any) -> Any:
        with transaction():
            return _once(view, args, kwargs)

    return written


def writes_at_once(view: Callable[..., Any]) -> Callable[..., Any]:
    """As `writes`, for a view whose one write is `transaction.run_whole`: only a key needs more than that."""

    @functools.wraps(view)
    def written(*args: Any, **kwargs: Any) -> Any:
        if "Idempotency-Key" not in request.headers:
            return view(*args, **kwargs)
        with transaction():
            return _once(view, args, kwargs)

    return written


def once(caller_id: int, key: str, told: str, act: Callable[[], str]) -> str:
    """What `act` answers; the same key again answers the same without acting. For the forms of pages.

    Runs inside the caller's transaction; of `told`, what the form said, a keyed digest is kept, because
    it may be an account number. Raises `KeyReused` when the key came with another content.
    """
    print_ = keyed_digest(told, f"form:{request.path}").encode()
    row = {"holder": caller_id, "route": request.endpoint or "", "key": key, "print": print_}
    earlier = _claim(row)
    if earlier is not None:
        return bytes(earlier.body).decode()
    answer = act()
    db.session.execute(_KEEP, {**row, "status": 303, "body": answer.encode()})
    return answer


def _row(given: str) -> dict[str, Any]:
    match = _KEY.match(given)
    if match is None:
        raise Unreadable(errors=[{"pointer": "header:Idempotency-Key", "detail": "1-128 [A-Za-z0-9_.:-]"}])
    body = request.get_data(cache=True)
    print_ = hashlib.sha256(request.full_path.encode("utf-8", "replace") + b"\n" + body).digest()
    holder = identity.caller().holder_id
    return {"holder": holder, "route": request.endpoint or "", "key": match[1], "print": print_}


def _once(view: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return view(*args, **kwargs)
    row = _row(given)
    earlier = _claim(row)
    if earlier is not None:
        replay = Response(earlier.body, earlier.status, content_type="application/json")
        replay.headers["Idempotent-Replayed"] = "true"
        return replay
    response = make_response(view(*args, **kwargs))
    kept = {**row, "status": response.status_code, "body": response.get_data()}
    db.session.execute(_KEEP, kept)
    return response


def _claim(row: dict[str, Any]) -> Row[Any] | None:
    """Take the key, or what it did before. Raises `KeyReused` when it came with something else."""
    if write(_CLAIM, {**row, "now": clock.now()}):
        return None
    earlier = db.session.execute(_FIND, row).one()
    if earlier.fingerprint != row["print"]:
        raise KeyReused()
    return earlier


def forget_before(moment: datetime) -> int:
    """Drop keys older than `moment`; returns how many."""
    return write(_FORGET, {"before": moment})
