"""What anyone can check: certificates, attestations and the keys that signed them."""

from typing import Any

from flask import Response

from app.kit.http import Blueprint, public
from app.kit.messages import language, t
from app.kit.qr import qr_svg
from app.kit.signing import DIGEST, digest_of, pack, seal
from app.offsets import queries
from app.offsets.provider import settings
from app.offsets.schemas import (
    AttestationFileView,
    AttestationView,
    CertificateFileView,
    CertificateView,
    KeysView,
)

certificates = Blueprint(
    "certificates",
    __name__,
    url_prefix="/v1/certificates",
    description="Certificates for anyone to check 凭证",
)
attestations = Blueprint(
    "attestations",
    __name__,
    url_prefix="/v1/attestations",
    description="What is attested of events, duties and cases 证明",
)
keys = Blueprint("keys", __name__, url_prefix="/v1/keys", description="Public keys 公钥")


@certificates.route("/<string:number>", methods=["GET"])
@public
@certificates.response(200, CertificateView)
def get_certificate(number: str) -> Any:
    """A certificate by its number, with or without hyphens; for anyone."""
    return certificate_view(number)


def certificate_view(number: str) -> dict[str, Any]:
    """A certificate's facts in the caller's language, its public address and its signature."""
    facts = queries.get_certificate(number)
    forest, lang = facts.forest, language()
    return {
        **facts.claims(),
        "retired_at": facts.retired_at,
        "monitoring_start": forest.period_start,
        "monitoring_end": forest.period_end,
        "methodology": t(forest.methodology),
        "product_name": t(forest.product_name),
        "origin": forest.origin,
        "project_name": getattr(forest.name, lang),
        "place": getattr(forest.place, lang),
        "notes": [t(note) for note in forest.notes],
        "url": public_url(facts),
        "signature": sign(facts),
        "qr": qr_text(facts),
        **sealed_view(facts),
    }


def sign(facts: queries.CertificateFacts) -> str:
    """A certificate's signature, which holds what it attests."""
    return seal().sign(facts.claims(), "cert+jws")


def sealed_view(facts: queries.CertificateFacts) -> dict[str, Any]:
    """Where a certificate's retirement stands in the public log, and under which head; None until then."""
    found = queries.find_log_proof(facts)
    if found is None:
        return {"log": None, "sealed": None}
    inclusion, salt = found
    proof = {
        "position": inclusion.position,
        "leaf": inclusion.leaf,
        "salt": salt,
        "path": [node.hex() for node in inclusion.path],
        "head": inclusion.head.document,
    }
    return {"log": proof, "sealed": inclusion.head}


def qr_text(facts: queries.CertificateFacts) -> str:
    """What a certificate's QR code holds: its address, and behind the # the signed facts.

    A browser keeps what stands behind the # to itself; `senhui-verify qr` checks it offline.
    """
    return f"{public_url(facts)}#{pack(sign(facts))}"


def public_url(facts: queries.CertificateFacts) -> str:
    """Where anyone can check a certificate."""
    return f"{settings().public_url}/c/{facts.number}"


@certificates.route("/<string:number>/qr.svg", methods=["GET"])
@public
@certificates.doc(responses={"200": {"description": "SVG image", "content": {"image/svg+xml": {}}}})
def get_certificate_code(number: str) -> Response:
    """The QR code that leads to the certificate's public page."""
    svg = qr_svg(qr_text(queries.get_certificate(number)))
    return Response(svg, content_type="image/svg+xml")


@certificates.route("/<string:number>/file", methods=["GET"])
@public
@certificates.response(200, CertificateFileView)
def get_certificate_file(number: str) -> Any:
    """A certificate to keep: what `senhui-verify certificate` checks without asking anybody."""
    return _certificate_file(queries.get_certificate(number))


def certificate_file(facts: queries.CertificateFacts) -> str:
    """The same file as text, for a document to carry."""
    return str(CertificateFileView().dumps(_certificate_file(facts), ensure_ascii=False))


def _certificate_file(facts: queries.CertificateFacts) -> dict[str, Any]:
    return {"format": "senhui-certificate-1", "signature": sign(facts), **sealed_view(facts)}


@keys.route("", methods=["GET"])
@public
@keys.response(200, KeysView)
def get_keys() -> dict[str, Any]:
    """The public keys that check certificates and heads offline (JWK set): the present one, then past."""
    return {"keys": seal().public_jwks()}


@attestations.route("/<string:number>", methods=["GET"])
@public
@attestations.response(200, AttestationView)
def get_attestation(number: str) -> Any:
    """An attestation by its number, with or without hyphens, and whether it stands; for anyone."""
    return attestation_view(queries.attestations.get_attestation(number))


def attestation_view(facts: queries.attestations.AttestationFacts) -> dict[str, Any]:
    """An attestation with its public address and its signature."""
    return {
        **facts.claims(),
        "purpose": facts.purpose,
        "issued_at": facts.issued_at,
        "revoked_at": facts.revoked_at,
        "revoked_reason": facts.revoked_reason,
        "replaced_by": facts.replaced_by,
        "url": attestation_url(facts),
        "signature": sign_attestation(facts),
    }


def sign_attestation(facts: queries.attestations.AttestationFacts) -> str:
    """An attestation's signature, which holds what it attests."""
    return seal().sign(facts.claims(), "attestation+jws")


def attestation_url(facts: queries.attestations.AttestationFacts) -> str:
    """Where anyone can check an attestation, and see whether it still stands."""
    return f"{settings().public_url}/attestations/{facts.number}"


def attestation_qr(facts: queries.attestations.AttestationFacts) -> str:
    """What an attestation's QR code holds: its address, and behind the # a signed digest of its facts.

    The facts themselves may fill pages. `senhui-verify qr` reads the digest offline, and
    `senhui-verify attestation` says the same one of the file.
    """
    claims = {name: value for name, value in facts.claims().items() if name != "facts"}
    signed = seal().sign({**claims, "facts_sha256": digest_of(facts.facts)}, "digest+jws")
    return f"{attestation_url(facts)}#{pack(signed, DIGEST)}"


@attestations.route("/<string:number>/qr.svg", methods=["GET"])
@public
@attestations.doc(responses={"200": {"description": "SVG image", "content": {"image/svg+xml": {}}}})
def get_attestation_code(number: str) -> Response:
    """The QR code that leads to the attestation's public page."""
    svg = qr_svg(attestation_qr(queries.attestations.get_attestation(number)))
    return Response(svg, content_type="image/svg+xml")


@attestations.route("/<string:number>/file", methods=["GET"])
@public
@attestations.response(200, AttestationFileView)
def get_attestation_file(number: str) -> Any:
    """An attestation to keep: what `senhui-verify attestation` checks without asking anybody."""
    return _attestation_file(queries.attestations.get_attestation(number))


def attestation_file(facts: queries.attestations.AttestationFacts) -> str:
    """The same file as text, for a document to carry."""
    return str(AttestationFileView().dumps(_attestation_file(facts), ensure_ascii=False))


def _attestation_file(facts: queries.attestations.AttestationFacts) -> dict[str, Any]:
    return {"format": "senhui-attestation-1", "signature": sign_attestation(facts)}
