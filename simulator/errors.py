"""What the pretended services can refuse, in the shapes their real ones use."""

from typing import Any

#: HTTP status of each WeChat Pay error code. Source: WeChat Pay API v3, tables "公共错误码" and "业务错误码".
PAY_STATUS = {
    "PARAM_ERROR": 400,
    "INVALID_REQUEST": 400,
    "APPID_MCHID_NOT_MATCH": 400,
    "ORDER_CLOSED": 400,
    "ORDERPAID": 400,
    "NO_STATEMENT_EXIST": 400,
    "STATEMENT_CREATING": 400,
    "SIGN_ERROR": 401,
    "NO_AUTH": 403,
    "OUT_TRADE_NO_USED": 403,
    "NOT_ENOUGH": 403,
    "RULE_LIMIT": 403,
    "ORDER_NOT_EXIST": 404,
    "RESOURCE_NOT_EXISTS": 404,
    "FREQUENCY_LIMITED": 429,
    "RATELIMIT_EXCEEDED": 429,
    "SYSTEM_ERROR": 500,
}

#: Texts of the mini-program error codes. Source: Weixin open documentation, code2Session, stable_token,
#: checkSessionKey, uploadShippingInfo, msgSecCheck; 40163 from the developers'
#: community.
MINI_MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "high risk user, login blocked",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, try again later",
    47001: "data format error",
    61010: "openid was not in the mini-program within two hours",
    87009: "invalid signature",
    10060001: "支付单不存在",
    10060003: "支付单已使用重新发货机会",
    10060004: "支付单处于不可发货的状态",
    10060005: "物流类型有误",
    10060006: "非快递发货时不允许分拆发货",
    10060008: "商品描述不能为空",
    10060009: "商品描述太长",
    10060023: "发货信息未更新",
    10060031: "该笔支付单不属于指定的用户",
}


class PayRefused(Exception):
    """A WeChat Pay error answer: code, message in Chinese, and which field it is about."""

    def __init__(self, code: str, message: str, **detail: Any) -> None:
        """Keep the parts; `detail` becomes the answer's `detail` object."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.detail = code, message, detail

    @property
    def status(self) -> int:
        """Return the HTTP status of the code."""
        return PAY_STATUS[self.code]


class MiniRefused(Exception):
    """A mini-program API error: HTTP 200 with an `errcode`."""

    def __init__(self, errcode: int) -> None:
        """Keep the code; its text comes from the table."""
        super().__init__(str(errcode))
        self.errcode = errcode
        self.errmsg = MINI_MESSAGES.get(errcode, "error")


class PhoneRefused(Exception):
    """What the phone shows to its owner instead of the page asked for, in both languages."""

    def __init__(self, chinese: str, english: str, status: int = 400) -> None:
        """Keep both texts."""
        super().__init__(english)
        self.chinese, self.english, self.status = chinese, english, status


class ControlRefused(Exception):
    """A request to the control room that makes no sense; answered with 400 and the reason."""
