"""What happens to gifts later: their units retired, they owe what was bought; their words are judged."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import current_app

from app.causes.announcements import INSCRIPTION_WRITTEN
from app.causes.queries.inscriptions import find_asked
from app.causes.services import gifts, inscriptions
from app.clients.miniprogram import MiniProgram
from app.clients.opinions import ask_opinion
from app.kit.announcements import listens
from app.kit.transaction import transaction
from app.offsets.announcements import CAUSE_ORDER_ENDED


@listens(CAUSE_ORDER_ENDED)
def close_gift_due(payload: dict[str, Any]) -> None:
    """A gift owes what was retired for it, so that nothing is carried to anything else."""
    if payload["purpose"] == "gift" and payload["settled"]:
        gifts.settle_gift(payload["cause_id"])


@listens(INSCRIPTION_WRITTEN, outside=True)
def judge_inscription(payload: dict[str, Any]) -> Callable[[], None] | None:
    """Ask WeChat about words; where it cannot tell, a person has to."""
    inscription_id = payload["id"]
    with transaction():
        asked = find_asked(inscription_id)
    if asked is None:
        return None
    client: MiniProgram = current_app.extensions["miniprogram"]
    told = ask_opinion(client, asked, f"inscription {inscription_id}")
    if told is None:
        return partial(inscriptions.doubt_words, inscription_id)
    return partial(inscriptions.hear_opinion, inscription_id, told)
