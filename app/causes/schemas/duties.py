"""What is said about tree duties."""

from marshmallow import fields, validate

from app.causes.rules.duties import GROUP_KINDS, MOST_PEOPLE, SEXES, read_name, read_suffix
from app.kit.fields import Area, Lasting, Moment, NewSchema, OneOf, Read, Text, ViewSchema, Whole, WholeText


class NewPerson(NewSchema):
    """Who the duty is of. The birth year is checked and not kept; name and suffix are sealed."""

    name = Read(40, read_name, "causes.field_person_name", required=True)
    birth_year = Whole(1800, 2200, required=True)
    id_suffix = Read(
        10,
        read_suffix,
        "causes.field_id_suffix",
        required=True,
        metadata={"description": "The last four characters of the identity document."},
    )
    sex = OneOf(SEXES, metadata={"description": "Only where the upper age matters; not kept."})
    honour = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Take part although one's age owes no duty."},
    )
    print_name = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "The person consents to their name on public documents."},
    )


class NewDuty(NewPerson):
    """One person's year, where they live; the year that runs, where none is named."""

    region = Area(required=True)
    year = Whole(1900, 2200)


class NewDutyGroup(NewSchema):
    """A family's or a staff's year; more persons may be added as a list."""

    kind = OneOf(GROUP_KINDS, required=True)
    title = Text(60, required=True, metadata={"description": "Who pays; printed on the documents."})
    region = Area(required=True)
    year = Whole(1900, 2200)
    people = fields.List(fields.Nested(NewPerson), required=True, validate=Lasting(1, MOST_PEOPLE))


class TariffQuery(NewSchema):
    """Which tariffs: all, or those that speak of a region in a year."""

    region = Area()
    year = WholeText(1900, 2200)


class TariffView(ViewSchema):
    """What gives how many trees, who says so, and whether carbon may be bought by it."""

    code = fields.String(required=True)
    version = fields.Integer(required=True)
    region = fields.String(required=True, metadata={"description": "Empty: the whole country."})
    place_zh = fields.String(required=True)
    place_en = fields.String(required=True)
    from_year = fields.Integer(required=True)
    until_year = fields.Integer(required=True, allow_none=True)
    confirmed_year = fields.Integer(required=True)
    basis = fields.String(required=True, validate=validate.OneOf(("yuan", "kilograms", "none")))
    sum = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Fen or kilograms, by the basis."}
    )
    trees = fields.Integer(required=True, allow_none=True)
    sums_most = fields.Integer(required=True, allow_none=True)
    form = fields.String(required=True)
    use = fields.String(required=True, validate=validate.OneOf(("rule", "sample", "refused")))
    reason = fields.String(required=True, allow_none=True)
    grade = fields.String(required=True)
    source = fields.String(required=True)
    source_url = fields.String(required=True)
    note_zh = fields.String(required=True)
    note_en = fields.String(required=True)


class AgesView(ViewSchema):
    """The ages at which a region's people owe the duty."""

    region = fields.String(required=True)
    least = fields.Integer(required=True)
    most_men = fields.Integer(required=True)
    most_women = fields.Integer(required=True)
    source = fields.String(required=True)
    grade = fields.String(required=True)


class TariffsView(ViewSchema):
    """Tariffs, those that may be used first, and ages."""

    items = fields.List(fields.Nested(TariffView), required=True)
    ages = fields.List(fields.Nested(AgesView), required=True)


class DutyLineView(ViewSchema):
    """One certificate that the greening office was asked for, and its answer."""

    number = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("duty", "honour")))
    trees = fields.Integer(required=True)
    status = fields.String(
        required=True, validate=validate.OneOf(("prepared", "sent", "accepted", "returned"))
    )
    office_number = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class DutyView(ViewSchema):
    """One person's year. The greening office, not the seller, discharges the duty."""

    code = fields.String(
        required=True, metadata={"description": "Also the `cause` of orders that are placed for it."}
    )
    year = fields.Integer(required=True)
    region = fields.String(required=True)
    tariff = fields.Nested(TariffView, required=True)
    name = fields.String(required=True, allow_none=True)
    print_name = fields.Boolean(required=True)
    honour = fields.Boolean(required=True)
    opened_at = Moment(required=True)
    withdrawn_at = Moment(required=True, allow_none=True)
    amount_fen = fields.Integer(required=True)
    quantity_kg = fields.Integer(required=True)
    duty_trees = fields.Integer(required=True, attribute="progress.duty_trees")
    honour_trees = fields.Integer(required=True, attribute="progress.honour_trees")
    trees_lacking = fields.Integer(required=True, attribute="progress.lacking")
    reached = fields.Boolean(required=True, attribute="progress.reached")
    rest = fields.Integer(
        required=True,
        attribute="counted.rest",
        metadata={"description": "Fen or kilograms, by the tariff's basis, that gave no whole tree."},
    )
    lacking = fields.Integer(
        required=True, metadata={"description": "Fen or kilograms, by the basis, up to three trees."}
    )
    lines = fields.List(fields.Nested(DutyLineView), required=True)


class DutyWithDocumentsView(DutyView):
    """One person's year with its documents: numbers of attestations that stand."""

    voucher = fields.String(required=True, allow_none=True)
    equivalence = fields.String(required=True, allow_none=True)
    discharged_by = fields.String(required=True, metadata={"description": "Who decides, in words."})


class DutyGroupBriefView(ViewSchema):
    """A family's or a staff's year."""

    code = fields.String(
        required=True, metadata={"description": "Also the `cause` of orders that are placed for it."}
    )
    kind = fields.String(required=True, validate=validate.OneOf(GROUP_KINDS))
    title = fields.String(required=True)
    year = fields.Integer(required=True)
    region = fields.String(required=True)
    lacking = fields.Integer(
        required=True, metadata={"description": "Fen or kilograms, by the basis, of all persons together."}
    )
    opened_at = Moment(required=True)


class DutyGroupView(DutyGroupBriefView):
    """A group with its people and the payer's voucher."""

    tariff = fields.Nested(TariffView, required=True)
    people = fields.List(fields.Nested(DutyView), required=True)
    voucher = fields.String(required=True, allow_none=True)
