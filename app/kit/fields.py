"""Strict marshmallow fields: what is not exactly right is refused, never guessed or rounded.

Plain marshmallow takes 1.9 as the integer 1, NUL in a string and numbers past 64 bits; PostgreSQL
then refuses and the client sees a 500.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from app.kit import wording
from app.kit.clock import SHANGHAI
from app.kit.messages import t

MAX_INT = 2**63 - 1


_WORDS: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "kit.field_required",
    "null": "kit.field_null",
    "invalid": "kit.field_invalid",
    "validator_failed": "kit.field_invalid",
    "invalid_utf8": "kit.field_invalid",
    "too_large": "kit.field_invalid",
    "format": "kit.field_invalid",
}


class Between(validate.Range):
    """A range whose refusal speaks the caller's language."""

    def _format_error(self, value: Any, message: str) -> str:
        return t("kit.field_between", least=self.min, most=self.max)


class Lasting(validate.Length):
    """A length whose refusal speaks the caller's language."""

    def _format_error(self, value: Any, message: str) -> str:
        return t("kit.field_length", least=self.min, most=self.max)


class Among(validate.OneOf):
    """A choice whose refusal speaks the caller's language."""

    def _format_error(self, value: Any) -> str:
        return t("kit.field_one_of", choices=", ".join(str(choice) for choice in self.choices))


class NewSchema(Schema):
    """Base of what a client sends: an unknown field is refused by name."""

    error_messages = {"unknown": "kit.field_unknown", "type": "kit.field_object"}

    class Meta:
        """Unknown fields raise."""

        unknown = RAISE


class ViewSchema(Schema):
    """Base of what we answer."""

    class Meta:
        """Models may hold more than a view shows."""

        unknown = EXCLUDE


class Text(fields.String):
    """A line of text: 1 to `longest` characters, no control characters, no lone surrogates."""

    default_error_messages = _WORDS

    def __init__(self, longest: int = 200, shortest: int = 1, **kwargs: Any) -> None:
        super().__init__(validate=Lasting(shortest, longest), **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
            raise ValidationError(t("kit.field_control_characters"))
        return text


class Written(Text):
    """Words that a person writes for others to read, as one paragraph; `wording` says what they are not."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        told = " ".join(value.split()) if isinstance(value, str) else value
        text = super()._deserialize(told, attr, data, **kwargs)
        found = wording.fault(text)
        if found is not None:
            raise ValidationError(t(found))
        return text


class Code(fields.String):
    """An identifier: letters, digits, `.`, `_` and `-` only."""

    default_error_messages = _WORDS

    def __init__(self, longest: int = 64, **kwargs: Any) -> None:
        pattern = re.compile(rf"[A-Za-z0-9._-]{{1,{longest}}}\Z")
        super().__init__(validate=lambda value: _must(pattern.match(value), "kit.field_code"), **kwargs)


class Area(Code):
    """An administrative code of any level, which is the beginning of every code below it.

    Source: GB/T 2260 (province, city, county), GB/T 10114 (township), the statistics bureau (village).
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(12, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        _must(re.fullmatch("[0-9]+", text) and len(text) in (2, 4, 6, 9, 12), "kit.field_area")
        return str(text)


class Whole(fields.Integer):
    """A whole number from a JSON body, between `least` and `most`; `1.0`, `"1"` and `true` are refused."""

    default_error_messages = _WORDS

    def __init__(self, least: int = 0, most: int = MAX_INT, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=Between(least, most), **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if type(value) is not int:
            raise ValidationError(t("kit.field_whole"))
        return value


class WholeText(fields.Integer):
    """A whole number written in a query string, as plain ASCII digits."""

    default_error_messages = _WORDS

    def __init__(self, least: int = 0, most: int = MAX_INT, **kwargs: Any) -> None:
        super().__init__(validate=Between(least, most), **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,19}", value):
            raise ValidationError(t("kit.field_whole"))
        return int(value)


class OneOf(fields.String):
    """One of a few words; documented as an enumeration."""

    default_error_messages = _WORDS

    def __init__(self, words: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(validate=Among(words), **kwargs)


class Moment(fields.DateTime):
    """An RFC 3339 time with its offset, 2015 to 2100, brought to UTC."""

    default_error_messages = _WORDS

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        if not isinstance(value, str) or not re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", value, re.ASCII
        ):
            raise ValidationError(t("kit.field_moment"))
        try:
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise ValidationError(t("kit.field_moment")) from error
        _must(2015 <= moment.year <= 2100, "kit.field_moment")
        return moment

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(SHANGHAI).isoformat(timespec="seconds")


class Day(fields.Date):
    """A calendar day `YYYY-MM-DD` in Asia/Shanghai, 2015 to 2100."""

    default_error_messages = _WORDS

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValidationError(t("kit.field_day"))
        day = super()._deserialize(value, attr, data, **kwargs)
        _must(2015 <= day.year <= 2100, "kit.field_day")
        return day


class AnyDay(fields.Date):
    """A calendar day `YYYY-MM-DD`, 2000 to 2100."""

    default_error_messages = _WORDS

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        if not re.fullmatch(r"2[01]\d\d-\d\d-\d\d", str(value), re.ASCII):
            raise ValidationError(t("kit.field_day"))
        try:
            return date.fromisoformat(str(value))
        except ValueError as error:
            raise ValidationError(t("kit.field_day")) from error


class Shaped(Text):
    """A word of one form."""

    def __init__(self, form: re.Pattern[str], longest: int, **kwargs: Any) -> None:
        super().__init__(longest, **kwargs)
        self.form = form

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        word = super()._deserialize(value, attr, data, **kwargs)
        if not self.form.fullmatch(word):
            raise ValidationError(t("kit.field_invalid"))
        return word


class Read(Text):
    """A text that `read` brings to one writing; where it gives None, `message` says what is asked for."""

    def __init__(self, longest: int, read: Callable[[str], str | None], message: str, **kwargs: Any) -> None:
        super().__init__(longest, **kwargs)
        self.read, self.message = read, message

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        found = self.read(super()._deserialize(value, attr, data, **kwargs))
        if found is None:
            raise ValidationError(t(self.message))
        return found


class Month(fields.String):
    """A calendar month `YYYY-MM`, 2015 to 2100."""

    default_error_messages = _WORDS

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        _must(re.fullmatch(r"20(1[5-9]|[2-9]\d)-(0[1-9]|1[0-2])", text, re.ASCII), "kit.field_month")
        return text


def _must(condition: object, message: str) -> None:
    """marshmallow 4 takes a validator's False for consent, so refusals are raised."""
    if not condition:
        raise ValidationError(t(message))
