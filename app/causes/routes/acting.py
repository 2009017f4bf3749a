"""Who acts for an organisation on its own routes: a member with a token, or a program with a key.

The organisation stands in the path, so that nothing done in its name depends on a header somebody forgot.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import g, request

from app.accounts import queries as accounts
from app.accounts.queries.api_keys import KEY_MARK
from app.accounts.queries.memberships import OrganisationFacts, get_organisation, require_role
from app.accounts.services.api_keys import use_key
from app.causes.services.organisations import For
from app.kit import clock
from app.kit.identity import ACCESS_LIFE, Identity, caller, signed_in
from app.kit.problems import NotAllowed, NotFound
from app.kit.transaction import transaction


@dataclass(frozen=True)
class Actor:
    """An organisation and whoever acts for it; for a `key`, `member_id` is who made it."""

    organisation: OrganisationFacts
    member_id: int
    role: str
    permissions: frozenset[str]
    key_id: int | None = None

    @property
    def id(self) -> int:
        """The organisation's holder id."""
        return self.organisation.id

    def doing(self, use_name: str | None = None, period: str | None = None) -> For:
        """Who does something, and for what."""
        return For(self.id, self.member_id, self.key_id, use_name, period)


def acts(permission: str, *, member: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only those through who may do this in the name of the organisation in the path (`code`).

    `member` lets no key through. The view gets no `code`: it finds whom it acts for in `actor()`.
    """

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(code: str, *args: Any, **kwargs: Any) -> Any:
            token = request.headers.get("Authorization", "").partition(" ")[2].strip()
            by_key = token.startswith(KEY_MARK) and not member
            g.actor = _by_key(code, token, permission) if by_key else _by_member(code, permission)
            return view(*args, **kwargs)

        guarded.policy = f"organisation:{permission}"  # type: ignore[attr-defined]
        return guarded

    return guard


def shows_secret(view: Callable[..., Any]) -> Callable[..., Any]:
    """Run a view as one transaction whose answer is kept nowhere: it holds what nobody may read again.

    So an `Idempotency-Key` has no effect: whoever lost the answer makes another one and ends the first.
    """

    @functools.wraps(view)
    def written(*args: Any, **kwargs: Any) -> Any:
        with transaction():
            return view(*args, **kwargs)

    return written


def actor() -> Actor:
    """Whom this request acts for; only inside a view that `acts` guards."""
    found: Actor = g.actor
    return found


@signed_in
def _by_member(code: str, permission: str) -> Actor:
    accounts.require_live_session(caller())
    found = require_role(caller().holder_id, code, permission)
    return Actor(found.organisation, caller().holder_id, found.role, found.permissions)


def _by_key(code: str, token: str, permission: str) -> Actor:
    with transaction():
        key = use_key(token)
    organisation = get_organisation(key.organisation_id)
    if organisation.code != code:
        raise NotFound()
    if permission not in key.scopes:
        raise NotAllowed()
    # What the key's Idempotency-Keys belong to; there is no session behind it.
    g.identity = Identity(organisation.id, 0, clock.now().timestamp() + ACCESS_LIFE.total_seconds())
    return Actor(organisation, key.created_by, "key", frozenset(key.scopes), key.id)
