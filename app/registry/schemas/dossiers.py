"""What is said about dossiers, parcels and public notices; no name that its bearer did not release."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from app.kit.fields import Code, Day, Moment, NewSchema, Text, ViewSchema
from app.kit.messages import t
from app.registry.rules.dossiers import LONGEST_OBJECTION
from app.registry.schemas import BothView, IssuanceView, PeriodView, ProjectView, Wording

_GEOJSON = {"type": "object", "description": "GeoJSON (RFC 7946), WGS 84 or CGCS2000, two-dimensional."}


class Sha256(fields.Field[str]):
    """A digest as 64 hexadecimal digits."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return bytes(value).hex()


def _digest() -> Sha256:
    return Sha256(required=True, metadata={"type": "string", "pattern": "^[0-9a-f]{64}$"})


class RightView(ViewSchema):
    """Who has a share of what the project earns."""

    role = fields.String(required=True)
    role_name = Wording("role_", attribute="role")
    share_bp = fields.Integer(required=True)
    holder = fields.String(
        required=True,
        allow_none=True,
        attribute="public_name",
        metadata={"description": "null where the right holder did not consent to be named."},
    )


class DocumentView(ViewSchema):
    """A document by its digest; its content is not public."""

    kind = fields.String(required=True)
    kind_name = Wording("document_", attribute="kind")
    title = fields.String(required=True)
    media = fields.String(required=True)
    size_bytes = fields.Integer(required=True)
    sha256 = _digest()
    added_at = Moment(required=True)


class OpinionView(ViewSchema):
    """What an expert says."""

    expert = fields.String(required=True)
    verdict = fields.String(required=True)
    verdict_name = Wording("verdict_", attribute="verdict")
    words = fields.String(required=True)
    given_on = fields.Date(required=True)


class ObjectionView(ViewSchema):
    """An objection and what was answered; its words are not public, since they may name people."""

    code = fields.String(required=True)
    raised_at = Moment(required=True)
    answered_at = Moment(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True)
    upheld = fields.Boolean(required=True, allow_none=True)


class RemovalView(ViewSchema):
    """What a verifier found for one monitoring period, and whether units were issued for it."""

    code = fields.String(required=True)
    status = fields.String(required=True)
    monitoring_period = fields.Function(lambda removal: PeriodView().dump(removal), required=True)
    vintage = fields.Integer(required=True)
    quantity_kg = fields.Integer(required=True)
    verification = fields.String(required=True)
    verifier = fields.String(required=True)
    verified_on = fields.Date(required=True)
    report_sha256 = _digest()


class DossierView(ViewSchema):
    """What a project was registered from, or is to be."""

    code = fields.String(required=True, attribute="dossier.code")
    status = fields.String(required=True, attribute="dossier.status")
    crediting_period = fields.Nested(PeriodView, required=True, attribute="dossier")
    reviewed_at = Moment(required=True, attribute="dossier.reviewed_at")
    notice_until = Moment(required=True, attribute="dossier.notice_until")
    registered_at = Moment(required=True, allow_none=True, attribute="dossier.registered_at")
    rights = fields.List(fields.Nested(RightView), required=True, attribute="shares")
    documents = fields.List(fields.Nested(DocumentView), required=True)
    opinions = fields.List(fields.Nested(OpinionView), required=True)
    objections = fields.List(fields.Nested(ObjectionView), required=True)
    removals = fields.List(fields.Nested(RemovalView), required=True)


_NO_LAND: dict[str, Any] = {"type": "FeatureCollection", "features": []}


class ProjectDetailView(ProjectView):
    """A forest project: its land, its dossier, and its issuances, oldest vintage first."""

    issuances = fields.List(fields.Nested(IssuanceView), required=True)
    parcels = fields.Function(
        lambda standing: standing.dossier.feature_collection if standing.dossier else _NO_LAND,
        required=True,
        metadata=_GEOJSON,
    )
    dossier = fields.Nested(DossierView, required=True, allow_none=True)


class PublicNoticeView(ViewSchema):
    """A dossier in public notice, in short."""

    code = fields.String(required=True, attribute="dossier.code")
    project_code = fields.String(required=True, attribute="dossier.project_code")
    name = fields.Nested(BothView, required=True, attribute="dossier.name")
    place = fields.Nested(BothView, required=True, attribute="dossier.place")
    region = fields.String(required=True, attribute="dossier.region")
    forest_type = Wording("forest_type_", attribute="dossier.forest_type")
    methodology = Wording("methodology_", attribute="dossier.methodology")
    holder = fields.String(
        required=True,
        attribute="public_holder",
        metadata={"description": "The right holder's name; of a household only with its consent."},
    )
    area_m2 = fields.Integer(required=True)
    notice_until = Moment(required=True, attribute="dossier.notice_until")
    open_objections = fields.Integer(required=True)
    sample = fields.Boolean(required=True, attribute="dossier.sample")


class PublicNoticeDetailView(PublicNoticeView):
    """A dossier that is or was in public notice, with its land."""

    description = fields.Nested(BothView, required=True, attribute="dossier.description")
    parcels = fields.Function(lambda standing: standing.feature_collection, required=True, metadata=_GEOJSON)
    dossier = fields.Function(lambda standing: DossierView().dump(standing), required=True)


class NewObjection(NewSchema):
    """What is held against a dossier; nobody has to say who they are."""

    words = Text(LONGEST_OBJECTION, shortest=5, required=True)


class ObjectionReceipt(ViewSchema):
    """By its code the answer can be found on the notice's page."""

    code = fields.String(required=True)
    raised_at = Moment(required=True)


class ParcelCheck(NewSchema):
    """An outline to be measured, and compared with the land of projects."""

    parcels = fields.Raw(
        required=True,
        metadata=_GEOJSON,
        error_messages={"required": "kit.field_required", "null": "kit.field_null"},
    )
    region = Code(6, metadata={"description": "A county's code, GB/T 2260, in which the land should lie."})
    start = Day(metadata={"description": "The crediting period; today where none is given."})
    end = Day()

    @validates_schema
    def one_period(self, data: dict[str, Any], **kwargs: Any) -> None:
        """Both days or none, in their order."""
        if ("start" in data) != ("end" in data) or data.get("start", 0) > data.get("end", 0):
            raise ValidationError(t("registry.check_period"), "start")


class ParcelMeasure(ViewSchema):
    """What was measured."""

    name = fields.String(required=True, attribute="outline.name")
    area_m2 = fields.Integer(required=True)


class ParcelCheckView(ViewSchema):
    """The land of an outline that shares nothing with a project's."""

    parcels = fields.List(fields.Nested(ParcelMeasure), required=True)
    area_m2 = fields.Integer(required=True)
