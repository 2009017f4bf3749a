"""The market at the operators' desk: lots for villages, which sign in nowhere, and wishes that go too far."""

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Code, NewSchema, Text, WholeText
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry import rules, services
from app.registry.queries import Search, Sellable, WishSearch
from app.registry.services import Offering
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Yuan, once, read_form
from app.web.pages import page, web
from app.web.routes.market import choices

PAGE = 50
MOST_SELLABLE = 500
MOST_VILLAGES = 500


class NewVillageLot(OnceSchema):
    """Steps of what somebody holds, the price of each, a village's share in percent, the seller's word."""

    units = Code(80, required=True)
    steps = WholeText(1, rules.MOST_KG // 1000, required=True)
    price = Yuan(required=True)
    village = Code(26)
    village_percent = WholeText(0, rules.MOST_VILLAGE_BP // 100)
    note = Text(200, required=True)


class Reasoned(NewSchema):
    """Why it is done."""

    reason = Text(200, required=True)


class NewAnswer(NewSchema):
    """The lot that is offered."""

    lot = Code(40, required=True)


@web.get("/console/market")
@operated("registry.read")
def console_market(operator: OperatorFacts) -> Response:
    """Every lot on sale, the newest first."""
    return _lots_page(operator, Form())


@web.get("/console/market/new")
@operated("registry.write")
def console_new_lot(operator: OperatorFacts) -> Response:
    """The form of a new lot."""
    return _new_page(Form())


@web.post("/console/market")
@operated("registry.write")
def propose_village_lot(operator: OperatorFacts) -> Response:
    """Ask for a lot of free units on their holder's word; another operator has to approve it."""
    form = read_form(NewVillageLot)
    chosen = _chosen(form)
    if chosen is None:
        return _new_page(form, 422)
    told = form.values
    offering = Offering(
        chosen.project.code,
        chosen.vintage,
        told["steps"] * rules.STEP_KG[chosen.project.product],
        told["price"],
        told.get("village"),
        told.get("village_percent", 0) * 100,
        earlier_kg=chosen.earlier_kg,
    )
    seller = accounts.list_holders([chosen.holder_id])[chosen.holder_id].code
    try:
        with transaction():
            code = once(
                operator.id,
                form,
                lambda: services.propose_lot(operator.id, seller, offering, told["note"]).code,
            )
    except Problem as problem:
        return _new_page(form.refuse(problem), problem.status)
    return make_response(redirect(f"/console/registry/{code}?said=mandate_requested", 303))


def _chosen(form: Form) -> Sellable | None:
    """Whose units of which issuance; None, with the fault beside its field, for what is not there."""
    if not form.sound:
        return None
    if form.values["price"] > rules.MOST_FEN_PER_STEP:
        form.faults["price"] = t("web.field_yuan")
        return None
    if form.values.get("village_percent") and not form.values.get("village"):
        form.faults["village"] = t("kit.field_required")
        return None
    there = {key_of(each): each for each in registry.list_sellable(MOST_SELLABLE)}
    found = there.get(form.values["units"])
    if found is None:
        form.faults["units"] = t("kit.field_invalid")
    return found


def key_of(each: Sellable) -> str:
    """How the form names somebody's units of an issuance."""
    return f"{each.holder_id}_{each.key}"


@web.post("/console/market/<code:code>/close")
@operated("registry.write")
def close_village_lot(operator: OperatorFacts, code: str) -> Response:
    """Take a lot off sale for a reason. Raises `LotUnknown`."""
    form = read_form(Reasoned)
    if not form.sound:
        return _lots_page(operator, form, 422)
    with transaction():
        services.close_lot_for(operator.id, code, form.values["reason"])
    return make_response(redirect("/console/market?said=lot_closed", 303))


@web.get("/console/market/wishes")
@operated("registry.read")
def console_wishes(operator: OperatorFacts) -> Response:
    """Every open wish, the newest first."""
    return _wishes_page(operator, Form())


@web.post("/console/market/wishes/<code:code>/hide")
@operated("registry.write")
def hide_wish(operator: OperatorFacts, code: str) -> Response:
    """Take a wish out of sight for a reason, which who wished is told. Raises `WishUnknown`."""
    form = read_form(Reasoned)
    if not form.sound:
        return _wishes_page(operator, form, 422)
    try:
        with transaction():
            services.hide_wish(operator.id, code, form.values["reason"])
    except Problem as problem:
        if problem.status == 404:
            raise
        return _wishes_page(operator, form.refuse(problem), problem.status)
    return make_response(redirect("/console/market/wishes?said=wish_hidden", 303))


@web.post("/console/market/wishes/<code:code>/offers")
@operated("registry.write")
def answer_wish_for(operator: OperatorFacts, code: str) -> Response:
    """Offer a village's lot to a wish on its word. Raises `WishUnknown`."""
    form = read_form(NewAnswer)
    if not form.sound:
        return _wishes_page(operator, form, 422)
    try:
        with transaction():
            services.offer_lot_for(operator.id, code, form.values["lot"])
    except Problem as problem:
        return _wishes_page(operator, form.refuse(problem), problem.status)
    return make_response(redirect("/console/market/wishes?said=lot_offered", 303))


def _lots_page(operator: OperatorFacts, form: Form, status: int = 200) -> Response:
    after = read_cursor(request.args.get("after"))
    rows = registry.search_lots(Search(), PAGE + 1, after, sort="newest")
    return page(
        "console_market.html",
        status,
        form=form,
        listed=page_of(rows, PAGE, lambda lot: lot.id),
        may_write=operator.may("registry.write"),
    )


def _wishes_page(operator: OperatorFacts, form: Form, status: int = 200) -> Response:
    rows = registry.list_wishes(WishSearch(), PAGE + 1, read_cursor(request.args.get("after")))
    listed = page_of(rows, PAGE, lambda wish: wish.id)
    return page(
        "console_wishes.html",
        status,
        form=form,
        listed=listed,
        offers=registry.count_offers([wish.id for wish in listed["items"]]),
        may_write=operator.may("registry.write"),
        **choices(),
    )


def _new_page(form: Form, status: int = 200) -> Response:
    sellable = registry.list_sellable(MOST_SELLABLE)
    return page(
        "console_lot_new.html",
        status,
        form=form,
        sellable=[(key_of(each), each) for each in sellable],
        villages=accounts.list_villages(MOST_VILLAGES),
        most_percent=rules.MOST_VILLAGE_BP // 100,
    )
