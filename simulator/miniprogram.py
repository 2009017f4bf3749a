"""The mini-program server API: login codes, access tokens, session checks.

Source: Weixin open documentation, "code2Session", "getStableAccessToken", "checkSessionKey",
"resetUserSessionKey". Errors are HTTP 200 with an `errcode`; code2Session answers JSON as text/plain.
"""

import secrets
from typing import Any

from flask import Blueprint, Response, request

from simulator.accounts import account_signed, new_session_key, redeem
from simulator.errors import MINI_MESSAGES, MiniRefused
from simulator.faults import Fault
from simulator.gate import REFUSING, guard
from simulator.state import Token
from simulator.world import World, answer, json_object, world

TOKEN_LIFE_S = 7200
#: A token is renewed this long before it ends; old and new are then both good.
OVERLAP_S = 300
FORCED_EVERY_S = 30
FORCED_A_DAY = 20
DAY_S = 86_400

blueprint = Blueprint("miniprogram", __name__)


def refusal(kind: str, fault: Fault) -> Response | None:
    """Answer the faults that refuse a request."""
    if kind == "errcode":
        return answer({"errcode": fault.errcode, "errmsg": MINI_MESSAGES.get(fault.errcode, "error")})
    status = {"http_500": 500, "http_429": 429}.get(kind)
    return answer({"errcode": -1, "errmsg": REFUSING[kind].lower()}, status) if status else None


guard(blueprint, refusal)


@blueprint.errorhandler(MiniRefused)
def refused(error: MiniRefused) -> Response:
    """Answer an error as WeChat does."""
    return answer({"errcode": error.errcode, "errmsg": error.errmsg}, mimetype=_mimetype())


def _mimetype() -> str:
    """Return the type WeChat labels an answer with, which for code2Session is a surprise."""
    return "text/plain" if request.path == "/sns/jscode2session" else "application/json"


@blueprint.get("/sns/jscode2session")
def code_to_session() -> Response:
    """Exchange a login code for openid and session key."""
    asked = request.args
    _check_app(asked.get("appid"), asked.get("secret"))
    if asked.get("grant_type") != "authorization_code":
        raise MiniRefused(40002)
    if not asked.get("js_code"):
        raise MiniRefused(41008)
    code = redeem(world(), asked["js_code"])
    return answer({"session_key": code.session_key, "openid": code.openid}, mimetype=_mimetype())


@blueprint.post("/cgi-bin/stable_token")
def stable_token() -> Response:
    """Hand out the access token; the same one until it has five minutes left."""
    try:
        body = json_object(request.get_data())
    except ValueError:
        raise MiniRefused(47001) from None
    if body.get("grant_type") != "client_credential":
        raise MiniRefused(40002)
    _check_app(body.get("appid"), body.get("secret"))
    token = current_token(world(), forced=body.get("force_refresh") is True)
    return answer({"access_token": token.token, "expires_in": int(token.expires_at - world().clock.now())})


@blueprint.get("/wxa/checksession")
def check_session() -> Response:
    """Tell whether a signature was made with the account's present session key."""
    check_token(request.args.get("access_token", ""))
    account_signed(world(), request.args.get("openid", ""), request.args.get("signature", ""))
    return answer({"errcode": 0, "errmsg": "ok"})


@blueprint.get("/wxa/resetusersessionkey")
def reset_session() -> Response:
    """Give an account a new session key."""
    check_token(request.args.get("access_token", ""))
    account = account_signed(world(), request.args.get("openid", ""), request.args.get("signature", ""))
    with world().state.changing():
        account.session_key = new_session_key()
    return answer(
        {"errcode": 0, "errmsg": "ok", "openid": account.openid, "session_key": account.session_key}
    )


def current_token(world: World, forced: bool = False) -> Token:
    """Return the newest token, making one when it is near its end or a fresh one is forced.

    A forced one ends all others at once; 20 a day, 30 s apart (MiniRefused 45009, 45011).
    """
    now, state = world.clock.now(), world.state
    with state.changing():
        state.tokens = {key: token for key, token in state.tokens.items() if token.expires_at > now}
        if forced:
            _count_forced(state.forced_refreshes, now)
            state.tokens.clear()
        newest = max(state.tokens.values(), key=lambda token: token.expires_at, default=None)
        if newest is None or newest.expires_at - now <= OVERLAP_S:
            newest = Token(f"90_{secrets.token_urlsafe(96)}", now + TOKEN_LIFE_S)
            state.tokens[newest.token] = newest
    return newest


def _count_forced(times: list[float], now: float) -> None:
    """Write down a forced refresh or refuse it."""
    times[:] = [then for then in times if now - then < DAY_S]
    if times and now - times[-1] < FORCED_EVERY_S:
        raise MiniRefused(45011)
    if len(times) >= FORCED_A_DAY:
        raise MiniRefused(45009)
    times.append(now)


def check_token(text: str) -> None:
    """Refuse an access token that is unknown or over."""
    token = world().state.tokens.get(text)
    if token is None or token.expires_at <= world().clock.now():
        raise MiniRefused(40001)


def _check_app(appid: Any, secret: Any) -> None:
    """Refuse another app's id or secret."""
    for given, missing in ((appid, 41002), (secret, 41004)):
        if not given:
            raise MiniRefused(missing)
    if appid != world().keys.appid:
        raise MiniRefused(40013)
    if secret != world().keys.secret:
        raise MiniRefused(40125)
