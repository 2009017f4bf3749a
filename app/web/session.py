"""Who is looking at a page: a cookie with a signed token, bound to a session that can be ended.

Two instances on one machine differ only by port, which cookies ignore; so the port is part of the
cookie's name. Source for the attributes: draft-ietf-httpbis-rfc6265bis (HttpOnly, Secure, SameSite).
"""

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Response, abort, current_app, redirect, request

from app.accounts import queries as accounts
from app.config import Settings
from app.kit import identity
from app.kit.identity import Identity
from app.kit.problems import NotSignedIn

LIFE = timedelta(days=7)
STATE_LIFE = timedelta(minutes=10)
"""How long somebody may stay in WeChat before they come back."""


def settings() -> Settings:
    """The application's settings."""
    found: Settings = current_app.extensions["settings"]
    return found


def seen_identity() -> Identity | None:
    """Whom the cookie names, by its signature alone; whether their session still lives is not asked."""
    try:
        return identity.signer().read(request.cookies.get(cookie_name(), ""), "web")
    except NotSignedIn:
        return None


def visitor() -> Identity | None:
    """The signed-in person behind this request, None when there is none or their session has ended."""
    seen = seen_identity()
    if seen is None:
        return None
    try:
        accounts.require_live_session(seen)
    except NotSignedIn:
        return None
    return seen


def personal(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let only a signed-in person see a page; their holder id is its first argument.

    Others are led to the sign-in page and back here afterwards.
    """

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        found = visitor()
        if found is None:
            if request.method not in ("GET", "HEAD"):
                raise NotSignedIn()
            abort(redirect("/sign-in?" + urlencode({"back": request.full_path.rstrip("?")})))
        return view(found.holder_id, *args, **kwargs)

    guarded.policy = "signed_in"  # type: ignore[attr-defined]
    return guarded


def keep(response: Response, holder_id: int, session_id: int) -> None:
    """Let the browser carry this session for a week."""
    token = identity.signer().issue(holder_id, session_id, "web", life=LIFE)
    set_cookie(response, cookie_name(), token, LIFE)


def forget(response: Response) -> None:
    """Take the session out of the browser."""
    response.delete_cookie(cookie_name(), path="/")


def set_cookie(response: Response, name: str, value: str, life: timedelta, samesite: str = "Lax") -> None:
    """A cookie that scripts cannot read and other sites' forms do not carry."""
    secure = settings().public_url.startswith("https:")
    seconds = int(life.total_seconds())
    response.set_cookie(name, value, seconds, path="/", secure=secure, httponly=True, samesite=samesite)


def cookie_name(part: str = "session") -> str:
    """The name of one of this instance's cookies."""
    port = urlsplit(settings().public_url).port
    return f"senhui_{part}" + (f"_{port}" if port else "")


def errand(purpose: str) -> str:
    """A mark for somebody we send to WeChat: signed, bound to their session, short-lived."""
    seen = seen_identity()
    if seen is None:
        raise NotSignedIn()
    return identity.signer().issue(seen.holder_id, seen.session_id, purpose, life=STATE_LIFE)


def on_errand(purpose: str, mark: str) -> bool:
    """Whether `mark` is the one we gave this very session for `purpose`, not long ago."""
    seen = seen_identity()
    try:
        sent = identity.signer().read(mark, purpose)
    except NotSignedIn:
        return False
    return seen is not None and (sent.holder_id, sent.session_id) == (seen.holder_id, seen.session_id)


def local_path(wish: str | None) -> str:
    """`wish` where it is a path of this site, the front page otherwise: we never redirect elsewhere."""
    if not wish or not wish.startswith("/") or wish.startswith(("//", "/\\")):
        return "/"
    if not wish.isascii() or not wish.isprintable() or "\\" in wish:
        return "/"
    return wish
