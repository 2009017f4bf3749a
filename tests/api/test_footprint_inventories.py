"""An event's inventory: six source types, estimate and final, lines with evidence, closing, replay."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.footprint import queries, rules, services
from app.footprint.queries import inventories
from app.kit import clock
from app.kit.database import db
from app.kit.problems import Unreadable
from app.kit.transaction import transaction
from tests.builders import Person, person


def day(offset: int) -> str:
    return (clock.business_day() + timedelta(days=offset)).isoformat()


FACTS = {"onsite_heads": 400, "online_heads": 100}
EVIDENCE = {"grade": "recorded", "evidence": "registration list", "source": "organiser"}
METERED = {"grade": "metered", "evidence": "meter reading", "source": "venue"}

# A forum of two days in Fujian, worked out by hand from the factors' own figures.
FORUM: list[tuple[dict[str, Any], int]] = [
    ({"item": "diesel", "inputs": {"litres": 120}, **METERED}, 312_120),  # × 2.601
    (
        {
            "item": "electricity",
            "inputs": {"kwh": 20_000},
            "share": {"basis": "area_time", "part": 3, "whole": 8},
            **METERED,
        },
        3_158_250,  # 20,000 × 3/8 × 0.4211
    ),
    ({"item": "heat", "inputs": {"mj": 5_000}, **METERED}, 550_000),  # 5 GJ × 0.11 t
    ({"item": "flight", "inputs": {"people": 60, "km": 2_400}, **EVIDENCE}, 16_257_600),  # × 0.1129
    ({"item": "high_speed_rail", "inputs": {"people": 240, "km": 700}, **EVIDENCE}, 5_120_640),  # × 0.03048
    ({"item": "metro", "inputs": {"people": 100, "km": 36}, "grade": "assumed"}, 102_960),  # × 0.0286
    ({"item": "car", "inputs": {"vehicle_km": 2_000}, **EVIDENCE}, 546_000),  # × 0.273
    ({"item": "hotel", "inputs": {"rooms": 150, "nights": 2}, **EVIDENCE}, 16_050_000),  # × 53.5
    ({"item": "meal_meat", "inputs": {"people": 320, "meals": 4}, **EVIDENCE}, 2_402_134),  # / 3 × 5.63
    ({"item": "meal_vegetarian", "inputs": {"people": 80, "meals": 4}, **EVIDENCE}, 406_400),  # / 3 × 3.81
    (
        {"item": "paper", "inputs": {"pieces": 500, "grams_each": 300}, **EVIDENCE},
        201_762,
    ),  # 150 kg × 1.34508
    ({"item": "bottles", "inputs": {"pieces": 1_200, "grams_each": 12}, **EVIDENCE}, 55_641),  # 14.4 × 3.8639
    ({"item": "landfill", "inputs": {"kg": 800}, **METERED}, 416_427),  # × 0.520533 = 416,426.4
]


def begin(client: FlaskClient, who: Person, begins: int = 10, lasts: int = 1, **more: Any) -> Any:
    body = {
        "name": "第一次论坛",
        "region": "CN-FJ",
        "starts_on": day(begins),
        "ends_on": day(begins + lasts),
        **FACTS,
        **more,
    }
    answer = client.post("/v1/inventories", json=body, headers=who.auth)
    assert answer.status_code == 201, answer.text
    return answer.json


def add(client: FlaskClient, who: Person, code: str, line: dict[str, Any], stage: str = "estimate") -> Any:
    answer = client.post(f"/v1/inventories/{code}/{stage}/lines", json=line, headers=who.auth)
    assert answer.status_code == 201, answer.text
    return answer.json


def fill(client: FlaskClient, who: Person, code: str, stage: str = "estimate") -> None:
    for line, _ in FORUM:
        add(client, who, code, line, stage)


def post(client: FlaskClient, who: Person, path: str, body: Any = None) -> Any:
    return client.post(f"/v1/inventories/{path}", json=body, headers=who.auth)


def test_a_forum_is_computed_by_hand_to_the_gram(client: FlaskClient) -> None:
    body = {
        "region": "CN-FJ",
        "starts_on": day(10),
        "ends_on": day(11),
        **FACTS,
        "lines": [line for line, _ in FORUM],
    }
    told = client.post("/v1/calculators/event", json=body).json
    assert [line["emitted_g"] for line in told["lines"]] == [grams for _, grams in FORUM]
    assert told["emitted_g"] == sum(grams for _, grams in FORUM) == sum(told["by_type"].values())
    assert told["by_type"]["energy"] == 3_158_250 + 550_000
    assert told["per_head_g"] == -(-told["emitted_g"] // 500)
    assert told["online_share_bp"] == 2000
    assert told["completeness"]["complete"]
    assert told["completeness"]["by_grade"]["assumed"] == 102_960
    marked = {line["item"] for line in told["lines"] if line["mark"]}
    assert marked == {"diesel", "meal_meat", "meal_vegetarian"}
    assert told["unverified_g"] == 312_120 + 2_402_134 + 406_400
    assert db.session.scalar(text("SELECT count(*) FROM inventory")) == 0


def test_the_published_event_is_the_benchmark_a_head_and_bears_its_mark(client: FlaskClient) -> None:
    """The third Digital China Summit: about 900 t for about 10,000 people."""
    told = client.get("/v1/calculators/event").json
    assert told["benchmark"]["key"] == "event.percap.fz"
    assert float(told["benchmark"]["value"]) * 10_000 == 900_000
    assert told["benchmark"]["mark"] is not None
    # 10,000 people who come from within the province by train and eat two meals each: far below it;
    # a published total of that order needs rooms and flights, which the same factors then give.
    lines = [
        {"item": "high_speed_rail", "inputs": {"people": 7_000, "km": 500}, "grade": "assumed"},
        {"item": "flight", "inputs": {"people": 2_000, "km": 2_400}, "grade": "assumed"},
        {"item": "hotel", "inputs": {"rooms": 3_000, "nights": 2}, "grade": "assumed"},
        {"item": "meal_meat", "inputs": {"people": 10_000, "meals": 4}, "grade": "assumed"},
    ]
    body = {"region": "CN-FJ", "starts_on": "2020-10-12", "ends_on": "2020-10-14", "onsite_heads": 10_000}
    stage = client.post("/v1/calculators/event", json={**body, "lines": lines}).json
    assert [line["emitted_g"] for line in stage["lines"]] == [
        106_680_000,
        541_920_000,
        321_000_000,
        75_066_667,
    ]
    assert 45_000 < stage["per_head_g"] < 180_000, "of the order of the published 90 kg"


def test_the_guide_is_data_with_its_sources_and_what_is_not_verified(client: FlaskClient) -> None:
    told = client.get("/v1/calculators/event").json
    assert [each["key"] for each in told["document"]["type"]] == [
        "fuel",
        "energy",
        "transport",
        "stay",
        "materials",
        "waste",
    ]
    assert {each["key"]: each["verified"] for each in told["deadlines"]} == {
        "event.deadline.gd": True,
        "event.deadline.cn": False,
        "event.deadline.forest.cn": False,
    }
    assert told["document"]["offsetting"]["ordered"] is False
    assert len(told["document"]["offsetting"]["credit"]) == 4
    assert len(told["document"]["gap"]) == 2


def test_an_estimate_becomes_a_final_with_its_difference(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who, begins=-5)["code"]
    fill(client, who, code)
    facts = {"starts_on": day(-5), "ends_on": day(-4), "onsite_heads": 380, "online_heads": 160}
    refused = post(client, who, f"{code}/final", facts)
    assert (refused.status_code, refused.json["code"]) == (409, "estimate_open")
    assert post(client, who, f"{code}/estimate/close").status_code == 200
    opened = post(client, who, f"{code}/final", facts)
    assert opened.status_code == 201
    assert post(client, who, f"{code}/final", facts).json["code"] == "final_opened"
    for line, _ in FORUM:
        fewer = {"people": 20, "km": 2_400} if line["item"] == "flight" else line["inputs"]
        add(client, who, code, {**line, "inputs": fewer}, "final")
    told = post(client, who, f"{code}/final/close").json
    assert told["difference"]["change_g"] == -40 * 2_400 * 1129 // 10
    assert told["difference"]["by_type"] == {
        "fuel": 0,
        "energy": 0,
        "transport": told["difference"]["change_g"],
        "stay": 0,
        "materials": 0,
        "waste": 0,
    }
    assert told["stages"]["final"]["onsite_heads"] == 380
    assert told["stages"]["estimate"]["onsite_heads"] == 400
    assert told["stages"]["estimate"]["code"] != told["stages"]["final"]["code"]
    for stage in ("estimate", "final"):
        replayed = post(client, who, f"{code}/{stage}/replay").json
        assert (replayed["same"], replayed["replayed"]["emitted_g"]) == (
            True,
            told["stages"][stage]["emitted_g"],
        )
        found = queries.find_result(told["stages"][stage]["code"])
        assert found is not None
        assert found[1].stage == stage
    assert queries.find_result("0" * 26) is None
    assert all(proof.holds for proof in queries.prove())


def test_an_event_can_be_taken_stock_of_afterwards_without_an_estimate(
    client: FlaskClient, app: Flask
) -> None:
    who = person(app)
    told = begin(client, who, begins=-9, stage="final")
    assert list(told["stages"]) == ["final"]
    assert told["difference"] is None
    fill(client, who, told["code"], "final")
    assert post(client, who, f"{told['code']}/final/close").status_code == 200


def test_a_replaced_line_is_kept_and_counts_no_more(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    first = add(client, who, code, {"item": "landfill", "inputs": {"kg": 100}, "grade": "assumed"})
    second = add(client, who, code, {"item": "metro", "inputs": {"people": 5, "km": 10}, "grade": "assumed"})
    assert (first["number"], second["number"]) == (1, 2)
    there = f"/v1/inventories/{code}/estimate/lines"
    better = {"item": "landfill", "inputs": {"kg": 50}, **METERED}
    replaced = client.put(f"{there}/1", json=better, headers=who.auth).json
    assert (replaced["number"], replaced["revision"], replaced["emitted_g"]) == (1, 2, 26_027)
    assert client.delete(f"{there}/2", headers=who.auth).status_code == 204
    assert client.delete(f"{there}/2", headers=who.auth).status_code == 404
    assert client.put(f"{there}/2", json=better, headers=who.auth).status_code == 404
    assert client.put(f"{there}/99999999999", json=better, headers=who.auth).status_code == 404
    stage = client.get(f"/v1/inventories/{code}", headers=who.auth).json["stages"]["estimate"]
    assert (stage["emitted_g"], [line["number"] for line in stage["lines"]]) == (26_027, [1])
    history = client.get(there, headers=who.auth).json["items"]
    assert [(line["number"], line["revision"], line["ended_at"] is None) for line in history] == [
        (1, 1, False),
        (2, 1, False),
        (1, 2, True),
    ]
    third = add(client, who, code, better)
    assert third["number"] == 3, "a removed line's number is never given again"


def test_a_closed_stage_stands(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    fill(client, who, code)
    assert post(client, who, f"{code}/estimate/close").status_code == 200
    line = {"item": "landfill", "inputs": {"kg": 100}, "grade": "assumed"}
    there = f"/v1/inventories/{code}/estimate"
    facts = {"starts_on": day(1), "ends_on": day(2), **FACTS}
    refusals = [
        client.post(f"{there}/lines", json=line, headers=who.auth),
        client.put(f"{there}/lines/1", json=line, headers=who.auth),
        client.delete(f"{there}/lines/1", headers=who.auth),
        client.put(there, json=facts, headers=who.auth),
        client.post(f"{there}/close", headers=who.auth),
    ]
    assert [(each.status_code, each.json["code"]) for each in refusals] == [(409, "stage_closed")] * 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inventory_stage SET emitted_g = 1",
        "DELETE FROM inventory_stage",
        "UPDATE inventory_line SET emitted_g = 1",
        "UPDATE inventory_line SET ended_at = now()",
        "DELETE FROM inventory_line",
        "UPDATE inventory SET name = 'x'",
        "INSERT INTO inventory_line (inventory_id, stage, number, revision, item, inputs, share_basis,"
        " share_part, share_whole, grade, factor_id, emitted_g, added_at) SELECT inventory_id, stage, 99, 1,"
        " item, inputs, share_basis, share_part, share_whole, grade, factor_id, emitted_g, now()"
        " FROM inventory_line LIMIT 1",
    ],
)
def test_the_database_itself_keeps_what_was_closed(client: FlaskClient, app: Flask, statement: str) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    fill(client, who, code)
    assert post(client, who, f"{code}/estimate/close").status_code == 200
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(statement))


def test_a_stage_cannot_be_closed_at_another_sum_than_its_lines(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    fill(client, who, code)
    with pytest.raises(IntegrityError, match="sum of its lines"), transaction():
        db.session.execute(text("UPDATE inventory_stage SET closed_at = now(), emitted_g = 5"))


def test_closing_asks_for_every_source_type_or_a_reason(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    refused = post(client, who, f"{code}/estimate/close")
    assert (refused.status_code, refused.json["code"]) == (409, "inventory_incomplete")
    add(client, who, code, FORUM[3][0])
    refused = post(client, who, f"{code}/estimate/close")
    assert "住宿餐饮" in refused.json["detail"]
    assert "交通" not in refused.json["detail"]
    reasons = dict.fromkeys(("fuel", "energy", "stay", "materials", "waste"), "借用的教室，没有")
    facts = {"starts_on": day(10), "ends_on": day(11), **FACTS}
    changed = client.put(
        f"/v1/inventories/{code}/estimate", json={**facts, "excluded": reasons}, headers=who.auth
    )
    complete = changed.json["stages"]["estimate"]["completeness"]
    assert (complete["counted"], complete["missing"], complete["answered_bp"]) == (["transport"], [], 10_000)
    assert post(client, who, f"{code}/estimate/close").status_code == 200


def test_a_final_is_not_closed_before_the_event_is_over(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who, begins=-1, stage="final")["code"]
    fill(client, who, code, "final")
    refused = post(client, who, f"{code}/final/close")
    assert (refused.status_code, refused.json["code"]) == (409, "event_not_over")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"ends_on": "2020-01-01"}, "#/ends_on"),
        ({"starts_on": "2024-01-01"}, "#/ends_on"),
        ({"starts_on": "2026-02-30"}, "#/starts_on"),
        ({"onsite_heads": 0, "online_heads": 0}, "#/onsite_heads"),
        ({"onsite_heads": -5}, "#/onsite_heads"),
        ({"onsite_heads": 12.5}, "#/onsite_heads"),
        ({"onsite_heads": 10**12}, "#/onsite_heads"),
        ({"region": "CN-XZ"}, "#/region"),
        ({"region": "{0.__class__}"}, "#/region"),
        ({"name": ""}, "#/name"),
        ({"name": " "}, "#/name"),
        ({"name": "\u3000\u3000"}, "#/name"),
        ({"name": "\u200b…"}, "#/name"),
        ({"stage": "draft"}, "#/stage"),
        ({"surprise": 1}, "#/surprise"),
    ],
)
def test_an_event_that_cannot_be_is_refused_by_name(
    client: FlaskClient, app: Flask, wrong: dict[str, Any], pointer: str
) -> None:
    body = {"name": "x", "region": "CN-FJ", "starts_on": day(5), "ends_on": day(6), **FACTS, **wrong}
    refused = client.post("/v1/inventories", json=body, headers=person(app).auth)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("line", "pointer"),
    [
        ({"item": "teleport"}, "#/item"),
        ({"inputs": {}}, "#/inputs/people,#/inputs/km"),
        ({"inputs": {"people": 0, "km": 5}}, "#/inputs/people"),
        ({"inputs": {"people": -1, "km": 5}}, "#/inputs/people"),
        ({"inputs": {"people": 1.5, "km": 5}}, "#/inputs/people"),
        ({"inputs": {"people": 5, "km": 50_001}}, "#/inputs/km"),
        ({"inputs": {"people": 5, "km": 5, "kg": 5}}, "#/inputs/kg"),
        ({"inputs": [5, 5]}, "#/inputs"),
        ({"grade": "rumoured"}, "#/grade"),
        ({"grade": "metered"}, "#/evidence"),
        ({"grade": "metered", "evidence": " "}, "#/evidence"),
        ({"grade": "metered", "evidence": "\u3000"}, "#/evidence"),
        ({"grade": "metered", "evidence": "—"}, "#/evidence"),
        ({"source": "\u00a0"}, "#/source"),
        ({"share": {"basis": "mood", "part": 1, "whole": 2}}, "#/share/basis"),
        ({"share": {"basis": "time", "part": 3, "whole": 2}}, "#/share/part"),
        ({"share": {"basis": "time", "part": 0, "whole": 2}}, "#/share/part"),
        ({"share": {"basis": "sole", "part": 1, "whole": 2}}, "#/share/part"),
        ({"evidence": "x" * 201}, "#/evidence"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_name(
    client: FlaskClient, app: Flask, line: dict[str, Any], pointer: str
) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    body = {"item": "flight", "inputs": {"people": 5, "km": 500}, "grade": "assumed", **line}
    refused = post(client, who, f"{code}/estimate/lines", body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == pointer.split(",")
    assert client.get(f"/v1/inventories/{code}/estimate/lines", headers=who.auth).json["items"] == []


def test_the_figures_for_anyone_name_the_line_that_is_wrong(client: FlaskClient) -> None:
    good = {"item": "landfill", "inputs": {"kg": 10}, "grade": "assumed"}
    body = {
        "region": "CN-FJ",
        "starts_on": day(2),
        "ends_on": day(1),
        "onsite_heads": 5,
        "lines": [good, {**good, "inputs": {"kg": 0}}],
        "excluded": {"moon": "too far"},
    }
    refused = client.post("/v1/calculators/event", json=body)
    assert [error["pointer"] for error in refused.json["errors"]] == [
        "#/ends_on",
        "#/excluded/moon",
        "#/lines/1/inputs/kg",
    ]


def test_anothers_inventory_does_not_exist(client: FlaskClient, app: Flask) -> None:
    who, other = person(app), person(app)
    code = begin(client, who)["code"]
    there, facts = f"/v1/inventories/{code}", {"starts_on": day(1), "ends_on": day(2), **FACTS}
    line = {"item": "landfill", "inputs": {"kg": 100}, "grade": "assumed"}
    answers = [
        client.get(there, headers=other.auth),
        client.post(f"{there}/final", json=facts, headers=other.auth),
        client.put(f"{there}/estimate", json=facts, headers=other.auth),
        client.post(f"{there}/estimate/lines", json=line, headers=other.auth),
        client.get(f"{there}/estimate/lines", headers=other.auth),
        client.put(f"{there}/estimate/lines/1", json=line, headers=other.auth),
        client.delete(f"{there}/estimate/lines/1", headers=other.auth),
        client.post(f"{there}/estimate/close", headers=other.auth),
        client.post(f"{there}/estimate/replay", headers=other.auth),
        client.post(f"{there}/final/replay", headers=who.auth),
    ]
    assert [each.status_code for each in answers] == [404] * len(answers)
    assert client.get("/v1/inventories", headers=other.auth).json["items"] == []
    assert [each["code"] for each in client.get("/v1/inventories", headers=who.auth).json["items"]] == [code]


def test_the_same_key_adds_one_line(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    headers = {**who.auth, "Idempotency-Key": "line-1"}
    line = {"item": "landfill", "inputs": {"kg": 100}, "grade": "assumed"}
    first, second = (
        client.post(f"/v1/inventories/{code}/estimate/lines", json=line, headers=headers) for _ in range(2)
    )
    assert first.json == second.json
    assert len(client.get(f"/v1/inventories/{code}/estimate/lines", headers=who.auth).json["items"]) == 1


def test_a_blank_is_no_reason_for_leaving_a_source_out(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    facts = {"starts_on": day(10), "ends_on": day(11), **FACTS}
    there = f"/v1/inventories/{code}/estimate"
    blanks = {"fuel": " ", "stay": "\u3000", "waste": "…"}
    refused = client.put(there, json={**facts, "excluded": blanks}, headers=who.auth)
    assert refused.status_code == 422
    assert {error["pointer"] for error in refused.json["errors"]} == {f"#/excluded/{each}" for each in blanks}
    told = client.put(there, json={**facts, "excluded": {"fuel": " 没有\u3000"}}, headers=who.auth).json
    assert told["stages"]["estimate"]["excluded"] == {"fuel": "没有"}


def test_the_room_itself_takes_no_blank_whoever_asks(app: Flask) -> None:
    who, today = person(app).holder_id, clock.business_day()
    facts = services.Facts(today, today, 5, 0)
    with pytest.raises(Unreadable), transaction():
        services.create_inventory(who, "\u3000", "CN-FJ", facts)
    with transaction():
        code = services.create_inventory(who, "Forum", "CN-FJ", facts).code
    with pytest.raises(Unreadable), transaction():
        services.change_stage(who, code, "estimate", facts, {"fuel": " "})
    with pytest.raises(Unreadable), transaction():
        services.add_line(who, code, "estimate", services.NewLine("landfill", {"kg": 1}, "metered", " "))


def test_a_future_event_brought_forward_to_close_its_final_shows_its_first_days(
    client: FlaskClient, app: Flask
) -> None:
    who = person(app)
    begun = begin(client, who, begins=30, stage="final")
    assert begun["stages"]["final"]["days_changed"] is False
    code = begun["code"]
    fill(client, who, code, "final")
    there = f"/v1/inventories/{code}/final"
    for ends in (30, 0):
        facts = {"starts_on": day(-5), "ends_on": day(ends), **FACTS}
        assert client.put(there, json=facts, headers=who.auth).status_code == 200
        assert post(client, who, f"{code}/final/close").json["code"] == "event_not_over"
    facts = {"starts_on": day(-5), "ends_on": day(-1), **FACTS}
    client.put(there, json=facts, headers=who.auth)
    final = post(client, who, f"{code}/final/close").json["stages"]["final"]
    assert (final["days_changed"], final["first_starts_on"], final["first_ends_on"]) == (
        True,
        day(30),
        day(31),
    )


def test_a_final_of_other_days_than_its_estimate_says_so(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who, begins=20)["code"]
    fill(client, who, code)
    post(client, who, f"{code}/estimate/close")
    told = post(client, who, f"{code}/final", {"starts_on": day(-3), "ends_on": day(-2), **FACTS}).json
    assert told["difference"]["days_changed"] is True


@pytest.mark.parametrize(
    "change",
    [
        "closed_at = now(), emitted_g = (SELECT sum(emitted_g) FROM inventory_line)",
        "first_ends_on = ends_on - 5",
    ],
)
def test_the_database_closes_no_final_of_an_event_to_come_and_forgets_no_days(
    client: FlaskClient, app: Flask, change: str
) -> None:
    who = person(app)
    code = begin(client, who, begins=30, stage="final")["code"]
    fill(client, who, code, "final")
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(f"UPDATE inventory_stage SET {change}"))


def test_a_holder_takes_stock_of_so_many_events(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, other = person(app), person(app)
    monkeypatch.setattr(rules, "MOST_INVENTORIES", 2)
    begin(client, who)
    begin(client, who)
    begin(client, other)
    body = {"name": "x", "region": "CN-FJ", "starts_on": day(5), "ends_on": day(6), **FACTS}
    refused = client.post("/v1/inventories", json=body, headers=who.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_inventories")


def test_a_stage_keeps_so_many_revisions(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    monkeypatch.setattr(rules, "MOST_REVISIONS", 3)
    line = {"item": "landfill", "inputs": {"kg": 100}, "grade": "assumed"}
    add(client, who, code, line)
    there = f"/v1/inventories/{code}/estimate/lines"
    for _ in range(2):
        assert client.put(f"{there}/1", json=line, headers=who.auth).status_code == 200
    for refused in (
        client.put(f"{there}/1", json=line, headers=who.auth),
        client.post(there, json=line, headers=who.auth),
    ):
        assert (refused.status_code, refused.json["code"]) == (409, "too_many_revisions")
    standing = client.get(f"/v1/inventories/{code}", headers=who.auth).json["stages"]["estimate"]["lines"]
    assert [each["revision"] for each in standing] == [3]


def test_the_history_of_lines_is_paged_in_the_order_they_were_added(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    for kg in range(1, 6):
        add(client, who, code, {"item": "landfill", "inputs": {"kg": kg}, "grade": "assumed"})
    there, seen, after = f"/v1/inventories/{code}/estimate/lines", [], ""
    for _ in range(3):
        told = client.get(f"{there}?limit=2{after}", headers=who.auth).json
        seen.append([each["inputs"]["kg"] for each in told["items"]])
        after = f"&after={told['next']}"
    assert (seen, told["next"]) == ([[1, 2], [3, 4], [5]], None)
    assert client.get(f"{there}?after=x", headers=who.auth).status_code == 422


def test_a_list_of_events_has_the_sums_of_their_stages_and_reads_no_line(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person(app)
    code = begin(client, who)["code"]
    fill(client, who, code)
    client.delete(f"/v1/inventories/{code}/estimate/lines/1", headers=who.auth)
    empty = begin(client, who)["code"]
    monkeypatch.setattr(inventories, "_line", None)
    listed = client.get("/v1/inventories", headers=who.auth).json["items"]
    told = {each["code"]: each["stages"]["estimate"] for each in listed}
    assert told[empty]["emitted_g"] == 0
    assert told[code]["emitted_g"] == sum(grams for _, grams in FORUM[1:])
    assert (told[code]["closed"], len(told[code]["code"])) == (False, 26)


def test_an_event_has_the_grid_of_the_year_it_begins_in(client: FlaskClient) -> None:
    line = {"item": "electricity", "inputs": {"kwh": 1_000}, "grade": "assumed"}
    keys = []
    for year in (2022, 2023, 2026):
        days = {"starts_on": f"{year}-06-01", "ends_on": f"{year}-06-02"}
        body = {**days, **FACTS, "region": "CN-FJ", "lines": [line, {**line, "item": "electric_vehicles"}]}
        told = client.post("/v1/calculators/event", json=body).json
        keys.append({each["factor"]["key"] for each in told["lines"]})
    assert keys == [{"elec.grid.fj.2022"}, {"elec.grid.fj.2023"}, {"elec.grid.fj.2023"}]
