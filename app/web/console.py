"""Who runs the platform: the operators' own cookie, and what lets them into a page of the console.

It lives for one working day in a browser that is closed no later; strict SameSite, since nobody comes
to the console from elsewhere. Source: OWASP Session Management Cheat Sheet.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, g, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.accounts.rules import OPERATOR_SESSION_LIFE
from app.kit import identity
from app.kit.problems import NotAllowed, NotSignedIn
from app.web import session

AUDIENCE = "console"
HOME = "/console"
SECTIONS: tuple[tuple[str, str, str | None], ...] = (
    ("home", HOME, None),
    ("reconciliation", "/console/reconciliation", "money.read"),
    ("payouts", "/console/payouts", "money.read"),
    ("payees", "/console/payees", "money.read"),
    ("refunds", "/console/refunds", "money.read"),
    ("shippings", "/console/shippings", "money.read"),
    ("doubts", "/console/doubts", "money.read"),
    ("transfers", "/console/transfers", "money.read"),
    ("organisations", "/console/organisations", "money.read"),
    ("registry", "/console/registry", "registry.read"),
    ("market", "/console/market", "registry.read"),
    ("origins", "/console/origins", "registry.read"),
    ("handovers", "/console/handovers", "registry.read"),
    ("programmes", "/console/programmes", "registry.read"),
    ("queue", "/console/queue", "money.read"),
    ("regions", "/console/regions", "registry.read"),
    ("sanctions", "/console/sanctions", "registry.read"),
    ("items", "/console/items", "rewards.read"),
    ("redemptions", "/console/redemptions", "rewards.read"),
    ("dossiers", "/console/dossiers", "registry.read"),
    ("dockets", "/console/dockets", "dockets.read"),
    ("courts", "/console/courts", "courts.read"),
    ("partners", "/console/partners", "partners.read"),
    ("reviews", "/console/reviews", "footprint.read"),
    ("fairness", "/console/fairness", "rewards.read"),
    ("duties", "/console/duties", "duties.read"),
    ("words", "/console/words", "words.read"),
    ("names", "/console/names", "words.read"),
    ("events", "/console/events", "registry.read"),
    ("sponsors", "/console/sponsors", "rewards.read"),
    ("drives", "/console/drives", "rewards.read"),
    ("challenges", "/console/challenges", "rewards.read"),
    ("audit", "/console/audit", "audit.read"),
    ("operators", "/console/operators", "operators.write"),
    ("account", "/console/account", None),
)
"""The console's parts: name (`console_<name>` in the catalogue), path, and the permission that shows it."""


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


def operated(permission: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only an operator with `permission` (any operator, where none is named) see a page.

    They are the view's first argument. Others are led to the console's sign-in, and refused with 403
    when signed in without the right.
    """

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            found = operator()
            if found is None:
                if request.method not in ("GET", "HEAD"):
                    raise NotSignedIn()
                abort(redirect("/console/sign-in?" + urlencode({"back": request.full_path.rstrip("?")})))
            g.operator = found
            if permission is not None and not found.may(permission):
                raise NotAllowed()
            return view(found, *args, **kwargs)

        guarded.policy = f"operator:{permission or 'any'}"  # type: ignore[attr-defined]
        return guarded

    return guard


@dataclass(frozen=True)
class Frame:
    """What stands around every page of the console: who is here, and where they may go."""

    operator: OperatorFacts | None
    sections: tuple[tuple[str, str, bool], ...]


def frame() -> Frame:
    """This page's frame; asks no database, so that a page about a fault has one too."""
    here: OperatorFacts | None = g.get("operator")
    if here is None:
        return Frame(None, ())
    open_to = [(name, path) for name, path, asked in SECTIONS if asked is None or here.may(asked)]
    # The longest path that leads here: every path begins with the home page's own.
    under = [path for _, path in open_to if f"{request.path}/".startswith(f"{path}/")]
    current = max(under, key=len, default="")
    return Frame(here, tuple((name, path, path == current) for name, path in open_to))


def keep(response: Response, operator_id: int, session_id: int) -> None:
    """Let the browser carry this operator's session for a working day."""
    token = identity.signer().issue(operator_id, session_id, AUDIENCE, life=OPERATOR_SESSION_LIFE)
    session.set_cookie(response, cookie_name(), token, OPERATOR_SESSION_LIFE, samesite="Strict")


def forget(response: Response) -> None:
    """Take the operator's session out of the browser."""
    response.delete_cookie(cookie_name(), path="/")
