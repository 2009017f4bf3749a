"""What I have redeemed: vouchers to show, parcels on their way, what went back."""

from collections.abc import Callable

from flask import Response, make_response, redirect, request
from markupsafe import Markup

from app.kit.fields import NewSchema, Written
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.qr import qr_svg
from app.kit.transaction import transaction
from app.rewards.queries import redemptions as known
from app.rewards.routes.redemptions import voucher_link
from app.rewards.rules.items import Supply
from app.rewards.rules.redemptions import LONGEST_COMPLAINT, Step
from app.rewards.services import redemptions as services
from app.web.forms import Form, read_form
from app.web.pages import page, web
from app.web.session import personal

PAGE = 20


class ComplaintForm(NewSchema):
    """What is wrong with what came."""

    words = Written(LONGEST_COMPLAINT, required=True)


@web.get("/me/redemptions")
@personal
def my_redemptions(holder_id: int) -> Response:
    """What I have redeemed, newest first."""
    rows = known.list_redemptions(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page("my_redemptions.html", tab="me", listed=page_of(rows, PAGE, lambda found: found.row.id))


@web.get("/me/redemptions/<code:code>")
@personal
def my_redemption(holder_id: int, code: str) -> Response:
    """One of them. Raises `RedemptionUnknown`."""
    return _redemption_page(holder_id, code, Form())


@web.post("/me/redemptions/<code:code>/return")
@personal
def return_redemption(holder_id: int, code: str) -> Response:
    """Give it back. Raises `RedemptionUnknown`."""
    return _change(services.return_redemption, holder_id, code, "redemption_returned")


@web.post("/me/redemptions/<code:code>/receipt")
@personal
def receive_redemption(holder_id: int, code: str) -> Response:
    """Say that the parcel has come. Raises `RedemptionUnknown`."""
    return _change(services.receive, holder_id, code, "redemption_received")


@web.post("/me/redemptions/<code:code>/complaint")
@personal
def complain(holder_id: int, code: str) -> Response:
    """Say that what came is no good. Raises `RedemptionUnknown`."""
    form = read_form(ComplaintForm)
    if not form.sound:
        return _redemption_page(holder_id, code, form)
    words = form.values["words"]
    return _change(lambda who, which: services.complain(who, which, words), holder_id, code, "complained")


def _change(change: Callable[[int, str], object], holder_id: int, code: str, said: str) -> Response:
    try:
        with transaction():
            change(holder_id, code)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _redemption_page(holder_id, code, Form().refuse(problem))
    return make_response(redirect(f"/me/redemptions/{code}?said={said}", 303))


def _redemption_page(holder_id: int, code: str, form: Form) -> Response:
    found = known.get_redemption(holder_id, code)
    voucher, dispatch = known.read_voucher(found.row), known.find_dispatch(found.row.id)
    shown = voucher is not None and found.supply is Supply.OWN and found.step is Step.FULFILLED
    response = page(
        "my_redemption.html",
        form.status,
        tab="me",
        found=found,
        item=found.facts.item,
        form=form,
        voucher=voucher,
        qr=Markup(qr_svg(voucher_link(voucher)).decode()) if voucher and shown else None,  # noqa: S704  our own
        dispatch=dispatch,
        address=known.read_address(dispatch, code) if dispatch else None,
        tracking=known.read_tracking(dispatch, code) if dispatch else None,
        waiting=found.step is Step.RESERVED and found.supply is Supply.PARTNER,
        longest=LONGEST_COMPLAINT,
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response
