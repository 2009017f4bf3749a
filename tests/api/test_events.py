"""Events: registered, estimated, bought for, counted, attested, corrected, kept for another, shared."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from builders import person
from flask import Flask
from organising import TOLD, Organiser, day, hear
from shop import assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts.queries.notices import list_notices
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets.queries.attestations import get_attestation


@pytest.fixture
def organiser(app: Flask) -> Organiser:
    return Organiser(app)


def test_an_event_is_planned_until_its_estimate_is_closed(organiser: Organiser) -> None:
    event = organiser.register(begins=20)
    assert (event["status"], event["visibility"], event["scheme"]) == ("planned", "private", "cn-fj-trial")
    assert event["standing"]["due_g"] == 0
    [figure] = event["figures"]
    assert (figure["stage"], figure["online_share_bp"], figure["missing"][0]) == ("estimate", 2500, "fuel")
    organiser.tell(event, "estimate", 1000)
    [live] = organiser.read(event)["figures"]
    assert live["emitted_g"] == live["by_type"]["transport"] == 3_048_000, "the live figure"
    assert organiser.read(event)["standing"]["due_g"] == 0, "nothing is owed of what may still change"
    closed = organiser.done("POST", f"events/{event['code']}/estimate/close")
    assert (closed["status"], closed["standing"]["owed_g"]) == ("estimated", 3_048_000)
    assert_books_prove()


def test_bought_for_the_estimate_and_topped_up_for_the_final_figure(organiser: Organiser) -> None:
    event = organiser.estimated(1000)
    organiser.buy(event, 3050)
    assert organiser.read(event)["status"] == "estimated", "neutral is said of final figures only"
    assert organiser.read(event)["standing"]["carry_g"] == 2_000
    counted = organiser.final(event, 1100)  # 3,352.8 kg
    assert (counted["status"], counted["attestation"]) == ("counted", None)
    assert counted["standing"]["owed_g"] == 3_352_800 - 3_050_000
    organiser.buy(event, 310)
    found = organiser.read(event)
    assert (found["status"], found["standing"]["owed_g"]) == ("neutral", 0)
    facts = get_attestation(found["attestation"]).facts
    assert (facts["emitted_g"], facts["due_g"], facts["retired_kg"]) == (3_352_800, 3_352_800, 3_360)
    assert facts["surplus_g"] == 7_200
    [line] = facts["lines"]
    assert (line["factor_code"], line["amount"], line["factor"]) == ("travel.hsr.cn", "110000", "0.03048")
    assert [each["quantity_kg"] for each in facts["retirements"]] == [3050, 310]
    assert facts["event"]["heads"] == 400
    assert_books_prove()


def test_a_lower_final_figure_is_neutral_at_once_and_leaves_a_surplus(organiser: Organiser) -> None:
    event = organiser.estimated(1000)
    organiser.buy(event, 3050)
    counted = organiser.final(event, 500)
    assert (counted["status"], counted["standing"]["carry_g"]) == ("neutral", 3_050_000 - 1_524_000)
    other = organiser.estimated(1000, title="第二次论坛")
    kept = organiser.done("POST", f"events/{event['code']}/surplus", {"event": other["code"]})
    assert kept["amount_g"] == 1_526_000
    found = organiser.read(other)
    assert (found["standing"]["owed_g"], found["standing"]["carry_g"]) == (3_048_000 - 1_526_000, 0)
    assert [each["event"] for each in found["kept_from"]] == [event["code"]]
    assert [each["event"] for each in organiser.read(event)["kept_for"]] == [other["code"]]
    assert organiser.read(event)["status"] == "neutral", "what is beyond its figure was not its own"
    organiser.final(other, 500)
    other = organiser.read(other)
    assert other["status"] == "neutral"
    facts = get_attestation(other["attestation"]).facts
    assert facts["sample"], "what was kept are units of a sample forest"
    [came] = facts["kept"]
    assert (came["event"], len(came["certificates"])) == (event["code"], 1)
    assert_books_prove()


def test_surplus_beyond_what_another_owes_is_carried_there(organiser: Organiser) -> None:
    event, other = organiser.estimated(1000), organiser.estimated(100, title="小会")
    organiser.buy(event, 3050)
    organiser.final(event, 500)
    path = f"events/{event['code']}/surplus"
    organiser.done("POST", path, {"event": other["code"], "amount_g": 1_000_000})
    standing = organiser.read(other)["standing"]
    assert (standing["owed_g"], standing["carry_g"]) == (0, 695_200)
    for body in (
        {"event": other["code"], "amount_g": 526_001},
        {"event": event["code"]},
    ):
        refused = organiser.call("POST", path, body)
        assert (refused.status_code, refused.json["code"]) == (409, "nothing_left_over")
    assert organiser.call("POST", path, {"event": "X" * 26}).status_code == 404
    organiser.done("POST", path, {"event": other["code"], "amount_g": 526_000})
    assert organiser.read(event)["standing"]["carry_g"] == 0
    assert_books_prove()


def test_surplus_of_an_estimate_stays_where_it_may_be_needed(organiser: Organiser) -> None:
    event, other = organiser.estimated(1000), organiser.estimated(1000, title="别的会")
    organiser.buy(event, 3100)
    refused = organiser.call("POST", f"events/{event['code']}/surplus", {"event": other["code"]})
    assert (refused.status_code, refused.json["code"]) == (409, "nothing_left_over")


def test_a_correction_upwards_ends_neutrality_until_it_is_topped_up(organiser: Organiser) -> None:
    event = organiser.estimated(1000)
    organiser.buy(event, 3050)
    organiser.final(event, 1000)
    first = organiser.read(event)
    assert first["status"] == "neutral"
    path = f"events/{event['code']}"
    correcting = organiser.done("POST", f"{path}/corrections", {"reason": "漏计了一趟包车"})
    assert correcting["status"] == "neutral", "the old figure counts until the new one is closed"
    assert correcting["inventory"] != first["inventory"]
    again = organiser.call("POST", f"{path}/corrections", {"reason": "又一次"})
    assert (again.status_code, again.json["code"]) == (409, "nothing_to_correct")
    coach = {"item": "coach", "inputs": {"people": 50, "km": 400}, "grade": "assumed"}
    organiser.done("POST", f"inventories/{correcting['inventory']}/final/lines", coach)
    lapsed = organiser.done("POST", f"{path}/final/close")
    assert (lapsed["status"], lapsed["attestation"]) == ("lapsed", None)
    assert get_attestation(first["attestation"]).revoked_reason == "figures_changed"
    organiser.buy(event, 600)
    found = organiser.read(event)
    assert (found["status"], len(found["attestations"])) == ("neutral", 2)
    old, new = get_attestation(first["attestation"]), get_attestation(found["attestation"])
    assert (old.stands, old.replaced_by, new.stands) == (False, new.number, True)
    assert [each["reason"] for each in new.facts["corrections"]] == ["漏计了一趟包车"]
    assert (old.facts["replaces"], new.facts["replaces"]) == (None, old.number)
    said = [each.message for each in list_notices(organiser.who.holder_id, 5)]
    neutral, lapsed = "causes.notice_event_neutral", "causes.notice_event_lapsed"
    assert said == [neutral, lapsed, neutral]
    assert_books_prove()


def test_a_correction_downwards_reissues_at_once(organiser: Organiser) -> None:
    event = organiser.estimated(1000)
    organiser.buy(event, 3050)
    first = organiser.final(event, 1000)["attestation"]
    path = f"events/{event['code']}"
    inventory = organiser.done("POST", f"{path}/corrections", {"reason": "重复计数"})["inventory"]
    fewer = {"item": "high_speed_rail", "inputs": {"people": 80, "km": 1000}, "grade": "assumed"}
    organiser.done("PUT", f"inventories/{inventory}/final/lines/1", fewer)
    found = organiser.done("POST", f"{path}/final/close")
    assert found["status"] == "neutral"
    assert found["attestation"] != first
    assert get_attestation(first).replaced_by == found["attestation"]
    assert found["standing"]["carry_g"] == 3_050_000 - 2_438_400
    assert_books_prove()


def test_a_stage_closed_among_the_inventories_is_owed_all_the_same(organiser: Organiser) -> None:
    event = organiser.register()
    organiser.tell(event, "estimate", 1000)
    organiser.done("POST", f"inventories/{event['inventory']}/estimate/close")
    hear()
    assert organiser.read(event)["standing"]["owed_g"] == 3_048_000


def test_an_inventory_of_ones_own_serves_one_event(organiser: Organiser) -> None:
    facts = {"name": "旧清单", "region": "CN-FJ", "starts_on": day(-3), "ends_on": day(-2), "onsite_heads": 5}
    code = organiser.done("POST", "inventories", facts)["code"]
    event = organiser.done("POST", "events", {**TOLD, "inventory": code})
    assert event["inventory"] == code
    again = organiser.call("POST", "events", {**TOLD, "inventory": code})
    assert (again.status_code, again.json["code"]) == (409, "inventory_taken")
    both = organiser.call("POST", "events", {**TOLD, "inventory": code, "region": "CN-FJ"})
    assert both.status_code == 422
    other = Organiser(organiser.app, organiser.lot)
    assert other.call("POST", "events", {**TOLD, "inventory": code}).status_code == 404


BAD: list[tuple[dict[str, Any], str]] = [
    ({"starts_on": day(5), "ends_on": day(4)}, "#/ends_on"),
    ({"ends_on": day(400)}, "#/ends_on"),
    ({"onsite_heads": 0, "online_heads": 0}, "#/onsite_heads"),
    ({"onsite_heads": -1}, "#/onsite_heads"),
    ({"online_heads": -1}, "#/online_heads"),
    ({"onsite_heads": 10_000_001}, "#/onsite_heads"),
    ({"onsite_heads": 1.5}, "#/onsite_heads"),
    ({"region": "CN-XX"}, "#/region"),
    ({"kind": "party"}, "#/kind"),
    ({"scheme": "none"}, "#/scheme"),
    ({"title": " ·· "}, "#/title"),
    ({"title": "x" * 101}, "#/title"),
    ({"starts_on": None}, "#/starts_on"),
    ({"place": "a\u0007b"}, "#/place"),
    ({"wings": 2}, "#/wings"),
]


@pytest.mark.parametrize(("told", "pointer"), BAD)
def test_an_event_that_cannot_be_is_refused(organiser: Organiser, told: dict[str, Any], pointer: str) -> None:
    facts = {"region": "CN-FJ", "starts_on": day(1), "ends_on": day(2), "onsite_heads": 5, "online_heads": 0}
    refused = organiser.call("POST", "events", {**TOLD, **facts, **told})
    assert refused.status_code == 422, refused.text
    assert pointer in [each["pointer"] for each in refused.json["errors"]]
    assert db.session.scalar(text("SELECT count(*) FROM event")) == 0
    assert db.session.scalar(text("SELECT count(*) FROM cause")) == 0


def test_what_was_counted_stands(organiser: Organiser) -> None:
    event = organiser.estimated(1000)
    organiser.final(event, 1000)
    path = f"events/{event['code']}"
    changes = [
        ("PUT", path, TOLD, "event_settled"),
        ("POST", f"{path}/call-off", None, "event_settled"),
        ("POST", f"{path}/reductions", {"type": "stay", "text": "素食"}, "event_settled"),
        ("POST", f"{path}/final/close", None, "stage_closed"),
        ("POST", f"inventories/{event['inventory']}/final/lines", _LINE, "stage_closed"),
        ("POST", f"{path}/final", _FACTS, "event_settled"),
    ]
    for method, where, body, code in changes:
        refused = organiser.call(method, where, body)
        assert (refused.status_code, refused.json["code"]) == (409, code), where
    assert organiser.read(event)["standing"]["due_g"] == 3_048_000


_LINE = {"item": "coach", "inputs": {"people": 50, "km": 400}, "grade": "assumed"}
_FACTS = {"starts_on": day(-5), "ends_on": day(-4), "onsite_heads": 280}


def test_an_event_that_is_called_off_owes_nothing_and_leaves_what_was_bought(organiser: Organiser) -> None:
    event, other = organiser.estimated(1000), organiser.estimated(1000, title="改期的会")
    organiser.buy(event, 2000)
    off = organiser.done("POST", f"events/{event['code']}/call-off")
    assert (off["status"], off["standing"]["due_g"], off["standing"]["carry_g"]) == (
        "called_off",
        0,
        2_000_000,
    )
    assert organiser.done("POST", f"events/{event['code']}/call-off")["status"] == "called_off"
    refused = organiser.call("POST", "orders", {"cause": event["code"], "quantity_kg": 10})
    assert refused.json["code"] == "cause_closed"
    organiser.done("POST", f"events/{event['code']}/surplus", {"event": other["code"]})
    assert organiser.read(other)["standing"]["owed_g"] == 1_048_000
    back = organiser.call("POST", f"events/{other['code']}/surplus", {"event": event["code"]})
    assert back.json["code"] == "event_called_off"
    assert_books_prove()


def test_supporters_buy_for_a_shared_event_and_have_certificates_of_their_own(
    organiser: Organiser, app: Flask
) -> None:
    event = organiser.estimated(1000)
    supporter = person(app)
    path = f"events/{event['code']}"
    assert organiser.call("GET", path, who=supporter).status_code == 404
    assert organiser.client.get(f"/v1/public-events/{event['code']}").status_code == 404
    wish = {"cause": event["code"], "quantity_kg": 10}
    assert organiser.call("POST", "orders", wish, who=supporter).status_code == 404
    organiser.done("PUT", f"{path}/visibility", {"visibility": "public"})
    assert organiser.call("POST", "orders", wish, who=supporter).status_code == 404, "seen, not shared"
    organiser.done("PUT", f"{path}/visibility", {"visibility": "shared"})
    code = organiser.buy(event, 1000, supporter)
    order = organiser.call("GET", f"orders/{code}", who=supporter).json
    assert (order["purpose"], order["certificate_number"] is not None) == ("event", True)
    organiser.buy(event, 2050)
    told = organiser.client.get(f"/v1/public-events/{event['code']}").json
    assert (told["status"], told["standing"]["owed_g"], told["inventory"]) == ("estimated", 0, None)
    items = organiser.client.get(f"/v1/public-events/{event['code']}/retirements").json["items"]
    assert [each["quantity_kg"] for each in items] == [1000, 2050]
    assert order["certificate_number"] == items[0]["certificate"]
    assert organiser.client.get("/v1/public-events").json["items"][0]["code"] == event["code"]
    assert_books_prove()


def test_strangers_see_closed_figures_only(organiser: Organiser) -> None:
    event = organiser.register()
    organiser.done("PUT", f"events/{event['code']}/visibility", {"visibility": "public"})
    organiser.tell(event, "estimate", 1000)
    assert organiser.client.get(f"/v1/public-events/{event['code']}").json["figures"] == []
    organiser.done("POST", f"events/{event['code']}/estimate/close")
    [figure] = organiser.client.get(f"/v1/public-events/{event['code']}").json["figures"]
    assert figure["emitted_g"] == 3_048_000


def test_what_was_attested_is_not_hidden_again(organiser: Organiser) -> None:
    event = organiser.estimated(10)
    organiser.buy(event, 40)
    assert organiser.final(event, 10)["status"] == "neutral"
    refused = organiser.call("PUT", f"events/{event['code']}/visibility", {"visibility": "private"})
    assert (refused.status_code, refused.json["code"]) == (409, "event_attested")


def test_anothers_event_is_not_there(organiser: Organiser) -> None:
    event = organiser.estimated(1000)
    other = Organiser(organiser.app, organiser.lot)
    path = f"events/{event['code']}"
    for method, where, body in [
        ("GET", path, None),
        ("PUT", path, TOLD),
        ("PUT", f"{path}/visibility", {"visibility": "public"}),
        ("POST", f"{path}/final", _FACTS),
        ("POST", f"{path}/final/close", None),
        ("POST", f"{path}/corrections", {"reason": "别人的"}),
        ("POST", f"{path}/call-off", None),
        ("POST", f"{path}/surplus", {"event": event["code"]}),
        ("POST", f"{path}/reductions", {"type": "stay", "text": "素食"}),
        ("GET", f"{path}/retirements", None),
    ]:
        assert other.call(method, where, body).status_code == 404, where


def test_reductions_are_told_changed_and_taken_back(organiser: Organiser) -> None:
    event = organiser.register(begins=10)
    path = f"events/{event['code']}/reductions"
    made = organiser.done(
        "POST", path, {"type": "materials", "text": "电子手册代替印刷", "planned_g": 200_000}
    )
    told = {"type": "materials", "text": "电子手册代替印刷", "planned_g": 200_000, "outcome": "只印了 20 册"}
    assert organiser.done("PUT", f"{path}/{made['id']}", told)["outcome"] == "只印了 20 册"
    assert organiser.call("POST", path, {"type": "luck", "text": "好天气"}).status_code == 422
    assert organiser.call("PUT", f"{path}/999", told).status_code == 404
    assert organiser.call("PUT", f"{path}/x", told).status_code == 404
    assert [each["text"] for each in organiser.read(event)["reductions"]] == ["电子手册代替印刷"]
    organiser.done("DELETE", f"{path}/{made['id']}")
    assert organiser.read(event)["reductions"] == []


def test_units_that_are_no_kind_of_the_guides_do_not_serve_an_event(organiser: Organiser) -> None:
    from app.causes.queries.schemes import schemes
    from app.offsets.purposes import PURPOSES

    assert PURPOSES["event"].products == schemes().products
    assert "vcs" not in schemes().products


def test_a_final_figure_closed_many_times_at_once_is_attested_once(organiser: Organiser) -> None:
    event = organiser.estimated(1000)
    organiser.buy(event, 3050)
    organiser.done("POST", f"events/{event['code']}/final", _FACTS)
    organiser.tell(event, "final", 1000)
    path = f"events/{event['code']}/final/close"

    def close(_: int) -> int:
        with organiser.app.app_context():
            answer = organiser.app.test_client().post(f"/v1/{path}", headers=organiser.who.auth)
            return int(answer.status_code)

    with ThreadPoolExecutor(8) as many:
        statuses = sorted(many.map(close, range(12)))
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 503}
    db.session.rollback()
    assert len(organiser.read(event)["attestations"]) == 1
    assert_books_prove()


def test_a_surplus_kept_many_times_at_once_is_kept_once(organiser: Organiser) -> None:
    event, other = organiser.estimated(1000), organiser.estimated(1000, title="另一场")
    organiser.buy(event, 3050)
    organiser.final(event, 500)

    def keep(_: int) -> int:
        with organiser.app.app_context():
            answer = organiser.app.test_client().post(
                f"/v1/events/{event['code']}/surplus",
                json={"event": other["code"]},
                headers=organiser.who.auth,
            )
            return int(answer.status_code)

    with ThreadPoolExecutor(8) as many:
        statuses = list(many.map(keep, range(12)))
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 409, 503}
    db.session.rollback()
    assert organiser.read(event)["standing"]["carry_g"] == 0
    assert_books_prove()


def test_the_world_heritage_committee_comes_out_as_it_was_published(organiser: Organiser) -> None:
    """44th session, Fuzhou 2021: about 200 t emitted, 300 t of Fujian's forest units bought for it.

    Only the totals are published (daluzixun.com/news/1627104728661587); one line of flights makes them.
    """
    event = organiser.register(title="第 44 届世界遗产大会", kind="official")
    code = organiser.read(event)["inventory"]
    flights = {"item": "flight", "inputs": {"people": 500, "km": 3_543}, "grade": "assumed"}
    organiser.done("POST", f"inventories/{code}/estimate/lines", flights)
    organiser.tell(event, "estimate", 1, people=1)
    estimated = organiser.done("POST", f"events/{event['code']}/estimate/close")
    assert abs(estimated["standing"]["due_g"] - 200_000_000) < 5_000_000
    organiser.buy(event, 300_000)
    facts = {"starts_on": day(-5), "ends_on": day(-4), "onsite_heads": 280, "online_heads": 120}
    organiser.done("POST", f"events/{event['code']}/final", facts)
    organiser.done("POST", f"inventories/{code}/final/lines", flights)
    organiser.tell(event, "final", 1, people=1)
    found = organiser.done("POST", f"events/{event['code']}/final/close")
    assert found["status"] == "neutral"
    assert abs(found["standing"]["carry_g"] - 100_000_000) < 5_000_000, "100 t serve another event"
    told = get_attestation(found["attestation"]).facts
    assert (told["retired_kg"], told["emitted_g"], told["surplus_g"]) == (
        300_000,
        found["standing"]["due_g"],
        300_000_000 - found["standing"]["due_g"],
    )


def test_what_was_given_away_is_bought_anew_when_the_figure_turns_out_higher(organiser: Organiser) -> None:
    event, other = organiser.estimated(1000), organiser.estimated(1000, title="别的会")
    organiser.buy(event, 3050)
    organiser.final(event, 500)
    path = f"events/{event['code']}"
    organiser.done("POST", f"{path}/surplus", {"event": other["code"]})
    inventory = organiser.done("POST", f"{path}/corrections", {"reason": "漏计一半"})["inventory"]
    kept = organiser.call("POST", f"{path}/surplus", {"event": other["code"]})
    assert kept.json["code"] == "nothing_left_over"
    line = {"item": "high_speed_rail", "inputs": {"people": 100, "km": 1000}, "grade": "assumed"}
    organiser.done("PUT", f"inventories/{inventory}/final/lines/1", line)
    found = organiser.done("POST", f"{path}/final/close")
    assert (found["status"], found["standing"]["owed_g"]) == ("lapsed", 1_524_000)
    assert organiser.read(other)["standing"]["owed_g"] == 1_522_000, "what the other got is the other's"
    assert_books_prove()


def test_a_supporters_purchase_afterwards_makes_no_other_statement(organiser: Organiser, app: Flask) -> None:
    event = organiser.estimated(10)
    organiser.buy(event, 40)
    first = organiser.final(event, 10)["attestation"]
    organiser.done("PUT", f"events/{event['code']}/visibility", {"visibility": "shared"})
    organiser.buy(event, 10, person(app))
    found = organiser.read(event)
    assert (found["attestation"], found["standing"]["carry_g"]) == (first, 50_000 - 30_480)


def test_the_same_registration_sent_again_makes_nothing(organiser: Organiser) -> None:
    facts = {"region": "CN-FJ", "starts_on": day(1), "ends_on": day(2), "onsite_heads": 5}
    headers = {**organiser.who.auth, "Idempotency-Key": "one-event"}
    answers = [
        organiser.client.post("/v1/events", json={**TOLD, **facts}, headers=headers).json for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert db.session.scalar(text("SELECT count(*) FROM event")) == 1
    other = organiser.client.post(
        "/v1/events", json={**TOLD, **facts, "kind": "forum", "title": "另一场"}, headers=headers
    )
    assert (other.status_code, other.json["code"]) == (409, "key_reused")


def test_the_schemes_are_told_with_their_deadlines_sources_and_marks(organiser: Organiser) -> None:
    told = organiser.client.get("/v1/event-schemes").json
    [guangdong] = [each for each in told["schemes"] if each["key"] == "cn-gd-2026"]
    assert [each["months"] for each in guangdong["deadlines"]] == [12, 72]
    assert [each["verified"] for each in guangdong["deadlines"]] == [True, False]
    assert all(each["url"] for each in told["schemes"] + told["units"])
    assert not any(each["ordered"] for each in told["schemes"]), "no verified text ranks the kinds"
    assert [each["key"] for each in told["units"]] == ["inclusion", "ccer", "allowance", "cer"]


def test_the_database_keeps_an_events_history(organiser: Organiser) -> None:
    event, other = organiser.estimated(1000), organiser.estimated(1000, title="另一场")
    organiser.buy(event, 3050)
    organiser.final(event, 500)
    organiser.done("POST", f"events/{event['code']}/surplus", {"event": other["code"]})
    for statement in (
        "UPDATE event SET inventory_id = (SELECT max(id) FROM inventory) + 1",
        "DELETE FROM event",
        "UPDATE event_surplus SET amount_g = 1",
        "DELETE FROM event_surplus",
        "INSERT INTO event_surplus (source_id, target_id, amount_g, moved_at)"
        " SELECT max(cause_id), max(cause_id), 1, now() FROM event",
    ):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(text(statement))
