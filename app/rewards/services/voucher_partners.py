"""Givers' servers that issue vouchers: added by one operator, confirmed by another, ended by any."""

from sqlalchemy import select

from app.accounts import queries as accounts
from app.accounts.services import audit
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.message_signatures import key_id
from app.kit.messages import t
from app.rewards.errors.items import GiverUnknown, OwnDraft, VoucherPartnerSettled, VoucherPartnerUnknown
from app.rewards.models.items import VoucherPartner


def add_partner(operator_id: int, giver: str, base_url: str, public_key: bytes) -> VoucherPartner:
    """Write down where a giver's server is asked, and the Ed25519 key it answers with.

    The caller has checked that the address is one that we call. Raises `GiverUnknown`.
    """
    holder = accounts.find_holder(giver)
    if holder is None or not holder.name:
        raise GiverUnknown(errors=[{"pointer": "#/giver", "detail": t("rewards.giver_unknown_detail")}])
    partner = VoucherPartner(
        code=random_code(12),
        holder_id=holder.id,
        base_url=base_url,
        public_key=public_key,
        added_by=operator_id,
        added_at=clock.now(),
    )
    db.session.add(partner)
    db.session.flush()
    details = {"base_url": base_url, "key": key_id(public_key), "giver": giver}
    audit.record(operator_id, "voucher_partner_added", partner.code, details)
    return partner


def confirm_partner(operator_id: int, code: str) -> VoucherPartner:
    """Confirm address and key of what another has added.

    Raises `VoucherPartnerUnknown`, `VoucherPartnerSettled`, `OwnDraft`.
    """
    partner = _lock(code)
    if partner.confirmed_at or partner.ended_at:
        raise VoucherPartnerSettled()
    if partner.added_by == operator_id:
        raise OwnDraft()
    partner.confirmed_by, partner.confirmed_at = operator_id, clock.now()
    db.session.flush()
    details = {"base_url": partner.base_url, "key": key_id(partner.public_key)}
    audit.record(operator_id, "voucher_partner_confirmed", code, details)
    return partner


def end_partner(operator_id: int, code: str) -> VoucherPartner:
    """Ask it for nothing new; what it was asked for already is still asked to its end.

    Raises `VoucherPartnerUnknown`, `VoucherPartnerSettled`.
    """
    partner = _lock(code)
    if partner.ended_at:
        raise VoucherPartnerSettled()
    partner.ended_by, partner.ended_at = operator_id, clock.now()
    db.session.flush()
    audit.record(operator_id, "voucher_partner_ended", code, {})
    return partner


def _lock(code: str) -> VoucherPartner:
    partner = db.session.scalar(
        select(VoucherPartner)
        .where(VoucherPartner.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if partner is None:
        raise VoucherPartnerUnknown()
    return partner
