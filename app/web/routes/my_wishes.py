"""My wishes: posted without a name, answered by sellers, bought from, withdrawn."""

from datetime import timedelta
from typing import Any

from flask import Response, make_response, redirect, request
from marshmallow import ValidationError, validates_schema

from app.kit import clock
from app.kit.fields import Area, OneOf, WholeText
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import queries as registry
from app.registry import rules, services
from app.registry.services import WishTerms
from app.web.forms import Form, OnceSchema, Yuan, once, read_form
from app.web.pages import page, web
from app.web.routes.market import choices, fitting_lots
from app.web.session import personal
from app.web.words import kilograms

PAGE = 20
DAYS = ("30", "7", "90", "180")


class NewOwnWish(OnceSchema):
    """What somebody wishes to buy: so many steps, for so much each, within so many days."""

    product = OneOf(tuple(rules.PRODUCTS), load_default=rules.YIYUAN)
    steps = WholeText(1, rules.MOST_KG // 1000, required=True)
    price = Yuan(required=True)
    region = Area()
    forest_type = OneOf(rules.FOREST_TYPES)
    vintage_from = WholeText(*rules.VINTAGES)
    vintage_to = WholeText(*rules.VINTAGES)
    days = OneOf(DAYS, required=True)

    @validates_schema
    def years_in_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        """From is not after to, and the price is one that somebody could mean."""
        if data.get("vintage_from", 0) > data.get("vintage_to", rules.VINTAGES[1]):
            raise ValidationError(t("registry.field_vintages"), "vintage_to")
        if data["price"] > rules.MOST_FEN_PER_STEP:
            raise ValidationError(t("web.field_yuan"), "price")


@web.get("/me/wishes")
@personal
def my_wishes(holder_id: int) -> Response:
    """My wishes, the newest first, with how many lots each was offered."""
    rows = registry.list_wishes_of(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    listed = page_of(rows, PAGE, lambda wish: wish.id)
    offers = registry.count_offers([wish.id for wish in listed["items"]])
    return page("my_wishes.html", tab="me", listed=listed, offers=offers, **choices())


@web.get("/me/wishes/new")
@personal
def new_wish(holder_id: int) -> Response:
    """The form of a new wish."""
    return _form_page(Form())


@web.post("/me/wishes")
@personal
def post_wish(holder_id: int) -> Response:
    """Post a wish; what is wrong is said beside its field."""
    form = read_form(NewOwnWish)
    if not form.sound:
        return _form_page(form, 422)
    try:
        with transaction():
            code = once(holder_id, form, lambda: services.post_wish(holder_id, _terms(form.values)).code)
    except Problem as problem:
        return _form_page(form.refuse(problem), problem.status)
    return make_response(redirect(f"/me/wishes/{code}?said=wish_posted", 303))


def _terms(told: dict[str, Any]) -> WishTerms:
    last_day = clock.business_day() + timedelta(days=int(told["days"]))
    kept = ("region", "forest_type", "vintage_from", "vintage_to")
    return WishTerms(
        product=told["product"],
        quantity_kg=told["steps"] * rules.STEP_KG[told["product"]],
        most_fen_per_step=told["price"],
        expires_at=clock.end_of_day(last_day),
        **{name: told[name] for name in kept if name in told},
    )


@web.get("/me/wishes/<code:code>")
@personal
def my_wish(holder_id: int, code: str) -> Response:
    """One wish of mine: what was offered, what else fits, and how to buy it. Raises `WishUnknown`."""
    return _wish_page(holder_id, code)


@web.post("/me/wishes/<code:code>/withdraw")
@personal
def withdraw_wish(holder_id: int, code: str) -> Response:
    """Take a wish back. Raises `WishUnknown`."""
    try:
        with transaction():
            services.withdraw_wish(holder_id, code)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _wish_page(holder_id, code, problem)
    return make_response(redirect(f"/me/wishes/{code}?said=wish_withdrawn", 303))


def _wish_page(holder_id: int, code: str, refusal: Problem | None = None) -> Response:
    found = registry.get_own_wish(holder_id, code)
    offers = registry.list_offers(found.id) if found.is_open else []
    offered = {lot.id for lot in offers}
    return page(
        "my_wish.html",
        refusal.status if refusal else 200,
        tab="me",
        wish=found,
        refusal=refusal,
        offers=offers,
        fitting=[lot for lot in fitting_lots(found, PAGE) if lot.id not in offered],
        **choices(),
    )


def _of_step(product: str, step_kg: int) -> str:
    """A product's name with its step, which is what the form counts in."""
    return f"{t(f'registry.product_{product}')} · {t('web.wish_steps_hint', quantity=kilograms(step_kg))}"


def _form_page(form: Form, status: int = 200) -> Response:
    return page(
        "my_wish_new.html",
        status,
        tab="me",
        form=form,
        day_choices=[(days, t("web.wish_days_of", days=days)) for days in DAYS],
        **choices(form)
        | {"product_choices": [(name, _of_step(name, step)) for name, step in rules.STEP_KG.items()]},
    )
