"""Organisations on pages: the ones I may act for, founding, joining, members, verification."""

from urllib.parse import quote

from flask import Response, make_response, redirect

from app.accounts import queries as accounts
from app.accounts.errors import InvitationUnknown
from app.accounts.queries import memberships
from app.accounts.rules import MEMBER_ROLES
from app.accounts.services import memberships as services
from app.accounts.services import verifications
from app.causes.queries import organisations as known
from app.causes.routes.acting import Actor
from app.causes.routes.organisations import invitation_link
from app.kit import clock
from app.kit.fields import NewSchema, OneOf, Text
from app.kit.messages import t
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.web.forms import Form, OnceSchema, once, read_form
from app.web.organisations import CreditCode, org_page, organisational, to
from app.web.pages import page, web
from app.web.session import personal

ROLES = tuple(MEMBER_ROLES)
FEW = 5


class NewOrganisation(OnceSchema):
    """What its members call it."""

    name = Text(40, required=True)


class NewVerification(NewSchema):
    """The registered name and code."""

    name = Text(40, required=True)
    credit_code = CreditCode(24, required=True)


class NewInvitation(NewSchema):
    """A role, and what the organisation calls the person."""

    role = OneOf(ROLES, required=True)
    label = Text(20)


class RoleChange(NewSchema):
    """Another role."""

    role = OneOf(ROLES, required=True)


@web.get("/organisations")
@personal
def organisation_list(holder_id: int) -> Response:
    """The organisations I may act for, and a form to found one."""
    return _list_page(holder_id, Form())


@web.post("/organisations")
@personal
def found_organisation(holder_id: int) -> Response:
    """Found one."""
    form = read_form(NewOrganisation)
    if not form.sound:
        return _list_page(holder_id, form)
    try:
        with transaction():
            code = once(holder_id, form, lambda: services.found(holder_id, form.values["name"]).code)
    except Problem as problem:
        return _list_page(holder_id, form.refuse(problem))
    return make_response(redirect(f"/organisations/{code}?said=org_founded", 303))


@web.get("/organisations/join/<code:secret>")
@personal
def invitation(holder_id: int, secret: str) -> Response:
    """What a link lets one into. Raises `InvitationUnknown`."""
    found = memberships.find_invitation(services.hash_of(secret))
    if found is None:
        raise InvitationUnknown()
    row, organisation = found
    response = page("organisation_join.html", tab="me", secret=secret, role=row.role, org=organisation)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@web.post("/organisations/join/<code:secret>")
@personal
def accept_invitation(holder_id: int, secret: str) -> Response:
    """Join. Raises `InvitationUnknown`, `AlreadyMember`."""
    with transaction():
        joined = services.accept(holder_id, secret)
        code = memberships.get_organisation(joined.organisation_id).code
    return make_response(redirect(f"/organisations/{quote(code)}?said=org_joined", 303))


@web.get("/organisations/<code:code>")
@organisational("read")
def organisation_home(actor: Actor) -> Response:
    """Where it stands: verified or not, budgets, what was ordered last."""
    return _home_page(actor, Form())


@web.post("/organisations/<code:code>/verification")
@organisational("members")
def ask_verification(actor: Actor) -> Response:
    """Ask to be verified."""
    form = read_form(NewVerification)
    if not form.sound:
        return _home_page(actor, form)
    try:
        with transaction():
            verifications.ask(actor.id, actor.member_id, form.values["name"], form.values["credit_code"])
    except Problem as problem:
        return _home_page(actor, form.refuse(problem))
    return to(actor, "", "org_verification_asked")


@web.get("/organisations/<code:code>/members")
@organisational("read")
def organisation_members(actor: Actor) -> Response:
    """Who is in, and whose links wait."""
    return _members_page(actor, Form())


@web.post("/organisations/<code:code>/invitations")
@organisational("members")
def invite_member(actor: Actor) -> Response:
    """Make a link; it is shown on this page only."""
    form = read_form(NewInvitation)
    if not form.sound:
        return _members_page(actor, form)
    try:
        with transaction():
            made = services.invite(actor.id, actor.member_id, form.values["role"], form.values.get("label"))
    except Problem as problem:
        return _members_page(actor, form.refuse(problem))
    return _members_page(actor, Form(), link=invitation_link(made.secret))


@web.post("/organisations/<code:code>/invitations/<code:invitation>/withdraw")
@organisational("members")
def withdraw_member_invitation(actor: Actor, invitation: str) -> Response:
    """Let a link not work any more. Raises `InvitationUnknown`."""
    with transaction():
        services.withdraw_invitation(actor.id, invitation)
    return to(actor, "/members", "org_changed")


@web.post("/organisations/<code:code>/members/<code:member>/role")
@organisational("members")
def change_member_role(actor: Actor, member: str) -> Response:
    """Give a member another role."""
    form = read_form(RoleChange)
    if not form.sound:
        return _members_page(actor, form)
    try:
        with transaction():
            services.change_role(actor.id, member, form.values["role"])
    except Problem as problem:
        return _members_page(actor, form.refuse(problem))
    return to(actor, "/members", "org_changed")


@web.post("/organisations/<code:code>/members/<code:member>/remove")
@organisational("members")
def remove_member(actor: Actor, member: str) -> Response:
    """Let a member go."""
    try:
        with transaction():
            services.remove(actor.id, member, actor.member_id)
    except Problem as problem:
        return _members_page(actor, Form().refuse(problem))
    return to(actor, "/members", "org_changed")


@web.post("/organisations/<code:code>/leave")
@organisational("read")
def leave_organisation(actor: Actor) -> Response:
    """Leave it."""
    try:
        with transaction():
            services.remove(actor.id, accounts.get_holder(actor.member_id).code, actor.member_id)
    except Problem as problem:
        return _members_page(actor, Form().refuse(problem))
    return make_response(redirect("/organisations?said=org_left", 303))


def _list_page(holder_id: int, form: Form) -> Response:
    listed = memberships.acting_for(holder_id)
    return page("organisations.html", form.status, tab="me", listed=listed, form=form)


def _home_page(actor: Actor, form: Form) -> Response:
    wishes = memberships.list_verifications(actor.id)
    return org_page(
        "organisation.html",
        actor,
        "home",
        form,
        verification=wishes[0] if wishes else None,
        budgets=[
            each for each in known.list_spending(actor.id, clock.business_day()) if each.member_id is None
        ],
        orders=known.list_placed(actor.id, FEW),
        held_g=accounts.get_balances(actor.id).get("units", 0),
    )


def _members_page(actor: Actor, form: Form, link: str | None = None) -> Response:
    return org_page(
        "organisation_members.html",
        actor,
        "members",
        form,
        members=memberships.list_members(actor.id),
        invitations=memberships.list_open_invitations(actor.id),
        roles=[(role, t_role(role)) for role in ROLES],
        link=link,
    )


def t_role(role: str) -> str:
    """A role in words."""
    return t(f"accounts.role_{role}")
