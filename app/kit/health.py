"""Whether this process lives and whether it can serve."""

from collections.abc import Callable

from flask import Flask, Response, jsonify
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.kit import announcements, queue
from app.kit.database import db
from app.kit.http import public


def connect(app: Flask) -> None:
    """Add `/healthz` and `/readyz`."""
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", view_func=readyz)


@public
def healthz() -> Response:
    """The process answers; nothing else is asked."""
    return jsonify(status="ok")


@public
def readyz() -> tuple[Response, int]:
    """Ready when PostgreSQL takes writes. Without Redis the service is degraded and still ready."""
    try:
        writable = not db.session.scalar(text("SELECT pg_is_in_recovery()"))
        backlog = announcements.backlog()
        told = {name: ask() for name, ask in _told.items()}
    except SQLAlchemyError:
        return jsonify(status="down", database=False), 503
    try:
        bells = bool(queue.redis().ping())
    except RedisError:
        bells = False
    status = "ok" if bells else "degraded"
    return jsonify(
        status=status, database=writable, queue=bells, announcements=backlog, **told
    ), 200 if writable else 503


_told: dict[str, Callable[[], int]] = {}


def tell(name: str, ask: Callable[[], int]) -> None:
    """Let `/readyz` tell a room's figure that an operator must see, such as what waits for one."""
    _told[name] = ask
