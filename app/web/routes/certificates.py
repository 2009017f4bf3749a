"""Certificates as anyone may check them."""

from typing import Any

from flask import Response, make_response, redirect, request
from markupsafe import Markup

from app.causes.queries.gifts import Dedication, find_dedication
from app.kit.codes import read_code
from app.kit.http import public
from app.kit.messages import t
from app.kit.qr import qr_svg
from app.offsets.queries import get_certificate
from app.offsets.routes import certificate_view
from app.web.charts import tree_rings
from app.web.pages import page, web


@web.get("/c")
@public
def certificate_search() -> Response:
    """Look a certificate up by its number."""
    asked = request.args.get("number", "").strip()[:40]
    if not asked:
        return page("certificates.html")
    number = read_code(asked)
    if number is None:
        return page("certificates.html", 404, asked=asked, fault=t("web.number_misread"))
    return make_response(redirect(f"/c/{number}", 303))


@web.get("/c/<string:number>")
@public
def certificate(number: str) -> Response:
    """A certificate's public page. Raises `CertificateUnknown`."""
    facts = certificate_view(number)
    return page(
        "certificate.html",
        c=facts,
        dedication=_dedication(facts),
        rings=tree_rings(facts["number"]),
        qr=Markup(qr_svg(facts["qr"]).decode()),  # noqa: S704  our own drawing of our own address
    )


def _dedication(facts: dict[str, Any]) -> Dedication | None:
    """To whom a gift's units were given; it is no part of what is signed, since a name can be taken back."""
    if facts["purpose"] != "gift":
        return None
    return find_dedication(get_certificate(facts["number"]).order_id)
