"""Handing units over between two registries: kills, replays, forgeries and strangers."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import timedelta

import pytest
from registries import Registry, Twins, new_key, titles_kg
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.kit import clock
from app.kit.database import db
from app.kit.letters import content_of
from app.kit.signing import Seal
from app.kit.transaction import transaction
from app.registry import jobs
from app.registry.errors import (
    HandoverState,
    HandoverUnknown,
    HoldingUnknown,
    HoldsNothing,
    LetterRefused,
    OriginTaken,
    ProgrammeKeyTaken,
    SamplesStayOut,
    SecondPerson,
)
from app.registry.rules.handovers import OFFER_LIFE
from app.registry.services import handovers, programmes, receipts


def test_a_block_goes_over_and_is_used_at_one_place_only(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    assert (here.usable_kg(), there.usable_kg()) == (600, 0)
    there.hear(here.given(number).offer or "")
    assert there.usable_kg() == 0
    acceptance = there.accept(here, number)
    assert (here.usable_kg(), there.usable_kg()) == (600, 0)
    executed = here.hear(acceptance)
    assert titles_kg(here, there) == {"giver": 600, "receiver": 0, "in_transit": 400}
    completed = there.hear(executed.deed or "")
    assert titles_kg(here, there) == {"giver": 600, "receiver": 400, "in_transit": 0}
    assert (executed.status, completed.status) == ("executed", "completed")
    assert here.broken() == there.broken() == set()
    assert here.number("SELECT count(*) FROM block WHERE state = 'cancelled' AND reason = 'handed_over'") == 1


def test_what_was_received_says_where_it_comes_from(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    there.hear(here.hear(there.accept(here, number)).deed or "")
    with there.inside():
        row = db.session.execute(
            text(
                "SELECT o.home, o.serial, o.reference, i.product, i.sample FROM issuance i"
                " JOIN origin o ON o.id = i.origin_id"
            )
        ).one()
    assert row == ("SENHUI", here.given(number).serial, number, "yiyuan", True)


def test_received_units_can_be_handed_on_and_come_back(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    there.hear(here.hear(there.accept(here, number)).deed or "")
    block_id = there.number("SELECT id FROM block WHERE state = 'active'")
    back = there.offer(here, 150, block_id)
    here.hear(there.given(back).offer or "")
    here.hear(there.hear(here.accept(there, back)).deed or "")
    assert (here.usable_kg(), there.usable_kg()) == (750, 250)
    assert here.broken() == there.broken() == set()


class Killed(RuntimeError):
    """A process that dies."""


def steps(here: Registry, there: Registry, number: str) -> list[tuple[str, Callable[[], object]]]:
    """Every step of a handover after its request; each may be done again."""

    def approve() -> None:
        if here.given(number).status == "drafted":
            with here.inside(), transaction():
                handovers.approve_handover(here.second, number)

    def accept() -> None:
        if there.taken(here, number).status == "pending":
            there.accept(here, number)

    return [
        ("approve", approve),
        ("offer", lambda: there.hear(here.given(number).offer or "")),
        ("accept", accept),
        ("acceptance", lambda: here.hear(there.taken(here, number).acceptance or "")),
        ("deed", lambda: there.hear(here.given(number).deed or "")),
    ]


@pytest.mark.parametrize("dies", ["approve", "offer", "accept", "acceptance", "deed"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_step_loses_and_doubles_nothing(
    twins: Twins, dies: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = twins
    number = here.draft(there, 400)
    from sqlalchemy.orm import Session

    real = Session.commit
    for name, step in steps(here, there, number):
        if name == dies:

            def commit(self: Session) -> None:
                if when == "after":
                    real(self)
                raise Killed

            monkeypatch.setattr(Session, "commit", commit)
            with pytest.raises(Killed):
                step()
            monkeypatch.setattr(Session, "commit", real)
            titles = titles_kg(here, there)
            assert sum(titles.values()) == 1000, (name, titles)
            assert titles["receiver"] + titles["in_transit"] in (0, 400)
        step()
        step()
        assert sum(titles_kg(here, there).values()) == 1000
    assert titles_kg(here, there) == {"giver": 600, "receiver": 400, "in_transit": 0}
    assert here.broken() == there.broken() == set()


def test_every_letter_may_come_any_number_of_times_in_any_order(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    offer = here.given(number).offer or ""
    for _ in range(3):
        there.hear(offer)
    acceptance = there.accept(here, number)
    deeds = {here.hear(acceptance).deed for _ in range(3)}
    assert len(deeds) == 1
    for _ in range(3):
        there.hear(deeds.copy().pop() or "")
        there.hear(offer)
        here.hear(acceptance)
    assert titles_kg(here, there) == {"giver": 600, "receiver": 400, "in_transit": 0}


def altered(document: str, place: int = 40) -> str:
    """The same letter with one character of its payload changed."""
    head, payload, mark = document.split(".")
    letter = "A" if payload[place] != "A" else "B"
    return ".".join((head, payload[:place] + letter + payload[place + 1 :], mark))


def test_a_letter_that_was_changed_is_refused(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    offer = here.given(number).offer or ""
    for forged in (
        altered(offer),
        altered(offer, 200),
        offer[:-5],
        offer[:-1] + "_",
        "",
        "a.b.c",
        "x" * 60_000,
    ):
        with pytest.raises(LetterRefused):
            there.hear(forged)
    with pytest.raises(HandoverUnknown):
        there.taken(here, number)


def test_a_letter_has_one_writing_only(twins: Twins) -> None:
    """The last character of a signature carries four bits that no signature needs."""
    here, there = twins
    offer = here.given(here.offer(there, 400)).offer or ""
    head, payload, mark = offer.split(".")
    raw = urlsafe_b64decode(mark + "==")
    others = [
        mark[:-1] + letter
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        if letter != mark[-1] and urlsafe_b64decode(mark[:-1] + letter + "==") == raw
    ]
    assert len(others) == 15
    for other in others:
        with pytest.raises(LetterRefused):
            there.hear(f"{head}.{payload}.{other}")


def signed_by(seal: Seal, document: str, **changes: object) -> str:
    """The content of a letter, changed and signed with another key."""
    header = document.split(".")[0]
    kind = json.loads(urlsafe_b64decode(header + "=="))["typ"]
    return seal.sign({**content_of(document), **changes}, kind)


def test_a_stranger_signs_in_vain(twins: Twins) -> None:
    here, there = twins
    offer = here.given(here.offer(there, 400)).offer or ""
    stranger = Seal(new_key())
    for forged in (signed_by(stranger, offer), signed_by(stranger, offer, iss=stranger.kid)):
        with pytest.raises(LetterRefused) as refusal:
            there.hear(forged)
        assert "密钥" in refusal.value.body("zh")["detail"]


def test_an_offer_for_somebody_else_is_refused(twins: Twins) -> None:
    here, there = twins
    offer = here.given(here.offer(there, 400)).offer or ""
    seal = here.app.extensions["seal"]
    with pytest.raises(LetterRefused) as refusal:
        there.hear(signed_by(seal, offer, aud="0" * 16))
    assert "另一个登记机构" in refusal.value.body("zh")["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"quantity_kg": 0},
        {"quantity_kg": 4.0},
        {"quantity_kg": True},
        {"number": "x"},
        {"product": "gold"},
        {"monitoring_start": "yesterday"},
        {"monitoring_start": "2022-02-31"},
        {"vintage": None},
        {"project": {}},
        {"recipient": "a b"},
        {"expires_at": "soon"},
    ],
)
def test_a_programme_who_signs_nonsense_is_told_where(twins: Twins, change: dict[str, object]) -> None:
    here, there = twins
    offer = here.given(here.offer(there, 400)).offer or ""
    with pytest.raises(LetterRefused) as refusal:
        there.hear(signed_by(here.app.extensions["seal"], offer, **change))
    assert next(iter(change)) in refusal.value.body("en")["detail"]


def test_an_offer_that_contradicts_itself_is_not_accepted(twins: Twins) -> None:
    from app.registry.errors import OriginUnclear

    here, there = twins
    offer = here.given(here.offer(there, 400)).offer or ""
    there.hear(signed_by(here.app.extensions["seal"], offer, quantity_kg=500))
    with pytest.raises(OriginUnclear):
        there.accept(here, content_of(offer)["number"])


def test_an_acceptance_of_another_offer_moves_nothing(twins: Twins) -> None:
    here, there = twins
    number, other = here.offer(there, 400), here.offer(there, 100)
    there.hear(here.given(number).offer or "")
    acceptance = there.accept(here, number)
    seal = there.app.extensions["seal"]
    for change in ({"number": other}, {"offer_sha256": "0" * 64}, {"aud": "0" * 16}):
        with pytest.raises(LetterRefused):
            here.hear(signed_by(seal, acceptance, **change))
    assert titles_kg(here, there) == {"giver": 1000, "receiver": 0, "in_transit": 0}


def test_a_third_registry_cannot_accept_what_was_offered_to_another(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    third = Seal(new_key())
    with here.inside(), transaction():
        facts = programmes.ProgrammeFacts("THIRD", "第三方", "Third", None, [third.public_jwk()["x"]])
        programmes.confirm_programme(here.second, programmes.enter_programme(here.first, facts).id)
    there.hear(here.given(number).offer or "")
    acceptance = there.accept(here, number)
    with pytest.raises(HandoverUnknown):
        here.hear(signed_by(third, acceptance, iss=third.kid))


def test_the_same_units_are_not_offered_twice(twins: Twins) -> None:
    here, there = twins
    here.offer(there, 1000)
    with pytest.raises(HoldingUnknown):
        here.offer(there, 1000)


def test_another_offer_under_a_used_number_is_refused(twins: Twins) -> None:
    here, there = twins
    offer = here.given(here.offer(there, 400)).offer or ""
    there.hear(offer)
    with pytest.raises(LetterRefused):
        there.hear(signed_by(here.app.extensions["seal"], offer, quantity_kg=300))


def test_a_giver_who_offers_the_same_serials_twice_is_refused_at_the_second(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    offer = here.given(number).offer or ""
    there.hear(offer)
    there.accept(here, number)
    again = signed_by(here.app.extensions["seal"], offer, number="Z" * 26)
    there.hear(again)
    with pytest.raises(OriginTaken):
        there.accept(here, "Z" * 26)


def test_an_offer_is_withdrawn_after_its_expiry_and_never_after_the_acceptance(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")

    def withdraw() -> None:
        with here.inside(), transaction():
            handovers.withdraw_handover(here.first, number)

    with pytest.raises(HandoverState):
        withdraw()
    acceptance = there.accept(here, number)
    with clock.frozen(clock.now() + OFFER_LIFE + timedelta(seconds=1)):
        withdraw()
        assert here.usable_kg() == 1000
        late = here.hear(acceptance)
        assert (late.status, late.deed) == ("withdrawn", None)
        there.hear(late.withdrawal or "")
    assert there.taken(here, number).status == "closed"
    assert titles_kg(here, there) == {"giver": 1000, "receiver": 0, "in_transit": 0}
    second = here.offer(there, 400)
    there.hear(here.given(second).offer or "")
    here.hear(there.accept(here, second))
    with (
        clock.frozen(clock.now() + OFFER_LIFE * 2),
        pytest.raises(HandoverState),
        here.inside(),
        transaction(),
    ):
        handovers.withdraw_handover(here.first, second)


def test_an_expired_offer_is_not_accepted(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    with clock.frozen(clock.now() + OFFER_LIFE + timedelta(seconds=1)), pytest.raises(HandoverState):
        there.accept(here, number)


def test_a_refusal_gives_the_units_back(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    with there.inside(), transaction():
        refusal = receipts.refuse_offer(there.first, here.code, number).refusal
    assert here.hear(refusal or "").status == "withdrawn"
    assert here.usable_kg() == 1000
    with pytest.raises(HandoverState):
        there.accept(here, number)


def test_four_eyes_on_both_sides(twins: Twins) -> None:
    here, there = twins
    number = here.draft(there, 400)
    with pytest.raises(SecondPerson), here.inside(), transaction():
        handovers.approve_handover(here.first, number)
    with here.inside(), transaction():
        offer = handovers.approve_handover(here.second, number).offer
    with there.inside(), transaction():
        receipts.take_offer(offer or "")
        receipts.propose_acceptance(there.first, here.code, number)
    with pytest.raises(SecondPerson), there.inside(), transaction():
        receipts.accept_offer(there.first, here.code, number, samples=True)


def test_who_has_no_books_receives_nothing(twins: Twins) -> None:
    here, there = twins
    there.holder_code = "NOBODY"
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    with pytest.raises(HoldsNothing):
        there.accept(here, number)


def test_samples_do_not_enter_an_instance_that_serves_people(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    with there.inside(), transaction():
        receipts.propose_acceptance(there.first, here.code, number)
    with pytest.raises(SamplesStayOut), there.inside(), transaction():
        receipts.accept_offer(there.second, here.code, number, samples=False)


def test_a_programme_has_keys_of_its_own(twins: Twins) -> None:
    here, there = twins
    for owner in (here, there):
        with owner.inside():
            key = owner.app.extensions["seal"].public_jwk()["x"]
        with pytest.raises(ProgrammeKeyTaken), here.inside(), transaction():
            programmes.enter_programme(
                here.first, programmes.ProgrammeFacts("OTHER", "另", "Other", None, [key])
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE handover SET recipient = 'X'",
        "UPDATE handover SET offer = 'X'",
        "UPDATE handover SET withdrawn_at = now(), withdrawal = 'X'",
        "UPDATE handover SET deed = 'X', acceptance = 'X', executed_at = now()",
        "DELETE FROM handover",
        "DELETE FROM programme",
        "UPDATE programme SET keys = '{X}'",
    ],
)
def test_the_database_refuses_what_no_letter_says(twins: Twins, statement: str) -> None:
    here, there = twins
    here.offer(there, 400)
    with pytest.raises(IntegrityError), here.inside(), transaction() as session:
        session.execute(text(statement))


def test_a_block_that_is_freed_behind_a_handover_is_found(twins: Twins) -> None:
    here, there = twins
    here.offer(there, 400)
    with here.inside(), transaction() as session:
        session.execute(text("UPDATE block SET state = 'active' WHERE state = 'reserved'"))
    assert here.broken() == {"registry.prove_handovers"}


def test_letters_travel_over_http_and_lost_answers_are_asked_for_again(
    twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = twins
    here.recognise(there, "https://there.example")
    there.recognise(here, "https://here.example")
    lost = {"left": 2}

    def send(base_url: str, document: str) -> dict[str, str]:
        from app.clients.errors import Unreachable

        target = there if "there" in base_url else here
        answer = target.app.test_client().post("/v1/handovers", json={"document": document})
        assert answer.status_code == 200, answer.text
        if lost["left"]:
            lost["left"] -= 1
            raise Unreachable("lost")
        return {name: text for name, text in answer.json.items() if isinstance(text, str)}

    monkeypatch.setattr(jobs, "send_letter", send)
    number = here.offer(there, 400)
    with here.inside():
        jobs.ask_programmes()
        jobs.ask_programmes()
    there.accept(here, number)
    for _ in range(3):
        for side in (there, here):
            with side.inside():
                jobs.ask_programmes()
    assert titles_kg(here, there) == {"giver": 600, "receiver": 400, "in_transit": 0}


def test_the_deed_is_public_by_its_number(twins: Twins) -> None:
    here, there = twins
    number = here.offer(there, 400)
    there.hear(here.given(number).offer or "")
    here.hear(there.accept(here, number))
    shown = here.app.test_client().get(f"/v1/handovers/{number}").json
    there.hear(shown["deed"])
    assert there.usable_kg() == 400
    assert here.app.test_client().get("/v1/handovers/NOBODY").status_code == 404


def test_a_statement_is_kept_apart_from_our_own_figures(twins: Twins) -> None:
    here, there = twins
    document = here.app.test_client().get("/v1/statement").json["document"]
    with there.inside(), transaction():
        programmes.import_statement(document)
        programmes.import_statement(document)
    shown = there.app.test_client().get("/v1/programmes").json["items"]
    assert shown[0]["statement"]["held_kg"] == 1000
    assert there.usable_kg() == 0
    with pytest.raises(LetterRefused), there.inside(), transaction():
        programmes.import_statement(altered(document))
    seal = here.app.extensions["seal"]
    with pytest.raises(LetterRefused), there.inside(), transaction():
        programmes.import_statement(signed_by(seal, document, held_kg=5))
