"""What stands between the network and an API: faults, request ids and a log of what was asked."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, request

from simulator.clock import rfc3339
from simulator.faults import Fault
from simulator.world import world

#: Set in the WSGI environment, it makes the server break the connection instead of answering.
BREAK_CONNECTION = "simulator.break_connection"

#: Fault -> the error it makes an API answer.
REFUSING = {"http_500": "SYSTEM_ERROR", "http_429": "FREQUENCY_LIMITED"}


def guard(blueprint: Blueprint, refuse: Callable[[str, Fault], Response | None]) -> None:
    """Put the gate before a blueprint; `refuse` turns a refusing fault into the API's own error answer."""

    @blueprint.before_request
    def meet_faults() -> Response | None:
        g.faults = world().faults.take(request.path)
        g.request_id = new_request_id()
        if "delay" in g.faults:
            time.sleep(g.faults["delay"].seconds)
        if "reset" in g.faults:
            # Read all of it first, or the client may notice while it is still writing.
            request.get_data()
            return _broken(Response(status=500))
        for kind, fault in g.faults.items():
            if (refusal := refuse(kind, fault)) is not None:
                return refusal
        return None

    @blueprint.after_request
    def log_and_spoil(response: Response) -> Response:
        response.headers["Request-ID"] = g.request_id
        world().requests.append(_entry(response))
        if "late" in g.faults:
            time.sleep(g.faults["late"].seconds)
        return _broken(response) if "lost_answer" in g.faults else response


def new_request_id() -> str:
    """Return an id by which a request can be talked about."""
    return secrets.token_hex(16).upper()


def raw_target() -> str:
    """Return path and query exactly as the client sent them: what it signed."""
    return str(request.environ["REQUEST_URI"])


def _broken(response: Response) -> Response:
    """Have the server break the connection once this response would be written."""
    request.environ[BREAK_CONNECTION] = True
    return response


def _entry(response: Response) -> dict[str, Any]:
    """Return the line of the log; without the query, which may carry tokens."""
    return {
        "at": rfc3339(world().clock.real()),
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "request_id": g.request_id,
        "faults": sorted(g.faults),
    }
