"""A scene of a month is capped by the month: every day of it belongs to its first."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from builders import person
from flask import Flask
from flask.testing import FlaskClient
from partnering import item, link, register
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as books
from app.footprint import queries, services
from app.footprint.queries.published import list_rules
from app.footprint.rules import MethodologyRefused, read_method
from app.kit import clock
from app.kit.database import db
from app.kit.transaction import transaction

CAP_G = 84_220


def saving(token: str, day: date, wh: int) -> dict[str, Any]:
    """What a supplier reports on some day."""
    at = datetime(day.year, day.month, day.day, tzinfo=clock.SHANGHAI).isoformat()
    told = {"scene": "electricity_saving", "quantity": wh, "ride": {"carrier": "grid", "number": f"m1:{day}"}}
    return item(token, started_at=at, distance_m=None, duration_s=None, **told)


def test_a_months_saving_is_credited_once_a_month_however_often_it_is_reported(
    app: Flask, client: FlaskClient
) -> None:
    someone = person(app)
    scenes = {"electricity_saving": 100}
    supplier = register(app.extensions["settings"].public_url, scenes=scenes, kind="platform")
    token = link(someone.holder_id, supplier, "electricity_saving")
    this_month = clock.business_day().replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    days = [last_month.replace(day=day) for day in range(1, 26)]
    batches = [[saving(token, day, 150_000) for day in days[:20]]]
    batches += [[saving(token, day, 150_000)] for day in days[20:]]
    for batch in batches:
        answer = supplier.post(client, batch)
        assert {each["status"] for each in answer.json["results"]} == {"accepted"}
    assert books.get_balance(someone.holder_id, chart.REDUCTIONS) == CAP_G
    another = supplier.post(client, [saving(token, this_month, 10_000)])
    assert another.status_code == 201
    db.session.rollback()
    kept = text("SELECT day, credited_g, acts FROM scene_day ORDER BY day")
    assert [tuple(row) for row in db.session.execute(kept)] == [
        (last_month, CAP_G, 25 * 150_000),
        (this_month, 4211, 10_000),
    ]
    newest, *_ = client.get("/v1/actions", headers=someone.auth).json["items"]
    assert newest["occurred_on"] == str(this_month)
    with transaction():
        assert services.withdraw_action(someone.holder_id, newest["code"])
    told = client.post(f"/v1/results/{newest['code']}/replay", headers=someone.auth).json
    assert told["same"] is True
    assert books.get_balance(someone.holder_id, chart.REDUCTIONS) == CAP_G
    assert [proof.claim for proof in queries.prove() if not proof.holds] == []


def test_a_period_is_said_where_the_scene_is_and_its_cap_by_its_own_name(client: FlaskClient) -> None:
    scenes = {each["scene"]: each for each in client.get("/v1/scenes").json}
    assert {name for name, each in scenes.items() if each["period"] == "month"} == {"electricity_saving"}
    assert scenes["electricity_saving"]["sources"] == {"partner": "partner"}
    page = client.get("/methods", headers={"Accept-Language": "en"}).text
    assert "84.22\u00a0kg a month" in page
    caps = {rule.scene: rule.name_en for rule in list_rules() if rule.effect == "cap"}
    assert caps["electricity_saving"] == "Monthly cap"
    assert caps["metro"] == "Daily cap"


def test_only_what_is_counted_can_be_of_a_month(app: Flask) -> None:
    for scene in ("metro", "walking"):
        found = queries.find_scene(scene)
        assert found is not None
        with pytest.raises(MethodologyRefused, match="only what is counted has a month"):
            read_method({**found.document, "period": "month"})
    with pytest.raises(MethodologyRefused, match="period is known"):
        read_method({**found.document, "period": "week"})
