"""Bank transfers at the operators' desk: orders for organisations, proofs, two readings of the statement."""

from datetime import timedelta
from typing import Any

from flask import Response, make_response, redirect, request
from marshmallow import ValidationError, validates_schema

from app.accounts import queries as accounts
from app.accounts import services as holders
from app.accounts.queries.operators import OperatorFacts
from app.kit.fields import Code, Day, NewSchema, Text, WholeText
from app.kit.http import read_file
from app.kit.messages import t
from app.kit.paging import page as page_of
from app.kit.paging import read_cursor
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from app.offsets.errors import OfflineClosed
from app.offsets.rules import LARGEST_PROOF_BYTES, MEDIA_TYPES, MOST_PROOFS, PaymentOutcome
from app.offsets.services import transfers
from app.offsets.services.orders import Wish
from app.offsets.services.transfers import Statement
from app.registry import queries as registry
from app.web import session
from app.web.console import operated
from app.web.forms import Form, OnceSchema, Yuan, once, read_form
from app.web.pages import page, web

PAGE = 50
MOST_LOTS = 200
MOST_STEPS = 1_000_000


class NewTransferOrder(OnceSchema):
    """An order for an organisation: a known one, or a new one by its name."""

    organisation = Code(26)
    name = Text(100)
    lot = Code(40, required=True)
    steps = WholeText(1, MOST_STEPS, required=True)
    beneficiary = Text(40)

    @validates_schema
    def one_organisation(self, data: dict[str, Any], **kwargs: Any) -> None:
        """A known one or a new one, not both."""
        if ("organisation" in data) == ("name" in data):
            raise ValidationError(t("web.organisation_one"), "name")


class NewReading(NewSchema):
    """What an operator reads on the bank's statement."""

    amount = Yuan(required=True)
    reference = Code(58, required=True)
    received_on = Day(required=True)


@web.get("/console/transfers")
@operated("money.read")
def console_transfers(operator: OperatorFacts) -> Response:
    """What waits for a reading first, then all of them."""
    rows = offsets.list_transfers(PAGE + 1, read_cursor(request.args.get("after")))
    return page(
        "console_transfers.html",
        waiting=offsets.list_waiting_transfers(),
        listed=page_of(rows, PAGE, lambda transfer: transfer.order.id),
        may_write=operator.may("money.write"),
    )


@web.get("/console/transfers/new")
@operated("money.write")
def console_new_transfer(operator: OperatorFacts) -> Response:
    """The form of a new order."""
    return _new_page(Form())


@web.post("/console/transfers")
@operated("money.write")
def place_transfer_order(operator: OperatorFacts) -> Response:
    """Reserve units for an organisation, which pays by bank."""
    if session.settings().bank_account is None:
        raise OfflineClosed()
    form = read_form(NewTransferOrder)
    if not form.sound:
        return _new_page(form, 422)
    known = accounts.find_organisation(form.values.get("organisation", ""))
    if "organisation" in form.values and known is None:
        form.faults["organisation"] = t("kit.field_invalid")
        return _new_page(form, 422)
    reservation = timedelta(days=session.settings().offline_reservation_days)
    try:
        lot = registry.get_lot(form.values["lot"])
        quantity_kg = form.values["steps"] * lot.terms.step_kg
        wish = Wish(
            "organisation", quantity_kg, lot_code=lot.code, beneficiary=form.values.get("beneficiary")
        )

        def place() -> str:
            holder = known or holders.open_organisation(operator.id, form.values["name"])
            return transfers.place_transfer_order(operator.id, holder.id, wish, reservation).code

        with transaction():
            code = once(operator.id, form, place)
    except Problem as problem:
        return _new_page(form.refuse(problem), problem.status)
    return _to(code, "transfer_placed")


@web.get("/console/transfers/<code:code>")
@operated("money.read")
def console_transfer(operator: OperatorFacts, code: str) -> Response:
    """One order, its proofs, and the form for one's own reading. Raises `TransferUnknown`."""
    return _transfer_page(operator, code, Form())


@web.post("/console/transfers/<code:code>/confirm")
@operated("money.write")
def confirm_transfer(operator: OperatorFacts, code: str) -> Response:
    """Enter what one has read at the bank; the second who agrees makes it paid, or a doubt."""
    form = read_form(NewReading)
    if not form.sound:
        return _transfer_page(operator, code, form, 422)
    told = form.values
    read = Statement(told["amount"], told["reference"], told["received_on"])
    try:
        with transaction():
            outcome = transfers.confirm_transfer(operator.id, code, read)
    except Problem as problem:
        return _refused(operator, code, form, problem)
    said = {None: "transfer_read", PaymentOutcome.MISMATCH: "transfer_doubt"}
    return _to(code, said.get(outcome, "transfer_paid"))


@web.post("/console/transfers/<code:code>/take-back")
@operated("money.write")
def take_back_reading(operator: OperatorFacts, code: str) -> Response:
    """Take one's own reading back."""
    try:
        with transaction():
            transfers.take_back(operator.id, code)
    except Problem as problem:
        return _refused(operator, code, Form(), problem)
    return _to(code, "transfer_taken_back")


@web.post("/console/transfers/<code:code>/proofs")
@operated("money.write")
def keep_proof(operator: OperatorFacts, code: str) -> Response:
    """Keep a proof that came to us by other ways."""
    try:
        content = read_file("proof", LARGEST_PROOF_BYTES)
        with transaction():
            transfers.keep_proof(code, content, operator.id)
    except Problem as problem:
        return _refused(operator, code, Form(), problem)
    return _to(code, "proof_kept")


@web.get("/console/transfers/<code:code>/proofs/<int(max=9223372036854775807):proof_id>")
@operated("money.read")
def proof(operator: OperatorFacts, code: str, proof_id: int) -> Response:
    """A proof as a file to keep: never shown inside a page of ours, since a stranger made it."""
    media, content = offsets.get_proof(code, proof_id)
    response = Response(content, content_type=MEDIA_TYPES[media])
    response.headers["Content-Disposition"] = f'attachment; filename="{code}-{proof_id}.{media}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _refused(operator: OperatorFacts, code: str, form: Form, problem: Problem) -> Response:
    if problem.status == 404:
        raise problem
    return _transfer_page(operator, code, form.refuse(problem), problem.status)


def _to(code: str, said: str) -> Response:
    return make_response(redirect(f"/console/transfers/{code}?said={said}", 303))


def _new_page(form: Form, status: int = 200) -> Response:
    return page(
        "console_transfer_new.html",
        status,
        form=form,
        organisations=accounts.list_organisations(),
        lots=registry.list_lots(MOST_LOTS, available=True),
        account=session.settings().bank_account,
        days=session.settings().offline_reservation_days,
    )


def _transfer_page(operator: OperatorFacts, code: str, form: Form, status: int = 200) -> Response:
    found = offsets.get_transfer(code)
    mine = next((each for each in found.open_readings if each.operator_id == operator.id), None)
    return page(
        "console_transfer.html",
        status,
        transfer=found,
        link=f"{session.settings().public_url}/transfer/{found.link}",
        form=form,
        mine=mine,
        names=accounts.operators.list_names(),
        refunds=offsets.list_refunds_of(code),
        most_proofs=MOST_PROOFS,
        may_write=operator.may("money.write"),
    )
