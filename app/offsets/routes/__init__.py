"""What can be asked of offsets over HTTP."""

from flask import Flask
from flask_smorest import Api

from app.kit import health
from app.offsets import queries
from app.offsets.routes.certificates import (
    attestation_file,
    attestation_qr,
    attestation_url,
    attestation_view,
    attestations,
    certificate_file,
    certificate_view,
    certificates,
    keys,
    public_url,
    qr_text,
    sealed_view,
    sign,
    sign_attestation,
)
from app.offsets.routes.orders import (
    calculations,
    dues,
    notices,
    open_payment,
    orders,
    place,
    require_open_shop,
    shop,
    standing,
)

__all__ = [
    "attestation_file",
    "attestation_qr",
    "attestation_url",
    "attestation_view",
    "certificate_file",
    "certificate_view",
    "connect",
    "open_payment",
    "place",
    "public_url",
    "qr_text",
    "require_open_shop",
    "sealed_view",
    "sign",
    "sign_attestation",
    "standing",
]


def connect(app: Flask, api: Api) -> None:
    """Register this room's routes, and what its operators must see."""
    for blueprint in (dues, calculations, shop, orders, certificates, attestations, keys, notices):
        api.register_blueprint(blueprint)
    health.tell("doubts", queries.count_open_doubts)
    health.tell("stuck_refunds", queries.count_stuck_refunds)
    health.tell("paid_orders_waiting", queries.count_waiting)
