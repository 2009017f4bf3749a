"""Handovers between registries, carbon tickets, recognised programmes: what strangers and programmes ask."""

from typing import Any

from app.kit.http import Blueprint, public
from app.kit.paging import PageQuery, page, page_of, read_cursor
from app.kit.transaction import transaction
from app.registry.models import Handover, HandoverReceipt
from app.registry.queries.handovers import get_given
from app.registry.queries.programmes import list_programmes
from app.registry.queries.tickets import get_ticket as ticket_facts
from app.registry.queries.tickets import list_tickets
from app.registry.schemas.handovers import (
    HandoverView,
    NewLetter,
    OurStatementView,
    ProgrammesView,
    TicketView,
)
from app.registry.services.letters import hear
from app.registry.services.programmes import sign_statement

handovers = Blueprint(
    "handovers", __name__, url_prefix="/v1/handovers", description="Handovers between registries 移交"
)
tickets = Blueprint("tickets", __name__, url_prefix="/v1/tickets", description="Carbon tickets 林业碳票")
programmes = Blueprint(
    "programmes", __name__, url_prefix="/v1/programmes", description="Recognised programmes 互认伙伴"
)
statement = Blueprint(
    "statement", __name__, url_prefix="/v1/statement", description="Our own figures, signed 本登记机构声明"
)


@handovers.route("", methods=["POST"])
@public
@handovers.arguments(NewLetter)
@handovers.response(200, HandoverView)
def post_letter(letter: dict[str, Any]) -> Handover | HandoverReceipt:
    """Give us a signed letter about a handover. Its signature is what lets it in; twice does no harm.

    The answer holds every letter that stands here about the same handover, so that one that was lost
    is had again by repeating the letter before it.
    """
    with transaction():
        return hear(letter["document"])


@handovers.route("/<string:number>", methods=["GET"])
@public
@handovers.response(200, HandoverView)
def get_handover(number: str) -> Handover:
    """A handover that we give, by its number: the deed can be had again by anyone who knows it."""
    return get_given(number)


@tickets.route("", methods=["GET"])
@public
@tickets.arguments(PageQuery, location="query")
@tickets.response(200, page_of(TicketView))
def get_tickets(wish: dict[str, Any]) -> dict[str, Any]:
    """Carbon tickets in the order of their numbers."""
    rows = list_tickets(wish["limit"] + 1, read_cursor(wish.get("after")))
    return page(rows, wish["limit"], lambda row: row.number)


@tickets.route("/<string:number>", methods=["GET"])
@public
@tickets.response(200, TicketView)
def get_ticket(number: str) -> Any:
    """The face of one ticket, and what became of its units."""
    return ticket_facts(number)


@programmes.route("", methods=["GET"])
@public
@programmes.response(200, ProgrammesView)
def get_programmes() -> dict[str, Any]:
    """Programmes whose letters we believe, with their keys and what each stated last of itself."""
    return {"items": list_programmes()}


@statement.route("", methods=["GET"])
@public
@statement.response(200, OurStatementView)
def get_statement() -> dict[str, str]:
    """What is issued, held, retired and cancelled here now, signed."""
    return {"document": sign_statement()}
