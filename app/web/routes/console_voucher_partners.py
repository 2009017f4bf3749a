"""Givers' servers that issue vouchers, in the console: added by one person, confirmed by another."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, make_response, redirect
from marshmallow import ValidationError

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.kit.fields import Code, Text
from app.kit.message_signatures import is_low_order, key_id, read_public_key
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.queries.items import list_voucher_partners
from app.rewards.services import voucher_partners as services
from app.web.console import operated
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.pages import page, web
from app.web.routes.console_programmes import Address


class PublicKey(Text):
    """An Ed25519 public key, in base64 or PEM."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        raw = read_public_key(" ".join(str(value).split()))
        if not raw or is_low_order(raw):
            raise ValidationError(t("web.voucher_partner_key_wrong"))
        return raw


class PartnerForm(OnceSchema):
    """Whose server, where it is asked, and the key it answers with."""

    giver = Code(26, required=True)
    base_url = Address(200, required=True)
    public_key = PublicKey(400, required=True)


@web.get("/console/items/partners")
@operated("rewards.read")
def voucher_partners(operator: OperatorFacts) -> Response:
    """Every partner, and the form for another."""
    return _list_page(operator, Form())


@web.post("/console/items/partners")
@operated("rewards.write")
def add_voucher_partner(operator: OperatorFacts) -> Response:
    """Write a partner down, for another to confirm."""
    form = read_form(PartnerForm)
    if not form.sound:
        return _list_page(operator, form)
    told = form.values
    try:
        with transaction():
            once(operator.id, form, lambda: _add(operator.id, told))
    except Problem as problem:
        return _list_page(operator, form.refuse(problem))
    return _to_list("voucher_partner_added")


def _add(operator_id: int, told: dict[str, Any]) -> str:
    return services.add_partner(operator_id, told["giver"], told["base_url"], told["public_key"]).code


@web.post("/console/items/partners/<code:code>/confirm")
@operated("rewards.write")
def confirm_voucher_partner(operator: OperatorFacts, code: str) -> Response:
    """Confirm what another has added. Raises `VoucherPartnerUnknown`."""
    return _step(operator, code, services.confirm_partner, "voucher_partner_confirmed")


@web.post("/console/items/partners/<code:code>/end")
@operated("rewards.write")
def end_voucher_partner(operator: OperatorFacts, code: str) -> Response:
    """Ask it for nothing new. Raises `VoucherPartnerUnknown`."""
    return _step(operator, code, services.end_partner, "voucher_partner_ended")


def _step(operator: OperatorFacts, code: str, act: Callable[[int, str], object], said: str) -> Response:
    try:
        with transaction():
            act(operator.id, code)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _list_page(operator, Form().refuse(problem))
    return _to_list(said)


def _to_list(said: str) -> Response:
    return make_response(redirect(f"/console/items/partners?said={said}", 303))


def _list_page(operator: OperatorFacts, form: Form) -> Response:
    rows = [(partner, name, key_id(partner.public_key)) for partner, name in list_voucher_partners()]
    return page(
        "console_voucher_partners.html",
        form.status,
        form=form,
        rows=rows,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("rewards.write"),
    )
