"""What points can be redeemed for, in the console: drafted by one, published by another, stocked."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts.queries.operators import OperatorFacts
from app.accounts.queries.operators import list_names as operator_names
from app.kit.fields import AnyDay, Area, Code, NewSchema, OneOf, Text, WholeText
from app.kit.http import read_file
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem, Unreadable
from app.kit.transaction import transaction
from app.rewards.queries import items as known
from app.rewards.rules.items import (
    MOST_POINTS,
    MOST_STOCK,
    MOST_UPLOAD_BYTES,
    MOST_USE_DAYS,
    SUPPLIES,
    Kind,
    Period,
    Supply,
)
from app.rewards.services import items as services
from app.rewards.services.items import NewItem
from app.web import session
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Prose, once, read_form
from app.web.organisations import CreditCode
from app.web.pages import page, web

PAGE = 30
WAYS = tuple(f"{kind}-{supply}" for kind, supplies in SUPPLIES.items() for supply in supplies)
"""Every kind with every way it may be handed out, as the form offers them."""


class ItemForm(OnceSchema):
    """A draft."""

    way = OneOf(WAYS, required=True)
    giver = Code(26, required=True)
    title_zh = Text(60, required=True)
    title_en = Text(60, required=True)
    terms_zh = Prose(500, required=True)
    terms_en = Prose(500, required=True)
    points = WholeText(1, MOST_POINTS, required=True)
    stock = WholeText(0, MOST_STOCK)
    opens_on = AnyDay(required=True)
    closes_on = AnyDay()
    region = Area()
    most_each = WholeText(1, 1000)
    period = OneOf(tuple(Period), load_default=Period.EVER)
    use_days = WholeText(1, MOST_USE_DAYS)
    partner = Code(12)
    product = Code(40)
    charity_code = CreditCode(18)
    appeal_number = Code(40)


class StockForm(OnceSchema):
    """How many more."""

    more = WholeText(1, MOST_STOCK, required=True)


class WithdrawForm(NewSchema):
    """Why it is offered no longer."""

    why = Prose(200, required=True)


class PublishForm(NewSchema):
    """Which draft was read."""

    terms = Code(16, required=True)


@web.get("/console/items")
@operated("rewards.read")
def console_items(operator: OperatorFacts) -> Response:
    """Every item, the newest first."""
    rows = known.list_all_items(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_items.html",
        listed=page_of(rows, PAGE, lambda facts: facts.item.id),
        may_write=operator.may("rewards.write"),
    )


@web.get("/console/items/new")
@operated("rewards.write")
def new_item(operator: OperatorFacts) -> Response:
    """The form of a draft."""
    return _form_page(Form())


@web.post("/console/items")
@operated("rewards.write")
def draft_item(operator: OperatorFacts) -> Response:
    """Write a draft."""
    form = read_form(ItemForm)
    if not form.sound:
        return _form_page(form)
    try:
        with transaction():
            code = once(operator.id, form, lambda: _draft(operator.id, dict(form.values)))
    except Problem as problem:
        return _form_page(form.refuse(problem))
    return _to_item(code, "item_drafted")


def _draft(operator_id: int, told: dict[str, Any]) -> str:
    del told["form_key"]
    kind, supply = told.pop("way").split("-")
    wish = NewItem(kind=Kind(kind), supply=Supply(supply), **{**told, "period": Period(told["period"])})
    sample = not session.settings().production
    return services.draft_item(operator_id, wish, sample=sample).item.code


@web.get("/console/items/<code:code>")
@operated("rewards.read")
def console_item(operator: OperatorFacts, code: str) -> Response:
    """One item. Raises `ItemUnknown`."""
    return _item_page(operator, code, Form())


@web.post("/console/items/<code:code>/publish")
@operated("rewards.write")
def publish_item(operator: OperatorFacts, code: str) -> Response:
    """Put it on offer as it was read. Raises `ItemUnknown`."""
    form = read_form(PublishForm)
    return _step(
        operator,
        code,
        form,
        "item_published",
        lambda: services.publish_item(operator.id, code, form.values["terms"]),
    )


@web.post("/console/items/<code:code>/withdraw")
@operated("rewards.write")
def withdraw_item(operator: OperatorFacts, code: str) -> Response:
    """Offer it no longer. Raises `ItemUnknown`."""
    form = read_form(WithdrawForm)
    return _step(
        operator,
        code,
        form,
        "item_withdrawn",
        lambda: services.withdraw_item(operator.id, code, form.values["why"]),
    )


@web.post("/console/items/<code:code>/stock")
@operated("rewards.write")
def stock_item(operator: OperatorFacts, code: str) -> Response:
    """Put more of it up. Raises `ItemUnknown`."""
    form = read_form(StockForm)
    return _step(
        operator,
        code,
        form,
        "item_stocked",
        lambda: once(operator.id, form, lambda: _stock(operator.id, code, form.values["more"])),
    )


def _stock(operator_id: int, code: str, more: int) -> str:
    return services.add_stock(operator_id, code, more).item.code


@web.post("/console/items/<code:code>/codes")
@operated("rewards.write")
def upload_codes(operator: OperatorFacts, code: str) -> Response:
    """Take codes that were pasted, or a file of them. Raises `ItemUnknown`."""
    known.get_item(code, drafts=True)
    form = Form()
    try:
        content = _codes()
        with transaction():
            upload = services.upload_codes(operator.id, code, content)
    except Problem as problem:
        if problem.status == 404:
            raise
        form.written["codes"] = ""
        return _item_page(operator, code, form.refuse(problem))
    return _item_page(operator, code, Form(), upload)


def _codes() -> str:
    """What was pasted, or where nothing was, the file; UTF-8, or GB 18030 as spreadsheets write it."""
    try:
        content = read_file("file", MOST_UPLOAD_BYTES)
    except Unreadable:
        pasted = request.form.get("codes", "")
        if pasted.strip():
            return pasted
        raise
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable(errors=[{"pointer": "#/codes", "detail": t("rewards.codes_encoding")}])


def _step(operator: OperatorFacts, code: str, form: Form, said: str, act: Callable[[], object]) -> Response:
    if not form.sound:
        return _item_page(operator, code, form)
    try:
        with transaction():
            act()
    except Problem as problem:
        if problem.status == 404:
            raise
        return _item_page(operator, code, form.refuse(problem))
    return _to_item(code, said)


def _to_item(code: str, said: str) -> Response:
    return make_response(redirect(f"/console/items/{code}?said={said}", 303))


def _form_page(form: Form) -> Response:
    partners = [
        (partner.code, f"{name} {partner.base_url}")
        for partner, name in known.list_voucher_partners()
        if partner.confirmed_at and not partner.ended_at
    ]
    return page(
        "console_item_new.html",
        form.status,
        form=form,
        ways=[tuple(way.split("-")) for way in WAYS],
        periods=tuple(Period),
        partners=partners,
    )


def _item_page(
    operator: OperatorFacts, code: str, form: Form, upload: services.Upload | None = None
) -> Response:
    facts = known.get_item(code, drafts=True)
    return page(
        "console_item.html",
        form.status,
        facts=facts,
        item=facts.item,
        form=form,
        upload=upload,
        codes=known.count_codes(facts.item.id) if facts.item.supply == Supply.UPLOADED else None,
        names=operator_names(),
        me=operator.id,
        may_write=operator.may("rewards.write"),
    )
