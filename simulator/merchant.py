"""WeChat Pay API v3 as a merchant sees it: signed requests in, signed answers out.

Source: WeChat Pay API v3, "如何计算签名值" and "接口规则". A request is judged on the raw path and query
and the raw body; every 2xx answer is signed, 204 too; only a bill download is not.
"""

import time
from typing import Any

from flask import Blueprint, Response, g, request

from simulator import bills
from simulator.errors import PayRefused
from simulator.faults import Fault
from simulator.fields import CLOSE, check
from simulator.gate import REFUSING, guard, raw_target
from simulator.notices import headers_with
from simulator.payments import close, find_transaction, prepay, transaction_view
from simulator.refunds import find_refund, refund, refund_view
from simulator.signatures import authorization_fields, is_signed, signed_text
from simulator.world import answer, json_object, world

#: How far a request's time may be off, in seconds.
CLOCK_WINDOW_S = 300
DOWNLOAD_PATH = "/v3/billdownload/file"

blueprint = Blueprint("merchant", __name__, url_prefix="/v3")


def _refusal(kind: str, _: Fault) -> Response | None:
    """Answer the faults that refuse a request."""
    return refused(PayRefused(REFUSING[kind], "系统繁忙，请稍后重试")) if kind in REFUSING else None


guard(blueprint, _refusal)


@blueprint.errorhandler(PayRefused)
def refused(error: PayRefused) -> Response:
    """Answer an error in WeChat Pay's shape."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    return answer(body | ({"detail": error.detail} if error.detail else {}), error.status)


@blueprint.before_request
def check_request() -> None:
    """Refuse a request without the headers, the time or the signature it must have."""
    headers = request.headers
    accepted = headers.get("Accept", "")
    if not headers.get("User-Agent") or not any(kind in accepted for kind in ("application/json", "*/*")):
        raise PayRefused("INVALID_REQUEST", "Http头缺少Accept或User-Agent")
    if request.method == "POST" and request.mimetype != "application/json":
        raise PayRefused("INVALID_REQUEST", "Http头Content-Type应为application/json")
    fields = authorization_fields(headers.get("Authorization", ""))
    if fields is None:
        raise PayRefused("SIGN_ERROR", "Http头Authorization值格式错误，请参考签名规则")
    if fields["mchid"] != world().keys.mchid or fields["serial_no"] != world().keys.merchant_serial:
        raise PayRefused("SIGN_ERROR", "商户号或商户证书序列号有误，请检查")
    stamp = fields["timestamp"]
    if not stamp.isdecimal() or len(stamp) > 12 or abs(time.time() - int(stamp)) > CLOCK_WINDOW_S:
        raise PayRefused("SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    text = signed_text(request.method, raw_target(), stamp, fields["nonce_str"], request.get_data())
    if not is_signed(world().keys.merchant_key.public_key(), text, fields["signature"]):
        raise PayRefused(
            "SIGN_ERROR",
            "签名错误，请检查后再试",
            field="signature",
            issue="sign not match",
            location="authorization",
            sign_information={
                "method": request.method,
                "url": raw_target(),
                "sign_message_length": len(text),
            },
        )


@blueprint.after_request
def sign_answer(response: Response) -> Response:
    """Sign what was granted."""
    if 200 <= response.status_code < 300 and request.path != DOWNLOAD_PATH:
        response.headers.update(headers_with(world().keys, response.get_data(), g.faults))
    return response


def _body() -> dict[str, Any]:
    """Return the JSON object of the request."""
    try:
        return json_object(request.get_data())
    except ValueError:
        raise PayRefused("PARAM_ERROR", "请求体不是合法的JSON对象") from None


@blueprint.post("/pay/transactions/jsapi")
def post_prepay() -> Response:
    """Open a payment order."""
    return answer({"prepay_id": prepay(world(), _body())})


@blueprint.get("/pay/transactions/out-trade-no/<out_trade_no>")
def get_by_out_trade_no(out_trade_no: str) -> Response:
    """Query by the merchant's number."""
    return answer(transaction_view(find_transaction(world(), out_trade_no, request.args.get("mchid"))))


@blueprint.get("/pay/transactions/id/<transaction_id>")
def get_by_id(transaction_id: str) -> Response:
    """Query by the provider's number."""
    found = find_transaction(world(), transaction_id, request.args.get("mchid"), by_id=True)
    return answer(transaction_view(found))


@blueprint.post("/pay/transactions/out-trade-no/<out_trade_no>/close")
def post_close(out_trade_no: str) -> Response:
    """Close an unpaid order."""
    body = _body()
    check(body, CLOSE)
    close(world(), out_trade_no, body["mchid"])
    return Response(status=204)


@blueprint.post("/refund/domestic/refunds")
def post_refund() -> Response:
    """Accept a refund."""
    return answer(refund_view(world(), refund(world(), _body())))


@blueprint.get("/refund/domestic/refunds/<out_refund_no>")
def get_refund(out_refund_no: str) -> Response:
    """Query a refund."""
    return answer(refund_view(world(), find_refund(world(), out_refund_no)))


@blueprint.get("/bill/tradebill")
def get_trade_bill() -> Response:
    """Tell where the orders of a day can be downloaded."""
    return _offer("trade", request.args.get("bill_type", "ALL"))


@blueprint.get("/bill/fundflowbill")
def get_fund_flow_bill() -> Response:
    """Tell where the account movements of a day can be downloaded."""
    return _offer("flow", request.args.get("account_type", "BASIC"))


@blueprint.get("/billdownload/file")
def download_bill() -> Response:
    """Hand out a bill file; unsigned, as the real one."""
    file = bills.download(world(), request.args.get("token", ""))
    return Response(
        file.content,
        mimetype="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{file.name}"'},
    )


def _offer(kind: str, variant: str) -> Response:
    """Answer hash and address of a bill file."""
    day, packing = request.args.get("bill_date", ""), request.args.get("tar_type", "")
    offer = bills.offer(world(), kind, day, variant, packing)
    return answer(
        {
            "hash_type": "SHA1",
            "hash_value": offer.sha1,
            "download_url": f"{request.host_url}v3/billdownload/file?token={offer.token}",
        }
    )
