"""What WeChat thinks of words that somebody wants shown to others, where it can tell."""

from dataclasses import dataclass, field

import structlog

from app.clients.errors import OutsideError
from app.clients.miniprogram import MiniProgram

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Asked:
    """What WeChat is to be asked about whose words; `openid` is None for somebody it does not know."""

    openid: str | None = field(repr=False)
    content: str = field(repr=False)


def ask_opinion(client: MiniProgram, asked: Asked, subject: str) -> str | None:
    """What WeChat suggests; None where it cannot tell, and a person has to. `subject` is for the log."""
    if asked.openid is None:
        return None
    try:
        told = client.msg_sec_check(asked.openid, asked.content)
    except OutsideError as error:
        _log.warning("words were not judged", subject=subject, reason=type(error).__name__)
        return None
    _log.info("words were judged", subject=subject, suggest=told.suggest, trace=told.trace_id)
    return told.suggest
