"""Names that people write for others to read are shown to WeChat first."""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from flask import current_app

from app.clients import errors as outside
from app.clients.miniprogram import MiniProgram
from app.kit.announcements import listens
from app.kit.transaction import transaction
from app.rewards.announcements import NAME_WRITTEN
from app.rewards.queries.names import find_asked
from app.rewards.services import names

_log = structlog.get_logger(__name__)


@listens(NAME_WRITTEN, outside=True)
def judge_name(payload: dict[str, Any]) -> Callable[[], None] | None:
    """Ask WeChat about a name; where it cannot tell, a person has to."""
    name_id = payload["id"]
    with transaction():
        asked = find_asked(name_id)
    if asked is None:
        return None
    if asked.openid is None:
        return partial(names.doubt_name, name_id)
    client: MiniProgram = current_app.extensions["miniprogram"]
    try:
        told = client.msg_sec_check(asked.openid, asked.content)
    except outside.OutsideError as error:
        _log.warning("a name was not judged", name=name_id, reason=type(error).__name__)
        return partial(names.doubt_name, name_id)
    _log.info("a name was judged", name=name_id, suggest=told.suggest, trace=told.trace_id)
    return partial(names.hear_opinion, name_id, told.suggest)
