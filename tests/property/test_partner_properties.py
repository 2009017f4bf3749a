"""Whatever comes, in whatever order, by whatever channel: a trip counts once, no day passes its cap."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from builders import person
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from partnering import Reporter, item, link, register, yesterday
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as books
from app.footprint import queries, rules
from app.footprint.rules import ACCEPTED, REASONS, BatchItem, Digests, Sieve
from app.footprint.services.methodologies import FILE, read_documents
from app.kit.database import db

METHODS = {
    each["scene"]: rules.read_method(each)
    for each in read_documents(FILE.read_text("utf-8"))
    if rules.counts(each)
}
NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
scenes = st.sampled_from(["metro", "bus", "shared_bike"])
# A small day: starts and rides collide often, and a few long trips fill it.
trips = st.fixed_dictionaries(
    {
        "who": st.integers(0, 1),
        "id": st.integers(0, 5),
        "scene": scenes,
        "minute": st.integers(0, 20).map(lambda turn: 300 + 7 * turn),
        "distance_m": st.sampled_from([-1, 500, 8_000, 20_000, 10**9, 2.5]),
        "ride": st.none() | st.integers(0, 3),
    }
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["first", "second", "self", "repeat", "withdraw"]),
        st.lists(trips, min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=8,
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
told = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", "c"]) | junk,
        "link": st.sampled_from(["0" * 26, "1" * 26]) | junk,
        "scene": scenes | junk,
        "started_at": st.integers(-400, 400).map(lambda n: (NOW + timedelta(minutes=n)).isoformat()) | junk,
        "distance_m": st.integers(-10, 50_000) | junk,
    },
    optional={
        "duration_s": st.integers(0, 10_000) | junk,
        "ride": st.fixed_dictionaries({"carrier": st.just("m"), "number": st.sampled_from("123")}) | junk,
    },
)


@given(st.lists(told | junk, max_size=25))
def test_whatever_a_batch_holds_what_counts_neither_overlaps_nor_rides_twice(items: list[Any]) -> None:
    digests = Digests(lambda plain: plain.encode(), lambda plain: plain.encode())
    known = ({"metro": 5, "bus": 3}, {"0" * 26: 1, "1" * 26: 2}, frozenset({(1, "metro"), (2, "bus")}))
    room, links, consents = known
    sieve = Sieve(NOW, METHODS, dict(room), links, consents, {}, frozenset(), {})
    counted = []
    for each in items:
        read = rules.read_item(each, digests)
        if isinstance(read, BatchItem):
            verdict = sieve.judge(read)
            assert verdict.refusal is None or verdict.refusal.reason in REASONS
            if verdict.status == ACCEPTED:
                assert (verdict.holder, read.scene) in consents
                counted.append((read, verdict.minutes))
    stretches = sorted(minutes for _, minutes in counted)
    assert all(before[1] <= after[0] for before, after in pairwise(stretches))
    assert len({item.id for item, _ in counted}) == len(counted)
    rides = [item.ride_key for item, _ in counted if item.ride_key]
    assert len(set(rides)) == len(rides)
    for scene, most in room.items():
        assert sum(item.scene == scene for item, _ in counted) <= most


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_any_interleaving_of_batches_repeats_and_channels_counts_each_trip_once(
    app: Flask, client: FlaskClient, history: list[tuple[str, list[dict[str, Any]]]]
) -> None:
    partners = {name: register(app.extensions["settings"].public_url) for name in ("first", "second")}
    people = [person(app), person(app)]
    tokens = {name: [link(each.holder_id, partner) for each in people] for name, partner in partners.items()}
    sent: list[tuple[Reporter, list[dict[str, Any]], str, Any]] = []
    for turn, (channel, wishes) in enumerate(history):
        if channel in partners:
            items = [_item(wish, tokens[channel]) for wish in wishes]
            answer = partners[channel].post(client, items, f"turn-{turn}")
            assert answer.status_code == 201, answer.text
            sent.append((partners[channel], items, f"turn-{turn}", answer.json))
        elif channel == "repeat" and sent:
            partner, items, batch_id, answered = sent[turn % len(sent)]
            again = partner.post(client, items, batch_id)
            assert (again.status_code, again.json) == (200, answered)
            whole = partner.post(client, items, f"again-{turn}").json
            was = [each["status"] for each in answered["results"]]
            now = [each["status"] for each in whole["results"]]
            assert all(
                after == "repeated" for before, after in zip(was, now, strict=True) if before == "accepted"
            )
        elif channel == "self":
            for wish in wishes:
                _declare(client, people[wish["who"]].auth, wish)
        elif channel == "withdraw":
            for each in people:
                for action in client.get("/v1/actions?limit=2", headers=each.auth).json["items"]:
                    client.delete(f"/v1/actions/{action['code']}", headers=each.auth)
        _assert_counted_once([each.holder_id for each in people])


def _item(wish: dict[str, Any], tokens: list[str]) -> dict[str, Any]:
    ride = wish["ride"] is not None and {"carrier": "metro", "number": str(wish["ride"])}
    return item(
        tokens[wish["who"]],
        wish["minute"],
        id=f"item-{wish['id']}",
        scene=wish["scene"],
        distance_m=wish["distance_m"],
        duration_s=None,
        ride=ride or None,
    )


def _declare(client: FlaskClient, auth: dict[str, str], wish: dict[str, Any]) -> None:
    told = {
        "scene": wish["scene"],
        "started_at": yesterday(wish["minute"]).isoformat(),
        "distance_m": wish["distance_m"],
    }
    assert client.post("/v1/actions", json=told, headers=auth).status_code in (200, 201, 409, 422)


def _assert_counted_once(holders: list[int]) -> None:
    """Every figure of the books and of the footprint proves, caps and trips among them."""
    db.session.rollback()
    assert [proof for proof in [*queries.prove(), *books.prove()] if not proof.holds] == []
    above = db.session.scalar(text("SELECT count(*) FROM scene_day WHERE credited_g > cap_g"))
    assert above == 0
    for holder in holders:
        rows = db.session.execute(
            text(
                "SELECT scene, occurred_on, sum(avoided_g)::bigint AS grams FROM action"
                " WHERE holder_id = :holder AND withdrawn_at IS NULL GROUP BY 1, 2"
            ),
            {"holder": holder},
        ).all()
        assert all(row.grams <= METHODS[row.scene].cap_g for row in rows)
        assert sum(row.grams for row in rows) == books.get_balance(holder, chart.REDUCTIONS)
