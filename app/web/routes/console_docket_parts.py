"""What is done to a docket at a desk: its ruling, papers, bank orders, reminders, its letter, its end."""

from datetime import timedelta

from flask import Response

from app.accounts.queries.operators import OperatorFacts
from app.causes.queries.courts import scope_of
from app.causes.queries.dockets import open_paper
from app.causes.rules.docket_papers import LARGEST_PAPER_BYTES
from app.causes.services import docket_letters, docket_orders, docket_papers, dockets, rulings
from app.kit.fields import NewSchema
from app.kit.http import read_file
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets.errors import OfflineClosed
from app.offsets.rules import MEDIA_TYPES
from app.web import session
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Prose, once, read_form
from app.web.pages import web
from app.web.routes.console_docket_forms import (
    PaperForm,
    PurchaseForm,
    RulingForm,
    WaiverForm,
    read_purchase,
    read_ruling,
)
from app.web.routes.console_dockets import act_on, docket_page, refused, to_docket


class ReasonForm(NewSchema):
    """Why something ends."""

    reason = Prose(300, required=True)


class BankForm(OnceSchema, PurchaseForm):
    """A purchase that the party pays by bank."""


@web.post("/console/dockets/<code:code>/ruling")
@operated("dockets.write")
def record_ruling(operator: OperatorFacts, code: str) -> Response:
    """Record what was ruled; somebody else confirms it."""
    form = read_form(RulingForm)
    ruling = read_ruling(form) if form.sound else None
    if ruling is None:
        return docket_page(operator, code, form, 422)
    return act_on(operator, code, form, "ruling_recorded", rulings.record_ruling, ruling)


@web.post("/console/dockets/<code:code>/rulings/<int(max=9223372036854775807):ruling_id>/confirm")
@operated("courts.write")
def confirm_ruling(operator: OperatorFacts, code: str, ruling_id: int) -> Response:
    """Let a ruling count, as it was read."""
    return act_on(operator, code, Form(), "ruling_confirmed", rulings.confirm_ruling, ruling_id)


@web.post("/console/dockets/<code:code>/rulings/<int(max=9223372036854775807):ruling_id>/refuse")
@operated("dockets.write")
def refuse_ruling(operator: OperatorFacts, code: str, ruling_id: int) -> Response:
    """Drop a ruling that waits."""
    return act_on(operator, code, Form(), "ruling_refused", rulings.refuse_ruling, ruling_id)


@web.post("/console/dockets/<code:code>/papers")
@operated("dockets.write")
def keep_docket_paper(operator: OperatorFacts, code: str) -> Response:
    """Keep a file."""
    try:
        content = read_file("paper", LARGEST_PAPER_BYTES)
    except Problem as problem:
        return refused(operator, code, Form(), problem)
    form = read_form(PaperForm)
    told = form.values
    keep = docket_papers.keep_paper
    return act_on(operator, code, form, "paper_kept", keep, told.get("kind"), told.get("title"), content)


@web.get("/console/dockets/<code:code>/papers/<int(max=9223372036854775807):paper_id>")
@operated("dockets.read")
def docket_paper(operator: OperatorFacts, code: str, paper_id: int) -> Response:
    """A paper as a file to keep: never shown inside a page of ours, since a stranger made it."""
    found, content = open_paper(scope_of(operator), code, paper_id)
    response = Response(content, content_type=MEDIA_TYPES[found.media])
    name = f"{code}-{found.sha256.hex()[:12]}.{found.media}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@web.post("/console/dockets/<code:code>/papers/<int(max=9223372036854775807):paper_id>/drop")
@operated("dockets.write")
def drop_docket_paper(operator: OperatorFacts, code: str, paper_id: int) -> Response:
    """Take out a paper that does not belong here."""
    return act_on(operator, code, Form(), "part_dropped", docket_papers.drop_paper, paper_id)


@web.post("/console/dockets/<code:code>/waivers")
@operated("dockets.write")
def waive_docket_paper(operator: OperatorFacts, code: str) -> Response:
    """Say why this case does without a paper."""
    form = read_form(WaiverForm)
    told = form.values
    return act_on(
        operator, code, form, "paper_waived", docket_papers.waive_paper, told.get("kind"), told.get("reason")
    )


@web.post("/console/dockets/<code:code>/orders")
@operated("dockets.write")
def order_by_bank(operator: OperatorFacts, code: str) -> Response:
    """Reserve units for a party that pays by bank; the page says what its transfer must name."""
    if session.settings().bank_account is None:
        return refused(operator, code, Form(), OfflineClosed())
    form = read_form(BankForm)
    if not form.sound:
        return docket_page(operator, code, form, 422)
    scope, purchase = scope_of(operator), read_purchase(form)
    reservation = timedelta(days=session.settings().offline_reservation_days)

    def act() -> str:
        return docket_orders.order_by_bank(operator.id, scope, code, purchase, reservation).code

    try:
        with transaction():
            once(operator.id, form, act)
    except Problem as problem:
        return refused(operator, code, form, problem)
    return to_docket(code, "docket_ordered")


@web.post("/console/dockets/<code:code>/reminders/<int(max=9223372036854775807):reminder_id>/deliver")
@operated("dockets.write")
def deliver_reminder(operator: OperatorFacts, code: str, reminder_id: int) -> Response:
    """Note that a reminder was passed on."""
    return act_on(operator, code, Form(), "reminder_delivered", docket_letters.deliver_reminder, reminder_id)


@web.post("/console/dockets/<code:code>/link")
@operated("dockets.write")
def renew_docket_link(operator: OperatorFacts, code: str) -> Response:
    """Give the parties another link."""
    return act_on(operator, code, Form(), "docket_link_renewed", dockets.renew_link)


@web.post("/console/dockets/<code:code>/letter")
@operated("courts.write")
def issue_letter(operator: OperatorFacts, code: str) -> Response:
    """Attest that the ruling is carried out."""
    return act_on(operator, code, Form(), "letter_issued", docket_letters.issue_letter)


@web.post("/console/dockets/<code:code>/withdraw")
@operated("dockets.write")
def withdraw_docket(operator: OperatorFacts, code: str) -> Response:
    """Close a docket that was opened by mistake."""
    form = read_form(ReasonForm)
    return act_on(
        operator, code, form, "docket_withdrawn", dockets.withdraw_docket, form.values.get("reason")
    )
