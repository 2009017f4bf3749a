"""How a partner's server reports trips to Senhui: a working example in one file.

    pip install requests cryptography
    python partner_client.py new-key key.pem                 # prints the public key for registration
    python partner_client.py send https://senhui.example key.pem batch.json
    python partner_client.py result https://senhui.example key.pem 2026-11-25-0001

`batch.json` is {"batch_id": "2026-11-25-0001", "items": [{"id": "your own id", "link": "the token that the
person gave you", "scene": "metro", "started_at": "2026-11-25T08:03:00+08:00", "distance_m": 8200,
"duration_s": 1260, "ride": {"carrier": "fuzhou_metro", "number": "your ticket's number"}}]}. What is no
trip has a "quantity" and always a "ride": who gave out the receipt, bag, order or meter, and its number.

Requests are signed with Ed25519 by RFC 9421, over the exact bytes of the body (Content-Digest, RFC 9530).
An answer that was lost is asked for by sending the same bytes again: a batch is taken once, an item counts
once. Items that were refused may come again, corrected, in another batch.
"""

import base64
import hashlib
import json
import sys
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MOST_ITEMS = 10_000
PATH = "/v1/partner/batches"


class Refused(Exception):
    """The platform took nothing of a request; `problem` is its problem+json."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status, self.problem = status, problem


class PartnerClient:
    """Signs and sends; safe to call again after any failure."""

    def __init__(self, base_url: str, key: Ed25519PrivateKey, tries: int = 5) -> None:
        self.base_url, self.key, self.tries = base_url.rstrip("/"), key, tries
        self.keyid = hashlib.sha256(public_bytes(key)).hexdigest()[:16]
        parts = urlsplit(self.base_url)
        default = {"http": 80, "https": 443}.get(parts.scheme)
        port = "" if parts.port in (None, default) else f":{parts.port}"
        self.authority = f"{(parts.hostname or '').lower()}{port}"

    def send(self, batch_id: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        """Report items; returns what became of each. Raises `Refused`, or what `requests` raises."""
        if not 1 <= len(items) <= MOST_ITEMS:
            raise ValueError(f"a batch has 1 to {MOST_ITEMS} items")
        body = json.dumps({"batch_id": batch_id, "items": items}, ensure_ascii=False).encode()
        return self._call("POST", PATH, body)

    def result(self, batch_id: str) -> dict[str, Any]:
        """What became of a batch that was sent before."""
        return self._call("GET", f"{PATH}/{batch_id}", b"")

    def headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """The headers that sign a request now. Signed anew for every try, since a signature ages."""
        covered = {"@method": method, "@authority": self.authority, "@path": path}
        headers = {}
        if body:
            digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
            covered["content-digest"] = headers["Content-Digest"] = digest
            headers["Content-Type"] = "application/json"
        names = " ".join(f'"{name}"' for name in covered)
        parameters = f'({names});created={int(time.time())};keyid="{self.keyid}";alg="ed25519"'
        lines = [f'"{name}": {value}' for name, value in covered.items()]
        base = "\n".join([*lines, f'"@signature-params": {parameters}'])
        signature = base64.b64encode(self.key.sign(base.encode())).decode()
        return {**headers, "Signature-Input": f"sig1={parameters}", "Signature": f"sig1=:{signature}:"}

    def _call(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        for turn in range(self.tries):
            last = turn == self.tries - 1
            try:
                answer = requests.request(
                    method,
                    self.base_url + path,
                    data=body,
                    headers=self.headers(method, path, body),
                    timeout=60,
                )
            except (requests.ConnectionError, requests.Timeout):
                if last:
                    raise
                time.sleep(2**turn)
                continue
            if answer.status_code in (429, 502, 503, 504) and not last:
                time.sleep(pause(answer.headers.get("Retry-After"), 2**turn))
                continue
            told = read(answer)
            if not answer.ok:
                raise Refused(answer.status_code, told)
            return told
        raise AssertionError("unreachable")


def read(answer: requests.Response) -> dict[str, Any]:
    """The JSON of an answer; of one that a proxy gave in other words, what it said."""
    try:
        told = answer.json()
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"code": "no_json", "detail": answer.text[:200]}


def pause(told: str | None, otherwise: float) -> float:
    """The seconds that a Retry-After asks for, which may be a number or a date; never negative."""
    if told is None:
        return otherwise
    if told.strip().isdecimal():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except ValueError:
        return otherwise


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public key."""
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def load_key(path: Path) -> Ed25519PrivateKey:
    """A private key from its PEM file."""
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the key must be Ed25519")
    return key


def new_key(path: Path) -> Ed25519PrivateKey:
    """A new private key, in a new file that only its owner reads. Raises `FileExistsError` for an old one."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(pem)
    return key


def main(arguments: list[str]) -> int:
    """The command line above."""
    if len(arguments) == 2 and arguments[0] == "new-key":
        print(base64.b64encode(public_bytes(new_key(Path(arguments[1])))).decode())
        return 0
    if len(arguments) != 4 or arguments[0] not in ("send", "result"):
        print(__doc__, file=sys.stderr)
        return 2
    client = PartnerClient(arguments[1], load_key(Path(arguments[2])))
    if arguments[0] == "send":
        batch = json.loads(Path(arguments[3]).read_text("utf-8"))
        told = client.send(batch["batch_id"], batch["items"])
    else:
        told = client.result(arguments[3])
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return 0 if told["refused"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
