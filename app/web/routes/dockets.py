"""A case as its parties see it, by the link that only they and their court were given."""

from flask import Response

from app.causes.queries.docket_lots import list_fitting_lots, steps_kg
from app.causes.queries.dockets import DocketFacts, get_docket_by_link
from app.causes.routes.dockets import buy
from app.causes.services.dockets import hash_of
from app.kit.http import public
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets.routes import require_open_shop
from app.web import session
from app.web.forms import Form, read_form
from app.web.pages import page, web
from app.web.routes.console_docket_forms import PurchaseForm, read_purchase
from app.web.routes.console_dockets import waiting_transfers
from app.web.routes.orders import to_payment_sheet
from app.web.session import personal

MOST_LOTS = 20


@web.get("/dockets/<code:link>")
@public
def docket(link: str) -> Response:
    """What was ordered, paid and retired, what is due when, and how to buy it. Raises `DocketUnknown`."""
    return _page(link, get_docket_by_link(hash_of(link)), Form())


@web.post("/dockets/<code:link>/orders")
@personal
def order_for_docket(holder_id: int, link: str) -> Response:
    """Reserve units for the case and go to the payment sheet; what is wrong is said on its page."""
    require_open_shop()
    form = read_form(PurchaseForm)
    if not form.sound:
        return _page(link, get_docket_by_link(hash_of(link)), form, 422)
    purchase = read_purchase(form)
    try:
        with transaction():
            order = buy(holder_id, link, purchase)
    except Problem as problem:
        found = get_docket_by_link(hash_of(link))
        return _page(link, found, form.refuse(problem), problem.status)
    return to_payment_sheet(holder_id, order.code)


def _page(link: str, found: DocketFacts, form: Form, status: int = 200) -> Response:
    lots = list_fitting_lots(found, MOST_LOTS) if found.open_part else []
    response = page(
        "docket.html",
        status,
        found=found,
        docket=found.docket,
        link=link,
        form=form,
        lots=[(lot, {part: steps_kg(found, lot, part) for part in ("now", "all")}) for lot in lots],
        transfers=waiting_transfers(found),
        account=session.settings().bank_account,
        signed_in=session.visitor() is not None,
    )
    # The address is the secret: no search engine keeps it.
    response.headers["X-Robots-Tag"] = "noindex"
    return response
