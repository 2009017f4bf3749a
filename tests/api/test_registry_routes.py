"""What anyone may read of forests and lots over HTTP."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kit.transaction import transaction
from app.registry import queries, services
from app.registry.errors import QuantityNotSold
from app.registry.rules import Terms


@pytest.fixture
def forests(app: Flask) -> None:
    with transaction():
        services.load_samples()


def lots(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/v1/lots?limit=100&{query}")
    assert answer.status_code == 200
    return list(answer.json["items"])


@pytest.mark.usefixtures("forests")
def test_projects_are_listed_page_by_page(client: FlaskClient) -> None:
    seen, after = [], ""
    while True:
        page = client.get(f"/v1/projects?limit=4{after}").json
        seen += [item["forest"]["code"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == ["SC-DG", "SC-YD", "SC-RS", "SC-GY", "SC-DG-H1", "SC-RS-H2", "SC-PS-T"]


@pytest.mark.usefixtures("forests")
def test_a_project_shows_what_became_of_its_units(client: FlaskClient) -> None:
    issuance = queries.get_project("SC-DG").issuances[0].issuance
    lot = queries.list_lots(1, project="SC-DG")[0]
    with transaction():
        services.reserve(lot.id, 30)
        services.retire_run(lot.id, [10, 20])
        services.cancel_units(issuance.id, 7, "fire")
    project = client.get("/v1/projects/SC-DG").json
    assert project["holder"] == "示例村集体 A（大干镇）"
    assert [each["vintage"] for each in project["issuances"]] == [2021, 2022]
    assert project["issuances"][0]["units"] == {
        "issued_kg": 480_000,
        "active_kg": 480_000 - 37,
        "reserved_kg": 0,
        "pledged_kg": 0,
        "retired_kg": 30,
        "cancelled_kg": 7,
    }


@pytest.mark.usefixtures("forests")
def test_a_lot_shows_seller_terms_and_period(client: FlaskClient) -> None:
    listed = lots(client, "project=SC-DG-H1")[0]
    lot = client.get(f"/v1/lots/{listed['code']}").json
    assert lot == listed
    assert lot["seller"] == "示例农户 1号（大干镇）"
    assert lot["village"] == "示例村集体 A（大干镇）"
    assert lot["terms"] == {
        "step_kg": 10,
        "price_fen_per_step": 100,
        "seller_bp": 7000,
        "village_bp": 2000,
        "fee_bp": 1000,
    }
    assert lot["shares"] == {"seller_fen": 70, "village_fen": 20, "fee_fen": 10}
    assert lot["monitoring_period"] == {"start": "2021-01-01", "end": "2021-12-31"}
    assert (lot["vintage"], lot["remaining_kg"]) == (2021, 220_000)


@pytest.mark.usefixtures("forests")
def test_samples_carry_their_mark_in_both_languages(client: FlaskClient) -> None:
    for item in [*lots(client), *client.get("/v1/projects").json["items"]]:
        assert item["sample"] is True
        texts = [(note["zh"], note["en"]) for note in item["notes"]]
        assert ("示例数据，非真实项目。", "Sample data, not a real project.") in texts
        assert any("CCER" in zh and "CCER" in en for zh, en in texts)


@pytest.mark.usefixtures("forests")
def test_lots_are_found_by_forest(client: FlaskClient) -> None:
    assert len(lots(client)) == 11
    assert len(lots(client, "region=3507")) == 11
    assert [lot["forest"]["code"] for lot in lots(client, "product=carbon_ticket")] == ["SC-PS-T"]
    assert lots(client, "region=11") == []
    assert {lot["forest"]["code"] for lot in lots(client, "project=SC-GY")} == {"SC-GY"}
    assert {lot["forest"]["code"] for lot in lots(client, "village=示例村 A")} == {"SC-DG", "SC-DG-H1"}
    assert lots(client, "project=SC-GY&village=Sample Village A") == []


@pytest.mark.usefixtures("forests")
def test_a_lot_that_cannot_be_bought_is_not_available(client: FlaskClient) -> None:
    sold, closed = (lot.id for lot in queries.list_lots(2))
    with transaction():
        services.reserve(sold, 480_000 - 5)
        services.close_lot(closed)
    assert len(lots(client, "available=true")) == 9
    gone = {lot["remaining_kg"] for lot in lots(client, "available=false")}
    assert gone == {5, 0}


@pytest.mark.usefixtures("forests")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/projects/NONE", 404),
        ("/v1/projects/sc-dg", 404),
        ("/v1/projects/SC%00DG", 404),
        ("/v1/projects/%F0%9F", 404),
        ("/v1/lots/NONE", 404),
        ("/v1/lots/%00", 404),
        ("/v1/lots/1'--", 404),
        ("/v1/lots?available=yes", 422),
        ("/v1/lots?region=35%25", 422),
        ("/v1/lots?region=3507210", 422),
        ("/v1/lots?village=a%00", 422),
        ("/v1/lots?project=", 422),
        ("/v1/lots?limit=-1", 422),
        ("/v1/lots?limit=1.9", 422),
        ("/v1/lots?after=xyz", 422),
        ("/v1/lots?seller=1", 422),
        ("/v1/lots?region=_", 422),
        ("/v1/projects?limit=101", 422),
    ],
)
def test_bad_input_is_refused_by_name(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert status == 200 or answer.content_type == "application/problem+json"


@pytest.mark.usefixtures("forests")
def test_the_oldest_vintage_with_enough_is_chosen() -> None:
    chosen = queries.oldest_lot(10)
    assert chosen is not None
    with transaction():
        services.reserve(chosen.id, chosen.available_kg)
    second = queries.oldest_lot(quantity_kg=10)
    assert second is not None
    vintages = {lot.id: lot.issuance.vintage for lot in queries.list_lots(100)}
    assert vintages[chosen.id] == vintages[second.id] == 2021
    assert second.id != chosen.id
    large = queries.oldest_lot(quantity_kg=1_900_000)
    assert large is not None
    assert vintages[large.id] == 2022
    assert queries.oldest_lot(quantity_kg=1_920_010) is None
    assert queries.oldest_lot(amount_fen=19_200_000) == large
    assert queries.oldest_lot(amount_fen=2**63 - 1) is None
    assert queries.oldest_lot(10, region="11") is None


@pytest.mark.usefixtures("forests")
def test_a_quote_takes_quantity_or_money_in_whole_steps() -> None:
    lot = queries.oldest_lot(10)
    assert lot is not None
    assert lot == queries.find_lot(lot.code)
    assert queries.quote(lot, 30, None) == queries.quote(lot, None, 300) == (30, 300)
    unclear = [(None, None), (10, 100)]
    odd = [(15, None), (None, 150), (0, None), (None, -100)]
    for quantity_kg, amount_fen in unclear + odd:
        with pytest.raises(QuantityNotSold):
            queries.quote(lot, quantity_kg, amount_fen)
    assert queries.find_lot("NONE") is None


@pytest.mark.usefixtures("forests")
def test_certificate_facts_count_serials_within_the_issuance() -> None:
    second = queries.get_project("SC-DG").issuances[1].issuance
    facts = queries.certificate_facts(second.id)
    assert facts.series.serials.first == 480_001
    assert facts.serial_text(480_001, 480_010) == "SH-350721-SC-DG-2022-1-10"
    assert facts.seller == "示例村集体 A（大干镇）"
    assert (facts.period_start, facts.period_end) == (date(2022, 1, 1), date(2022, 12, 31))
    assert facts.notes == ("registry.note_voluntary", "registry.note_sample")


@pytest.mark.usefixtures("forests")
def test_sample_wishes_say_that_they_are(client: FlaskClient) -> None:
    wishes = client.get("/v1/wishes").json["items"]
    assert [wish["sample"] for wish in wishes] == [True, True]
    assert {client.get(f"/v1/wishes/{wish['code']}/lots").json["items"] == [] for wish in wishes} == {False}
    for path in ("/market/wishes", f"/market/wishes/{wishes[0]['code']}"):
        assert '<span class="mark sample">' in client.get(path).text


def test_samples_are_loaded_once(app: Flask) -> None:
    with transaction():
        assert services.load_samples() == 7
    with transaction():
        assert services.load_samples() == 0
    assert len(queries.list_projects(100)) == 7
    assert all(proof.holds for proof in queries.prove())


def test_a_real_project_carries_no_sample_mark(app: Flask) -> None:
    with transaction():
        services.load_samples()
        sample = queries.get_project("SC-DG").project
        names = services.ProjectFacts.__dataclass_fields__
        facts = services.ProjectFacts(
            **{name: getattr(sample, name) for name in names} | {"code": "REAL", "sample": False}
        )
        project = services.register_project(facts, sample.holder_id)
        year = (date(2021, 1, 1), date(2021, 12, 31))
        issued = services.issue(project.id, year, 100, vintage=2021, verification="V-1")
        lot = services.open_lot(issued.block_id, 100, Terms("yiyuan", 10, 100))
    assert queries.get_lot(lot.code).project.notes == ("voluntary",)
    assert queries.certificate_facts(issued.issuance_id).notes == ("registry.note_voluntary",)
