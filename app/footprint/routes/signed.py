"""Who may speak for a partner: whoever signs the exact bytes with one of its keys (RFC 9421, RFC 9530)."""

import functools
from collections.abc import Callable
from typing import Any

from flask import current_app, g, request

from app.footprint import rules
from app.footprint.errors.partners import (
    DigestWrong,
    KeyNotAccepted,
    SignatureMissing,
    SignatureStale,
    SignatureWrong,
)
from app.footprint.models import Partner, PartnerKey
from app.footprint.queries import partners as known
from app.kit import clock
from app.kit.http import read_body
from app.kit.message_signatures import (
    MessageSignature,
    SentRequest,
    SignatureUnreadable,
    authority_of,
    digest_matches,
    read_signature,
)

LARGEST_BODY = 8 * 1024 * 1024
"""A batch of 10,000 items is two to three megabytes."""


def signed_by_partner(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let only a partner's signed request through; the view finds partner and key in `sender()`.

    Who signed is settled from the headers alone: of whom we do not know, no megabyte of body is read.
    """

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        signature = _read()
        required = {
            *rules.COVERED,
            *([rules.DIGEST] if _has_body() else []),
            *(["@query"] if _query() else []),
        }
        if not required <= signature.covered:
            raise SignatureMissing(covered=" ".join(sorted(required)))
        found = known.find_key(signature.keyid)
        if found is None or not known.is_good(found, clock.now()):
            raise KeyNotAccepted()
        if not rules.is_timely(signature.created_s, signature.expires_s, clock.now()):
            raise SignatureStale(minutes=int(rules.SIGNATURE_SKEW.total_seconds()) // 60)
        if not signature.made_by(bytes(found.public_key)):
            raise SignatureWrong()
        body = read_body(LARGEST_BODY)
        told = request.headers.get("Content-Digest", "") if rules.DIGEST in signature.covered else ""
        if body and not digest_matches(told, body):
            raise DigestWrong()
        g.partner, g.partner_key = known.get_partner(found.partner_id), found
        return view(*args, **kwargs)

    guarded.policy = "partner"  # type: ignore[attr-defined]
    return guarded


def sender() -> tuple[Partner, PartnerKey]:
    """The partner of this request and its key; only inside a view that `signed_by_partner` guards."""
    return g.partner, g.partner_key


def _read() -> MessageSignature:
    """The request's signature over the address that we are called by, whatever a Host header says."""
    authority = authority_of(current_app.extensions["settings"].public_url)
    headers = {name.lower(): value for name, value in request.headers}
    try:
        return read_signature(SentRequest(request.method, authority, request.path, _query(), headers))
    except SignatureUnreadable as error:
        raise SignatureMissing(covered=" ".join(sorted({*rules.COVERED, rules.DIGEST}))) from error


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _query() -> str:
    return request.query_string.decode("ascii", "replace")
