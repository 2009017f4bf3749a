"""What is said about a person's month from questions."""

from typing import Any

from marshmallow import ValidationError, fields

from app.footprint.schemas.factors import FactorBriefView
from app.kit.fields import Moment, Month, NewSchema, ViewSchema
from app.kit.messages import t

MOST_FIELDS = 40
LONGEST_NAME = 40


class Answers(fields.Dict):
    """An object of answers by name: words or whole numbers; which ones fit, the questions say."""

    default_error_messages = {
        "required": "kit.field_required",
        "null": "kit.field_null",
        "invalid": "kit.field_object",
    }

    def __init__(self, numbers_only: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._types: tuple[type, ...] = (int,) if numbers_only else (int, str)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        told: dict[str, Any] = super()._deserialize(value, attr, data, **kwargs)
        if len(told) > MOST_FIELDS:
            raise ValidationError(t("kit.field_length", least=0, most=MOST_FIELDS))
        said = "kit.field_whole" if str not in self._types else "kit.field_invalid"
        wrong = {
            name[:LONGEST_NAME]: [t(said)] for name, each in told.items() if type(each) not in self._types
        }
        wrong |= {name[:LONGEST_NAME]: [t("kit.field_unknown")] for name in told if len(name) > LONGEST_NAME}
        if wrong:
            raise ValidationError(wrong)
        return told


class PersonAnswers(NewSchema):
    """Answers by question, and measured quantities that stand in place of them; both may be empty."""

    answers = Answers(
        load_default=dict,
        metadata={
            "additionalProperties": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            "description": "By question: an option's key, a region, or a whole number.",
            "example": {"province": "CN-FJ", "people": 3, "diet": "low_meat"},
        },
    )
    measured = Answers(
        numbers_only=True,
        load_default=dict,
        metadata={
            "additionalProperties": {"type": "integer"},
            "description": "By measure, in its unit; it replaces the whole answer to its question.",
            "example": {"electricity": 186},
        },
    )


class NewCalculation(PersonAnswers):
    """Answers to keep for a month."""

    month = Month(required=True)


class QuestionnaireView(ViewSchema):
    """The questions as data: options, measures, defaults, levers, and what is our own assumption."""

    key = fields.String(required=True)
    version = fields.Integer(required=True)
    document = fields.Dict(required=True)


class CategoryView(ViewSchema):
    """A category of the month."""

    key = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    emitted_g = fields.Integer(required=True)


class HelpView(ViewSchema):
    """What one change would avoid a month, computed with the same factors; each for itself, no credit."""

    key = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    avoided_g = fields.Integer(required=True)
    verified = fields.Boolean(required=True)


class MonthLineView(ViewSchema):
    """One kind of emission: `inputs` as they were computed, `whole` before it was shared by `people`."""

    kind = fields.String(required=True, attribute="kind.kind")
    category = fields.String(required=True, attribute="kind.category")
    name_zh = fields.String(required=True, attribute="kind.name_zh")
    name_en = fields.String(required=True, attribute="kind.name_en")
    question = fields.String(required=True)
    origin = fields.String(required=True, metadata={"description": "assumed, chosen or measured"})
    whole = fields.Integer(required=True)
    people = fields.Integer(required=True)
    inputs = fields.Dict(required=True)
    factor = fields.Nested(FactorBriefView, required=True)
    emitted_g = fields.Integer(required=True)


class EstimateView(ViewSchema):
    """A person's month; `emitted_g` is the sum of its lines."""

    guide = fields.String(required=True, attribute="guide.key")
    guide_version = fields.Integer(required=True, attribute="guide.version")
    region = fields.String(required=True)
    people = fields.Integer(required=True)
    origins = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    emitted_g = fields.Integer(required=True)
    unverified_g = fields.Integer(required=True)
    assumed_g = fields.Integer(required=True)
    categories = fields.List(fields.Nested(CategoryView), required=True, attribute="by_category")
    lines = fields.List(fields.Nested(MonthLineView), required=True)
    helps = fields.List(fields.Nested(HelpView), required=True)


class MonthResultView(ViewSchema):
    """An earlier month of the same person."""

    month = fields.String(required=True)
    code = fields.String(required=True)
    emitted_g = fields.Integer(required=True)


class CalculationBriefView(ViewSchema):
    """A kept month in a list."""

    code = fields.String(required=True)
    month = fields.String(required=True)
    emitted_g = fields.Integer(required=True)
    computed_at = Moment(required=True)


class CalculationView(CalculationBriefView):
    """A kept month; it is compared with the same person's earlier ones, for want of a sourced mean."""

    answers = fields.Dict(required=True)
    measured = fields.Dict(required=True)
    result = fields.Nested(EstimateView, required=True, attribute="estimate")
    earlier = fields.List(fields.Nested(MonthResultView), required=True)
