"""How this room hears WeChat Pay: the merchant account, and its words brought to ours."""

from flask import current_app

from app.clients import errors as outside
from app.clients.pay import Refund, Transaction, WeChatPay
from app.config import Settings
from app.offsets.services.words import PaidWord, RefundWord


def paid_word(answer: Transaction) -> PaidWord:
    """The provider's transaction in our words. Raises `Unverified` when a paid one lacks its facts."""
    if answer.transaction_id is None or answer.amount_fen is None or answer.success_at is None:
        raise outside.Unverified("a paid transaction without number, amount or time")
    return PaidWord(
        order_code=answer.out_trade_no,
        transaction_id=answer.transaction_id,
        amount_fen=answer.amount_fen,
        currency=answer.currency or "CNY",
        paid_at=answer.success_at,
        payer_openid=answer.payer_openid,
    )


def refund_word(answer: Refund) -> RefundWord:
    """The provider's refund in our words."""
    return RefundWord(answer.out_refund_no, answer.refund_id, answer.status, answer.amount_fen)


def settings() -> Settings:
    """The application's settings."""
    found: Settings = current_app.extensions["settings"]
    return found


def wechat_pay() -> WeChatPay:
    """The application's merchant account. Raises `Misconfigured` when it has none."""
    client: WeChatPay | None = current_app.extensions.get("wechat_pay")
    if client is None:
        raise outside.Misconfigured("no merchant account is set")
    return client
