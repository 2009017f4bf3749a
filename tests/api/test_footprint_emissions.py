"""A person's month: what is emitted rounds up, corrections stay visible, avoided grams are never added."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.accounts import services as accounts
from app.footprint import queries, services
from app.kit import clock
from app.kit.codes import random_code
from app.kit.database import db
from app.kit.identity import signer
from app.kit.problems import Unreadable
from app.kit.transaction import transaction


@pytest.fixture(autouse=True)
def _loaded(app: Flask) -> None:
    with transaction():
        services.load_factors()
        services.load_methodologies()


def person() -> tuple[int, dict[str, str]]:
    with transaction():
        signed = accounts.sign_in_wechat(f"o{random_code(20)}", None, "tiihtNczf5v6AKRyjwEUhQ==")
    token = signer().issue(signed.holder_id, signed.session_id, "api")
    return signed.holder_id, {"Authorization": f"Bearer {token}"}


def this_month() -> str:
    return f"{clock.business_day():%Y-%m}"


def record(holder: int, entries: list[tuple[str, int]], **more: Any) -> list[queries.Emission]:
    with transaction():
        return services.record_emission(holder, more.pop("month", this_month()), entries, **more)


def test_a_month_is_computed_with_the_factor_of_fujian_and_rounded_up(app: Flask) -> None:
    holder, _ = person()
    power, gas, car = record(holder, [("electricity", 21), ("gas", 7), ("petrol_car", 10)])
    assert (power.emitted_g, power.factor.key) == (8844, "elec.grid.fj.2023")  # 8843.1
    assert (gas.emitted_g, gas.factor.verified) == (15_078, False)
    assert gas.factor.mark is not None
    assert (car.emitted_g, car.factor.verified) == (2730, True)
    assert power.inputs == {"quantity": 21, "unit": "kWh", "region": "CN-FJ"}
    summary = queries.month_summary(holder, this_month())
    assert summary.emitted_by_kind == {"electricity": 8844, "gas": 15_078, "petrol_car": 2730}
    assert summary.emitted_g == 8844 + 15_078 + 2730
    assert (summary.avoided_g, summary.avoided_by_day) == (0, {})
    assert all(proof.holds for proof in queries.prove())


def test_the_grid_follows_the_province(app: Flask) -> None:
    holder, _ = person()
    [emission] = record(holder, [("electricity", 100)], region="CN-SC")
    assert (emission.emitted_g, emission.factor.key) == (15_640, "elec.grid.sc.2023")


def test_every_kind_and_province_has_a_factor(app: Flask) -> None:
    for kind in queries.emission_kinds().values():
        for region in kind.regions or ["CN-FJ"]:
            factor = kind.find_factor(region)
            assert factor is not None, (kind.kind, region)
            assert factor.unit.startswith(("kgCO2", "tCO2"))
            assert factor.region in (region, "CN", "CN-BJ", "GB")
    assert len(queries.emission_kinds()["electricity"].regions) == 30


def test_a_correction_stands_beside_what_it_corrects(client: FlaskClient) -> None:
    holder, auth = person()
    record(holder, [("electricity", 100)])
    [corrected] = record(holder, [("electricity", 80)])
    assert (corrected.revision, corrected.emitted_g) == (2, 33_688)
    listed = client.get("/v1/emissions", headers=auth).json["items"]
    assert [(each["revision"], each["emitted_g"], each["current"]) for each in listed] == [
        (2, 33_688, True),
        (1, 42_110, False),
    ]
    assert listed[0]["factor"]["source_title"]
    assert queries.month_summary(holder, this_month()).emitted_g == 33_688
    kept = queries.accounts.sum_emitted(holder, date(2020, 1, 1), clock.business_day(), "year")
    assert [each.grams for each in kept] == [33_688]


@pytest.mark.parametrize(
    ("entries", "more", "pointer"),
    [
        ([("coal", 5)], {}, "#/entries/0/kind"),
        ([("electricity", 5), ("electricity", 6)], {}, "#/entries/1/kind"),
        ([("electricity", 0)], {}, "#/entries/0/quantity"),
        ([("electricity", -5)], {}, "#/entries/0/quantity"),
        ([("gas", 10**7)], {}, "#/entries/0/quantity"),
        ([("electricity", 5)], {"region": "CN-XZ"}, "#/region"),
        ([("electricity", 5)], {"region": "{0.__class__}"}, "#/region"),
        ([("electricity", 5)], {"month": "2100-01"}, "#/month"),
        ([("electricity", 5)], {"month": "2015-01"}, "#/month"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_by_name(
    app: Flask, entries: list[tuple[str, int]], more: dict[str, str], pointer: str
) -> None:
    holder, _ = person()
    with pytest.raises(Unreadable) as refused:
        record(holder, entries, **more)
    assert [error["pointer"] for error in refused.value.errors] == [pointer]
    assert queries.list_emissions(holder) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE emission SET emitted_g = 1", "DELETE FROM emission", "TRUNCATE emission"]
)
def test_an_emission_is_never_edited(app: Flask, statement: str) -> None:
    holder, _ = person()
    record(holder, [("electricity", 100)])
    with pytest.raises(IntegrityError), transaction():
        db.session.execute(text(statement))


def test_the_month_shows_both_claims_side_by_side(client: FlaskClient) -> None:
    holder, auth = person()
    started = clock.now() - timedelta(hours=2)
    trip = {"scene": "metro", "started_at": started.isoformat(), "distance_m": 8000}
    day = client.post("/v1/actions", json=trip, headers=auth).json["occurred_on"]
    record(holder, [("electricity", 10)])
    month = client.get(f"/v1/months/{day[:7]}", headers=auth).json
    assert (month["avoided_g"], month["avoided_by_day"]) == (187, {day: {"metro": 187}})
    assert month["avoided_by_scene"] == {"metro": 187}
    assert client.get(f"/v1/months/{this_month()}", headers=auth).json["emitted_by_kind"] == {
        "electricity": 4211
    }
    for strange in ("2026-13", "2026-1", "x", "2026-00", "1999-01", "２０26-01", "%00"):
        assert client.get(f"/v1/months/{strange}", headers=auth).status_code == 404


def test_a_month_is_its_holders_alone(client: FlaskClient) -> None:
    holder, _ = person()
    _, stranger = person()
    record(holder, [("electricity", 10)])
    assert client.get("/v1/emissions", headers=stranger).json["items"] == []
    assert client.get(f"/v1/months/{this_month()}", headers=stranger).json["emitted_g"] == 0
    assert (
        client.get("/v1/emissions").status_code == client.get(f"/v1/months/{this_month()}").status_code == 401
    )


def test_emissions_are_listed_by_month(client: FlaskClient) -> None:
    holder, auth = person()
    earlier = (clock.business_day().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    record(holder, [("electricity", 10), ("gas", 5)])
    record(holder, [("electricity", 20)], month=earlier)
    listed = client.get(f"/v1/emissions?month={earlier}", headers=auth).json["items"]
    assert [(each["kind"], each["emitted_g"]) for each in listed] == [("electricity", 8422)]
    first = client.get("/v1/emissions?limit=2", headers=auth).json
    rest = client.get(f"/v1/emissions?limit=2&after={first['next']}", headers=auth).json
    assert [each["month"] for each in first["items"] + rest["items"]] == [earlier, this_month(), this_month()]
    assert client.get("/v1/emissions?month=2026-13", headers=auth).status_code == 422


def test_kinds_are_public_with_their_factor(client: FlaskClient) -> None:
    kinds = {each["kind"]: each for each in client.get("/v1/emission-kinds").json}
    assert kinds["electricity"]["factor"]["key"] == "elec.grid.fj.2023"
    assert kinds["gas"]["factor"]["mark"]["zh"] == "参考值，未经核实"
    assert "CN-ZJ" in kinds["electricity"]["regions"]
