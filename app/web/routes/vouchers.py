"""Coupons at the shop that takes them: scanned or typed by one of its members, and marked used once."""

from flask import Response, make_response, redirect

from app.accounts.queries import memberships
from app.causes.routes.acting import Actor
from app.kit.fields import NewSchema, Text
from app.kit.http import public
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.rewards.queries import redemptions as known
from app.rewards.routes.vouchers import written_code
from app.rewards.services import vouchers as services
from app.web import session
from app.web.forms import Form, read_form
from app.web.organisations import org_page, organisational, to
from app.web.pages import page, web

USED = 20


class VoucherForm(NewSchema):
    """A coupon's code, or what its QR code holds."""

    code = Text(200, required=True)


@web.get("/vouchers/<code:voucher>")
@public
def voucher(voucher: str) -> Response:
    """Where a coupon's QR code leads: its own shop's members to marking it, anybody else to no more."""
    seen = session.visitor()
    giver_id = known.find_giver(voucher)
    if (
        seen is not None
        and giver_id is not None
        and memberships.may_act(seen.holder_id, giver_id, "vouchers")
    ):
        organisation = memberships.get_organisation(giver_id)
        return make_response(redirect(f"/organisations/{organisation.code}/vouchers/{voucher}", 303))
    response = page("voucher.html", signed_in=seen is not None, path=f"/vouchers/{voucher}")
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@web.get("/organisations/<code:code>/vouchers")
@organisational("vouchers")
def shop_vouchers(actor: Actor) -> Response:
    """The shop's till: where a code is typed, and what was used last."""
    return _till(actor, Form())


@web.post("/organisations/<code:code>/vouchers")
@organisational("vouchers")
def find_shop_voucher(actor: Actor) -> Response:
    """Look at the coupon with this code."""
    form = read_form(VoucherForm)
    if not form.sound:
        return _till(actor, form)
    try:
        found = known.find_voucher(actor.id, written_code(form.values["code"]))
    except Problem as problem:
        return _till(actor, form.refuse(problem))
    return _coupon(actor, found, written_code(form.values["code"]), Form())


@web.get("/organisations/<code:code>/vouchers/<code:voucher>")
@organisational("vouchers")
def shop_voucher(actor: Actor, voucher: str) -> Response:
    """One coupon of the shop. Raises `VoucherUnknown`."""
    return _coupon(actor, known.find_voucher(actor.id, voucher), voucher, Form())


@web.post("/organisations/<code:code>/vouchers/<code:voucher>/use")
@organisational("vouchers")
def use_shop_voucher(actor: Actor, voucher: str) -> Response:
    """Mark it used. Raises `VoucherUnknown`."""
    try:
        with transaction():
            services.use_voucher(actor.id, actor.member_id, voucher)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _coupon(actor, known.find_voucher(actor.id, voucher), voucher, Form().refuse(problem))
    return to(actor, "/vouchers", "voucher_used")


def _till(actor: Actor, form: Form) -> Response:
    return org_page(
        "organisation_vouchers.html", actor, "vouchers", form, used=known.list_used(actor.id, USED)
    )


def _coupon(actor: Actor, found: known.RedemptionFacts, written: str, form: Form) -> Response:
    try:
        services.require_usable(found)
        over = None
    except Problem as problem:
        over = problem
    return org_page(
        "organisation_voucher.html",
        actor,
        "vouchers",
        form,
        found=found,
        item=found.facts.item,
        written=written,
        over=over,
    )
