"""How a clerk fills in a case: parties a line, tonnes and yuan as people write them, instalments a line."""

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.causes.queries.docket_lots import PARTS
from app.causes.queries.dockets import ANY_PRODUCT
from app.causes.rules.docket_papers import COURT_KINDS, PAPERS, STAGES
from app.causes.rules.dockets import BASES, FEN, ROUNDINGS, TONNES, Instalment, Ruling
from app.causes.rules.parties import LONGEST_NAME, ORGANISATION, Party
from app.causes.services.docket_orders import Purchase
from app.kit.fields import Area, Code, Day, NewSchema, OneOf, Text, WholeText
from app.kit.messages import t
from app.registry.rules import PRODUCTS
from app.web.forms import Form, OnceSchema, Prose, Yuan

PRODUCTS_ASKED = (ANY_PRODUCT, *PRODUCTS)
_TONNES = re.compile(r"(\d{1,9})(?:\.(\d{1,6}))?(?:t|吨)?", re.ASCII)
_YUAN = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?(?:元)?", re.ASCII)
_DAY = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)
MOST_LINES = 40


class Exact(fields.Field[Any]):
    """A decimal number without a sign, of at most so many decimals; its refusal is a message of ours."""

    default_error_messages = {"required": "kit.field_required", "null": "kit.field_null"}

    def __init__(self, decimals: int, message: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.form = re.compile(rf"(\d{{1,9}})(?:\.(\d{{1,{decimals}}}))?", re.ASCII)
        self.decimals, self.message = decimals, message

    def _digits(self, value: Any) -> int:
        found = self.form.fullmatch(str(value).replace(",", "").strip())
        if found is None:
            raise ValidationError(t(self.message))
        return int(found[1] + (found[2] or "").ljust(self.decimals, "0"))


class Tonnes(Exact):
    """Tonnes with at most six decimals, read as whole grams."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(6, "web.field_tonnes", **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        return self._digits(value)


class Times(Exact):
    """A multiplier with at most three decimals, read as an exact fraction."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(3, "web.field_times", **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Fraction:
        return Fraction(self._digits(value), 1000)


class Lines(fields.Field[list[str]]):
    """Text of several lines, read as the lines that hold something."""

    default_error_messages = {"required": "kit.field_required", "null": "kit.field_null"}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[str]:
        lines = [line.strip() for line in str(value).splitlines() if line.strip()]
        if len(lines) > MOST_LINES or any(len(line) > LONGEST_NAME for line in lines):
            raise ValidationError(t("web.field_lines", most=MOST_LINES, longest=LONGEST_NAME))
        if any(not line.isprintable() for line in lines):
            raise ValidationError(t("kit.field_control_characters"))
        return lines


class CourtForm(OnceSchema):
    """An organ that will have dockets here."""

    name = Text(100, required=True)
    kind = OneOf(COURT_KINDS, required=True)
    region = Area()


class ClerkForm(NewSchema):
    """Who becomes a court's clerk, or ceases to be."""

    court = Code(26, required=True)
    clerk = Text(40, required=True)


class DescriptionForm(NewSchema):
    """What of a case may be written anew: its stage, its parties, where money for restoration lies."""

    stage = OneOf(STAGES, required=True)
    persons = Lines()
    organisations = Lines()
    account_note = Prose(300)


class DocketForm(OnceSchema, DescriptionForm):
    """A new case."""

    court = Code(26, required=True)
    case_number = Text(80, required=True)
    product = OneOf(PRODUCTS_ASKED, required=True)
    region = Area()


class RulingForm(NewSchema):
    """What was ruled, as its judgment says it."""

    basis = OneOf(BASES, required=True)
    ruled_on = Day(required=True)
    legal_basis = Prose(500, required=True)
    loss = Tonnes()
    multiplier = Times()
    amount = Yuan()
    price = Yuan()
    price_source = Text(200)
    priced_on = Day()
    rounding = OneOf(tuple(ROUNDINGS))
    instalments = Lines(required=True)


class PaperForm(NewSchema):
    """What an uploaded file is."""

    kind = OneOf(tuple(PAPERS), required=True)
    title = Text(100, required=True)


class WaiverForm(NewSchema):
    """Which paper this case does without, and why."""

    kind = OneOf(tuple(PAPERS), required=True)
    reason = Prose(300, required=True)


class PurchaseForm(NewSchema):
    """From which lot how much: a part of what is open, or another quantity."""

    lot = Code(40, required=True)
    part = OneOf((*PARTS, "other"), required=True)
    quantity_kg = WholeText(1, 10_000_000_000)

    @validates_schema
    def quantity_of_other(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Another quantity is written down."""
        if data.get("part") == "other" and "quantity_kg" not in data:
            raise ValidationError(t("kit.field_required"), "quantity_kg")


def read_purchase(form: Form) -> Purchase:
    """The purchase of a sound form; a quantity counts only where the other quantity is chosen."""
    told = form.values
    if told["part"] == "other":
        return Purchase(told["lot"], told["quantity_kg"])
    return Purchase(told["lot"], part=told["part"])


def read_parties(form: Form) -> list[Party]:
    """The parties of a form, persons first."""
    told = form.values
    persons = [Party(name) for name in told.get("persons", [])]
    return persons + [Party(name, ORGANISATION) for name in told.get("organisations", [])]


def read_ruling(form: Form) -> Ruling | None:
    """The ruling that a sound form says; None, with the fault written into it, for instalments of no form.

    What belongs to the other basis is left away. A single line that names no amount is for all of it.
    """
    told, of_tonnes = form.values, form.values["basis"] == TONNES
    own = ("loss", "multiplier") if of_tonnes else ("amount", "price", "price_source", "priced_on")
    kept = {name: told.get(name) for name in own}
    ruling = Ruling(
        basis=told["basis"],
        ruled_on=told["ruled_on"],
        legal_basis=told["legal_basis"],
        instalments=(),
        rounding=told.get("rounding"),
        loss_g=kept.get("loss"),
        multiplier=kept.get("multiplier"),
        amount_fen=kept.get("amount"),
        price_fen_per_t=kept.get("price"),
        price_source=kept.get("price_source"),
        priced_on=kept.get("priced_on"),
    )
    try:
        parts = tuple(_instalment(line, ruling) for line in told["instalments"])
    except ValidationError as fault:
        form.faults["instalments"] = str(fault.messages[0])
        return None
    return Ruling(**{**{name: getattr(ruling, name) for name in Ruling.__slots__}, "instalments": parts})


def _instalment(line: str, ruling: Ruling) -> Instalment:
    words = line.replace(",", "").split()
    try:
        day = date.fromisoformat(words[0]) if _DAY.fullmatch(words[0]) else None
    except ValueError:
        day = None
    if day is None or len(words) > 2:
        raise ValidationError(t("web.field_instalment", line=line))
    if len(words) == 1:
        return Instalment(day, _whole(ruling))
    form, decimals = (_YUAN, 2) if ruling.measure == FEN else (_TONNES, 6)
    found = form.fullmatch(words[1])
    if found is None:
        raise ValidationError(t("web.field_instalment", line=line))
    return Instalment(day, int(found[1] + (found[2] or "").ljust(decimals, "0")))


def _whole(ruling: Ruling) -> int:
    """Everything that is ordered; 0 where the rest of the ruling is not sound, which is said of that."""
    try:
        return ruling.ordered
    except (KeyError, ZeroDivisionError):
        return 0
