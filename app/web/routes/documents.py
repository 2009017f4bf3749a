"""Certificates and attestations to print, to keep and to send: PDF, a picture, the drawing itself."""

from flask import Response

from app.kit.http import public
from app.web.documents import answer
from app.web.documents.answers import Form
from app.web.documents.issued import attestation, certificate
from app.web.pages import web

_FORM = "<any(pdf, png, svg):form>"


@web.get(f"/c/<code:number>.{_FORM}")
@public
def certificate_document(number: str, form: Form) -> Response:
    """A certificate; `?page` for further pages of a picture. Raises `CertificateUnknown`, `PressBusy`."""
    return answer(certificate(number), form)


@web.get(f"/attestations/<code:number>.{_FORM}")
@public
def attestation_document(number: str, form: Form) -> Response:
    """An attestation, as a certificate is given. Raises `AttestationUnknown`, `Undrawable`, `PressBusy`."""
    return answer(attestation(number), form)
