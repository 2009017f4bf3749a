"""Partners that report for me: to whom I agreed for what, what it gave, and how to end it."""

from typing import cast

from flask import Response, make_response, redirect

from app.accounts import queries as accounts
from app.accounts import services as consents
from app.footprint.errors.partners import PartnerUnknown
from app.footprint.queries import partners as known
from app.footprint.services import links
from app.kit.fields import NewSchema, OneOf
from app.kit.problems import NotFound
from app.kit.transaction import transaction
from app.web.forms import read_form
from app.web.pages import page, web
from app.web.session import personal

CONSENT_VERSION = "2026-11"
"""The version of the words a person agrees to; change it with them."""


@web.get("/me/partners")
@personal
def my_partners(holder_id: int) -> Response:
    """My links with their effect, and the partners that I could link myself to."""
    agreed = accounts.list_consents(holder_id)
    linked = [
        (link, view, known.effect_of(holder_id, view, agreed)) for link, view in known.list_links(holder_id)
    ]
    mine = {view.partner.code for _, view, _ in linked}
    others = [each for each in known.list_partners(open_only=True) if each.partner.code not in mine]
    scenes = known.reportable_scenes()
    return page("me_partners.html", tab="me", linked=linked, others=others, scenes=scenes)


@web.post("/me/partners/<code:code>/link")
@personal
def link_partner(holder_id: int, code: str) -> Response:
    """Agree to the scenes that are ticked. Raises `PartnerUnknown`, `Unreadable`."""
    view = known.find_partner(code)
    if not view.scenes:
        raise PartnerUnknown()
    asked = NewSchema.from_dict({f"scene_{scene}": OneOf(("yes",)) for scene in view.scenes})
    form = read_form(cast("type[NewSchema]", asked))
    chosen = [name.removeprefix("scene_") for name in form.values]
    if not form.sound or not chosen:
        return make_response(redirect("/me/partners?said=partner_none_chosen", 303))
    with transaction():
        links.link_partner(holder_id, code, chosen, CONSENT_VERSION)
    return make_response(redirect(f"/me/partners?said=partner_linked#{code}", 303))


@web.post("/me/partners/<code:code>/<code:scene>/withdraw")
@personal
def withdraw_scene(holder_id: int, code: str, scene: str) -> Response:
    """Agree no more to one scene. Raises `NotFound`."""
    with transaction():
        stood = consents.withdraw_consent(holder_id, scene, code)
    if not stood:
        raise NotFound()
    return make_response(redirect(f"/me/partners?said=partner_withdrawn#{code}", 303))


@web.post("/me/partners/<code:code>/end")
@personal
def end_partner(holder_id: int, code: str) -> Response:
    """End the link: nothing new counts, the token is dead. Raises `PartnerUnknown`, `NotFound`."""
    with transaction():
        links.end_link(holder_id, code)
    return make_response(redirect("/me/partners?said=partner_ended", 303))
