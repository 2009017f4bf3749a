"""Coupons of ours at the shop that takes them: looked at, and marked used once."""

from app.kit import clock
from app.rewards.errors.redemptions import VoucherOver, VoucherUsed
from app.rewards.queries.redemptions import RedemptionFacts, find_voucher
from app.rewards.rules.redemptions import Step
from app.rewards.services.redemptions import finish, lock


def use_voucher(giver_id: int, member_id: int, written: str) -> RedemptionFacts:
    """Mark a coupon of this shop used: once, whoever asks first; its shop is paid.

    Raises `VoucherUnknown` also for another's, `VoucherUsed`, `VoucherOver`.
    """
    found = lock(None, find_voucher(giver_id, written).row.code)
    require_usable(found)
    finish(found.row, by=member_id)
    return found


def require_usable(found: RedemptionFacts) -> None:
    """Refuse a coupon that was used, given back, or whose last day is over."""
    if found.step is Step.DONE:
        raise VoucherUsed()
    if found.step is Step.RETURNED or (found.row.ends_at is not None and found.row.ends_at <= clock.now()):
        raise VoucherOver()
