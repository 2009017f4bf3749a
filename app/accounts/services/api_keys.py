"""API keys: a program's way to act for an organisation.

A key is 160 random bits behind a prefix that finds it, so a plain SHA-256 keeps it: nobody can try them all.
"""

import secrets
from datetime import datetime, timedelta
from hmac import compare_digest

from sqlalchemy import func, select, update

from app.accounts import rules
from app.accounts.announcements import ORGANISATION_CHANGED
from app.accounts.errors import KeyReplaced, KeyScopes, TooManyKeys
from app.accounts.models import ApiKey, Organisation
from app.accounts.queries.api_keys import KEY_MARK, works
from app.accounts.services.memberships import hash_of, require_still
from app.kit import clock
from app.kit.announcements import announce
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.problems import NotFound, NotSignedIn

_USED_EVERY = timedelta(minutes=1)


def make_key(
    organisation_id: int, member_id: int, name: str, scopes: list[str], expires_at: datetime
) -> tuple[ApiKey, str]:
    """A new key and its whole text, which is shown only now. Raises `NotAllowed`, `TooManyKeys`."""
    return _make(organisation_id, member_id, name, scopes, expires_at)


def replace_key(
    organisation_id: int, member_id: int, may: frozenset[str], prefix: str, overlap: timedelta
) -> tuple[ApiKey, str]:
    """A successor with the same scopes and life; the key before it works on for `overlap`.

    Raises `NotFound`, `NotAllowed`, `KeyReplaced`, and `KeyScopes` when the caller `may` not do all of it.
    """
    before = _lock_key(organisation_id, prefix)
    replaced = db.session.scalar(select(ApiKey.id).where(ApiKey.replaces_id == before.id))
    if replaced is not None or not works(before, clock.now()):
        raise KeyReplaced()
    if not set(before.scopes) <= may:
        raise KeyScopes()
    ends = clock.now() + (before.expires_at - before.created_at)
    before.expires_at = min(before.expires_at, clock.now() + overlap)
    return _make(organisation_id, member_id, before.name, before.scopes, ends, before.id)


def revoke_key(organisation_id: int, prefix: str) -> None:
    """Let a key not work any more, from this moment on. Raises `NotFound`."""
    key = _lock_key(organisation_id, prefix)
    if key.revoked_at is not None:
        return
    key.revoked_at = clock.now()
    db.session.flush()
    told = {"organisation_id": organisation_id, "kind": "key.revoked", "subject": prefix}
    announce(ORGANISATION_CHANGED, told)


def use_key(text: str) -> ApiKey:
    """The key that a program presents, if it works; when it was used is kept to the minute.

    Raises `NotSignedIn`, which is the one answer for every cause.
    """
    prefix, _, secret = text.removeprefix(KEY_MARK).partition("_")
    key = db.session.scalar(select(ApiKey).where(ApiKey.prefix == prefix)) if prefix.isalnum() else None
    known = compare_digest(key.secret_hash if key else bytes(32), hash_of(secret))
    now = clock.now()
    if key is None or not known or not works(key, now):
        raise NotSignedIn()
    if key.last_used_at is None or key.last_used_at < now - _USED_EVERY:
        db.session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=now))
    return key


def _make(
    organisation_id: int,
    member_id: int,
    name: str,
    scopes: list[str],
    expires_at: datetime,
    replaces_id: int | None = None,
) -> tuple[ApiKey, str]:
    db.session.get_one(Organisation, organisation_id, with_for_update=True)
    require_still(organisation_id, member_id, "keys")
    working = select(func.count()).where(
        ApiKey.organisation_id == organisation_id,
        ApiKey.revoked_at.is_(None),
        ApiKey.expires_at > clock.now(),
    )
    if (db.session.scalar(working) or 0) >= rules.MOST_KEYS:
        raise TooManyKeys(most=rules.MOST_KEYS)
    prefix, secret = random_code(10), secrets.token_hex(20)
    key = ApiKey(
        organisation_id=organisation_id,
        prefix=prefix,
        secret_hash=hash_of(secret),
        name=name,
        scopes=sorted(set(scopes)),
        created_by=member_id,
        created_at=clock.now(),
        expires_at=expires_at,
        replaces_id=replaces_id,
    )
    db.session.add(key)
    db.session.flush()
    return key, f"{KEY_MARK}{prefix}_{secret}"


def _lock_key(organisation_id: int, prefix: str) -> ApiKey:
    db.session.get_one(Organisation, organisation_id, with_for_update=True)
    key = db.session.scalar(
        select(ApiKey)
        .where(ApiKey.prefix == prefix, ApiKey.organisation_id == organisation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if key is None:
        raise NotFound()
    return key
