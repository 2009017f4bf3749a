"""The phone: the pages a person's WeChat would show, and the same acts as JSON for scripts.

A person is whoever the cookie names; the login page lets them choose. Pages send the browser, and form
data, only to addresses that `Addresses` allows.
"""

import secrets
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from simulator.accounts import FIRST_NAMES, account_named, display_name, log_in
from simulator.addresses import origin, with_parameters
from simulator.chart import bars
from simulator.errors import ControlRefused, PhoneRefused
from simulator.payments import PAY_PARAMETERS, order_to_pay, pay
from simulator.state import Account, Transaction
from simulator.steps import encrypted, month_of_steps, werun_data
from simulator.world import answer, wish, world

COOKIE = "wechat_simulator_account"
COOKIE_LIFE_S = 365 * 86_400
NEW_ACCOUNT = "new"
#: The login page offers numbered accounts up to this one.
MOST_OFFERED = 9

blueprint = Blueprint("phone", __name__, url_prefix="/phone")


@blueprint.errorhandler(PhoneRefused)
@blueprint.errorhandler(ControlRefused)
def _refused(error: PhoneRefused | ControlRefused) -> Response:
    """Show, or tell a script, why something cannot be done."""
    if isinstance(error, ControlRefused):
        return answer({"result": "fail", "error": str(error)}, 400)
    if request.path.startswith("/phone/api/"):
        return answer({"result": "fail", "error": error.english, "message": error.chinese}, error.status)
    target = request.values.get("redirect_uri", "")
    back = with_parameters(target, result="fail", state=_state()) if world().addresses.allows(target) else ""
    return _page("refused.html", error.status, chinese=error.chinese, english=error.english, back=back)


@blueprint.get("/login")
def login_page() -> Response:
    """Ask whether the app may use this WeChat's login."""
    target = _redirect_uri()
    names = _offered_names()
    mine = request.cookies.get(COOKIE, "")
    return _page(
        "login.html",
        redirect_uri=target,
        state=_state(),
        chosen=mine if mine in names else names[0],
        accounts=[(name, display_name(name)) for name in names],
        new=NEW_ACCOUNT,
    )


@blueprint.post("/login")
def login_decided() -> Response:
    """Go back to the app with a code, or with error=denied."""
    target = _redirect_uri()
    if request.form.get("decision") != "allow":
        return _away(with_parameters(target, error="denied", state=_state()))
    name = request.form.get("account", "")
    account = account_named(world(), _next_name() if name == NEW_ACCOUNT else name)
    response = _away(with_parameters(target, code=log_in(world(), account), state=_state()))
    response.set_cookie(COOKIE, account.name, max_age=COOKIE_LIFE_S, httponly=True, samesite="Lax")
    return response


@blueprint.get("/werun")
def werun_page() -> Response:
    """Ask whether the app may read this person's steps."""
    target, account = _redirect_uri(), _person()
    days = month_of_steps(account.openid, world().clock.real())
    return _page(
        "werun.html",
        redirect_uri=target,
        state=_state(),
        person=display_name(account.name),
        today=days[-1],
        days=days,
        bars=bars([day.steps for day in days]),
        mean=sum(day.steps for day in days[:-1]) // (len(days) - 1),
    )


@blueprint.post("/werun")
def werun_decided() -> Response:
    """Hand the encrypted steps to the app by a form that posts itself, or go back with error=denied."""
    target = _redirect_uri()
    if request.form.get("decision") != "allow":
        return _away(with_parameters(target, error="denied", state=_state()))
    data = _encrypted_steps(_person())
    return _page(
        "werun_send.html",
        redirect_uri=target,
        state=_state(),
        encrypted_data=data["encryptedData"],
        iv=data["iv"],
    )


@blueprint.get("/pay")
def pay_page() -> Response:
    """Show the pay sheet."""
    target = _redirect_uri()
    order = _order_of_person(request.args.to_dict())
    return _page(
        "pay.html",
        redirect_uri=target,
        state=_state(),
        order=order,
        amount_yuan=f"{order.amount_fen // 100}.{order.amount_fen % 100:02}",
        person=display_name(_payer(order).name),
        parameters={name: request.args.get(name, "") for name in PAY_PARAMETERS},
    )


@blueprint.post("/pay")
def pay_decided() -> Response:
    """Pay or not, and go back to the app with result=ok or result=cancel."""
    target = _redirect_uri()
    if request.form.get("decision") != "pay":
        return _away(with_parameters(target, result="cancel", state=_state()))
    pay(world(), _order_of_person(request.form.to_dict()))
    return _away(with_parameters(target, result="ok", state=_state()))


@blueprint.post("/api/login")
def api_login() -> Response:
    """Log an account in and return the code wx.login would give."""
    return answer({"code": log_in(world(), account_named(world(), wish().get("account")))})


@blueprint.post("/api/werun")
def api_werun() -> Response:
    """Return what wx.getWeRunData would give; `watermark_age_seconds` and `appid` spoil the watermark.

    `walked_by` names the account whose phone counted, as when one phone walks for two people.
    """
    asked = wish()
    age = asked.get("watermark_age_seconds", 0)
    if type(age) is not int or abs(age) > 10**9:
        raise ControlRefused("watermark_age_seconds must be a whole number")
    account = account_named(world(), asked.get("account"))
    walker = account_named(world(), asked.get("walked_by", asked.get("account")))
    return answer(_encrypted_steps(account, age, str(asked.get("appid", world().keys.appid)), walker))


@blueprint.post("/api/pay")
def api_pay() -> Response:
    """Pay with the parameters of wx.requestPayment, as the order's payer."""
    pay(world(), order_to_pay(world(), wish()))
    return answer({"result": "ok"})


def _encrypted_steps(
    account: Account, age_s: int = 0, appid: str = "", walker: Account | None = None
) -> dict[str, str]:
    """Encrypt an account's month of steps, or the walker's, under its present session key."""
    now = world().clock.real()
    days = month_of_steps((walker or account).openid, now)
    plain = werun_data(appid or world().keys.appid, days, now - age_s)
    return encrypted(plain, account.session_key)


def _redirect_uri() -> str:
    """Return where to send the browser back to; PhoneRefused for a foreign address."""
    target = request.values.get("redirect_uri", "")
    if not world().addresses.allows(target):
        raise PhoneRefused("返回地址不被允许", "redirect_uri must lead to this machine or to the app")
    g.form_target = origin(target)
    return target


def _state() -> str:
    """Return the app's `state`, handed back as it came."""
    return request.values.get("state", "")


def _person() -> Account:
    """Return whose phone this is."""
    return account_named(world(), request.cookies.get(COOKIE) or FIRST_NAMES[0])


def _payer(order: Transaction) -> Account:
    """Return the account an order was opened for."""
    return world().state.accounts[order.openid]


def _order_of_person(parameters: dict[str, Any]) -> Transaction:
    """Return the order to pay; PhoneRefused when it was opened for somebody else."""
    order = order_to_pay(world(), parameters)
    if request.cookies.get(COOKIE) and _person().openid != order.openid:
        raise PhoneRefused("下单账号与支付账号不一致", "the order was opened by another account", 403)
    return order


def _offered_names() -> list[str]:
    """Return the numbered accounts there are, at least three, and the cookie's."""
    known = _known_names()
    numbered = [name for name in map(str, range(1, MOST_OFFERED + 1)) if name in known]
    mine = request.cookies.get(COOKIE, "")
    return numbered if mine in numbered or mine not in known else [*numbered, mine]


def _next_name() -> str:
    """Return the first number that names no account yet."""
    known = _known_names()
    return next(str(number) for number in range(1, len(known) + 2) if str(number) not in known)


def _known_names() -> set[str]:
    """Return the names of all accounts and the three that are always offered."""
    with world().state.lock:
        return {each.name for each in world().state.accounts.values()} | set(FIRST_NAMES)


def _away(target: str) -> Response:
    """Send the browser to the app."""
    response = make_response(redirect(target, 302))
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(template: str, status: int = 200, **values: Any) -> Response:
    """Render a page that may load nothing and post only to us and to the app."""
    nonce = secrets.token_urlsafe(16)
    response = make_response(render_template(template, nonce=nonce, **values), status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "strict-origin"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src data:; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action 'self' {g.get('form_target', '')}"
    )
    return response
