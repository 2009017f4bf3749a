"""Names that people write for others to read are shown to WeChat first."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import current_app

from app.clients.miniprogram import MiniProgram
from app.clients.opinions import ask_opinion
from app.kit.announcements import listens
from app.kit.transaction import transaction
from app.rewards.announcements import NAME_WRITTEN
from app.rewards.queries.names import find_asked
from app.rewards.services import names


@listens(NAME_WRITTEN, outside=True)
def judge_name(payload: dict[str, Any]) -> Callable[[], None] | None:
    """Ask WeChat about a name; where it cannot tell, a person has to."""
    name_id = payload["id"]
    with transaction():
        asked = find_asked(name_id)
    if asked is None:
        return None
    client: MiniProgram = current_app.extensions["miniprogram"]
    told = ask_opinion(client, asked, f"name {name_id}")
    if told is None:
        return partial(names.doubt_name, name_id)
    return partial(names.hear_opinion, name_id, told)
