"""What can be done with holders: open, sign in, refresh, sign out, consent."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.accounts import rules
from app.accounts.errors import RefreshNotAccepted
from app.accounts.models import Consent, Holder, Organisation, RefreshToken, SignInSession, WeChatIdentity
from app.accounts.services import audit
from app.kit import clock, sealing
from app.kit.codes import random_code
from app.kit.database import db

RIGHT_HOLDERS = ("village", "household", "organisation")
"""The kinds of holders that can own forest."""


@dataclass(frozen=True)
class SignedIn:
    """A fresh session: whose, which, and the refresh token that is shown only now."""

    holder_id: int
    session_id: int
    refresh_token: str


def open_holder(kind: str, name: str | None = None, region: str | None = None) -> Holder:
    """Open the books of a new holder of `kind` (person, household, village, organisation)."""
    holder = Holder(code=random_code(), kind=kind, name=name, region=region, created_at=clock.now())
    db.session.add(holder)
    db.session.flush()
    return holder


def open_organisation(operator_id: int, name: str, region: str | None = None) -> Holder:
    """Open the books of an organisation or court by its name, on an operator's word."""
    holder = _open_known("organisation", name, region)
    audit.record(operator_id, "organisation_opened", holder.code, {"name": name})
    return holder


def open_right_holder(operator_id: int, kind: str, name: str, region: str | None = None) -> Holder:
    """Open the books of a village, household or state farm that owns forest, on an operator's word.

    Raises ValueError for another kind.
    """
    if kind not in RIGHT_HOLDERS:
        raise ValueError(f"no right holder is a {kind}")
    holder = _open_known(kind, name, region)
    audit.record(operator_id, "right_holder_opened", holder.code, {"kind": kind})
    return holder


def _open_known(kind: str, name: str, region: str | None) -> Holder:
    """The books of somebody whom operators know: an organisation's name counts as verified."""
    holder = open_holder(kind, name, region)
    if kind == "organisation":
        db.session.add(Organisation(holder_id=holder.id, told_name=name, verified_at=holder.created_at))
        db.session.flush()
    return holder


def sign_in_wechat(openid: str, unionid: str | None, session_key: str) -> SignedIn:
    """Sign in whom WeChat vouches for; the first time opens their books.

    The session key is sealed and replaces the one before, since WeChat keeps one valid key a user.
    """
    identity = db.session.scalar(
        select(WeChatIdentity).where(WeChatIdentity.openid == openid).with_for_update()
    )
    holder_id = identity.holder_id if identity else open_holder("person").id
    stored = db.session.scalar(
        insert(WeChatIdentity)
        .values(
            openid=openid,
            holder_id=holder_id,
            unionid=unionid,
            session_key_sealed=sealing.seal(session_key, f"session_key:{openid}"),
            signed_in_at=clock.now(),
        )
        .on_conflict_do_update(
            index_elements=["openid"],
            set_={
                "session_key_sealed": sealing.seal(session_key, f"session_key:{openid}"),
                "signed_in_at": clock.now(),
            },
        )
        .returning(WeChatIdentity.holder_id)
    )
    if stored != holder_id:  # two first sign-ins at once: the other one opened the books
        db.session.delete(db.session.get_one(Holder, holder_id))
        holder_id = int(stored or 0)
    session = SignInSession(holder_id=holder_id, created_at=clock.now())
    db.session.add(session)
    db.session.flush()
    return SignedIn(holder_id, session.id, _new_refresh_token(session.id))


def refresh(token: str) -> SignedIn | None:
    """Rotate a refresh token. Raises `RefreshNotAccepted` for one that is unknown, old or revoked.

    None means that the token was used before: its family has just been ended, and the caller must
    refuse after the commit, since a refusal inside the transaction would undo that end.
    """
    row = db.session.get(RefreshToken, _hash(token), with_for_update=True)
    if row is None:
        raise RefreshNotAccepted()
    session = db.session.get_one(SignInSession, row.session_id)
    verdict = rules.refresh_verdict(clock.now(), row.expires_at, row.used_at, _successor_used(row))
    if session.revoked_at is not None or verdict is rules.RefreshVerdict.EXPIRED:
        raise RefreshNotAccepted()
    if verdict is rules.RefreshVerdict.REUSED:
        sign_out(session.id)
        return None
    if verdict is rules.RefreshVerdict.REPEAT and row.successor_sealed is not None:
        return SignedIn(session.holder_id, session.id, _successor(row))
    successor = _new_refresh_token(session.id)
    row.used_at = clock.now()
    row.successor_sealed = sealing.seal(successor, f"refresh:{row.hash.hex()}")
    return SignedIn(session.holder_id, session.id, successor)


def sign_out(session_id: int) -> None:
    """End a session and its refresh tokens; money routes refuse its access tokens from now on."""
    db.session.execute(
        update(SignInSession)
        .where(SignInSession.id == session_id, SignInSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def grant_consent(holder_id: int, scene: str, source: str, version: str) -> Consent:
    """Record that the holder agrees to data of `scene` from `source`; agreeing twice is agreeing once."""
    standing = _standing(holder_id, scene, source)
    if standing is not None and standing.version == version:
        return standing
    withdraw_consent(holder_id, scene, source)
    consent = Consent(
        holder_id=holder_id, scene=scene, source=source, version=version, granted_at=clock.now()
    )
    db.session.add(consent)
    db.session.flush()
    return consent


def withdraw_consent(holder_id: int, scene: str, source: str) -> bool:
    """Withdraw a standing consent; False when there was none."""
    standing = _standing(holder_id, scene, source)
    if standing is None:
        return False
    standing.withdrawn_at = clock.now()
    db.session.flush()
    return True


def _standing(holder_id: int, scene: str, source: str) -> Consent | None:
    db.session.execute(select(Holder.id).where(Holder.id == holder_id).with_for_update())
    return db.session.scalar(
        select(Consent).where(
            Consent.holder_id == holder_id,
            Consent.scene == scene,
            Consent.source == source,
            Consent.withdrawn_at.is_(None),
        )
    )


def _new_refresh_token(session_id: int) -> str:
    token = secrets.token_urlsafe(32)
    expires = clock.now() + rules.REFRESH_LIFE
    db.session.add(RefreshToken(hash=_hash(token), session_id=session_id, expires_at=expires))
    db.session.flush()
    return token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _successor(row: RefreshToken) -> str:
    return sealing.unseal(row.successor_sealed or b"", f"refresh:{row.hash.hex()}")


def _successor_used(row: RefreshToken) -> bool:
    if row.successor_sealed is None:
        return False
    successor = db.session.get(RefreshToken, _hash(_successor(row)))
    return successor is None or successor.used_at is not None
