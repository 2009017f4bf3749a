"""Attestations as anyone may check them, and see whether they still stand."""

from flask import Response
from markupsafe import Markup

from app.kit.http import public
from app.kit.qr import qr_svg
from app.offsets.queries.attestations import get_attestation
from app.offsets.routes import attestation_qr, attestation_url, sign_attestation
from app.web.documents import KINDS
from app.web.pages import page, web


@web.get("/attestations/<string:number>")
@public
def attestation(number: str) -> Response:
    """An attestation's public page. Raises `AttestationUnknown`."""
    facts = get_attestation(number)
    return page(
        "attestation.html",
        a=facts,
        url=attestation_url(facts),
        signature=sign_attestation(facts),
        printed=facts.kind in KINDS,
        qr=Markup(qr_svg(attestation_qr(facts)).decode()),  # noqa: S704  our own drawing of our own address
    )
