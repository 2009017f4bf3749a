"""Bank accounts in the console: entered by one person, typed again by another."""

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, redirect
from marshmallow import ValidationError

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.kit.fields import NewSchema, Text
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.treasury.errors import PayeeUnknown
from app.treasury.queries import payees as known
from app.treasury.rules.payees import is_name, read_number
from app.treasury.services import payees
from app.web.console import operated
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web


class AccountNumber(Text):
    """A bank account's number, spaces and hyphens allowed between its digits."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        number = read_number(super()._deserialize(value, attr, data, **kwargs))
        if number is None:
            raise ValidationError(t("web.field_account_number"))
        return number


class AccountName(Text):
    """A name that goes into the bank's file exactly as it is written."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if not is_name(name):
            raise ValidationError(t("web.field_account_name"))
        return name


class NewPayee(OnceSchema):
    """A bank account, as it stands on the paper."""

    account_name = AccountName(60, required=True)
    number = AccountNumber(60, required=True)
    bank_name = AccountName(60, required=True)


class PayeeAgain(NewSchema):
    """The number once more, typed by another."""

    number = AccountNumber(60, required=True)


@web.get("/console/payees")
@operated("money.read")
def payee_list(operator: OperatorFacts) -> Response:
    """Everybody who is owed money or has an account."""
    return page("console_payees.html", holders=known.list_payee_holders())


@web.get("/console/payees/<code:holder>")
@operated("money.read")
def payee(operator: OperatorFacts, holder: str) -> Response:
    """One holder's accounts. Raises `NotFound`."""
    return _payee_page(operator, holder, Form())


@web.post("/console/payees/<code:holder>")
@operated("money.write")
def enter_payee(operator: OperatorFacts, holder: str) -> Response:
    """Enter an account; another person confirms it. Raises `NotFound`."""
    known.get_payee_holder(holder)
    form = read_form(NewPayee)
    if not form.sound:
        return _payee_page(operator, holder, form)
    account = [form.values[name] for name in ("account_name", "number", "bank_name")]
    try:
        with transaction():
            once(operator.id, form, lambda: payees.enter_payee(operator.id, holder, *account).code)
    except Problem as problem:
        return _payee_page(operator, holder, form.refuse(problem))
    return _to_payee(holder, "payee_entered")


@web.post("/console/payees/<code:holder>/<code:code>/confirm")
@operated("money.write")
def confirm_payee(operator: OperatorFacts, holder: str, code: str) -> Response:
    """Confirm an account by typing its number again. Raises `NotFound` and `PayeeUnknown`."""
    _require(holder, code)
    form = read_form(PayeeAgain)
    if not form.sound:
        return _payee_page(operator, holder, form)
    try:
        with transaction():
            payees.confirm_payee(operator.id, code, form.values["number"])
    except Problem as problem:
        return _payee_page(operator, holder, form.refuse(problem))
    return _to_payee(holder, "payee_confirmed")


@web.post("/console/payees/<code:holder>/<code:code>/end")
@operated("money.write")
def end_payee(operator: OperatorFacts, holder: str, code: str) -> Response:
    """Pay nothing to an account any more, or decline it. Raises `NotFound` and `PayeeUnknown`."""
    _require(holder, code)
    try:
        with transaction():
            payees.end_payee(operator.id, code)
    except Problem as problem:
        return _payee_page(operator, holder, Form().refuse(problem))
    return _to_payee(holder, "payee_ended")


def _require(holder: str, code: str) -> None:
    """An account is reached through its own holder only."""
    if code not in {each.account.code for each in known.get_payee_holder(holder).history}:
        raise PayeeUnknown()


def _payee_page(operator: OperatorFacts, holder: str, form: Form) -> Response:
    return page(
        "console_payee.html",
        form.status,
        holder=known.get_payee_holder(holder),
        form=form,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("money.write"),
    )


def _to_payee(holder: str, said: str) -> Response:
    return make_response(redirect(f"/console/payees/{holder}?said={said}", 303))
