"""Operators come in, go out, and change their password."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, redirect, request
from marshmallow import ValidationError, fields

from app.accounts import rules, services
from app.accounts.errors import OperatorRefused
from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import NewSchema, Text
from app.kit.http import public
from app.kit.messages import t
from app.kit.transaction import transaction
from app.web import console, session
from app.web.console import operated
from app.web.forms import Form, read_form
from app.web.pages import page, web

_SECRETS = ("password", "code", "fresh", "again")


class AppCode(fields.Field[str]):
    """Six digits as an authenticator app shows them, perhaps with a space in the middle."""

    default_error_messages = {"required": "kit.field_required", "null": "kit.field_null"}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        digits = re.sub(r"\s", "", str(value))
        if not re.fullmatch(r"[0-9]{6}", digits, re.ASCII):
            raise ValidationError(t("web.field_app_code"))
        return digits


class NewConsoleSignIn(NewSchema):
    """What an operator shows to come in."""

    name = Text(40, required=True)
    password = Text(rules.MOST_PASSWORD, required=True)
    code = AppCode(required=True)
    back = Text(2000, load_default=console.HOME)


class NewPassword(NewSchema):
    """The present password and code, and twice the new password."""

    password = Text(rules.MOST_PASSWORD, required=True)
    code = AppCode(required=True)
    fresh = Text(rules.MOST_PASSWORD, required=True)
    again = Text(rules.MOST_PASSWORD, required=True)


@web.get("/console/sign-in")
@public
def console_sign_in_page() -> Response:
    """Name, password, code."""
    return _sign_in_form(Form(), _way_back(request.args.get("back")))


@web.post("/console/sign-in")
@public
def console_sign_in() -> Response:
    """Let an operator in; whatever is wrong, the answer is the same."""
    form = read_form(NewConsoleSignIn)
    back = _way_back(form.written.get("back"))
    if not form.sound:
        return _sign_in_form(form, back, 422)
    given = form.values
    checked = services.operators.check_password(given["name"], given["password"])
    opened = None
    if not (session.settings().production and rules.is_sample(checked.name)):
        with transaction():
            opened = services.operators.sign_in(checked, given["code"])
    if opened is None:
        refusal = OperatorRefused()
        return _sign_in_form(form.refuse(refusal), back, refusal.status)
    response = make_response(redirect(back, 303))
    console.keep(response, opened.operator_id, opened.id)
    return response


@web.post("/console/sign-out")
@operated()
def console_sign_out(operator: OperatorFacts) -> Response:
    """End this session, also for a copy of its cookie."""
    with transaction():
        services.operators.sign_out(operator.id, operator.session_id)
    response = make_response(redirect("/console/sign-in?said=signed_out", 303))
    console.forget(response)
    return response


@web.get("/console/account")
@operated()
def console_account(operator: OperatorFacts) -> Response:
    """Who I am here, and the form for another password."""
    return _account(Form(), operator)


@web.post("/console/account/password")
@operated()
def change_console_password(operator: OperatorFacts) -> Response:
    """Take a new password from whoever knows the present one and a fresh code."""
    form = read_form(NewPassword)
    given = form.values
    if form.sound and given["fresh"] != given["again"]:
        form.faults["again"] = t("web.console_passwords_differ")
    if not form.sound:
        return _account(form, operator, 422)
    try:
        fresh = services.operators.hash_password(operator.name, given["fresh"])
    except ValueError as fault:
        form.faults["fresh"] = t(str(fault), least=rules.LEAST_PASSWORD, most=rules.MOST_PASSWORD)
        return _account(form, operator, 422)
    checked = services.operators.check_password(operator.name, given["password"])
    with transaction():
        changed = services.operators.change_password(operator.session_id, checked, given["code"], fresh)
    if not changed:
        refusal = OperatorRefused()
        return _account(form.refuse(refusal), operator, refusal.status)
    return make_response(redirect("/console/account?said=console_password_changed", 303))


def _sign_in_form(form: Form, back: str, status: int = 200) -> Response:
    return page(
        "console_sign_in.html",
        status,
        form=_without_secrets(form),
        back=back,
        samples=() if session.settings().production else services.operators.SAMPLES,
    )


def _account(form: Form, operator: OperatorFacts, status: int = 200) -> Response:
    return page(
        "console_account.html",
        status,
        form=_without_secrets(form),
        operator=operator,
        least=rules.LEAST_PASSWORD,
        hours=int(rules.OPERATOR_SESSION_LIFE.total_seconds()) // 3600,
    )


def _without_secrets(form: Form) -> Form:
    """What a page may repeat: no password goes back over the wire."""
    for name in _SECRETS:
        form.written.pop(name, None)
    return form


def _way_back(wish: str | None) -> str:
    """A page of the console, the front page otherwise."""
    path = session.local_path(wish)
    return path if path.split("?", 1)[0].startswith(f"{console.HOME}/") else console.HOME
