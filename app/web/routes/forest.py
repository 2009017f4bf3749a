"""Forests on sale: whose, where, from which years, for how much, and who gets the money."""

from dataclasses import dataclass

from flask import Response, request

from app.kit.http import public
from app.offsets.queries import causes
from app.offsets.queries.causes import CauseFacts
from app.offsets.routes import standing
from app.registry import queries as registry
from app.registry.queries import Listing
from app.registry.queries.sanctions import Mark, list_standing
from app.registry.routes.lots import REFUNDS
from app.registry.rules import allot
from app.web import session
from app.web.forms import Form
from app.web.pages import page, web
from app.web.routes.market import asked_steps, count_wishes_for, wishes_of

MOST_LOTS = 200
QUICK_STEPS = (1, 2, 5, 10)
"""How many steps the form offers at once; any other whole number can be typed."""


@web.get("/forest")
@public
def lot_list() -> Response:
    """What is on sale, the oldest vintage first; `place` keeps one township."""
    lots = sorted(
        registry.list_lots(MOST_LOTS, available=True), key=lambda lot: (lot.issuance.vintage, lot.id)
    )
    places = {lot.project.township_zh: lot.project for lot in lots}
    asked = request.args.get("place", "")
    chosen = asked if asked in places else None
    shown = [lot for lot in lots if chosen in (None, lot.project.township_zh)]
    return page(
        "forests.html", tab="forest", lots=shown, places=places, chosen=chosen, asked_for=asked_cause()
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What `?cause=` or a form names: its code, "" where it can be none, and the cause.

    That is None where whoever asks may not buy for it, which the page has to say: what they buy is their own.
    """

    code: str
    cause: CauseFacts | None

    @property
    def query(self) -> str:
        """What keeps it in a link, also through sign-in: its owner may be whoever signs in."""
        return f"?cause={self.code}" if self.code else ""


def asked_cause(form: Form | None = None) -> Asked | None:
    """For what one asks to buy; None for oneself."""
    code = (form.written if form and form.written else request.args).get("cause", "")[:26]
    if not code:
        return None
    seen = session.visitor()
    cause = causes.find_open_cause(code, seen.holder_id if seen else None)
    return Asked(code if code.isascii() and code.isalnum() else "", cause)


@web.get("/forest/<code:code>")
@public
def lot(code: str) -> Response:
    """One lot and the form to buy from it. Raises `LotUnknown`."""
    return lot_page(registry.get_lot(code), Form())


def lot_page(found: Listing, form: Form, status: int = 200) -> Response:
    """The lot's page, also with what was wrong with a purchase.

    Of every quantity that it offers it says who gets how much, and of one that `?steps=` asks for.
    """
    seen = session.visitor()
    asked_for = asked_cause(form)
    cause = asked_for.cause if asked_for else None
    if cause is not None:
        owed_g = causes.standing(cause.id).owed_g
    else:
        owed_g = standing(seen.holder_id)["owed_g"] if seen else 0
    exact: int | None = -(-owed_g // (found.terms.step_kg * 1000))
    most = found.remaining_kg // found.terms.step_kg
    exact = exact if exact and exact <= most else None
    asked = asked_steps(most)
    steps = sorted({each for each in (*QUICK_STEPS, exact, asked) if each and each <= most})
    price = found.terms.price_fen_per_step
    return page(
        "forest.html",
        status,
        tab="forest",
        lot=found,
        form=form,
        steps=steps,
        exact=exact if exact not in QUICK_STEPS else None,
        asked=asked or exact or (steps[0] if steps else None),
        shares=[(each, allot(found.terms, each * price)) for each in steps],
        asked_for=asked_for,
        cause=cause,
        wish=(form.written or request.args).get("wish", "")[:26],
        fitting=count_wishes_for(found) if steps else 0,
        wishes_path=wishes_of(found),
        refunds=REFUNDS,
        owed_g=owed_g,
        signed_in=seen is not None,
        project=registry.get_project(found.project.code),
        sanctions=_sanctions(found),
        phone=session.settings().phone_url,
    )


def _sanctions(found: Listing) -> list[Mark]:
    """What stands against the lot's seller or project."""
    return list_standing([found.seller_holder_id], [found.project.id])
