"""What happens to redemptions later: partners asked, time that is over, what is erased."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from secrets import SystemRandom

import structlog
from flask import Flask, current_app

from app.clients.errors import OutsideError
from app.kit.transaction import transaction
from app.rewards.provider import voucher_partner
from app.rewards.queries.redemptions import Voucher, list_over
from app.rewards.rules.redemptions import ReturnReason
from app.rewards.services import concluding, partner_issues
from app.rewards.services.partner_issues import Asking

SEATS = 8
"""Partners that are asked at once: a slow one holds up its own only."""
AT_ONCE = 40
_NONE = {"refused": ReturnReason.PARTNER_REFUSED, "cancelled": ReturnReason.PARTNER_SILENT}
_log = structlog.get_logger(__name__)


def ask_partners() -> int:
    """Ask for what is due until nothing is; returns how many were answered. Safe to run anywhere, at once.

    Never rung for at a worker: whoever settles orders waits for no stranger's server.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    answered = 0
    while True:
        with transaction():
            due = partner_issues.claim_due(AT_ONCE)
        if not due:
            return answered
        by_partner: defaultdict[str, list[Asking]] = defaultdict(list)
        for asking in due:
            by_partner[asking.base_url].append(asking)
        with ThreadPoolExecutor(min(SEATS, len(by_partner))) as seats:
            asked = [seats.submit(copy_context().run, _ask_all, app, each) for each in by_partner.values()]
            answered += sum(each.result() for each in asked)


def _ask_all(app: Flask, askings: list[Asking]) -> int:
    """Ask one partner for one voucher after another; once it gives no answer, the rest waits too.

    In any order: a number that it never answers is not again and again the first.
    """
    answered, silent = 0, ""
    SystemRandom().shuffle(askings)
    with app.app_context():
        for asking in askings:
            silent = silent or _ask(asking)
            if silent:
                with transaction():
                    partner_issues.record_silence(asking, silent)
            else:
                answered += 1
    return answered


def _ask(asking: Asking) -> str:
    """Ask for one and record what was signed; else the word for why nobody knows, without a secret in it."""
    partner = voucher_partner(asking.base_url, asking.public_key)
    try:
        told = (
            partner.cancel(asking.number) if asking.cancels else partner.issue(asking.number, asking.product)
        )
    except OutsideError as trouble:
        _log.info("a partner gave no answer", redemption=asking.number, reason=str(trouble))
        return type(trouble).__name__
    with transaction():
        if told.code is not None:
            partner_issues.record_issued(asking, Voucher(told.code, told.last_day))
        elif told.state in _NONE:
            partner_issues.record_none(asking, _NONE[told.state])
        else:
            partner_issues.record_silence(asking, told.state)
    return ""


def conclude_redemptions() -> int:
    """Conclude or return whatever has its time behind it; returns how many.

    One that cannot be concluded is looked at again the next time, and holds up none of the others.
    """
    with transaction():
        due = list_over(AT_ONCE)
    concluded = 0
    for redemption_id in due:
        try:
            with transaction():
                concluded += concluding.conclude(redemption_id)
        except Exception:
            _log.warning("a redemption was not concluded", redemption=redemption_id, exc_info=True)
    return concluded


def tend_redemptions() -> int:
    """Remind of coupons that end soon, drop codes nobody had in time, erase addresses; returns how many."""
    tended = 0
    for tend in (lambda: concluding.remind_due(200), concluding.lapse_codes, concluding.erase_due):
        with transaction():
            tended += tend()
    return tended
