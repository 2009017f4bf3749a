"""Rules for the fields of a WeChat Pay request, as tables, and the one function that applies them."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.errors import PayRefused


@dataclass(frozen=True)
class Field:
    """One field: where it stands, what it must be. Lengths in characters, `least` for integers."""

    path: str
    kind: type[Any] = str
    required: bool = True
    longest: int = 0
    shape: str = ""
    least: int | None = None
    equals: str = ""


#: Source: WeChat Pay API v3, "JSAPI/小程序下单", parameter table.
PREPAY = (
    Field("appid", longest=32),
    Field("mchid", longest=32),
    Field("description", longest=127),
    Field("out_trade_no", shape=r"[0-9A-Za-z_\-|*]{6,32}"),
    Field("time_expire", required=False, longest=64),
    Field("attach", required=False, longest=128),
    Field("notify_url", longest=255),
    Field("goods_tag", required=False, longest=32),
    Field("support_fapiao", bool, required=False),
    Field("detail", dict, required=False),
    Field("scene_info", dict, required=False),
    Field("settle_info", dict, required=False),
    Field("settle_info.profit_sharing", bool, required=False),
    Field("amount", dict),
    Field("amount.total", int, least=1),
    Field("amount.currency", required=False, equals="CNY"),
    Field("payer", dict),
    Field("payer.openid", longest=128),
)

#: Source: WeChat Pay API v3, "关闭订单".
CLOSE = (Field("mchid", longest=32),)

#: Source: WeChat Pay API v3, "申请退款", parameter table.
REFUND = (
    Field("transaction_id", required=False, longest=32),
    Field("out_trade_no", required=False, longest=32),
    Field("out_refund_no", shape=r"[0-9A-Za-z_\-|*@]{1,64}"),
    Field("reason", required=False, longest=80),
    Field("notify_url", required=False, longest=256),
    Field("funds_account", required=False, equals="AVAILABLE"),
    Field("amount", dict),
    Field("amount.refund", int, least=1),
    Field("amount.total", int, least=1),
    Field("amount.currency", equals="CNY"),
    Field("goods_detail", list, required=False),
)


def check(body: dict[str, Any], fields: tuple[Field, ...]) -> None:
    """Refuse a body that breaks a rule with PARAM_ERROR, naming field, value and rule."""
    for field in fields:
        value = _value_at(body, field.path)
        if value is None and not field.required:
            continue
        if (issue := _issue(field, value)) is not None:
            raise wrong_field(field.path, value, issue)


def wrong_field(path: str, value: Any, issue: str, location: str = "body") -> PayRefused:
    """Build the PARAM_ERROR about one field."""
    pointer = f"/{location}/{path.replace('.', '/')}"
    return PayRefused(
        "PARAM_ERROR",
        f"输入源“{pointer}”校验失败：{issue}",
        field=pointer,
        value=value,
        issue=issue,
        location=location,
    )


def instant(text: str) -> float:
    """Read an RFC 3339 time with its zone; ValueError when it is anything else."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text, re.ASCII):
        raise ValueError("not RFC 3339")
    return datetime.fromisoformat(text).timestamp()


def _value_at(body: dict[str, Any], path: str) -> Any:
    """Return what stands at a dotted path, None when nothing does."""
    value: Any = body
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _issue(field: Field, value: Any) -> str | None:
    """Say what is wrong with a value, None when nothing is. JSON's 1.0 and true are no integers."""
    if value is None:
        return "必填字段缺失"
    if type(value) is not field.kind:
        return f"类型应为 {field.kind.__name__}"
    checks = (
        (field.kind is str and not value, "不能为空"),
        (field.longest and len(value) > field.longest, f"长度不能超过 {field.longest}"),
        (field.shape and not re.fullmatch(field.shape, value, re.ASCII), f"格式应为 {field.shape}"),
        (field.least is not None and not field.least <= value < 2**63, f"不能小于 {field.least}"),
        (field.equals and value != field.equals, f"只能是 {field.equals}"),
    )
    return next((text for broken, text in checks if broken), None)
