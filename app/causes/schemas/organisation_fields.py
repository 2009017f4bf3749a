"""Words that organisations write in one form only."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from app.accounts.rules import read_credit_code
from app.causes.rules.organisations import is_period
from app.kit.fields import Text
from app.kit.messages import t


class CreditCode(Text):
    """A unified social credit code, checked by its check character."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(24, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        code = read_credit_code(super()._deserialize(value, attr, data, **kwargs))
        if code is None:
            raise ValidationError(t("accounts.field_credit_code"))
        return code


class Period(Text):
    """A year, a quarter or a month: `2026`, `2026-Q1`, `2026-03`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(7, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        period = super()._deserialize(value, attr, data, **kwargs)
        if not is_period(period):
            raise ValidationError(t("causes.field_period"))
        return period
