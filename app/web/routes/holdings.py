"""My units: what I hold, and what I do with it."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, make_response, redirect, request

from app.accounts import queries as accounts
from app.causes.queries import organisations as causes
from app.kit.fields import Code, OneOf, Text, WholeText
from app.kit.http import public
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.registry.errors import HoldingUnknown, SerialUnknown
from app.registry.queries import holdings as known
from app.registry.queries.serials import Run, find_run
from app.registry.rules import JUDICIAL, MOST_DAYS, OWN_PURPOSES
from app.registry.services import holdings as services
from app.registry.services import holds as holding
from app.registry.services.acts import By
from app.web.forms import Form, OnceSchema, Yuan, once, read_form
from app.web.pages import page, web
from app.web.session import personal, visitor

PAGE = 20


class NewPart(OnceSchema):
    """How many kilograms an act is about."""

    quantity_kg = WholeText(1, required=True)


class NewRetirement(NewPart):
    """What units are used up for; a name only with the tick that lets it be shown."""

    purpose = OneOf(OWN_PURPOSES, required=True)
    beneficiary = Text(40)
    consent = OneOf(("yes",))


class NewGift(NewPart):
    """A gift, and when it falls back."""

    days = WholeText(1, 90, load_default=7)
    message = Text(200)


class NewReservation(NewPart):
    """What units are set aside for, and how long."""

    purpose = Text(200, required=True)
    days = WholeText(1, MOST_DAYS, required=True)


class NewTransfer(NewPart):
    """Who receives them."""

    other = Code(26, required=True)


class NewOffer(NewPart):
    """For how much ten kilograms are offered."""

    price = Yuan(required=True)


Told = dict[str, Any]
Act = Callable[[int, Run, Told], str]


def _retire(me: int, run: Run, told: Told) -> str:
    name = told.get("beneficiary") if told.get("consent") else None
    made = services.retire_units(me, run, told["quantity_kg"], told["purpose"], name)
    return f"/retirements/{made.number}"


def _give(me: int, run: Run, told: Told) -> str:
    wish = {"days": told["days"], "purpose": told.get("message")}
    made = holding.hold_units("give", me, run, told["quantity_kg"], By(me), **wish)
    return f"/gifts/{made.code}?said=gift_made"


def _reserve(me: int, run: Run, told: Told) -> str:
    wish = {"days": told["days"], "purpose": told["purpose"]}
    holding.hold_units("reserve", me, run, told["quantity_kg"], By(me), **wish)
    return "/me/holdings?said=holding_done"


def _transfer(me: int, run: Run, told: Told) -> str:
    services.transfer_units(me, run, told["quantity_kg"], told["other"])
    return "/me/holdings?said=holding_done"


def _pledge(me: int, run: Run, told: Told) -> str:
    holding.pledge_own(me, run, told["quantity_kg"], told["other"], None)
    return "/me/holdings?said=holding_done"


def _offer(me: int, run: Run, told: Told) -> str:
    lot = services.offer_units(me, run, told["quantity_kg"], told["price"])
    return f"/forest/{lot.code}?said=holding_done"


def _split(me: int, run: Run, told: Told) -> str:
    services.split_units(me, run, told["quantity_kg"])
    return "/me/holdings?said=holding_done"


ACTS: dict[str, tuple[type[OnceSchema], Act]] = {
    "retirements": (NewRetirement, _retire),
    "gifts": (NewGift, _give),
    "reservations": (NewReservation, _reserve),
    "transfers": (NewTransfer, _transfer),
    "offers": (NewOffer, _offer),
    "pledges": (NewTransfer, _pledge),
    "splits": (NewPart, _split),
}
"""What can be done with a free block, in the order of the page: each with its form."""


@web.get("/me/holdings")
@personal
def my_holdings(holder_id: int) -> Response:
    """My blocks, what I hold back, what I have retired."""
    rows = known.list_holdings(holder_id, PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "holdings.html",
        tab="me",
        listed=page_of(rows, PAGE, lambda row: row.serials.first),
        holds=known.list_holds(holder_id, PAGE),
        retirements=[known.retirement_facts(each) for each in known.list_retirements(holder_id, PAGE)],
        holder=accounts.get_holder(holder_id),
        me=holder_id,
    )


@web.get("/me/holdings/<string:serial>")
@personal
def my_holding(holder_id: int, serial: str) -> Response:
    """One of my blocks and what I can do with it. Raises `HoldingUnknown`."""
    return _holding_page(holder_id, serial, request.args.get("do", ""), Form())


@web.post("/me/holdings/<string:serial>/withdrawals")
@personal
def withdraw_holding(holder_id: int, serial: str) -> Response:
    """Take what is on sale within these serials off sale. Raises `HoldingUnknown`."""
    with transaction():
        services.withdraw_units(holder_id, _own(serial))
    return _to("/me/holdings?said=holding_done")


@web.post("/me/holdings/<string:serial>/<code:what>")
@personal
def do_with_holding(holder_id: int, serial: str, what: str) -> Response:
    """Do one of `ACTS` with units of mine. Raises `NotFound`, `HoldingUnknown`."""
    if what not in ACTS:
        raise NotFound()
    schema, act = ACTS[what]
    form = read_form(schema)
    if not form.sound:
        return _holding_page(holder_id, serial, what, form, 422)
    try:
        with transaction():
            run = _own(serial)
            done = once(holder_id, form, lambda: act(holder_id, run, form.values))
    except HoldingUnknown:
        raise
    except Problem as problem:
        return _holding_page(holder_id, serial, what, form.refuse(problem), problem.status)
    return _to(done)


@web.post("/me/holds/<code:code>/release")
@personal
def release_hold(holder_id: int, code: str) -> Response:
    """End a reservation of mine, or take a gift back. Raises `HoldUnknown`, `HoldEnded`, `HoldNotYours`."""
    with transaction():
        holding.release_own(holder_id, code)
    return _to("/me/holdings?said=hold_released")


@web.get("/retirements/<string:number>")
@public
def own_retirement(number: str) -> Response:
    """A holder's own retirement, by its number. Raises `RetirementUnknown`."""
    facts = known.get_retirement(number)
    seen = visitor()
    mine = seen is not None and known.is_retired_by(facts.number, seen.holder_id)
    return page("own_retirement.html", r=facts, mine=mine, use=causes.find_public_use(facts.number))


@web.post("/retirements/<string:number>/hide")
@personal
def hide_beneficiary(holder_id: int, number: str) -> Response:
    """Take the name down from a retirement of mine. Raises `RetirementUnknown`."""
    with transaction():
        services.hide_beneficiary(holder_id, number)
    return _to(f"/retirements/{number}")


def _own(serial: str) -> Run:
    try:
        return find_run(serial)
    except SerialUnknown as unknown:
        raise HoldingUnknown() from unknown


def _purposes(blocks: Sequence[known.Holding]) -> list[str]:
    """What the free blocks may be used up for: judicial ones for their ruling, the others for the rest."""
    sorts = {each.bound is not None for each in blocks if each.free}
    return [each for each in OWN_PURPOSES if (each == JUDICIAL) in sorts]


def _to(path: str) -> Response:
    return make_response(redirect(path, 303))


def _holding_page(holder_id: int, serial: str, what: str, form: Form, status: int = 200) -> Response:
    blocks = known.list_holdings_in(holder_id, _own(serial))
    return page(
        "holding.html",
        status,
        tab="me",
        serial=serial,
        blocks=blocks,
        free_kg=max((each.quantity_kg for each in blocks if each.free), default=0),
        acts=ACTS,
        what=what if what in ACTS else next(iter(ACTS)),
        form=form,
        purposes=_purposes(blocks),
        sale=next((each.sale for each in blocks if each.free and each.sale), None),
    )
