"""Carbon tickets 林业碳票 as anyone may see and print them, and the programmes that we recognise."""

from decimal import Decimal

from flask import Response, make_response, render_template, request
from markupsafe import Markup

from app.kit.http import public
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.qr import qr_svg
from app.registry.queries.handovers import view_given
from app.registry.queries.programmes import list_programmes
from app.registry.queries.tickets import TicketFacts, get_ticket, list_tickets
from app.web import session
from app.web.charts import tree_rings
from app.web.faces import lines
from app.web.pages import page, web
from app.web.words import in_language, plain

PAGE = 50
MOST_HALVES = 56
"""How wide a line of the face may be, in halves of a Chinese character."""


@web.get("/tickets")
@public
def ticket_list() -> Response:
    """Every carbon ticket, by its number."""
    rows = list_tickets(PAGE + 1, read_cursor(request.args.get("after")))
    return page("tickets.html", tab="forest", listed=page_of(rows, PAGE, lambda each: each.number))


@web.get("/tickets/<code:number>")
@public
def ticket(number: str) -> Response:
    """One ticket's face and what became of its units. Raises `TicketUnknown`."""
    found = get_ticket(number)
    return page("ticket.html", tab="forest", ticket=found, area=_area(found))


@web.get("/tickets/<code:number>/face.svg")
@public
def ticket_face(number: str) -> Response:
    """The face alone, as one SVG to keep or to print on A5. Raises `TicketUnknown`."""
    response = make_response(_face(number))
    response.content_type = "image/svg+xml; charset=utf-8"
    return response


def _face(number: str) -> str:
    found = get_ticket(number)
    place, name = (in_language(each.zh, each.en) for each in (found.place, found.name))
    period = f"{found.period.period_start} — {found.period.period_end}"
    rows = (
        ("ticket_owner", found.owner),
        ("forest_project", f"{name} ({found.project})"),
        ("place", place),
        ("ticket_area", _area(found)),
        ("monitoring", period),
        ("methodology", t(f"registry.methodology_{found.methodology}")),
        ("verification", found.verification),
        ("serial", found.serial),
    )
    url = f"{session.settings().public_url}/tickets/{found.written}"
    return render_template(
        "ticket_face.svg",
        ticket=found,
        rows=[(t(f"web.{label}"), lines(value, MOST_HALVES)) for label, value in rows],
        notes=[t(f"registry.note_{note}") for note in found.notes],
        rings=tree_rings(found.serial),
        qr=Markup(qr_svg(url).decode()),  # noqa: S704  our own drawing of our own address
    )


@web.get("/programmes")
@public
def programme_list() -> Response:
    """The programmes that we recognise, and what each states of its own units."""
    return page("programmes.html", programmes=list_programmes())


@web.get("/handovers/<code:number>")
@public
def handover(number: str) -> Response:
    """A handover of ours, with its deed. Raises `HandoverUnknown`."""
    return page("handover.html", each=view_given(number))


def _area(ticket: TicketFacts) -> str:
    """In hectares and in mu (15 to the hectare), as tickets are written in both."""
    hectares = Decimal(ticket.area_m2) / 10_000
    mu = plain(round(hectares * 15))
    return t("web.ticket_area_both", hectares=plain(hectares), mu=mu)
