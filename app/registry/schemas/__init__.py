"""What is said about projects and lots. Texts for people come in both languages at once."""

from typing import Any

from marshmallow import fields

from app.kit.fields import Code, Moment, NewSchema, OneOf, Text, ViewSchema, WholeText
from app.kit.messages import LANGUAGES, t
from app.kit.paging import PageQuery
from app.kit.platforms import may_buy
from app.registry.rules import PRODUCTS
from app.registry.rules.sanctions import KINDS


class LotQuery(PageQuery):
    """Which lots are wanted."""

    region = Code(6, metadata={"description": "The beginning of an administrative code, such as 3507."})
    village = Text(60, metadata={"description": "A village's name in either language."})
    project = Code(20, metadata={"description": "A project's code."})
    product = OneOf(tuple(PRODUCTS), metadata={"description": "One product's lots."})
    available = OneOf(("true", "false"), metadata={"description": "Whether something can be bought now."})


class BothView(ViewSchema):
    """A text in both languages."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class Wording(fields.Nested):
    """The sentences `registry.<prefix><word>` of the message catalogue, in both languages."""

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        super().__init__(BothView, dump_only=True, required=True, **kwargs)
        self.prefix = prefix

    def _serialize(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        word = args[0]
        return {lang: t(f"registry.{self.prefix}{word}", lang) for lang in LANGUAGES}


class UnitsView(ViewSchema):
    """What became of an issuance's units, in kilograms CO2e; the states sum to what was issued."""

    issued_kg = fields.Integer(required=True)
    active_kg = fields.Integer(required=True)
    reserved_kg = fields.Integer(required=True)
    pledged_kg = fields.Integer(required=True)
    retired_kg = fields.Integer(required=True)
    cancelled_kg = fields.Integer(required=True)


class PeriodView(ViewSchema):
    """A monitoring period, both days included."""

    start = fields.Date(required=True, attribute="period_start")
    end = fields.Date(required=True, attribute="period_end")


class OriginView(ViewSchema):
    """Where foreign units come from: their home registry, their serials there, the record they left by."""

    registry = fields.String(required=True)
    name = fields.String(required=True)
    serial = fields.String(required=True)
    reference = fields.String(required=True)


class IssuanceView(ViewSchema):
    """One issuance of a project."""

    vintage = fields.Integer(required=True, attribute="issuance.vintage")
    monitoring_period = fields.Nested(PeriodView, required=True, attribute="issuance")
    verification = fields.String(required=True, attribute="issuance.verification")
    issued_at = Moment(required=True, attribute="issuance.issued_at")
    units = fields.Nested(UnitsView, required=True)


class ForestView(ViewSchema):
    """The forest behind the units."""

    code = fields.String(required=True)
    name = fields.Nested(BothView, required=True)
    region = fields.String(required=True, metadata={"description": "Administrative code, GB/T 2260."})
    place = fields.Nested(BothView, required=True)
    forest_type = Wording("forest_type_")
    methodology = Wording("methodology_")
    area_m2 = fields.Integer(required=True)


class StandingSanctionView(ViewSchema):
    """A sanction in force; its code leads to the register."""

    code = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": [*KINDS]})


class ProjectView(ViewSchema):
    """A forest project."""

    forest = fields.Nested(ForestView, required=True, attribute="project")
    description = fields.Nested(BothView, required=True, attribute="project.description")
    product = fields.String(required=True, attribute="project.product")
    product_name = Wording("product_", attribute="project.product")
    holder = fields.String(
        required=True,
        metadata={"description": "The right holder's name; of a household only with its consent."},
    )
    sample = fields.Boolean(required=True, attribute="project.sample")
    notes = fields.List(Wording("note_"), required=True, attribute="project.notes")
    sanctions = fields.List(
        fields.Nested(StandingSanctionView),
        required=True,
        metadata={"description": "In force against it or its right holder."},
    )
    registered_at = Moment(required=True, attribute="project.registered_at")


class Price(fields.Integer):
    """Money that is asked for; null where the caller's platform may not show a price."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=True, allow_none=True, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(value, attr, obj, **kwargs) if may_buy() else None


class TermsView(ViewSchema):
    """What a step costs and who gets how much of it, in basis points."""

    step_kg = fields.Integer(required=True)
    price_fen_per_step = Price()
    seller_bp = fields.Integer(required=True)
    village_bp = fields.Integer(required=True)
    fee_bp = fields.Integer(required=True)


class SaleView(ViewSchema):
    """On which terms a holder may put units on sale, before there is a price: who takes how much of it."""

    product = fields.String(required=True)
    step_kg = fields.Integer(required=True)
    open = fields.Boolean(required=True, metadata={"description": "Whether they may be offered at all."})
    resale = fields.Boolean(required=True, metadata={"description": "They were issued to somebody else."})
    registered = fields.Boolean(
        required=True,
        metadata={
            "description": "The shares are the right holders' registered ones; no others can be named."
        },
    )
    village = fields.String(required=True, allow_none=True)
    village_bp = fields.Integer(required=True)
    fee_bp = fields.Integer(required=True, metadata={"description": "The platform's share."})


class SharesView(ViewSchema):
    """Who gets how much of the price of one step, in fen."""

    seller_fen = Price()
    village_fen = Price()
    fee_fen = Price()


class LotView(ViewSchema):
    """A lot on sale: whose, from which forest and time, on which terms, how much is left."""

    code = fields.String(required=True)
    product = fields.String(required=True, attribute="terms.product")
    product_name = Wording("product_", attribute="terms.product")
    retrade = fields.Function(
        lambda lot: PRODUCTS[lot.terms.product].retrade,
        required=True,
        metadata={"type": "boolean", "description": "Whether its buyer may offer it again."},
    )
    origin = fields.Nested(OriginView, required=True, allow_none=True)
    seller = fields.String(required=True, metadata={"description": "The seller's name."})
    village = fields.String(
        required=True, allow_none=True, metadata={"description": "The village that gets a share."}
    )
    forest = fields.Nested(ForestView, required=True, attribute="project")
    vintage = fields.Integer(required=True, attribute="issuance.vintage")
    monitoring_period = fields.Nested(PeriodView, required=True, attribute="issuance")
    terms = fields.Nested(TermsView, required=True)
    shares = fields.Nested(SharesView, required=True)
    price_fen_per_t = Price(metadata={"description": "By which lots of different steps compare; rounded up."})
    offered_kg = fields.Integer(required=True)
    remaining_kg = fields.Integer(required=True)
    purchase_available = fields.Function(
        lambda lot: may_buy() and lot.closed_at is None and not lot.halted,
        required=True,
        metadata={"type": "boolean", "description": "Whether the caller's platform may sell it."},
    )
    sample = fields.Boolean(required=True, attribute="project.sample")
    notes = fields.List(Wording("note_"), required=True, attribute="project.notes")
    opened_at = Moment(required=True)
    closed_at = Moment(required=True, allow_none=True)


class EntriesQuery(NewSchema):
    """Which entries of the log are wanted, both ends included; at most a thousand are given at once."""

    start = WholeText(required=True)
    end = WholeText(required=True)


class ExportQuery(NewSchema):
    """Which part of the exported log is wanted."""

    part = WholeText(1, load_default=1)


class InclusionQuery(NewSchema):
    """Which leaf is to be proved to be among the first `size`; the newest head's where none is named."""

    position = WholeText(required=True)
    size = WholeText(1)


class ConsistencyQuery(NewSchema):
    """Which two sizes of the log are to be proved to be one log; the newest head's where none is named."""

    first = WholeText(1, required=True)
    second = WholeText(1)


class HeadView(ViewSchema):
    """A signed head of the log."""

    number = fields.Integer(required=True)
    day = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "The business day (Asia/Shanghai) that it closes; null for one in between."},
    )
    until = Moment(required=True)
    size = fields.Integer(required=True)
    root = fields.String(required=True, metadata={"description": "RFC 6962 tree hash, hexadecimal."})
    line = fields.Nested(UnitsView, required=True)
    sealed_at = Moment(required=True)
    document = fields.String(
        required=True, metadata={"description": "Compact JWS (EdDSA) over all of this; keys at /v1/keys."}
    )


class EntryView(ViewSchema):
    """An entry of the log. What is hashed is `leaf`, to the byte."""

    position = fields.Integer(required=True)
    leaf = fields.String(required=True)
    hash = fields.String(required=True, metadata={"description": "RFC 6962 leaf hash, hexadecimal."})


class EntriesView(ViewSchema):
    """Some entries of the log."""

    entries = fields.List(fields.Nested(EntryView), required=True)


class InclusionView(ViewSchema):
    """The proof that a leaf is in the log (RFC 6962 section 2.1.1)."""

    position = fields.Integer(required=True)
    size = fields.Integer(required=True)
    path = fields.List(fields.String(), required=True)


class ConsistencyView(ViewSchema):
    """The proof that a log only grew (RFC 6962 section 2.1.2)."""

    first = fields.Integer(required=True)
    second = fields.Integer(required=True)
    path = fields.List(fields.String(), required=True)
