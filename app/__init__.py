"""Senhui 森惠: the application, wired together. Wiring only; every decision lives in a room."""

import gc
import importlib
from importlib.util import find_spec
from typing import Any

import structlog
from flask import Flask
from flask_smorest import Api

from app.config import Settings

ROOMS = ("accounts", "footprint", "registry", "offsets", "causes", "treasury", "rewards", "statements", "web")
"""The rooms from the lowest up; each may use those before it."""


def create_app(settings: Settings | None = None) -> Flask:
    """A ready application for `settings` (or the environment's). Raises `UnsafeSettings`."""
    # Half a million objects are made here to stay, and the collector would look at them again and again:
    # a fifth of the time until an instance is ready.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _wired(settings or Settings.from_env())
    finally:
        if collecting:
            gc.enable()


def _wired(settings: Settings) -> Flask:
    from app import cli
    from app.kit import database, health, http, identity, queue, signing

    app = Flask("app", static_folder=None)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["settings"] = settings
    _configure_logs(settings)
    database.connect(app, settings.database_url, settings.pool_size)
    queue.connect(app, settings.redis_url)
    identity.connect(app, settings.token_key)
    signing.connect(app, settings.certificate_key, settings.past_keys)
    http.connect(app)
    health.connect(app)
    _connect_clients(app, settings)
    _open_rooms(app)
    _trust_proxies(app, settings)
    cli.connect(app)
    return app


def _open_rooms(app: Flask) -> None:
    """Register every room's routes and let its jobs listen."""
    api = Api(app, spec_kwargs=_spec())
    for room in ROOMS:
        for part in ("models", "jobs"):
            if find_spec(f"app.{room}.{part}"):
                importlib.import_module(f"app.{room}.{part}")
        if find_spec(f"app.{room}.routes"):
            routes = importlib.import_module(f"app.{room}.routes")
            routes.connect(app, api)


def _spec() -> dict[str, Any]:
    return {
        "title": "Senhui 森惠",
        "version": "v1",
        "openapi_version": "3.1.0",
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        },
    }


def _connect_clients(app: Flask, settings: Settings) -> None:
    """Give `app` its ways to the outside world; without a merchant account nothing can be paid."""
    from app.clients import pay
    from app.clients.miniprogram import MiniProgram
    from app.clients.webhooks import Courier

    wechat = settings.wechat
    app.extensions["miniprogram"] = MiniProgram(wechat.api_base, wechat.appid, wechat.secret)
    app.extensions["courier"] = Courier()
    if wechat.mchid:
        app.extensions["wechat_pay"] = pay.WeChatPay(
            wechat.pay_base,
            wechat.appid,
            wechat.mchid,
            wechat.merchant_serial,
            pay.load_private_key(wechat.merchant_private_key),
            {wechat.platform_key_id: pay.load_public_key(wechat.platform_public_key)},
            wechat.apiv3_key,
            f"{settings.public_url}/v1/wechat-pay/notices",
            f"{settings.public_url}/v1/wechat-pay/notices",
        )


def _trust_proxies(app: Flask, settings: Settings) -> None:
    """Believe X-Forwarded-* only from as many proxies as the operator says there are."""
    if settings.trusted_proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _configure_logs(settings: Settings) -> None:
    """JSON lines in production, readable ones elsewhere; the request's id on every line."""
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if not settings.production:
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        cache_logger_on_first_use=True,
    )
