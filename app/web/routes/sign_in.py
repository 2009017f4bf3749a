"""Signing in with WeChat, signing out, and choosing a language."""

import secrets
from datetime import timedelta
from hmac import compare_digest
from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from app.accounts import services as accounts
from app.accounts.routes import sign_in
from app.kit.http import public
from app.kit.messages import LANGUAGES
from app.kit.problems import NotFound
from app.kit.transaction import transaction
from app.web import session
from app.web.errors import OnlyInWeChat, ReturnUnknown
from app.web.pages import page, web

LANGUAGE_LIFE = timedelta(days=365)


@web.get("/sign-in")
@public
def sign_in_page() -> Response:
    """Offer the way in: the phone in development, the mini-program in production."""
    back = session.local_path(request.args.get("back"))
    phone = session.settings().phone_url
    return page("sign_in.html", tab="me", back=back, phone=phone, denied="error" in request.args)


@web.post("/sign-in")
@public
def leave_for_wechat() -> Response:
    """Send the browser to WeChat with a mark that only this browser carries."""
    back = session.local_path(request.form.get("back"))
    phone, home = session.settings().phone_url, session.settings().public_url
    if not phone:
        raise OnlyInWeChat()
    if request.host_url.rstrip("/") != home:  # cookies belong to a host: begin where one comes back to
        return make_response(redirect(f"{home}/sign-in?{urlencode({'back': back})}", 303))
    mark = secrets.token_urlsafe(24)
    returning = f"{home}/sign-in/return?{urlencode({'back': back})}"
    query = urlencode({"redirect_uri": returning, "state": mark})
    response = make_response(redirect(f"{phone}/phone/login?{query}", 303))
    session.set_cookie(response, session.cookie_name("state"), mark, session.STATE_LIFE)
    return response


@web.get("/sign-in/return")
@public
def return_from_wechat() -> Response:
    """Take the code that WeChat gave, if this browser was sent there by us. Raises `ReturnUnknown`."""
    back = session.local_path(request.args.get("back"))
    if "error" in request.args:
        return make_response(redirect("/sign-in?" + urlencode({"back": back, "error": "denied"}), 303))
    mark = request.cookies.get(session.cookie_name("state"), "")
    given = request.args.get("state", "")
    if not mark or not compare_digest(mark.encode(), given.encode("utf-8", "replace")):
        raise ReturnUnknown()
    signed = sign_in(request.args.get("code", "")[:128])
    response = make_response(redirect(back, 303))
    session.keep(response, signed.holder_id, signed.session_id)
    response.delete_cookie(session.cookie_name("state"), path="/")
    return response


@web.post("/sign-out")
@public
def sign_out() -> Response:
    """End this session everywhere it is carried."""
    seen = session.visitor()
    if seen is not None:
        with transaction():
            accounts.sign_out(seen.session_id)
    response = make_response(redirect("/?said=signed_out", 303))
    session.forget(response)
    return response


@web.get("/lang/<string:language>")
@public
def choose_language(language: str) -> Response:
    """Remember the reader's language and go back to where they were."""
    if language not in LANGUAGES:
        raise NotFound()
    response = make_response(redirect(session.local_path(request.args.get("back")), 303))
    session.set_cookie(response, "lang", language, LANGUAGE_LIFE)
    return response
