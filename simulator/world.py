"""The parts of one running simulator, and how a request finds them."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, cast

from flask import Response, current_app, request

from simulator.addresses import Addresses
from simulator.clock import Clock
from simulator.errors import ControlRefused
from simulator.faults import Faults
from simulator.keys import Keys
from simulator.notices import PostOffice
from simulator.state import State
from simulator.timetable import Timetable

EXTENSION = "simulator"
#: How many API requests are remembered for the page that shows them.
REMEMBERED_REQUESTS = 200


@dataclass
class World:
    """Everything a request may need."""

    keys: Keys
    clock: Clock
    state: State
    faults: Faults
    addresses: Addresses
    timetable: Timetable
    post: PostOffice
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REMEMBERED_REQUESTS))


def world() -> World:
    """Return the world the current request happens in."""
    return cast(World, current_app.extensions[EXTENSION])


def answer(data: Any, status: int = 200, mimetype: str = "application/json") -> Response:
    """Answer JSON in compact UTF-8, the bytes that get signed."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, mimetype=mimetype)


def json_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object that can be written out again; ValueError otherwise."""
    try:
        body = json.loads(raw.decode())
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body


def wish() -> dict[str, Any]:
    """Return the JSON object of a request by a person or a script, {} when there is no body."""
    raw = request.get_data()
    try:
        return json_object(raw) if raw else {}
    except ValueError as error:
        raise ControlRefused(f"the body must be a JSON object: {error}") from None
