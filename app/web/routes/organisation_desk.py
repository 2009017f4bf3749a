"""An organisation's money and programs on pages: budgets, invoices, keys, webhooks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response

from app.accounts.queries import api_keys, memberships
from app.accounts.rules import KEY_SCOPES
from app.accounts.services import api_keys as keys
from app.causes.queries import invoices as asked
from app.causes.queries import organisations as known
from app.causes.queries import webhooks as endpoints
from app.causes.routes.acting import Actor
from app.causes.routes.invoices import file_answer
from app.causes.routes.webhooks import require_public
from app.causes.rules.organisations import BUDGET_PERIODS, INVOICE_KINDS
from app.causes.services import invoices, webhooks
from app.causes.services import organisations as services
from app.kit import clock
from app.kit.fields import Code, NewSchema, OneOf, Text, WholeText
from app.kit.messages import t
from app.kit.problems import NotFound, Problem
from app.kit.transaction import transaction
from app.web.forms import Form, Yuan, read_form
from app.web.organisations import CreditCode, org_page, organisational, to
from app.web.pages import web

PAGE = 20


class NewBudget(NewSchema):
    """A limit; an empty amount lifts it."""

    period = OneOf(BUDGET_PERIODS, required=True)
    member = Code(26)
    limit = Yuan()


class NewDetails(NewSchema):
    """What invoices must say."""

    title = Text(100, required=True)
    tax_number = CreditCode(24, required=True)
    bank = Text(100)
    bank_account = Code(30)
    address = Text(200)
    phone = Code(20)


class NewInvoice(NewSchema):
    """An invoice to ask for."""

    order = Code(26, required=True)
    kind = OneOf(INVOICE_KINDS, required=True)


class NewKeyForm(NewSchema):
    """A key; its scopes are ticked one by one."""

    name = Text(60, required=True)
    days = WholeText(1, 366, required=True)


for _scope in KEY_SCOPES:
    NewKeyForm._declared_fields[f"scope_{_scope}"] = OneOf(("yes",))


class NewEndpoint(NewSchema):
    """An address."""

    url = Text(500, required=True)


@web.get("/organisations/<code:code>/money")
@organisational("money")
def organisation_money(actor: Actor) -> Response:
    """Budgets, what invoices must say, requests for them."""
    return _money_page(actor, Form())


@web.post("/organisations/<code:code>/budgets")
@organisational("money")
def set_organisation_budget(actor: Actor) -> Response:
    """Set or lift a limit."""
    form = read_form(NewBudget)
    members = {each.code: each.holder_id for each in memberships.list_members(actor.id)}
    told = form.values
    if form.sound and told.get("member") and told["member"] not in members:
        raise NotFound()
    if not form.sound:
        return _money_page(actor, form)
    member_id = members.get(told.get("member", ""))
    with transaction():
        services.set_budget(actor.id, member_id, told["period"], told.get("limit"), actor.member_id)
    return to(actor, "/money", "org_changed")


@web.post("/organisations/<code:code>/invoice-details")
@organisational("money")
def keep_invoice_details(actor: Actor) -> Response:
    """Say what invoices must say."""
    form = read_form(NewDetails)
    if not form.sound:
        return _money_page(actor, form)
    with transaction():
        invoices.keep_details(actor.id, form.values)
    return to(actor, "/money", "org_changed")


@web.post("/organisations/<code:code>/invoices")
@organisational("money")
def ask_organisation_invoice(actor: Actor) -> Response:
    """Ask for an invoice of a settled order."""
    form = read_form(NewInvoice)
    if not form.sound:
        return _money_page(actor, form)
    try:
        with transaction():
            invoices.ask_invoice(actor.id, actor.member_id, form.values["order"], form.values["kind"])
    except Problem as problem:
        return _money_page(actor, form.refuse(problem))
    return to(actor, "/money", "org_invoice_asked")


@web.get("/organisations/<code:code>/invoices/<code:invoice>/file")
@organisational("money")
def organisation_invoice_file(actor: Actor, invoice: str) -> Response:
    """An invoice that was sent. Raises `InvoiceUnknown`."""
    return file_answer(*asked.get_file(actor.id, invoice))


@web.get("/organisations/<code:code>/programs")
@organisational("keys")
def organisation_programs(actor: Actor) -> Response:
    """Keys, endpoints, the last notices."""
    return _programs_page(actor, Form())


@web.post("/organisations/<code:code>/keys")
@organisational("keys")
def make_organisation_key(actor: Actor) -> Response:
    """Make a key; it is shown on this page only."""
    form = read_form(NewKeyForm)
    scopes = [scope for scope in KEY_SCOPES if f"scope_{scope}" in form.values]
    if form.sound and not scopes:
        form.faults["_schema"] = t("web.org_key_scopes_none")
    if not form.sound:
        return _programs_page(actor, form)
    ends = clock.now() + timedelta(days=form.values["days"])
    return _with_secret(
        actor, form, lambda: keys.make_key(actor.id, actor.member_id, form.values["name"], scopes, ends)[1]
    )


@web.post("/organisations/<code:code>/keys/<code:prefix>/replace")
@organisational("keys")
def replace_organisation_key(actor: Actor, prefix: str) -> Response:
    """Replace a key; the one before works on for a day."""
    day, may = timedelta(days=1), actor.permissions
    return _with_secret(
        actor, Form(), lambda: keys.replace_key(actor.id, actor.member_id, may, prefix, day)[1]
    )


@web.post("/organisations/<code:code>/keys/<code:prefix>/revoke")
@organisational("keys")
def revoke_organisation_key(actor: Actor, prefix: str) -> Response:
    """Let a key not work any more. Raises `NotFound`."""
    with transaction():
        keys.revoke_key(actor.id, prefix)
    return to(actor, "/programs", "org_changed")


@web.post("/organisations/<code:code>/webhooks")
@organisational("keys")
def open_organisation_endpoint(actor: Actor) -> Response:
    """Register an address; its secret is shown on this page only."""
    form = read_form(NewEndpoint)
    if not form.sound:
        return _programs_page(actor, form)
    url = form.values["url"]
    try:
        require_public(url)
    except Problem as problem:
        return _programs_page(actor, form.refuse(problem))
    return _with_secret(actor, form, lambda: webhooks.open_endpoint(actor.id, url, [])[1])


@web.post("/organisations/<code:code>/webhooks/<code:endpoint>/<code:what>")
@organisational("keys")
def change_organisation_endpoint(actor: Actor, endpoint: str, what: str) -> Response:
    """End, resume or try an endpoint, or give it another secret. Raises `NotFound`, `EndpointUnknown`."""
    if what == "secret":
        return _with_secret(actor, Form(), lambda: webhooks.replace_secret(actor.id, endpoint)[1])
    acts: dict[str, Any] = {
        "end": webhooks.end_endpoint,
        "resume": webhooks.resume_endpoint,
        "test": webhooks.try_endpoint,
    }
    if what not in acts:
        raise NotFound()
    with transaction():
        acts[what](actor.id, endpoint)
    return to(actor, "/programs", "org_changed")


@web.post("/organisations/<code:code>/webhooks/<code:endpoint>/dead/<int(max=9223372036854775807):position>")
@organisational("keys")
def replay_organisation_letter(actor: Actor, endpoint: str, position: int) -> Response:
    """Send a dead letter again. Raises `EndpointUnknown`, `DeadLetterUnknown`."""
    with transaction():
        webhooks.replay(actor.id, endpoint, position)
    return to(actor, "/programs", "org_changed")


def _with_secret(actor: Actor, form: Form, make: Callable[[], str]) -> Response:
    """The page with a secret that was made now and is never shown again."""
    try:
        with transaction():
            secret = make()
    except Problem as problem:
        if problem.status == NotFound.status:
            raise
        return _programs_page(actor, form.refuse(problem))
    return _programs_page(actor, Form(), secret=secret)


def _money_page(actor: Actor, form: Form) -> Response:
    members = memberships.list_members(actor.id)
    details = asked.find_details(actor.id) or {}
    form.written = {**details, **form.written}
    return org_page(
        "organisation_money.html",
        actor,
        "money",
        form,
        budgets=known.list_spending(actor.id, clock.business_day()),
        names={each.holder_id: each.label or f"…{each.code[-6:]}" for each in members},
        members=[(each.code, each.label or f"…{each.code[-6:]}") for each in members],
        periods=[(each, t(f"web.org_period_{each}")) for each in BUDGET_PERIODS],
        kinds=[(each, t(f"web.org_invoice_{each}")) for each in INVOICE_KINDS],
        invoices=asked.list_invoices(actor.id, PAGE),
        settled=[each for each in known.list_placed(actor.id, 100) if each.order.status == "settled"],
    )


def _programs_page(actor: Actor, form: Form, secret: str | None = None) -> Response:
    listed = endpoints.list_endpoints(actor.id)
    return org_page(
        "organisation_programs.html",
        actor,
        "programs",
        form,
        keys=api_keys.list_keys(actor.id),
        now=clock.now(),
        scopes=KEY_SCOPES,
        endpoints=[(each, endpoints.list_dead_letters(each.id, 5)) for each in listed],
        secret=secret,
    )
