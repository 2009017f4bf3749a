"""Buying for a cause on the pages: they say for what, also through sign-in, and it closes its due."""

import pytest
from builders import Forest, forest
from flask import Flask
from markupsafe import escape
from visiting import Visitor

import simulator
from app.kit import clock
from app.kit.transaction import transaction
from app.offsets import jobs, queries, services
from app.offsets.queries.causes import CauseFacts, standing
from app.offsets.services import causes
from app.offsets.services.words import PaidWord

TITLE = "示例会议 <b> & 会"


@pytest.fixture
def lot(app: Flask) -> Forest:
    return forest(1000)


@pytest.fixture
def buyer(app: Flask, phone: simulator.Running) -> Visitor:
    return Visitor(app).sign_in()


def opened(buyer: Visitor, *, shared: bool) -> CauseFacts:
    with transaction():
        cause = causes.open_cause("event", buyer.holder_id, TITLE, shared=shared)
        causes.set_due(cause.id, 35_000, "estimate")
    return cause


def test_the_pages_say_for_what_one_buys_and_the_order_closes_its_due(buyer: Visitor, lot: Forest) -> None:
    cause = opened(buyer, shared=False)
    listed = buyer.get(f"/forest?cause={cause.code}").text
    assert str(escape(TITLE)) in listed
    assert f"/forest/{lot.lot_code}?cause={cause.code}#buy" in listed
    page = buyer.get(f"/forest/{lot.lot_code}?cause={cause.code}").text
    assert str(escape(TITLE)) in page
    assert f'name="cause" value="{cause.code}"' in page
    assert "40\u00a0kg" in page, "exactly what is owed, in whole steps, is offered"
    answer = buyer.post("/orders", {"lot": lot.lot_code, "steps": "4", "cause": cause.code})
    assert answer.status_code == 303
    order = queries.list_orders(buyer.holder_id, 1)[0]
    assert str(escape(TITLE)) in buyer.get(f"/orders/{order.code}").text
    with transaction():
        word = PaidWord(order.code, f"T{order.code[:20]}", 400, "CNY", clock.now())
        services.payments.record_payment(word)
    assert jobs.settle_paid() == 1
    assert standing(cause.id).neutral
    settled = buyer.speak("en").get(f"/orders/{order.code}").text
    assert "Closed of what it owed" in settled
    assert "you owed" not in settled
    certificate = queries.get_order(buyer.holder_id, order.code).certificate_number
    assert "活动" in buyer.speak("zh").get(f"/c/{certificate}").text


def test_a_stranger_is_told_of_shared_causes_only(app: Flask, buyer: Visitor, lot: Forest) -> None:
    stranger = Visitor(app)
    cause = opened(buyer, shared=False)
    assert str(escape(TITLE)) not in stranger.get(f"/forest/{lot.lot_code}?cause={cause.code}").text
    with transaction():
        causes.share_cause(cause.id, True)
    page = stranger.get(f"/forest/{lot.lot_code}?cause={cause.code}").text
    assert str(escape(TITLE)) in page
    assert f"/sign-in?back=/forest/{lot.lot_code}?cause={cause.code}" in page
    with transaction():
        causes.close_cause(cause.id)
    assert str(escape(TITLE)) not in stranger.get(f"/forest?cause={cause.code}").text


def test_who_may_not_buy_for_it_is_told_that_they_buy_for_themselves(
    app: Flask, buyer: Visitor, lot: Forest
) -> None:
    cause = opened(buyer, shared=False)
    own = "what you buy here is your own"
    signed_out = Visitor(app).speak("en")
    page = signed_out.get(f"/forest/{lot.lot_code}?cause={cause.code}").text
    assert own in page
    assert f"/sign-in?back=/forest/{lot.lot_code}?cause={cause.code}" in page, "its owner may sign in"
    with transaction():
        causes.close_cause(cause.id)
    for path in (f"/forest?cause={cause.code}", f"/forest/{lot.lot_code}?cause={cause.code}"):
        assert own in buyer.speak("en").get(path).text
    refused = buyer.post("/orders", {"lot": lot.lot_code, "steps": "1", "cause": cause.code})
    assert refused.status_code == 409
    assert own in refused.text
    assert own not in buyer.get(f"/forest/{lot.lot_code}").text


@pytest.mark.parametrize("code", ["NONE", "X" * 26, "%00", "' OR 1=1", "<script>", "长"])
def test_a_cause_that_is_none_is_passed_over_or_refused(buyer: Visitor, lot: Forest, code: str) -> None:
    assert buyer.get(f"/forest?cause={code}").status_code == 200
    assert buyer.get(f"/forest/{lot.lot_code}?cause={code}").status_code == 200
    refused = buyer.post("/orders", {"lot": lot.lot_code, "steps": "1", "cause": code})
    assert refused.status_code in (404, 422)
    assert queries.list_orders(buyer.holder_id, 1) == []
