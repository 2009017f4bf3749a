"""Events as anyone may see them: where they stand, by what, and how to take part in closing what is owed."""

from typing import Any

from flask import Response, request

from app.causes.queries import events as known
from app.causes.queries.event_details import EventDetail, detail_of
from app.causes.queries.events import EventFacts
from app.causes.queries.schemes import schemes
from app.causes.rules.events import SHARED
from app.kit.http import public
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import NotFound
from app.offsets.queries import causes
from app.registry import queries as registry
from app.registry.queries import Listing
from app.web import session
from app.web.pages import page, web
from app.web.rings import Part, ring

PAGE = 20
MOST_LOTS = 200
SHOWN_LOTS = 8
"""So many lots of a kind are offered; all are on the page of forests."""


@web.get("/events")
@public
def event_list() -> Response:
    """Published events, the newest first."""
    rows = known.list_published(PAGE + 1, read_cursor(request.args.get("after")))
    return page("events.html", listed=page_of(rows, PAGE, lambda each: each.id), kinds=schemes().kinds)


@web.get("/events/<code:code>")
@public
def event_page(code: str) -> Response:
    """A published event with its live status. Raises `NotFound`."""
    event, own = visible(code)
    detail = detail_of(event, own=False)
    return page(
        "event.html",
        event=detail,
        own=own,
        retired=causes.list_retirements(event.id),
        supportable=event.visibility == SHARED and event.cause.closed_at is None,
        **picture(detail),
    )


@web.get("/events/<code:code>/buy")
@public
def event_buy(code: str) -> Response:
    """What may be bought for an event, kind by kind in the scheme's order. Raises `NotFound`."""
    event, own = visible(code)
    if not own and event.visibility != SHARED:
        raise NotFound()
    lots = registry.list_lots(MOST_LOTS, available=True)
    return page(
        "event_buy.html",
        event=detail_of(event, own=False),
        own=own,
        kinds=[(unit, _of_kind(unit["products"], lots)) for unit in schemes().units],
    )


def visible(code: str) -> tuple[EventFacts, bool]:
    """An event that the visitor may see, and whether they manage it. Raises `NotFound`."""
    seen = session.visitor()
    found = known.find_event(code)
    if found is None:
        raise NotFound()
    event = known.get_event(found)
    own = seen is not None and known.manages(seen.holder_id, event.cause)
    if not own and event.published_at is None:
        raise NotFound()
    return event, own


def picture(detail: EventDetail) -> dict[str, Any]:
    """The ring of an event's figure by source type, with the names of the types and of the kind."""
    stage = detail.shown
    types = detail.facts.inventory.guide.document["type"]
    parts: tuple[Part, ...] = ring(list(stage.by_type.items())) if stage else ()
    return {
        "estimate": stage,
        "parts": parts,
        "names": {each["key"]: each for each in types},
        "kinds": schemes().kinds,
        "scheme": detail.facts.scheme,
    }


def _of_kind(products: list[str], lots: list[Listing]) -> list[Listing]:
    """The lots of these products, the oldest vintage first."""
    fitting = (lot for lot in lots if lot.terms.product in products)
    return sorted(fitting, key=lambda lot: (lot.issuance.vintage, lot.id))[:SHOWN_LOTS]
