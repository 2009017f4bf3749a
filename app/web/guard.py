"""What protects a page: where it may load from, and that a form was ours."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, request

from app.web.errors import ForeignForm
from app.web.session import settings

SAFE = ("GET", "HEAD", "OPTIONS")


def carries_mark(view: Callable[..., Any]) -> Callable[..., Any]:
    """Declare that a view checks a signed mark itself, because another site sends its form."""
    view.carries_mark = True  # type: ignore[attr-defined]
    return view


def refuse_foreign_forms() -> None:
    """Refuse a write that another site's page sent. Raises `ForeignForm`.

    Browsers name the sender in Origin, or tell by Sec-Fetch-Site; a request with neither is no form
    of ours. A view marked `carries_mark` checks a signed mark instead.
    Source: OWASP Cross-Site Request Forgery Prevention, verifying origin with standard headers.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method in SAFE or getattr(view, "carries_mark", False):
        return
    origin = request.headers.get("Origin")
    if origin is None and request.headers.get("Sec-Fetch-Site") == "same-origin":
        return
    if origin not in (settings().public_url, request.host_url.rstrip("/")):
        raise ForeignForm()


def add_page_headers(response: Response) -> Response:
    """Pages load only from here, run no inline script and stand in no frame."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", content_policy())
        response.headers.setdefault("Permissions-Policy", "geolocation=(), camera=(), microphone=()")
    return response


def content_policy() -> str:
    """The Content-Security-Policy; forms may also lead to the simulator's phone where there is one."""
    phone = phone_origin()
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            f"form-action 'self' {phone}".rstrip(),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def phone_origin() -> str:
    """Scheme, host and port of the WeChat simulator; nothing in production."""
    phone = settings().phone_url
    if not phone:
        return ""
    parts = urlsplit(phone)
    return f"{parts.scheme}://{parts.netloc}"
