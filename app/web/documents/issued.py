"""What was issued, as documents: a certificate and an attestation, each with the file that proves it."""

from typing import Any

from app.kit.messages import LANGUAGES, language, t
from app.offsets.purposes import PURPOSES
from app.offsets.queries import get_certificate
from app.offsets.queries.attestations import get_attestation
from app.offsets.queries.certificates import CertificateFacts
from app.offsets.routes import (
    attestation_file,
    attestation_qr,
    attestation_url,
    certificate_file,
    public_url,
    qr_text,
)
from app.web.documents.sheets import Document, Enclosure


def certificate(number: str) -> Document:
    """The certificate with this number, however it is written. Raises `CertificateUnknown`."""
    facts = get_certificate(number)
    return Document(
        kind="certificate",
        number=facts.number,
        facts=_printed(facts),
        url=public_url(facts),
        qr=qr_text(facts),
        issued_at=facts.retired_at,
        language=language(),
        enclosures=(Enclosure(f"senhui-{facts.number}.json", certificate_file(facts)),),
    )


def attestation(number: str) -> Document:
    """The attestation with this number, however it is written. Raises `AttestationUnknown`."""
    facts = get_attestation(number)
    return Document(
        kind=facts.kind,
        number=facts.number,
        facts=facts.facts,
        url=attestation_url(facts),
        qr=attestation_qr(facts),
        issued_at=facts.issued_at,
        language=language(),
        revoked_at=facts.revoked_at,
        replaced_by=facts.replaced_by,
        enclosures=(Enclosure(f"senhui-{facts.number}.json", attestation_file(facts)),),
    )


def _printed(facts: CertificateFacts) -> dict[str, Any]:
    """What a certificate says: its claims, and in both languages the names of what they name."""
    forest = facts.forest
    return {
        **facts.claims(),
        "certifies": _both(PURPOSES[facts.purpose].certificate),
        "purpose_name": _both(f"web.purpose_{facts.purpose}"),
        "product_name": _both(forest.product_name),
        "methodology": _both(forest.methodology),
        "project_name": forest.name._asdict(),
        "place": forest.place._asdict(),
        "notes": [_both(note) for note in forest.notes],
    }


def _both(message: str) -> dict[str, str]:
    return {each: t(message, each) for each in LANGUAGES}
