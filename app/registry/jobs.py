"""What happens later: sanctions, holds, wishes and lots whose time is over end; who is concerned is told.

Letters of handovers go to their other side and are answered. Calls stand between transactions; every
letter may be sent any number of times, so a call whose answer was lost is simply made again.
"""

from collections.abc import Iterator
from typing import Any

import structlog

from app.clients import errors as outside
from app.clients.programmes import fetch_statement, send_letter
from app.kit.announcements import listens
from app.kit.problems import Problem
from app.kit.transaction import transaction
from app.registry import services
from app.registry.announcements import LETTER_WAITS
from app.registry.queries.handovers import Silent, find_post, list_silent
from app.registry.queries.programmes import list_programmes
from app.registry.services import holds, reversals, sanctions
from app.registry.services.letters import hear
from app.registry.services.programmes import import_statement

_ANSWERS = {"given": ("acceptance", "refusal"), "taken": ("deed", "withdrawal")}
"""Which of the other side's letters each side waits for."""
_PAGE = 100
_log = structlog.get_logger(__name__)


def end_sanctions() -> int:
    """End what has run out; returns how many sanctions. For the sweeper."""
    with transaction():
        return sanctions.end_overdue()


def lapse_holds() -> int:
    """End every reservation and gift whose time is over, one a transaction; returns how many."""
    ended = 0
    while True:
        with transaction():
            if not holds.lapse_one():
                return ended
        ended += 1


@listens(reversals.TOPIC)
def tell_holders_of_reversal(payload: dict[str, Any]) -> None:
    """Tell holders and pledgees that their forest lost something."""
    reversals.tell_concerned(payload["code"])


def tidy_market() -> int:
    """End wishes whose time is over and close lots that are sold out; returns how many."""
    with transaction():
        ended = services.end_wishes()
    with transaction():
        return ended + services.close_sold_out()


@listens(LETTER_WAITS, outside=True)
def send_waiting_letter(payload: dict[str, Any]) -> None:
    """Send a handover's letter, if its other side has an address; what comes back is heard.

    A letter that they do not take is not sent again; the console says where the handover stands.
    """
    try:
        answers = _exchange(payload["side"], payload["id"])
    except outside.Refused as refusal:
        if refusal.retryable:
            raise
        _log.warning("a programme did not take a letter", side=payload["side"], reason=str(refusal)[:200])
        return
    _hear_each(answers, payload["side"])
    return


def ask_programmes() -> int:
    """Send again what nobody has answered; returns how many answers came. For the sweeper.

    A programme that cannot be reached is left alone until the next round, and holds up no other; nor does
    a letter that somebody does not take.
    """
    heard, away = 0, set[str]()
    for each in (silent for side in _ANSWERS for silent in _silent(side)):
        if each.programme in away:
            continue
        try:
            heard += _hear_each(_exchange(each.side, each.id), each.side)
        except outside.OutsideError as error:
            if isinstance(error, outside.Unreachable):
                away.add(each.programme)
            _log.warning("a programme did not answer", side=each.side, reason=str(error)[:200])
    return heard


def _silent(side: str) -> Iterator[Silent]:
    after = 0
    while True:
        with transaction():
            rows = list_silent(side, _PAGE, after)
        if not rows:
            return
        yield from rows
        after = rows[-1].id


def _hear_each(documents: list[str], side: str) -> int:
    """Let every letter have its effect that has one; returns how many had."""
    heard = 0
    for document in documents:
        try:
            with transaction():
                hear(document)
            heard += 1
        except Problem as problem:
            _log.warning("a programme's answer is not believed", side=side, reason=str(problem)[:200])
    return heard


def fetch_statements() -> int:
    """Ask every programme with an address for its statement; returns how many came. For the sweeper."""
    fetched = 0
    with transaction():
        addresses = [each.programme.base_url for each in list_programmes() if each.programme.base_url]
    for base_url in addresses:
        try:
            document = fetch_statement(base_url)
            with transaction():
                import_statement(document)
            fetched += 1
        except (outside.OutsideError, Problem) as error:
            _log.warning("a programme stated nothing", reason=str(error)[:200])
    return fetched


def _exchange(side: str, row_id: int) -> list[str]:
    """The other side's answers to the letter that it should have now."""
    with transaction():
        post = find_post(side, row_id)
    if post is None:
        return []
    told = send_letter(post.base_url, post.document)
    return [told[name] for name in _ANSWERS[side] if name in told]
