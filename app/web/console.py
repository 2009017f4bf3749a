"""Who runs the platform: the operators' own cookie, and what lets them into a page of the console.

It lives for one working day in a browser that is closed no later; strict SameSite, since nobody comes
to the console from elsewhere. Source: OWASP Session Management Cheat Sheet.
"""

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit import identity
from app.kit.problems import NotAllowed, NotSignedIn
from app.web import session

AUDIENCE = "console"
LIFE = timedelta(hours=10)


def cookie_name() -> str:
    """The console's cookie, apart from the one of people."""
    return session.cookie_name(AUDIENCE)


def operator() -> OperatorFacts | None:
    """The operator behind this request, None when there is none or their session has ended."""
    try:
        seen = identity.signer().read(request.cookies.get(cookie_name(), ""), AUDIENCE)
        return accounts.operators.get_live_operator(seen)
    except NotSignedIn:
        return None


def operated(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only an operator with `permission` see a page; they are its first argument.

    Others are led to the console's sign-in, and refused with 403 when signed in without the right.
    """

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            found = operator()
            if found is None:
                if request.method not in ("GET", "HEAD"):
                    raise NotSignedIn()
                abort(redirect("/console/sign-in?" + urlencode({"back": request.full_path.rstrip("?")})))
            if not found.may(permission):
                raise NotAllowed()
            return view(found, *args, **kwargs)

        guarded.policy = f"operator:{permission}"  # type: ignore[attr-defined]
        return guarded

    return guard


def keep(response: Response, operator_id: int, session_id: int) -> None:
    """Let the browser carry this operator's session for a working day."""
    token = identity.signer().issue(operator_id, session_id, AUDIENCE, life=LIFE)
    session.set_cookie(response, cookie_name(), token, LIFE, samesite="Strict")
