"""How a room speaks HTTP: strict arguments in, one kind of answer out, refusals as problem+json."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_smorest.blueprint import Blueprint as SmorestBlueprint
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, default_exceptions

from app.kit import messages, problems, strict_json
from app.kit.problems import BadRequest, Problem, Unreadable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY = 64 * 1024
_log = structlog.get_logger(__name__)


class StrictParser(FlaskParser):
    """webargs with the strict JSON loader and every refusal as a `Problem`."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None}

    def load_json(self, req: Any, schema: Any) -> Any:
        """The body of `req`. Raises `UnsupportedMedia` or `BadRequest`."""
        if req.mimetype != "application/json":
            raise problems.UnsupportedMedia()
        try:
            return strict_json.loads(req.get_data(cache=True))
        except strict_json.Malformed as fault:
            raise BadRequest(errors=[{"pointer": "#", "detail": messages.t(str(fault))}]) from fault

    def load_querystring(self, req: Any, schema: Any) -> Any:
        """The query; a parameter given twice is refused rather than read one way or the other."""
        for name, values in req.args.lists():
            if len(values) > 1:
                raise Unreadable(errors=[{"pointer": f"?{name}", "detail": messages.t("kit.field_twice")}])
        return {name: value for name, value in req.args.items() if name != "lang"}

    def handle_error(self, error: Any, req: Any, schema: Any, **kwargs: Any) -> Any:
        """Turn marshmallow's nested messages into a flat list of pointers."""
        raise Unreadable(errors=list(_flatten(error.messages)))


def _flatten(tree: Mapping[str, Any]) -> Any:
    for location, found in tree.items():
        prefix = {"json": "#", "query": "?"}.get(location, f"{location}:")
        yield from _pointers(found, prefix, "" if prefix == "?" else "/")


def _pointers(found: Any, path: str, separator: str) -> Any:
    if isinstance(found, dict):
        for key, inner in found.items():
            step = "" if key == "_schema" else f"{separator}{str(key)[:100]}"
            yield from _pointers(inner, path + step, "/")
    else:
        for message in found if isinstance(found, list) else [found]:
            text = messages.t(message) if messages.exists(str(message)) else str(message)
            yield {"pointer": path, "detail": text}


class Blueprint(SmorestBlueprint):
    """A room's routes: strict arguments, problem+json documented as the default answer."""

    ARGUMENTS_PARSER = StrictParser()


def read_file(name: str, largest_bytes: int) -> bytes:
    """The uploaded file of this form field; only here a request may be larger than `MAX_BODY`.

    Call it before anything else reads the form. Raises `TooLarge`, `Unreadable` when there is none.
    """
    request.max_content_length = largest_bytes + MAX_BODY
    try:
        file = request.files.get(name)
        content = file.read(largest_bytes + 1) if file else b""
        for each in request.files.values():
            each.close()  # a large one lies in a file of its own
    except RequestEntityTooLarge as error:
        raise problems.TooLarge() from error
    if len(content) > largest_bytes:
        raise problems.TooLarge()
    if not content:
        raise Unreadable(errors=[{"pointer": f"#/{name}", "detail": messages.t("kit.field_required")}])
    return content


def read_body(largest_bytes: int) -> bytes:
    """The exact bytes of a body that may be larger than `MAX_BODY`. Raises `TooLarge`.

    Call it before anything else reads the request.
    """
    request.max_content_length = largest_bytes
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge as error:
        raise problems.TooLarge() from error


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """Declare that anyone may call this route; a route without a declared policy fails a house test."""
    view.policy = "public"  # type: ignore[attr-defined]
    return view


def connect(app: Flask) -> None:
    """Give `app` its request ids, safe headers and error answers."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["MAX_FORM_PARTS"] = 50
    app.wsgi_app = Envelope(app.wsgi_app)  # type: ignore[method-assign]
    for code in default_exceptions:
        app.register_error_handler(code, answer_http_exception)
    app.register_error_handler(Problem, answer_problem)
    app.register_error_handler(DBAPIError, lambda error: _answer_database(error.orig, error))
    app.register_error_handler(pg.Error, lambda error: _answer_database(error, error))
    app.register_error_handler(PoolTimeout, lambda _: answer_problem(problems.Busy()))
    app.register_error_handler(UnicodeError, lambda _: answer_problem(BadRequest()))
    app.register_error_handler(Exception, _answer_fault)


class Envelope:
    """What every answer carries, put on outside Flask: a request id, and headers that keep browsers strict.

    A caller's own X-Request-Id is taken over when it is plain; every log line of the request bears it.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        plain = given.isascii() and given.isalnum() and len(given) <= 64
        request_id = given if plain else secrets.token_hex(8)

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            names = {name.lower() for name, _ in headers}
            headers += [header for header in _HEADERS if header[0].lower() not in names]
            headers.append(("X-Request-Id", request_id))
            return start_response(status, headers, *exc_info)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            return self._application(environ, start)


_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)


def wants_page() -> bool:
    """Whether a person asks (a page outside the API) and not a program."""
    return not request.path.startswith(("/v1", "/healthz", "/readyz", "/metrics"))


def answer_problem(problem: Problem) -> ResponseReturnValue:
    """The refusal as problem+json, or as a page where a person asked for one."""
    page = _problem_page.get("render")
    if page is not None and wants_page():
        return page(problem), problem.status, problem.headers
    response = jsonify({**problem.body(), "instance": request.path})
    response.status_code = problem.status
    response.content_type = "application/problem+json"
    response.headers.extend(problem.headers)
    return response


_problem_page: dict[str, Callable[[Problem], str]] = {}


def render_problem_pages_with(render: Callable[[Problem], str]) -> None:
    """Let the room of pages draw refusals for people."""
    _problem_page["render"] = render


_BY_STATUS: dict[int, type[Problem]] = {
    404: problems.NotFound,
    413: problems.TooLarge,
    415: problems.UnsupportedMedia,
    422: problems.Unreadable,
    429: problems.TooMany,
}


def answer_http_exception(error: HTTPException) -> ResponseReturnValue:
    """werkzeug's own refusals in our form, keeping headers such as Allow."""
    if error.response is not None:
        return error.response
    code = error.code or 500
    if 300 <= code < 400:
        return error.get_response()
    known = _BY_STATUS.get(code)
    problem = known() if known else _plain(code)
    answer = answer_problem(problem)
    response = answer if isinstance(answer, Response) else Response(answer[0], answer[1])  # type: ignore[index,arg-type]
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _plain(code: int) -> Problem:
    """A refusal for a status that has no class of its own, such as 405."""

    class Plain(Problem):
        """Named by its HTTP status."""

        status = code
        message = "kit.http_status"

    return Plain(status=code, phrase=HTTPStatus(code).phrase)


_BUSY = (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure, pg.QueryCanceled)


def _answer_database(cause: BaseException | None, error: Exception) -> ResponseReturnValue:
    """A wait that ran out is 503; text or a number PostgreSQL cannot hold is 400; the rest is a fault."""
    if isinstance(cause, (*_BUSY, pg.OperationalError)):
        _log.warning("database busy", reason=type(cause).__name__)
        return answer_problem(problems.Busy())
    if isinstance(cause, pg.DataError):
        _log.error("a value reached the database that a field should have refused", exc_info=error)
        return answer_problem(BadRequest())
    return _answer_fault(error)


def _answer_fault(error: Exception) -> ResponseReturnValue:
    _log.error("unexpected fault", exc_info=error)
    return answer_problem(_plain(500))
