"""A person's month from twelve questions: for anyone without keeping, for its holder as a record."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.footprint import queries, rules, services
from app.footprint.queries import calculations
from app.footprint.queries.calculator_proofs import prove_calculators
from app.footprint.rules import GuideRefused
from app.footprint.services import guides
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import queries as offsets
from tests.builders import Person, person

ANSWERS = {
    "province": "CN-SC",
    "people": 2,
    "electricity": "middle",
    "gas": "piped",
    "water": "middle",
    "heating": "small",
    "car": "petrol_some",
    "transit": "metro",
    "trips": "rail",
    "diet": "low_meat",
    "shopping": "middle",
    "waste": "little",
}


def this_month() -> str:
    return f"{clock.business_day():%Y-%m}"


def compute(client: FlaskClient, answers: dict[str, Any], measured: dict[str, Any] | None = None) -> Any:
    answer = client.post("/v1/calculators/person", json={"answers": answers, "measured": measured or {}})
    assert answer.status_code == 200, answer.text
    return answer.json


def keep(client: FlaskClient, who: Person, answers: dict[str, Any], **more: Any) -> Any:
    body = {"month": this_month(), "answers": answers, **more}
    answer = client.post("/v1/calculations", json=body, headers=who.auth)
    assert answer.status_code == 201, answer.text
    return answer.json


def double_the_grid_of_sichuan() -> None:
    """A new version of its factor, as a later release might bring it."""
    with transaction():
        db.session.execute(
            text(
                "INSERT INTO factor (key, version, value, unit, region, category, name_zh, name_en,"
                "  source_title, source_ref, verified, tier, note, valid_from, valid_until, loaded_at)"
                " SELECT key, 2, value * 2, unit, region, category, name_zh, name_en, source_title,"
                "  source_ref, verified, tier, note, valid_from, valid_until, now() FROM factor"
                " WHERE key = 'elec.grid.sc.2023'"
            )
        )
    queries.catalogue.forget()


def test_there_are_twelve_questions_for_anyone_as_data(client: FlaskClient) -> None:
    told = client.get("/v1/calculators/person").json
    assert (told["key"], told["version"], len(told["document"]["question"])) == ("person-month", 1, 12)
    assert "我们自己的假设" in told["document"]["assumption_zh"]


def test_a_month_is_computed_by_hand_to_the_gram(client: FlaskClient) -> None:
    """Every line of this person's month, worked out from the factors' own figures."""
    told = compute(client, ANSWERS)
    assert {line["kind"]: line["emitted_g"] for line in told["lines"]} == {
        "electricity": 18_768,  # 240 / 2 = 120 kWh × 0.1564 of Sichuan
        "gas": 17_232,  # 15 / 2 rounds up to 8 m³ × 2.154
        "water": 957,  # 5,000 l × 0.1913 a m³ = 956.5
        "sewage": 855,  # 5,000 l × 0.17088 a m³ = 854.4
        "heat": 165_000,  # 1,500 MJ × 0.11 t a GJ
        "petrol_car": 109_200,  # 400 km × 0.273
        "metro": 6_292,  # 220 km × 0.0286
        "high_speed_rail": 30_480,  # 1,000 km × 0.03048
        "diet_low_meat": 140_100,  # 30 days × 4.67
        "clothing": 13_386,  # 600 g × 22.31 a kg
        "packaging": 2_400,  # 2,000 g × 1.19973 a kg = 2,399.46
        "waste": 4_476,  # 9 kg × 0.497242 = 4,475.178
    }
    assert told["emitted_g"] == sum(line["emitted_g"] for line in told["lines"])
    assert told["emitted_g"] == sum(each["emitted_g"] for each in told["categories"])
    assert told["unverified_g"] == 17_232
    assert [each["key"] for each in told["categories"]] == [
        "home",
        "transport",
        "trips",
        "food",
        "shopping",
        "waste",
    ]


def test_what_would_help_most_is_computed_with_the_same_factors(client: FlaskClient) -> None:
    told = compute(client, ANSWERS)
    helps = {each["key"]: each["avoided_g"] for each in told["helps"]}
    assert helps["car_to_electric"] == 109_200 - 9_384  # 400 km × 0.15 kWh × 0.1564
    assert helps["car_to_metro"] == 54_600 - 5_720  # half of 109,200; 200 km × 0.0286
    assert helps["less_meat_low"] == 140_100 - 114_300  # 30 days × 3.81
    assert helps["heat"] == 16_500
    figures = [each["avoided_g"] for each in told["helps"]]
    assert figures == sorted(figures, reverse=True)
    assert "flight_to_rail" not in helps
    assert {each["key"]: each["verified"] for each in told["helps"]}["car_to_metro"]


def test_a_help_that_rests_on_an_unverified_factor_says_so(client: FlaskClient) -> None:
    told = compute(client, {**ANSWERS, "car": "none", "diet": "vegan"}, {"gas": 90})
    verified = {each["key"]: each["verified"] for each in told["helps"]}
    assert (verified["gas"], verified["heat"]) == (False, True)


def test_every_line_says_whether_it_was_assumed_chosen_or_measured(client: FlaskClient) -> None:
    told = compute(client, {"diet": "vegan"}, {"electricity": 186})
    origins = {line["kind"]: line["origin"] for line in told["lines"]}
    assert (origins["electricity"], origins["diet_vegan"], origins["gas"]) == (
        "measured",
        "chosen",
        "assumed",
    )
    assert told["origins"]["people"] == "assumed"
    [power] = [line for line in told["lines"] if line["kind"] == "electricity"]
    assert (power["whole"], power["people"], power["inputs"]["quantity"]) == (186, 3, 62)
    assert told["assumed_g"] == told["emitted_g"] - power["emitted_g"]


def test_what_is_measured_replaces_the_whole_answer_to_its_question(client: FlaskClient) -> None:
    told = compute(client, {"transit": "mixed"}, {"metro": 300})
    kinds = {line["kind"]: line["inputs"]["quantity"] for line in told["lines"]}
    assert kinds["metro"] == 300
    assert "bus" not in kinds
    nothing = compute(client, {"gas": "bottle"}, {"gas": 0})
    assert not {"gas", "lpg"} & {line["kind"] for line in nothing["lines"]}


def test_the_grid_of_the_province_is_the_only_difference_between_two_homes(client: FlaskClient) -> None:
    there, here = compute(client, ANSWERS), compute(client, {**ANSWERS, "province": "CN-FJ"})
    assert here["emitted_g"] - there["emitted_g"] == 50_532 - 18_768  # 120 kWh × (0.4211 − 0.1564)


@pytest.mark.parametrize(
    ("answers", "measured", "pointer"),
    [
        ({"province": "CN-XZ"}, {}, "#/answers/province"),
        ({"province": 35}, {}, "#/answers/province"),
        ({"people": 0}, {}, "#/answers/people"),
        ({"people": -3}, {}, "#/answers/people"),
        ({"people": 21}, {}, "#/answers/people"),
        ({"people": "3"}, {}, "#/answers/people"),
        ({"people": 2.5}, {}, "#/answers/people"),
        ({"diet": "air"}, {}, "#/answers/diet"),
        ({"diet": True}, {}, "#/answers/diet"),
        ({"shoe_size": 43}, {}, "#/answers/shoe_size"),
        ({}, {"electricity": -1}, "#/measured/electricity"),
        ({}, {"electricity": 100_001}, "#/measured/electricity"),
        ({}, {"electricity": 1.5}, "#/measured/electricity"),
        ({}, {"electricity": "100"}, "#/measured/electricity"),
        ({}, {"water": 1_001}, "#/measured/water"),
        ({}, {"coal": 5}, "#/measured/coal"),
        ({"x" * 5_000: 1}, {}, f"#/answers/{'x' * 40}"),
        ({"{0.__class__}": 1}, {}, "#/answers/{0.__class__}"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_by_name(
    client: FlaskClient, answers: dict[str, Any], measured: dict[str, Any], pointer: str
) -> None:
    body = {"answers": answers, "measured": measured}
    refused = client.post("/v1/calculators/person", json=body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


@pytest.mark.parametrize("body", [[], {"answers": []}, {"measured": 3}, {"answers": None}, {"other": 1}])
def test_a_body_of_another_shape_is_refused(client: FlaskClient, body: Any) -> None:
    assert client.post("/v1/calculators/person", json=body).status_code == 422


def test_nothing_is_kept_of_what_is_only_computed(client: FlaskClient, app: Flask) -> None:
    compute(client, ANSWERS)
    assert db.session.scalar(text("SELECT count(*) FROM calculation")) == 0
    assert db.session.scalar(text("SELECT count(*) FROM emission")) == 0


def test_a_kept_month_is_its_holders_alone_and_replays_to_the_same_grams(
    client: FlaskClient, app: Flask
) -> None:
    who, other = person(app), person(app)
    kept = keep(client, who, ANSWERS, measured={"electricity": 200})
    there = f"/v1/calculations/{kept['code']}"
    assert client.get(there, headers=who.auth).json == kept
    assert client.get(there, headers=other.auth).status_code == 404
    assert client.get(there).status_code == 401
    replayed = client.post(f"{there}/replay", headers=who.auth).json
    assert (replayed["same"], replayed["differences"]) == (True, [])
    assert replayed["recorded"]["emitted_g"] == kept["emitted_g"]
    listed = client.get("/v1/calculations", headers=who.auth).json["items"]
    assert [each["code"] for each in listed] == [kept["code"]]
    assert all(proof.holds for proof in queries.prove())


def test_a_new_factor_changes_no_kept_month(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    kept = keep(client, who, ANSWERS)
    double_the_grid_of_sichuan()
    again = client.get(f"/v1/calculations/{kept['code']}", headers=who.auth).json
    assert again["emitted_g"] == kept["emitted_g"]
    replayed = client.post(f"/v1/calculations/{kept['code']}/replay", headers=who.auth).json
    assert replayed["same"]
    assert compute(client, ANSWERS)["emitted_g"] == kept["emitted_g"] + 18_768


def test_a_kept_month_is_never_edited(client: FlaskClient, app: Flask) -> None:
    keep(client, person(app), {})
    for table in ("calculation", "guide"):
        with pytest.raises(IntegrityError), transaction():
            db.session.execute(text(f"DELETE FROM {table}"))


def test_a_month_is_compared_with_ones_own_earlier_months_only(client: FlaskClient, app: Flask) -> None:
    who, month = person(app), this_month()
    number = int(month[:4]) * 12 + int(month[5:]) - 2
    last = f"{number // 12}-{number % 12 + 1:02d}"
    keep(client, person(app), {}, month=last)
    keep(client, who, {"diet": "high_meat"}, month=last)
    corrected = keep(client, who, {"diet": "vegan"}, month=last)
    now = keep(client, who, {})
    assert now["earlier"] == [{"month": last, "code": corrected["code"], "emitted_g": corrected["emitted_g"]}]


def test_a_month_opens_a_due_once_and_its_correction_is_a_revision(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    first = keep(client, who, ANSWERS)
    owed = client.post(f"/v1/calculations/{first['code']}/dues", headers=who.auth)
    assert (owed.status_code, owed.json["owed_g"]) == (201, first["emitted_g"])
    again = client.post(f"/v1/calculations/{first['code']}/dues", headers=who.auth).json
    assert (again["owed_g"], len(again["items"])) == (first["emitted_g"], 12)
    second = keep(
        client, who, {**ANSWERS, "car": "none", "diet": "vegetarian"}, measured={"electricity": 100}
    )
    corrected = client.post(f"/v1/calculations/{second['code']}/dues", headers=who.auth).json
    assert corrected["owed_g"] == second["emitted_g"] < first["emitted_g"]
    emissions = queries.list_emissions(who.holder_id)
    standing = {each.kind: each for each in emissions if each.current}
    assert (standing["petrol_car"].emitted_g, standing["petrol_car"].revision) == (0, 2)
    assert (standing["diet_low_meat"].emitted_g, standing["diet_vegetarian"].emitted_g) == (0, 114_300)
    assert standing["electricity"].revision == 2
    assert standing["gas"].revision == 1, "what did not change is not recorded again"
    assert sum(each.emitted_g for each in standing.values()) == second["emitted_g"]
    assert all(proof.holds for proof in (*queries.prove(), *offsets.prove()))


def test_moving_to_another_grid_corrects_the_electricity(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    for province in ("CN-FJ", "CN-SC"):
        kept = keep(client, who, {**ANSWERS, "province": province})
        owed = client.post(f"/v1/calculations/{kept['code']}/dues", headers=who.auth).json
        assert owed["owed_g"] == kept["emitted_g"]
    revisions = {each.kind: each.revision for each in queries.list_emissions(who.holder_id) if each.current}
    assert (revisions["electricity"], revisions["gas"]) == (2, 1)


def owe(client: FlaskClient, who: Person, kept: Any) -> Any:
    answer = client.post(f"/v1/calculations/{kept['code']}/dues", headers=who.auth)
    assert answer.status_code == 201, answer.text
    return answer.json


def standing(who: Person) -> dict[str, queries.Emission]:
    return {each.kind: each for each in queries.list_emissions(who.holder_id) if each.current}


def test_a_measured_figure_never_falls_because_a_question_was_skipped(
    client: FlaskClient, app: Flask
) -> None:
    who = person(app)
    entries = [{"kind": kind, "quantity": 900} for kind in ("electricity", "gas", "flight", "diet_vegan")]
    client.post("/v1/dues", json={"month": this_month(), "entries": entries}, headers=who.auth)
    before = standing(who)
    owe(client, who, keep(client, who, {"waste": "much"}))
    after = standing(who)
    assert {kind: after[kind] for kind in before} == before
    assert "diet_medium_meat" not in after, "a default diet is not eaten on top of the recorded one"
    assert (after["waste"].inputs["quantity"], after["water"].revision) == (36, 1)
    assert all(proof.holds for proof in (*queries.prove(), *offsets.prove()))


def test_what_a_home_shares_never_falls_because_its_people_or_province_were_skipped(
    client: FlaskClient, app: Flask
) -> None:
    who, measured = person(app), {"electricity": 300}
    owe(client, who, keep(client, who, {"people": 1, "province": "CN-HE"}, measured=measured))
    before = standing(who)["electricity"]
    for answers in ({}, {"people": 1}, {"province": "CN-HE"}):
        owe(client, who, keep(client, who, answers, measured=measured))
        assert standing(who)["electricity"] == before
    owe(client, who, keep(client, who, {}, measured={"electricity": 3_000}))
    assert standing(who)["electricity"].inputs["quantity"] == 1_000, "what was measured as more is told"
    owe(client, who, keep(client, who, {"people": 3, "province": "CN-FJ"}, measured=measured))
    assert standing(who)["electricity"].inputs["quantity"] == 100, "what was answered corrects"


def test_what_is_owed_is_what_was_kept_whatever_factors_came_since(client: FlaskClient, app: Flask) -> None:
    who = person(app)
    kept = keep(client, who, ANSWERS)
    double_the_grid_of_sichuan()
    assert compute(client, ANSWERS)["emitted_g"] == kept["emitted_g"] + 18_768
    assert owe(client, who, kept)["owed_g"] == kept["emitted_g"]
    recorded = standing(who)
    for line in kept["result"]["lines"]:
        emission = recorded[line["kind"]]
        assert (emission.inputs, emission.emitted_g) == (line["inputs"], line["emitted_g"])
        assert (emission.factor.key, emission.factor.version) == (
            line["factor"]["key"],
            line["factor"]["version"],
        )
    anew = keep(client, who, ANSWERS)
    assert owe(client, who, anew)["owed_g"] == anew["emitted_g"] == kept["emitted_g"] + 18_768
    assert standing(who)["electricity"].revision == 2
    assert all(proof.holds for proof in (*queries.prove(), *offsets.prove()))


def test_nobody_owes_anothers_month(client: FlaskClient, app: Flask) -> None:
    kept = keep(client, person(app), {})
    other = person(app)
    assert client.post(f"/v1/calculations/{kept['code']}/dues", headers=other.auth).status_code == 404


@pytest.mark.parametrize("month", ["2015-01", "2100-01", "2026-13", "soon", 202611])
def test_a_month_that_cannot_be_recorded_is_refused(client: FlaskClient, app: Flask, month: Any) -> None:
    refused = client.post("/v1/calculations", json={"month": month, "answers": {}}, headers=person(app).auth)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == ["#/month"]


def test_a_month_is_kept_so_many_times(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person(app)
    monkeypatch.setattr(rules, "MOST_KEPT", 2)
    keep(client, who, {})
    keep(client, who, {})
    refused = client.post("/v1/calculations", json={"month": this_month(), "answers": {}}, headers=who.auth)
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_calculations")
    number = int(this_month()[:4]) * 12 + int(this_month()[5:]) - 2
    keep(client, who, {}, month=f"{number // 12}-{number % 12 + 1:02d}")
    keep(client, person(app), {})


def test_the_proofs_read_results_few_at_a_time_and_miss_none(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = person(app)
    for _ in range(5):
        keep(client, who, {})
    monkeypatch.setattr(calculations, "_AT_ONCE", 2)
    proof = prove_calculators()
    assert (proof.holds, proof.figures["months"]) == (True, 5)


def test_a_zero_corrects_and_never_begins_a_record(app: Flask) -> None:
    who = person(app)
    with pytest.raises(Exception, match="unprocessable"), transaction():
        services.record_emission(who.holder_id, this_month(), [("electricity", 0)])
    with transaction():
        services.record_emission(who.holder_id, this_month(), [("electricity", 100)])
    with transaction():
        [zero] = services.record_emission(who.holder_id, this_month(), [("electricity", 0)])
    assert (zero.revision, zero.emitted_g) == (2, 0)


def test_loading_twice_loads_once_and_a_published_version_is_never_edited(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction():
        assert services.load_guides() == 0
    document = guides.read_file("person-month")
    monkeypatch.setattr(guides, "read_file", lambda key: {**document, "name_en": "Another"})
    with pytest.raises(GuideRefused, match="is published"), transaction():
        services.load_guides()
