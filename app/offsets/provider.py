"""How this room hears WeChat Pay: the merchant account, and its words brought to ours."""

from flask import current_app

from app.clients import errors as outside
from app.clients.miniprogram import MiniProgram
from app.clients.pay import ForeignRecord, Refund, Transaction, WeChatPay
from app.config import Settings
from app.offsets.rules import DoubtName, WordSource
from app.offsets.services.words import ForeignWord, PaidWord, RefundWord


def paid_word(answer: Transaction, source: WordSource = WordSource.NOTICE) -> PaidWord:
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
        source=source,
        refunded=answer.trade_state == "REFUND",
    )


def foreign_word(error: ForeignRecord, source: WordSource = WordSource.NOTICE) -> ForeignWord:
    """What is not ours, in our words."""
    record = error.record
    return ForeignWord(
        name=DoubtName(error.field),
        expected=error.expected,
        told=error.told,
        order_code=record.out_trade_no,
        transaction_id=record.transaction_id,
        amount_fen=record.amount_fen,
        source=source,
    )


def refund_word(answer: Refund) -> RefundWord:
    """The provider's refund in our words."""
    return RefundWord(answer.out_refund_no, answer.refund_id, answer.status, answer.amount_fen)


def settings() -> Settings:
    """The application's settings."""
    found: Settings = current_app.extensions["settings"]
    return found


def miniprogram() -> MiniProgram:
    """The application's mini-program."""
    client: MiniProgram = current_app.extensions["miniprogram"]
    return client


def wechat_pay() -> WeChatPay:
    """The application's merchant account. Raises `Misconfigured` when it has none."""
    client: WeChatPay | None = current_app.extensions.get("wechat_pay")
    if client is None:
        raise outside.Misconfigured("no merchant account is set")
    return client
