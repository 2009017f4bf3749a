"""A gift's page: whoever has its address may redeem it, once."""

from flask import Response, make_response, redirect

from app.kit.http import public
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry.queries import holdings as known
from app.registry.services import holds
from app.web.pages import page, web
from app.web.session import personal, visitor


@web.get("/gifts/<code:code>")
@public
def gift(code: str) -> Response:
    """What is given, and the way to redeem it. Raises `HoldUnknown`."""
    return _gift_page(code)


@web.post("/gifts/<code:code>/redeem")
@personal
def redeem_gift(holder_id: int, code: str) -> Response:
    """Receive a gift. Raises `HoldUnknown`."""
    try:
        with transaction():
            holds.redeem_gift(holder_id, code)
    except Problem as problem:
        if problem.status == 404:
            raise
        return _gift_page(code, problem)
    return make_response(redirect("/me/holdings?said=gift_redeemed", 303))


def _gift_page(code: str, refusal: Problem | None = None) -> Response:
    seen = visitor()
    facts = known.get_gift(code)
    return page(
        "gift.html",
        refusal.status if refusal else 200,
        gift=facts,
        refusal=refusal,
        signed_in=seen is not None,
        own=seen is not None and seen.holder_id == facts.hold.holder_id,
    )
