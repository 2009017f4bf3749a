"""A pretended shop whose server issues vouchers: the protocol of docs/voucher_api.md, well or badly.

It checks our requests (RFC 9421, Ed25519) and signs its answers (compact JWS) with code of its own, so that
neither side can hide the other's mistake. One number is one voucher for ever: it may be asked again and
again, and after a cancellation there is none any more.
"""

import base64
import binascii
import hashlib
import json
import re
import secrets
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Blueprint, Response, request

from simulator.errors import ControlRefused
from simulator.faults import VOUCHER, Fault
from simulator.gate import REFUSING, guard, raw_target
from simulator.partner import keyid_of, partner_key, public_of
from simulator.state import IssuedVoucher
from simulator.world import answer, json_object, wish, world

KIND = "senhui-voucher+jws"
NUMBER = r"[0-9A-Z]{26}"
LIFE_DAYS = 90
#: How far a request's time may be off, in seconds.
CLOCK_WINDOW_S = 300
_INPUT = re.compile(
    r'senhui=(\("@method" "@authority" "@path" "content-digest"\);created=(\d{1,12});keyid="([0-9a-f]{16})")'
)

blueprint = Blueprint("vouchers", __name__, url_prefix="/v1/vouchers")
room = Blueprint("voucher_control", __name__, url_prefix="/control/vouchers")
#: The keys of whoever may ask, of each simulator: name of the key -> raw key.
_askers: dict[int, dict[str, bytes]] = {}


class VoucherRefused(Exception):
    """A request that is not taken: HTTP status and a word for it; nothing was issued."""

    def __init__(self, status: int, code: str) -> None:
        """Keep both."""
        super().__init__(code)
        self.status, self.code = status, code


def _refusal(kind: str, _: Fault) -> Response | None:
    """Answer the faults that refuse a request."""
    if kind not in REFUSING:
        return None
    return answer({"code": REFUSING[kind]}, 429 if kind == "http_429" else 500)


guard(blueprint, _refusal)


@blueprint.errorhandler(VoucherRefused)
def _refused(error: VoucherRefused) -> Response:
    """Say what is wrong with a request, unsigned: it proves nothing."""
    return answer({"code": error.code}, error.status)


@room.errorhandler(ControlRefused)
def _no(error: ControlRefused) -> Response:
    """Say what is wrong with a wish."""
    return answer({"error": str(error)}, 400)


@blueprint.post("")
def issue() -> Response:
    """Issue the voucher of a number, or tell the one that it has."""
    asked = _asked()
    number, product = _number(asked.get("number")), asked.get("product")
    if not isinstance(product, str) or not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", product):
        raise VoucherRefused(422, "PRODUCT_UNKNOWN")
    faults = world().faults.take(VOUCHER)
    with world().state.changing():
        known = world().state.vouchers.get(number)
        if known is None and "voucher_pending" in faults:
            return _letter(number, "pending", faults)
        if known is None:
            state = "refused" if "voucher_refused" in faults else "issued"
            code = f"SIM{secrets.token_hex(6).upper()}" if state == "issued" else ""
            known = IssuedVoucher(number, product, state, code, time.strftime("%Y-%m-%d", _in(LIFE_DAYS)))
            world().state.vouchers[number] = known
    return _letter(number, known.state, faults)


@blueprint.post("/<number>/cancellation")
def cancel(number: str) -> Response:
    """Promise that there will be no voucher of this number, or tell the one that there is."""
    asked = _asked()
    if _number(number) != _number(asked.get("number")):
        raise VoucherRefused(422, "NUMBER_DIFFERS")
    faults = world().faults.take(VOUCHER)
    with world().state.changing():
        known = world().state.vouchers.setdefault(number, IssuedVoucher(number, "", "cancelled", "", ""))
    return _letter(number, known.state, faults)


@room.get("")
def get_vouchers() -> Response:
    """Show the key that answers are signed with, and every number that was asked."""
    public = public_of(partner_key(world()))
    issued = [vars(each) for each in world().state.vouchers.values()]
    return answer({"public_key": base64.b64encode(public).decode(), "vouchers": issued})


@room.post("/askers")
def post_asker() -> Response:
    """Let whoever signs with one of `keys` (JWKs, Ed25519) ask."""
    keys = wish().get("keys")
    try:
        raw = [base64.urlsafe_b64decode(each["x"] + "=") for each in keys or ()]
    except (TypeError, KeyError, ValueError):
        raise ControlRefused("keys must be a list of Ed25519 JWKs") from None
    _askers.setdefault(id(world()), {}).update({keyid_of(each): each for each in raw})
    return answer({"keys": sorted(_askers[id(world())])})


def _asked() -> dict[str, Any]:
    """Return the body of a request that somebody whom we know has signed."""
    body, headers = request.get_data(), request.headers
    told = _INPUT.fullmatch(headers.get("Signature-Input", ""))
    sent = re.fullmatch(r"senhui=:([A-Za-z0-9+/=]{88}):", headers.get("Signature", ""))
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    if told is None or sent is None or headers.get("Content-Digest") != digest:
        raise VoucherRefused(401, "SIGNATURE_MISSING")
    key = _askers.get(id(world()), {}).get(told[3])
    if key is None or abs(time.time() - int(told[2])) > CLOCK_WINDOW_S:
        raise VoucherRefused(401, "KEY_OR_TIME")
    base = (
        f'"@method": {request.method}\n"@authority": {request.host.lower()}\n"@path": {raw_target()}\n'
        f'"content-digest": {digest}\n"@signature-params": {told[1]}'
    )
    try:
        signature = base64.b64decode(sent[1], validate=True)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, base.encode())
        return json_object(body)
    except (InvalidSignature, binascii.Error):
        raise VoucherRefused(401, "SIGNATURE_WRONG") from None
    except ValueError:
        raise VoucherRefused(400, "BODY_WRONG") from None


def _number(told: Any) -> str:
    if not isinstance(told, str) or not re.fullmatch(NUMBER, told):
        raise VoucherRefused(422, "NUMBER_WRONG")
    return told


def _letter(number: str, state: str, faults: dict[str, Fault]) -> Response:
    """Answer with a signed letter; a fault lets it be another's, or about another number."""
    key = Ed25519PrivateKey.generate() if "voucher_foreign_key" in faults else partner_key(world())
    kid = keyid_of(public_of(partner_key(world())))
    told = {"iss": kid, "number": number, "state": state}
    if state == "issued":
        voucher = world().state.vouchers[number]
        told |= {"code": voucher.code, "last_day": voucher.last_day}
    if "voucher_other_number" in faults:
        told["number"] = "0" * 26
    head = _encoded({"alg": "EdDSA", "kid": kid, "typ": KIND})
    signed = f"{head}.{_encoded(told)}"
    return answer({"document": f"{signed}.{_base64url(key.sign(signed.encode()))}"})


def _encoded(part: dict[str, Any]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _in(days: int) -> time.struct_time:
    return time.gmtime(time.time() + days * 86_400)
