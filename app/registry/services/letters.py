"""Hearing a signed letter of a handover, whatever its kind and whoever carried it."""

from collections.abc import Callable

from app.kit import letters
from app.registry.errors import LetterRefused
from app.registry.models import Handover, HandoverReceipt
from app.registry.rules.handovers import Letter
from app.registry.services import handovers, receipts

_HEARD: dict[str, Callable[[str, int | None], Handover | HandoverReceipt]] = {
    Letter.OFFER: receipts.take_offer,
    Letter.ACCEPTANCE: handovers.hear_acceptance,
    Letter.REFUSAL: handovers.hear_refusal,
    Letter.DEED: receipts.hear_deed,
    Letter.WITHDRAWAL: receipts.hear_withdrawal,
}


def hear(document: str, operator_id: int | None = None) -> Handover | HandoverReceipt:
    """Let a letter have its effect, once; returns the handover as it stands then.

    Raises `LetterRefused`, `HandoverUnknown` or `HandoverState`; then nothing has changed.
    """
    document = document.strip()
    try:
        kind = letters.open_letter(document).kind
    except letters.LetterRefused as fault:
        raise LetterRefused(reason=str(fault)) from fault
    if kind not in _HEARD:
        raise LetterRefused(reason="kit.letter_other_kind")
    return _HEARD[kind](document, operator_id)
