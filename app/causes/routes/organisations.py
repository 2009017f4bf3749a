"""Organisations over HTTP: founding, members, invitations, verification, keys."""

from datetime import timedelta
from typing import Any

from flask import current_app

from app.accounts import queries as accounts
from app.accounts.errors import KeyScopes
from app.accounts.queries import api_keys, memberships
from app.accounts.queries.memberships import require_role
from app.accounts.services import api_keys as keys
from app.accounts.services import memberships as members
from app.accounts.services import verifications
from app.causes.routes.acting import actor, acts, shows_secret
from app.causes.schemas.organisations import (
    Acceptance,
    ApiKeyReplacement,
    ApiKeysView,
    InvitationsView,
    InvitedView,
    MembersView,
    MemberView,
    NewApiKey,
    NewApiKeyView,
    NewInvitation,
    NewOrganisation,
    NewVerification,
    OrganisationsView,
    OrganisationView,
    RoleChange,
    VerificationsView,
    VerificationView,
)
from app.kit import clock
from app.kit.http import Blueprint
from app.kit.idempotency import writes
from app.kit.identity import caller, signed_in
from app.kit.problems import NotFound

organisations = Blueprint(
    "organisations", __name__, url_prefix="/v1/organisations", description="Acting for an organisation 组织"
)
invitations = Blueprint(
    "invitations", __name__, url_prefix="/v1/invitations", description="Joining an organisation 加入组织"
)
BLUEPRINTS = (organisations, invitations)


def _me() -> int:
    accounts.require_live_session(caller())
    return caller().holder_id


def invitation_link(secret: str) -> str:
    """Where an invitation is accepted."""
    return f"{current_app.extensions['settings'].public_url}/organisations/join/{secret}"


@organisations.route("", methods=["GET"])
@signed_in
@organisations.response(200, OrganisationsView)
def get_organisations() -> dict[str, Any]:
    """The organisations that the caller may act for."""
    return {"items": memberships.acting_for(_me())}


@organisations.route("", methods=["POST"])
@signed_in
@writes
@organisations.arguments(NewOrganisation)
@organisations.response(201, OrganisationView)
def post_organisation(wish: dict[str, Any]) -> Any:
    """Found an organisation as its first owner. Only members read its name until it is verified."""
    holder = members.found(_me(), wish["name"], wish.get("region"))
    return require_role(caller().holder_id, holder.code, "read")


@organisations.route("/<string:code>", methods=["GET"])
@acts("read")
@organisations.response(200, OrganisationView)
def get_organisation() -> Any:
    """One organisation, as whoever acts for it may see it."""
    return actor()


@organisations.route("/<string:code>/members", methods=["GET"])
@acts("read")
@organisations.response(200, MembersView)
def get_members() -> dict[str, Any]:
    """Who is in, in the order of their joining."""
    return {"items": memberships.list_members(actor().id)}


@organisations.route("/<string:code>/members/<string:member>", methods=["PUT"])
@acts("members", member=True)
@writes
@organisations.arguments(RoleChange)
@organisations.response(200, MemberView)
def put_member(wish: dict[str, Any], member: str) -> Any:
    """Give a member another role; the last owner keeps theirs."""
    members.change_role(actor().id, member, wish["role"])
    return next(each for each in memberships.list_members(actor().id) if each.code == member)


@organisations.route("/<string:code>/members/<string:member>", methods=["DELETE"])
@acts("members", member=True)
@writes
@organisations.response(204)
def delete_member(member: str) -> None:
    """Let a member go."""
    members.remove(actor().id, member, actor().member_id)


@organisations.route("/<string:code>/members/me", methods=["DELETE"])
@acts("read", member=True)
@writes
@organisations.response(204)
def delete_own_membership() -> None:
    """Leave; the last owner cannot."""
    mine = accounts.get_holder(actor().member_id).code
    members.remove(actor().id, mine, actor().member_id)


@organisations.route("/<string:code>/invitations", methods=["GET"])
@acts("members", member=True)
@organisations.response(200, InvitationsView)
def get_invitations() -> dict[str, Any]:
    """Links that still let somebody in."""
    return {"items": memberships.list_open_invitations(actor().id)}


@organisations.route("/<string:code>/invitations", methods=["POST"])
@acts("members", member=True)
@shows_secret
@organisations.arguments(NewInvitation)
@organisations.response(201, InvitedView)
def post_invitation(wish: dict[str, Any]) -> dict[str, Any]:
    """Make a link that lets one person in, once and for seven days; it is shown only now."""
    made = members.invite(actor().id, actor().member_id, wish["role"], wish.get("label"))
    row = made.invitation
    return {
        "code": row.code,
        "role": row.role,
        "invited_at": row.invited_at,
        "expires_at": row.expires_at,
        "link": invitation_link(made.secret),
        "secret": made.secret,
    }


@organisations.route("/<string:code>/invitations/<string:invitation>", methods=["DELETE"])
@acts("members", member=True)
@writes
@organisations.response(204)
def delete_invitation(invitation: str) -> None:
    """Let a link not work any more."""
    members.withdraw_invitation(actor().id, invitation)


@invitations.route("/acceptance", methods=["POST"])
@signed_in
@writes
@invitations.arguments(Acceptance)
@invitations.response(201, OrganisationView)
def post_acceptance(wish: dict[str, Any]) -> Any:
    """Join an organisation by the secret of a link; it works once."""
    joined = members.accept(_me(), wish["secret"])
    facts = memberships.get_organisation(joined.organisation_id)
    return require_role(caller().holder_id, facts.code, "read")


@organisations.route("/<string:code>/verifications", methods=["GET"])
@acts("read")
@organisations.response(200, VerificationsView)
def get_verifications() -> dict[str, Any]:
    """The organisation's wishes to be verified, newest first."""
    return {"items": memberships.list_verifications(actor().id)}


@organisations.route("/<string:code>/verifications", methods=["POST"])
@acts("members", member=True)
@writes
@organisations.arguments(NewVerification)
@organisations.response(201, VerificationView)
def post_verification(wish: dict[str, Any]) -> Any:
    """Ask to be known by a name and a unified social credit code; an operator looks them up."""
    return verifications.ask(actor().id, actor().member_id, wish["name"], wish["credit_code"])


@organisations.route("/<string:code>/keys", methods=["GET"])
@acts("keys", member=True)
@organisations.response(200, ApiKeysView)
def get_keys() -> dict[str, Any]:
    """The organisation's keys, those that ended too."""
    return {"items": api_keys.list_keys(actor().id)}


@organisations.route("/<string:code>/keys", methods=["POST"])
@acts("keys", member=True)
@shows_secret
@organisations.arguments(NewApiKey)
@organisations.response(201, NewApiKeyView)
def post_key(wish: dict[str, Any]) -> dict[str, Any]:
    """Make a key for a program; its text is shown only now."""
    if not set(wish["scopes"]) <= actor().permissions:
        raise KeyScopes()
    ends = clock.now() + timedelta(days=wish["days"])
    return _new_key(*keys.make_key(actor().id, actor().member_id, wish["name"], wish["scopes"], ends))


@organisations.route("/<string:code>/keys/<string:prefix>/replacement", methods=["POST"])
@acts("keys", member=True)
@shows_secret
@organisations.arguments(ApiKeyReplacement)
@organisations.response(201, NewApiKeyView)
def post_replacement(wish: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Replace a key; the one before works on for the overlap."""
    overlap = timedelta(hours=wish["overlap_hours"])
    may = actor().permissions
    return _new_key(*keys.replace_key(actor().id, actor().member_id, may, _plain(prefix), overlap))


@organisations.route("/<string:code>/keys/<string:prefix>", methods=["DELETE"])
@acts("keys", member=True)
@writes
@organisations.response(204)
def delete_key(prefix: str) -> None:
    """Let a key not work any more, from this moment on."""
    keys.revoke_key(actor().id, _plain(prefix))


def _plain(prefix: str) -> str:
    if not (prefix.isascii() and prefix.isalnum()):
        raise NotFound()
    return prefix


def _new_key(row: Any, text: str) -> dict[str, Any]:
    names = ("prefix", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    return {**{name: getattr(row, name) for name in names}, "key": text}
