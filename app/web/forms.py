"""Reading forms: the same strict fields as the API's, written as text by a person."""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import request
from marshmallow import ValidationError, fields

from app.kit import idempotency
from app.kit.clock import SHANGHAI
from app.kit.fields import Code, NewSchema, Text
from app.kit.messages import exists, t
from app.kit.problems import KeyReused, Problem
from app.web.errors import FormUsed


class OnceSchema(NewSchema):
    """A form that makes something: by its hidden key (`fields.key()`) once, however often it is sent."""

    form_key = Code(64, required=True, error_messages={"required": "web.form_without_key"})


def form_key() -> str:
    """A key for one form on one page as it is drawn."""
    return secrets.token_urlsafe(18)


@dataclass
class Form:
    """What a person filled in: as written, as read, and what is wrong with it by field."""

    written: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    refusal: Problem | None = None

    @property
    def sound(self) -> bool:
        """Whether every field could be read."""
        return not self.faults

    @property
    def status(self) -> int:
        """The HTTP status of the page that shows it."""
        if self.refusal is not None:
            return self.refusal.status
        return 200 if self.sound else 422

    def refuse(self, problem: Problem) -> "Form":
        """This form with what a room had against it, beside the fields that it names."""
        named = {error["pointer"].rsplit("/", 1)[-1]: error["detail"] for error in problem.errors}
        self.faults |= {name: detail for name, detail in named.items() if name in self.written}
        self.refusal = problem
        return self

    @property
    def sentences(self) -> list[str]:
        """What stands above the form: the refusal in words, and faults that belong to no field."""
        said = [self.faults[name] for name in ("_schema", "form_key") if name in self.faults]
        if self.refusal is None:
            return said
        if not self.refusal.errors:
            return [str(self.refusal.body()["detail"])]
        return [
            error["detail"] for error in self.refusal.errors if error["detail"] not in self.faults.values()
        ]


def once(operator_id: int, form: Form, act: Callable[[], str]) -> str:
    """The code of what `act` makes; the same form sent again makes nothing and answers the same code.

    Runs inside the caller's transaction. Raises `FormUsed` when it was filled in otherwise the first time.
    """
    told = repr(sorted((name, value) for name, value in form.written.items() if name != "form_key"))
    try:
        return idempotency.once(operator_id, form.values["form_key"], told, act)
    except KeyReused as reused:
        raise FormUsed() from reused


def read_form(schema: type[NewSchema]) -> Form:
    """Read the request's form; an empty field counts as absent."""
    return _read(schema, request.form.lists())


def read_query(schema: type[NewSchema]) -> Form:
    """Read a form that was sent as the page's address: a search, which anybody may keep or pass on."""
    own = ("lang", "said")
    return _read(schema, [(name, values) for name, values in request.args.lists() if name not in own])


def _read(schema: type[NewSchema], given: Iterable[tuple[str, list[str]]]) -> Form:
    lists = {name: values for name, values in given if any(map(str.strip, values))}
    written = {name: values[0].strip() for name, values in lists.items()}
    twice = {name: t("kit.field_twice") for name, values in lists.items() if len(values) > 1}
    if twice:
        return Form(written, faults=twice)
    try:
        return Form(written, values=schema().load(written))
    except ValidationError as error:
        return Form(written, faults={name: _sentence(said) for name, said in _by_field(error)})


def _by_field(error: ValidationError) -> Any:
    found = error.messages
    return found.items() if isinstance(found, dict) else [("_schema", found)]


def _sentence(said: Any) -> str:
    first = said[0] if isinstance(said, list) else said
    return t(first) if exists(str(first)) else str(first)


class Kilometres(fields.Field[int]):
    """A distance written in kilometres with at most three decimals, read as whole metres."""

    default_error_messages = {"required": "kit.field_required", "null": "kit.field_null"}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        found = re.fullmatch(r"(\d{1,4})(?:[.,](\d{1,3}))?", str(value), re.ASCII)
        if found is None or not int(found[1] + (found[2] or "").ljust(3, "0")):
            raise ValidationError(t("web.field_kilometres"))
        return int(found[1] + (found[2] or "").ljust(3, "0"))


class Yuan(fields.Field[int]):
    """Money written in yuan with at most two decimals, such as `1,234.50`, read as whole fen."""

    default_error_messages = {"required": "kit.field_required", "null": "kit.field_null"}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        written = str(value).replace(",", "").replace("，", "").lstrip("¥￥ ")
        found = re.fullmatch(r"(\d{1,9})(?:\.(\d{1,2}))?", written, re.ASCII)
        fen = int(found[1] + (found[2] or "").ljust(2, "0")) if found else 0
        if not fen:
            raise ValidationError(t("web.field_yuan"))
        return fen


class LocalMoment(fields.Field[datetime]):
    """A time as `<input type="datetime-local">` writes it; meant in Asia/Shanghai."""

    default_error_messages = {"required": "kit.field_required", "null": "kit.field_null"}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        if not re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d)?", str(value), re.ASCII):
            raise ValidationError(t("web.field_local_moment"))
        try:
            return datetime.fromisoformat(str(value)).replace(tzinfo=SHANGHAI)
        except ValueError as error:
            raise ValidationError(t("web.field_local_moment")) from error


class Prose(Text):
    """Text of several lines, read as one paragraph."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        told = " ".join(value.split()) if isinstance(value, str) else value
        return super()._deserialize(told, attr, data, **kwargs)


class Percent(fields.Field[int]):
    """A share written in percent with at most two decimals, read as basis points."""

    default_error_messages = {"required": "kit.field_required", "null": "kit.field_null"}

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        found = re.fullmatch(r"(\d{1,3})(?:\.(\d{1,2}))?%?", str(value), re.ASCII)
        share_bp = int(found[1] + (found[2] or "").ljust(2, "0")) if found else 0
        if not 0 < share_bp <= 10_000:
            raise ValidationError(t("web.field_percent"))
        return share_bp
