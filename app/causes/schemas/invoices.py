"""What is said about invoices."""

from marshmallow import fields

from app.causes.rules.organisations import INVOICE_KINDS
from app.causes.schemas.organisation_fields import CreditCode
from app.kit.fields import Code, Moment, NewSchema, OneOf, Text, ViewSchema


class InvoiceDetailsChange(NewSchema):
    """What invoices must say: title and tax number always, the rest for special ones."""

    title = Text(100, required=True)
    tax_number = CreditCode(required=True)
    bank = Text(100)
    bank_account = Code(30)
    address = Text(200)
    phone = Code(20)


class InvoiceDetailsView(ViewSchema):
    """What invoices must say."""

    title = fields.String(required=True)
    tax_number = fields.String(required=True)
    bank = fields.String(required=True, allow_none=True)
    bank_account = fields.String(required=True, allow_none=True)
    address = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)


class NewInvoice(NewSchema):
    """An invoice to ask for."""

    order = Code(26, required=True)
    kind = OneOf(INVOICE_KINDS, load_default="ordinary")


class InvoiceView(ViewSchema):
    """A request for an invoice and where it stands."""

    code = fields.String(required=True)
    order = fields.String(required=True, attribute="order_code")
    kind = fields.String(required=True)
    amount_fen = fields.Integer(required=True)
    status = fields.String(required=True)
    number = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    requested_at = Moment(required=True)
    sent_at = Moment(required=True, allow_none=True)
