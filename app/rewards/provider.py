"""The way to givers' servers; here because a job asks them, with the instance's own key."""

from app.clients.vouchers import VoucherPartner, signer
from app.kit import clock
from app.kit.signing import seal


def voucher_partner(base_url: str, public_key: bytes) -> VoucherPartner:
    """A giver's server at this address, whose answers this key signs."""
    ours = seal()
    sign = signer(base_url, ours.kid, ours.sign_bytes, lambda: int(clock.now().timestamp()))
    return VoucherPartner(base_url, public_key, sign)
