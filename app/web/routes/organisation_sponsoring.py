"""What an organisation's money did: its programmes, what points were spent on, and whom they paid."""

from flask import Response

from app.causes.routes.acting import Actor
from app.rewards.queries import sponsoring
from app.web.organisations import org_page, organisational
from app.web.pages import web
from app.web.routes.points import area_names
from app.web.session import settings


@web.get("/organisations/<code:code>/sponsoring")
@organisational("read")
def organisation_sponsoring(actor: Actor) -> Response:
    """The organisation's programmes to the fen."""
    views = sponsoring.list_sponsored(actor.id)
    return org_page(
        "organisation_sponsoring.html",
        actor,
        "sponsoring",
        views=[(view, sponsoring.list_givers(view.id)) for view in views],
        areas=area_names(views),
        least=settings().region_least_people,
    )
