"""What a person asks of partners: who they are, to be linked to one, and what that has given."""

from typing import Any

from app.accounts import queries as accounts
from app.footprint.queries import partners as known
from app.footprint.schemas.partners import LinkView, NewLink, PartnerLinkView, PartnerListView
from app.footprint.services import links as services
from app.kit.http import Blueprint, public
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in

partners = Blueprint("partners", __name__, url_prefix="/v1", description="Partners 数据伙伴")


@partners.route("/partners", methods=["GET"])
@public
@partners.response(200, PartnerListView(many=True))
def get_partners() -> Any:
    """Those whose reports count, and of which scenes."""
    return known.list_partners(open_only=True)


@partners.route("/me/partners", methods=["GET"])
@signed_in
@partners.response(200, PartnerLinkView(many=True))
def get_links() -> Any:
    """The caller's links, each with what its scenes gave and what was turned away since a withdrawal."""
    accounts.require_live_session(caller())
    return _links(caller().holder_id)


@partners.route("/me/partners/<string:code>", methods=["PUT"])
@signed_in
@writes
@partners.arguments(NewLink)
@partners.response(200, LinkView)
def put_link(wish: dict[str, Any], code: str) -> Any:
    """Consent to scenes of a partner's and get the token to hand to it. Again: further scenes, same token."""
    accounts.require_live_session(caller())
    return services.link_partner(caller().holder_id, code, wish["scenes"], wish["version"])


@partners.route("/me/partners/<string:code>", methods=["DELETE"])
@signed_in
@writes
@partners.response(204)
def delete_link(code: str) -> None:
    """Withdraw every consent for a partner and end its token; what counted before stays.

    One scene alone is withdrawn with DELETE /v1/me/consents/{scene}/{partner}.
    """
    accounts.require_live_session(caller())
    services.end_link(caller().holder_id, code)


def _links(holder_id: int) -> list[dict[str, Any]]:
    consents = accounts.list_consents(holder_id)
    return [
        {
            "partner": view.partner.code,
            "name_zh": view.partner.name_zh,
            "name_en": view.partner.name_en,
            "token": link.token,
            "linked_at": link.linked_at,
            "turned_away": link.turned_away,
            "turned_away_at": link.turned_away_at,
            "scenes": known.effect_of(holder_id, view, consents),
        }
        for link, view in known.list_links(holder_id)
    ]
