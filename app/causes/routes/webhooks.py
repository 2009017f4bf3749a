"""Webhooks over HTTP, and the same notices for whoever asks instead."""

from typing import Any

from app.causes.errors.webhooks import EndpointForbidden
from app.causes.provider import courier
from app.causes.queries import webhooks as known
from app.causes.routes.acting import actor, acts, shows_secret
from app.causes.schemas.webhooks import (
    DeadLettersView,
    DeadLetterView,
    EndpointsView,
    EndpointView,
    NewEndpoint,
    NewEndpointView,
    NoticesQuery,
    NoticesView,
)
from app.causes.services import webhooks as services
from app.clients.errors import OutsideError
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.messages import t
from app.kit.problems import NotFound

webhooks = Blueprint(
    "webhooks",
    __name__,
    url_prefix="/v1/organisations",
    description="Telling an organisation's programs 推送",
)
_FIELDS = tuple(EndpointView().fields)


@webhooks.route("/<string:code>/notices", methods=["GET"])
@acts("read")
@webhooks.arguments(NoticesQuery, location="query")
@webhooks.response(200, NoticesView)
def get_notices(wish: dict[str, Any]) -> dict[str, Any]:
    """What happened behind a position, in order and without a gap: exactly what endpoints are sent."""
    return {"items": known.list_notices(actor().id, wish["after"], wish["limit"])}


@webhooks.route("/<string:code>/webhooks", methods=["GET"])
@acts("keys", member=True)
@webhooks.response(200, EndpointsView)
def get_endpoints() -> dict[str, Any]:
    """The organisation's endpoints."""
    return {"items": known.list_endpoints(actor().id)}


@webhooks.route("/<string:code>/webhooks", methods=["POST"])
@acts("keys", member=True)
@webhooks.arguments(NewEndpoint)
@webhooks.response(201, NewEndpointView)
def post_endpoint(wish: dict[str, Any]) -> Any:
    """Push what happens from now on to an https address of the public Internet."""
    require_public(wish["url"])
    return _open(wish)


@shows_secret
def _open(wish: dict[str, Any]) -> dict[str, Any]:
    return _with_secret(*services.open_endpoint(actor().id, wish["url"], wish["kinds"]))


def require_public(url: str) -> None:
    """Refuse an address that we do not push to; asks the DNS. Raises `EndpointForbidden`."""
    try:
        courier().require_public(url)
    except OutsideError as trouble:
        detail = t("causes.field_endpoint")
        raise EndpointForbidden(errors=[{"pointer": "#/url", "detail": detail}]) from trouble


@webhooks.route("/<string:code>/webhooks/<string:endpoint>", methods=["DELETE"])
@acts("keys", member=True)
@writes
@webhooks.response(204)
def delete_endpoint(endpoint: str) -> None:
    """Push nothing more there."""
    services.end_endpoint(actor().id, endpoint)


@webhooks.route("/<string:code>/webhooks/<string:endpoint>/secret", methods=["POST"])
@acts("keys", member=True)
@shows_secret
@webhooks.response(201, NewEndpointView)
def post_secret(endpoint: str) -> dict[str, Any]:
    """Sign with another secret; for a day the one before signs as well."""
    return _with_secret(*services.replace_secret(actor().id, endpoint))


@webhooks.route("/<string:code>/webhooks/<string:endpoint>/resumption", methods=["POST"])
@acts("keys", member=True)
@writes
@webhooks.response(200, EndpointView)
def post_resumption(endpoint: str) -> Any:
    """Go on with an endpoint that stopped, from where it stopped."""
    return services.resume_endpoint(actor().id, endpoint)


@webhooks.route("/<string:code>/webhooks/<string:endpoint>/tests", methods=["POST"])
@acts("keys", member=True)
@writes
@webhooks.response(202)
def post_test(endpoint: str) -> None:
    """Write a notice that says nothing but that it arrived; every endpoint that wants it gets it."""
    services.try_endpoint(actor().id, endpoint)


@webhooks.route("/<string:code>/webhooks/<string:endpoint>/dead-letters", methods=["GET"])
@acts("keys", member=True)
@webhooks.response(200, DeadLettersView)
def get_dead_letters(endpoint: str) -> dict[str, Any]:
    """What the endpoint never took, newest first."""
    return {"items": known.list_dead_letters(known.get_endpoint(actor().id, endpoint).id)}


@webhooks.route(
    "/<string:code>/webhooks/<string:endpoint>/dead-letters/<string:position>/replay", methods=["POST"]
)
@acts("keys", member=True)
@writes
@webhooks.response(202, DeadLetterView)
def post_replay(endpoint: str, position: str) -> Any:
    """Send a dead letter again, under the same id."""
    if not (position.isascii() and position.isdecimal() and len(position) <= 18):
        raise NotFound()
    return services.replay(actor().id, endpoint, int(position))


def _with_secret(row: Any, secret: str) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in _FIELDS}, "secret": secret}
