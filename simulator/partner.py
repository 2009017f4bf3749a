"""A sandbox partner: a pretended metro company that reports trips with a key of its own, well or badly.

It signs by RFC 9421 (Ed25519, RFC 9530 digests), as `docs/partner_client.py` does, but written on its own,
so that neither can hide the other's mistake. What it can do wrong: replay a letter byte for byte, sign with
another key, sign other bytes than it sends, or set its clock.
"""

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Blueprint, Response

from simulator.errors import ControlRefused
from simulator.files import locked, write_private
from simulator.world import World, answer, wish, world

PATH = "/v1/partner/batches"
KEY_FILE = "partner_private_key.pem"
FAULTS = {
    "none": "a letter as it should be",
    "replay": "the last letter again, byte for byte, with its old signature",
    "wrong_key": "signed with a key that nobody registered",
    "wrong_body": "other bytes than were signed",
    "unsigned": "without a signature",
}
MOST_SKEW_S = 366 * 86_400
TIMEOUT_S = 60
type_letter = tuple[bytes, dict[str, str]]

blueprint = Blueprint("partner", __name__, url_prefix="/control/partner")
#: The last letter of each simulator, for a replay.
_last: dict[int, type_letter] = {}


@blueprint.errorhandler(ControlRefused)
def _refused(error: ControlRefused) -> Response:
    """Say what is wrong with a wish."""
    return answer({"error": str(error)}, 400)


@blueprint.get("")
def get_partner() -> Response:
    """Show the public key to be registered, its name, and what can go wrong."""
    public = public_of(partner_key(world()))
    return answer(
        {"public_key": base64.b64encode(public).decode(), "keyid": keyid_of(public), "faults": FAULTS}
    )


@blueprint.post("")
def post_letter() -> Response:
    """Send `items` as `batch_id` to `base_url`; tell the status and answer that came back."""
    asked = wish()
    base_url, fault, skew_s = str(asked.get("base_url")), asked.get("fault", "none"), asked.get("skew_s", 0)
    if not world().addresses.allows(base_url):
        raise ControlRefused("base_url must lead to this machine or to the app's own address")
    if fault not in FAULTS:
        raise ControlRefused(f"fault must be one of {', '.join(FAULTS)}")
    if type(skew_s) is not int or abs(skew_s) > MOST_SKEW_S:
        raise ControlRefused(f"skew_s must be a whole number up to {MOST_SKEW_S}")
    if fault == "replay" and id(world()) not in _last:
        raise ControlRefused("there is no letter yet to send again")
    body, headers = _letter(world(), base_url, asked, str(fault), skew_s)
    try:
        got = requests.post(f"{base_url.rstrip('/')}{PATH}", data=body, headers=headers, timeout=TIMEOUT_S)
        told = got.json()
    except (requests.RequestException, ValueError) as error:
        raise ControlRefused(f"no answer from {base_url}: {type(error).__name__}") from None
    return answer({"status": got.status_code, "answer": told})


def partner_key(world: World) -> Ed25519PrivateKey:
    """Return the key kept beside the merchant's, making it the first time."""
    file = world.keys.env_file.parent / KEY_FILE
    with locked(file.with_suffix(".lock")):
        if not file.exists():
            pem = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            write_private(file, pem)
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{KEY_FILE} holds another kind of key; remove it to start anew")
    return key


def _letter(world: World, base_url: str, asked: dict[str, Any], fault: str, skew_s: int) -> type_letter:
    """Write a letter, or take the last one."""
    if fault == "replay":
        return _last[id(world)]
    batch = {"batch_id": asked.get("batch_id", secrets.token_hex(8)), "items": asked.get("items", [])}
    body = json.dumps(batch, ensure_ascii=False).encode()
    key = Ed25519PrivateKey.generate() if fault == "wrong_key" else partner_key(world)
    headers = _signed(key, keyid_of(public_of(partner_key(world))), base_url, body, int(time.time()) + skew_s)
    if fault == "unsigned":
        headers = {name: value for name, value in headers.items() if not name.startswith("Signature")}
    letter = (body + b" " if fault == "wrong_body" else body), headers
    _last[id(world)] = letter
    return letter


def _signed(key: Ed25519PrivateKey, keyid: str, base_url: str, body: bytes, created_s: int) -> dict[str, str]:
    """Return the headers of a signed letter."""
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    parameters = f'("@method" "@authority" "@path" "content-digest");created={created_s};keyid="{keyid}"'
    base = (
        f'"@method": POST\n"@authority": {urlsplit(base_url).netloc.lower()}\n"@path": {PATH}\n'
        f'"content-digest": {digest}\n"@signature-params": {parameters}'
    )
    return {
        "Content-Type": "application/json",
        "Content-Digest": digest,
        "Signature-Input": f"partner={parameters}",
        "Signature": f"partner=:{base64.b64encode(key.sign(base.encode())).decode()}:",
    }


def public_of(key: Ed25519PrivateKey) -> bytes:
    """Return the raw public half of a key."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def keyid_of(public: bytes) -> str:
    """Return the name of a public key."""
    return hashlib.sha256(public).hexdigest()[:16]
