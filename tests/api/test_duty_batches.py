"""Sending tree duties to the greening office and taking back its certificate numbers."""

from typing import Any

import pytest
from builders import forest
from duty_desk import REGION, YEAR, buy, start, told
from flask import Flask
from paying import colleague
from shop import Shop, assert_books_prove
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import simulator
from app.accounts import queries as accounts
from app.accounts.queries.notices import list_notices
from app.causes.errors.duties import (
    DutyAnswersRefused,
    DutyBatchEmpty,
    DutyBatchPast,
    DutyBatchSamePerson,
    DutyBatchUnknown,
)
from app.causes.queries.duty_batches import get_batch, list_lines
from app.causes.queries.duty_proofs import prove_duties
from app.causes.services import duty_batches
from app.kit.database import db
from app.kit.transaction import transaction

OFFICE = "35"


@pytest.fixture
def shop(app: Flask, phone: simulator.Running, live: str) -> Shop:
    """A buyer before a village with a hundred tonnes."""
    return Shop(app, phone, forest(100_000))


def family(shop: Shop, people: int = 3, amount_fen: int = 13_500) -> Any:
    """A family that has bought."""
    body = {"kind": "family", "title": "陈家", "region": REGION, "people": [told(n) for n in range(people)]}
    group = shop.client.post("/v1/duty-groups", json=body, headers=shop.buyer.auth).json
    buy(shop, group["code"], amount_fen)
    return group


def prepared(operator_id: int) -> str:
    with transaction():
        return duty_batches.prepare_batch(operator_id, OFFICE, YEAR).number


def approved(anna: int, bao: int) -> list[str]:
    """The numbers of an approved batch's lines."""
    number = prepared(anna)
    with transaction():
        duty_batches.approve_batch(bao, number)
    return [line.number for _, line in list_lines(get_batch(number).id, 100)]


def answer(operator_id: int, *rows: str) -> duty_batches.Taken:
    content = "\n".join(("报送编号,结果,证书编号,原因", *rows)).encode("gbk")
    with transaction():
        return duty_batches.take_answers(operator_id, content)


def test_two_operators_send_who_is_done_and_the_citizen_sees_the_offices_number(shop: Shop) -> None:
    group = family(shop)
    short = start(shop.client, shop.buyer).json
    buy(shop, short["code"], 3_000)
    anna, bao = colleague("duties"), colleague("duties")
    number = prepared(anna)
    assert [line.trees for _, line in list_lines(get_batch(number).id, 100)] == [3, 3, 3], "two trees wait"
    with pytest.raises(DutyBatchSamePerson), transaction():
        duty_batches.approve_batch(anna, number)
    with pytest.raises(DutyBatchPast), transaction():
        duty_batches.take_file(anna, number)
    with transaction():
        duty_batches.approve_batch(bao, number)
    with transaction():
        first = duty_batches.take_file(anna, number)
    with transaction():
        assert duty_batches.take_file(bao, number) == first, "taken again it is the same bytes"
    written = first.decode("gb18030").splitlines()
    assert len(written) == 4
    assert f"尽责,{YEAR},陈甲,0000,{REGION}" in written[1]
    assert written[1].split(",")[8:11] == ["3", "45.00", "450"]
    with pytest.raises(DutyBatchEmpty):
        prepared(anna)

    lines = [line.number for _, line in list_lines(get_batch(number).id, 100)]
    taken = answer(anna, f"{lines[0]},通过,闽尽责2026-001,", f"{lines[1]},退回,,姓名与证件不符")
    assert (taken.recorded, taken.known, taken.faults) == (2, 0, ())
    seen = shop.client.get(f"/v1/duties/{group['people'][0]['code']}", headers=shop.buyer.auth).json["lines"]
    assert [(each["status"], each["office_number"]) for each in seen] == [("accepted", "闽尽责2026-001")]
    seen = shop.client.get(f"/v1/duties/{group['people'][1]['code']}", headers=shop.buyer.auth).json["lines"]
    assert [(each["status"], each["reason"]) for each in seen] == [("returned", "姓名与证件不符")]
    said = {notice.message for notice in list_notices(shop.buyer.holder_id, 10)}
    assert said == {"causes.duty_told_accepted", "causes.duty_told_returned"}
    again = prepared(anna)
    assert [line.name for _, line in list_lines(get_batch(again).id, 100)] == ["陈乙"], (
        "the returned one goes again"
    )
    assert_books_prove()


def test_an_answer_is_idempotent_unique_and_names_each_line_that_does_not_fit(shop: Shop) -> None:
    family(shop)
    anna, bao = colleague("duties"), colleague("duties")
    lines = approved(anna, bao)
    good = f"{lines[0]},通过,闽尽责001,"
    assert answer(anna, good).recorded == 1
    assert (answer(bao, good).recorded, answer(bao, good).known) == (0, 1)
    taken = answer(
        anna,
        f"{lines[1]},通过,闽尽责001,",
        f"{lines[0]},通过,闽尽责999,",
        f"{lines[2]},更正,闽尽责003,",
        "ZZZZZZZZZZZZZ,通过,闽尽责004,",
        f"{lines[0]},退回,,又不行了",
        "不是编号,通过,闽尽责005,",
    )
    assert (taken.recorded, taken.known) == (0, 0)
    assert [line for line, _ in taken.faults] == [2, 3, 4, 5, 6, 7]
    assert len({said for _, said in taken.faults}) == 6, "each says what is wrong with it"
    corrected = answer(anna, f"{lines[0]},更正,闽尽责999,")
    assert (corrected.recorded, corrected.faults) == (1, ())
    assert answer(anna, f"{lines[1]},通过,闽尽责001,").recorded == 1, "what was corrected away is free"
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text("UPDATE duty_line SET office_number = NULL"))
    for broken in (b"", b"PK\x03\x04", "姓名\n陈\n".encode(), b"\xff\xfe\x00"):
        with pytest.raises(DutyAnswersRefused), transaction():
            duty_batches.take_answers(anna, broken)


def test_what_is_beyond_five_trees_is_asked_for_as_an_honour(shop: Shop) -> None:
    duty = start(shop.client, shop.buyer).json
    elder = start(shop.client, shop.buyer, name="陈老", birth_year=YEAR - 80, honour=True).json
    buy(shop, duty["code"], 10_500)
    buy(shop, elder["code"], 3_000)
    anna = colleague("duties")
    found = [
        (line.kind, line.trees, line.amount_fen) for _, line in list_lines(get_batch(prepared(anna)).id, 9)
    ]
    assert found == [("duty", 5, 7_500), ("honour", 2, 3_000)], "two trees of somebody who owes none wait"


def test_a_withdrawn_batch_lets_its_people_go_with_another(shop: Shop) -> None:
    family(shop)
    anna, bao = colleague("duties"), colleague("duties")
    number = prepared(anna)
    with transaction():
        duty_batches.withdraw_batch(anna, number)
    for step in (duty_batches.approve_batch, duty_batches.withdraw_batch):
        with pytest.raises(DutyBatchPast), transaction():
            step(bao, number)
    assert get_batch(number).status == "withdrawn"
    assert len(approved(anna, bao)) == 3
    with pytest.raises(DutyBatchUnknown), transaction():
        duty_batches.approve_batch(bao, "NONE")
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text("UPDATE duty_batch SET approved_by = prepared_by"))
    acts = [entry.action for entry in accounts.audit.list_entries(20)]
    assert acts.count("duty_batch_prepared") == 2
    assert {"duty_batch_withdrawn", "duty_batch_approved"} <= set(acts)


def test_the_database_itself_keeps_one_certificate_a_person_and_year(shop: Shop) -> None:
    family(shop)
    approved(colleague("duties"), colleague("duties"))
    twice = (
        "INSERT INTO duty_line (number, batch_id, duty_id, kind, trees, amount_fen, quantity_kg)"
        " SELECT 'X' || id, batch_id, duty_id, kind, trees, amount_fen, quantity_kg FROM duty_line"
    )
    with pytest.raises(DBAPIError), transaction():
        db.session.execute(text(twice))


@pytest.mark.parametrize(
    ("tampering", "claim"),
    [
        ("UPDATE duty_share SET amount_fen = amount_fen + 1", "causes.prove_duty_money"),
        (
            "UPDATE duty_share SET quantity_kg = quantity_kg - 1, last_serial = last_serial - 1",
            "causes.prove_duty_kilograms",
        ),
        (
            "UPDATE duty_share SET amount_fen = amount_fen + CASE WHEN order_id ="
            " (SELECT max(order_id) FROM duty_share) THEN 1 ELSE -1 END",
            "causes.prove_duty_orders",
        ),
        ("UPDATE duty SET group_id = NULL", "causes.prove_duty_orders"),
    ],
)
def test_the_proof_sees_what_is_off(shop: Shop, tampering: str, claim: str) -> None:
    family(shop, people=1, amount_fen=4_500)
    buy(shop, start(shop.client, shop.buyer).json["code"], 4_500)
    assert_books_prove()
    with transaction():
        for table in ("duty", "duty_share"):
            db.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        db.session.execute(text(tampering))
    assert claim in {proof.claim for proof in prove_duties() if not proof.holds}
