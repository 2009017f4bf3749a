"""What can be asked of accounts over HTTP: sessions, the caller's own page, consents, statement."""

from typing import Any

from flask import Flask, current_app
from flask_smorest import Api

from app.accounts import queries, services
from app.accounts.errors import CodeNotAccepted, RefreshNotAccepted, SignInBlocked
from app.accounts.schemas import (
    ConsentView,
    HolderView,
    NewConsent,
    NewSession,
    NoticeView,
    SessionRefresh,
    SessionView,
    StatementLineView,
)
from app.accounts.services import SignedIn
from app.clients import errors as outside
from app.clients.miniprogram import MiniProgram
from app.kit import identity
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.problems import NotFound, OutsideUnavailable, TooMany
from app.kit.transaction import transaction

sessions = Blueprint("sessions", __name__, url_prefix="/v1/sessions", description="Sign in and out 登录")
me = Blueprint("me", __name__, url_prefix="/v1/me", description="The caller's own books 我的账户")


@sessions.route("", methods=["POST"])
@public
@sessions.arguments(NewSession)
@sessions.response(201, SessionView)
def post_session(wish: dict[str, Any]) -> dict[str, Any]:
    """Sign in with a code from wx.login."""
    return _tokens(sign_in(wish["code"]))


def sign_in(code: str) -> SignedIn:
    """Ask WeChat who holds `code`, outside any transaction, and open their session.

    Raises `CodeNotAccepted`, `SignInBlocked`, `TooMany` or `OutsideUnavailable`.
    """
    client: MiniProgram = current_app.extensions["miniprogram"]
    try:
        answer = client.code_to_session(code)
    except outside.CodeRefused as error:
        raise CodeNotAccepted() from error
    except outside.UserBlocked as error:
        raise SignInBlocked() from error
    except outside.RateLimited as error:
        raise TooMany() from error
    except outside.OutsideError as error:
        raise OutsideUnavailable() from error
    with transaction():
        return services.sign_in_wechat(answer.openid, answer.unionid, answer.session_key)


@sessions.route("/refresh", methods=["POST"])
@public
@sessions.arguments(SessionRefresh)
@sessions.response(201, SessionView)
def post_refresh(wish: dict[str, Any]) -> dict[str, Any]:
    """Exchange a refresh token for new tokens; each works once."""
    with transaction():
        signed = services.refresh(wish["refresh_token"])
    if signed is None:
        raise RefreshNotAccepted()
    return _tokens(signed)


@sessions.route("/current", methods=["DELETE"])
@signed_in
@writes
@sessions.response(204)
def delete_session() -> None:
    """Sign out: this session's refresh tokens end now."""
    services.sign_out(caller().session_id)


@me.route("", methods=["GET"])
@signed_in
@me.response(200, HolderView)
def get_me() -> dict[str, Any]:
    """The caller and their balances, each asset for itself."""
    queries.require_live_session(caller())
    holder = queries.get_holder(caller().holder_id)
    return {
        "code": holder.code,
        "kind": holder.kind,
        "created_at": holder.created_at,
        "balances": queries.get_balances(holder.id),
    }


@me.route("/statement", methods=["GET"])
@signed_in
@me.arguments(PageQuery, location="query")
@me.response(200, page_of(StatementLineView))
def get_statement(wish: dict[str, Any]) -> dict[str, Any]:
    """The caller's entries, newest first."""
    queries.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.list_statement(caller().holder_id, wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda line: line.id)


@me.route("/notices", methods=["GET"])
@signed_in
@me.arguments(PageQuery, location="query")
@me.response(200, page_of(NoticeView))
def get_notices(wish: dict[str, Any]) -> dict[str, Any]:
    """What the caller was told of what is theirs, newest first."""
    queries.require_live_session(caller())
    before = read_cursor(wish.get("after"))
    rows = queries.notices.list_notices(caller().holder_id, wish["limit"] + 1, before)
    return page(rows, wish["limit"], lambda notice: notice.id)


@me.route("/consents", methods=["GET"])
@signed_in
@me.response(200, ConsentView(many=True))
def get_consents() -> Any:
    """All consents of the caller, the withdrawn ones too."""
    queries.require_live_session(caller())
    return queries.list_consents(caller().holder_id)


@me.route("/consents/<string:scene>/<string:source>", methods=["PUT"])
@signed_in
@writes
@me.arguments(NewConsent)
@me.response(200, ConsentView)
def put_consent(wish: dict[str, Any], scene: str, source: str) -> Any:
    """Agree that `source` gives data of `scene`."""
    queries.require_live_session(caller())
    if not (_word(scene) and _word(source)):
        raise NotFound()
    return services.grant_consent(caller().holder_id, scene, source, wish["version"])


@me.route("/consents/<string:scene>/<string:source>", methods=["DELETE"])
@signed_in
@writes
@me.response(204)
def delete_consent(scene: str, source: str) -> None:
    """Withdraw a consent; what was recorded before stays, nothing new is taken."""
    queries.require_live_session(caller())
    if not (_word(scene) and _word(source)):
        raise NotFound()
    if not services.withdraw_consent(caller().holder_id, scene, source):
        raise NotFound()


def _word(text: str) -> bool:
    return text.isascii() and text.replace("_", "").isalnum() and len(text) <= 40


def _tokens(signed: SignedIn) -> dict[str, Any]:
    return {
        "access_token": identity.signer().issue(signed.holder_id, signed.session_id, "api"),
        "expires_in": int(identity.ACCESS_LIFE.total_seconds()),
        "refresh_token": signed.refresh_token,
    }


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes."""
    api.register_blueprint(sessions)
    api.register_blueprint(me)
