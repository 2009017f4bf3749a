"""How letters of handovers travel: what is sent again, to whom, and what never is."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from registries import Registry, Twins, new_key

from app.clients.errors import OutsideError, RateLimited, Refused, Unreachable
from app.kit import announcements, clock
from app.kit.signing import Seal
from app.kit.transaction import transaction
from app.registry import jobs
from app.registry.queries.handovers import list_silent
from app.registry.services.programmes import ProgrammeFacts, confirm_programme, enter_programme

Sent = Counter[str]


def sends(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], OutsideError | dict[str, str]]) -> Sent:
    """Every letter is answered so; counts them by address."""
    sent: Sent = Counter()

    def send(base_url: str, document: str) -> dict[str, str]:
        sent[base_url] += 1
        told = answer(base_url)
        if isinstance(told, OutsideError):
            raise told
        return told

    monkeypatch.setattr(jobs, "send_letter", send)
    return sent


def deliver(here: Registry, monkeypatch: pytest.MonkeyPatch, times: int = 3) -> int:
    """Deliver what waits, hours apart; returns how much still waits."""
    real = clock.now
    for hour in range(times):
        monkeypatch.setattr(clock, "now", lambda hour=hour: real() + timedelta(hours=hour))
        with here.inside():
            announcements.deliver()
    return here.number("SELECT count(*) FROM announcement WHERE done_at IS NULL")


def test_a_letter_that_its_other_side_refuses_is_not_sent_again(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = twins
    here.recognise(there, "https://there.example")
    sent = sends(monkeypatch, lambda _: Refused("letter_refused"))
    here.offer(there, 400)
    assert deliver(here, monkeypatch) == 0
    assert sent["https://there.example"] == 1


@pytest.mark.parametrize("trouble", [Unreachable("away"), RateLimited("429")])
def test_a_letter_that_did_not_arrive_is_sent_again(
    twins: Twins, monkeypatch: pytest.MonkeyPatch, trouble: OutsideError
) -> None:
    here, there = twins
    here.recognise(there, "https://there.example")
    sent = sends(monkeypatch, lambda _: trouble)
    here.offer(there, 400)
    assert deliver(here, monkeypatch) == 1
    assert sent["https://there.example"] == 3


def test_an_answer_that_nobody_believes_ends_the_delivery_and_changes_nothing(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = twins
    here.recognise(there, "https://there.example")
    sends(monkeypatch, lambda _: {"acceptance": "nonsense", "refusal": "nonsense"})
    number = here.offer(there, 400)
    assert deliver(here, monkeypatch) == 0
    assert here.given(number).status == "offered"


def test_the_round_reaches_every_silent_handover_behind_any_number_without_an_address(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = twins
    monkeypatch.setattr(jobs, "_PAGE", 2)
    for _ in range(5):
        here.offer(there, 10)
    sent = sends(monkeypatch, lambda _: {})
    with here.inside():
        assert (jobs.ask_programmes(), list_silent("given", 100)) == (0, [])
    assert sent == {}
    here.recognise(there, "https://there.example")
    with here.inside():
        jobs.ask_programmes()
    assert sent == {"https://there.example": 5}


def test_a_programme_that_is_away_is_asked_once_a_round_and_delays_no_other(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = twins
    here.recognise(there, "https://there.example")
    other = replace(there, code="OTHER")
    key = Seal(new_key()).public_jwk()["x"]
    with here.inside(), transaction():
        facts = ProgrammeFacts(other.code, "另一机构", "Other", "https://other.example", [key])
        confirm_programme(here.second, enter_programme(here.first, facts).id)
    for to in (there, there, other, other):
        here.offer(to, 10)
    sent = sends(monkeypatch, lambda url: Unreachable("away") if "there" in url else Refused("not_now"))
    with here.inside():
        jobs.ask_programmes()
    assert sent == {"https://there.example": 1, "https://other.example": 2}
