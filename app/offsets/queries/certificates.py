"""Certificates 凭证 as anyone may see them: which kilograms, from whose forest, for what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.kit.codes import read_code
from app.kit.database import db
from app.offsets.errors import CertificateUnknown
from app.offsets.models import Certificate, Order, Retirement, SettlementRun
from app.registry import queries as registry


@dataclass(frozen=True)
class CertificateFacts:
    """Everything a certificate attests. The serial counts within its issuance, from 1."""

    number: str
    order_id: int
    quantity_kg: int
    serial: str
    purpose: str
    beneficiary: str | None
    retired_at: datetime
    due_g: int
    carry_g: int
    forest: registry.CertificateFacts

    @property
    def written(self) -> str:
        """The number as people read it, in groups of four."""
        return "-".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))

    def claims(self) -> dict[str, Any]:
        """What is signed: plain values in a fixed order, in the language-free form."""
        return {
            "number": self.number,
            "quantity_kg": self.quantity_kg,
            "serial": self.serial,
            "product": self.forest.product,
            **({"origin": self.forest.origin._asdict()} if self.forest.origin else {}),
            "purpose": self.purpose,
            "beneficiary": self.beneficiary,
            "retired_at": self.retired_at.isoformat(timespec="seconds"),
            "project": self.forest.project,
            "region": self.forest.region,
            "seller": self.forest.seller,
            "methodology": self.forest.methodology.removeprefix("registry.methodology_"),
            "monitoring_start": self.forest.period_start.isoformat(),
            "monitoring_end": self.forest.period_end.isoformat(),
            "vintage": self.forest.vintage,
            "sample": self.forest.sample,
            "compliance": False,
        }


def get_certificate(number: str) -> CertificateFacts:
    """The certificate with this number, written in any way people write it. Raises `CertificateUnknown`."""
    code = read_code(number)
    row = None
    if code is not None:
        row = db.session.execute(
            select(Order, Retirement, SettlementRun.issuance_id)
            .join(Certificate, Certificate.order_id == Order.id)
            .join(Retirement, Retirement.order_id == Order.id)
            .join(SettlementRun, SettlementRun.id == Retirement.run_id)
            .where(Order.certificate_number == code)
        ).one_or_none()
    if code is None or row is None:
        raise CertificateUnknown()
    order, retirement, issuance_id = row
    forest = registry.certificate_facts(issuance_id)
    return CertificateFacts(
        number=code,
        order_id=order.id,
        quantity_kg=order.quantity_kg,
        serial=forest.serial_text(retirement.first_serial, retirement.last_serial),
        purpose=order.purpose,
        beneficiary=order.beneficiary,
        retired_at=retirement.settled_at,
        due_g=retirement.due_g,
        carry_g=retirement.carry_g,
        forest=forest,
    )
