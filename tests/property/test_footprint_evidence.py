"""What holds for every photo, every order of reports, photos, appeals, decisions and withdrawals."""

import random
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from builders import operator, person
from evidence import morning, picture
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text

from app.accounts import chart
from app.accounts import queries as books
from app.footprint import queries, rules, services
from app.footprint.queries import reviews as known
from app.footprint.rules.photos import NEAR_BITS, PhotoRefused, bands, differing_bits, read_photo
from app.footprint.rules.plausibility import PUBLISHED_IN
from app.kit.database import db
from app.kit.problems import Problem
from app.kit.transaction import transaction

looks = st.integers(-(2**63), 2**63 - 1)
PHOTO = picture(1, (400, 300))


@given(looks, st.sets(st.integers(0, 63), max_size=NEAR_BITS))
def test_looks_that_are_near_share_a_band(look: int, flipped: set[int]) -> None:
    other = (look & 2**64 - 1) ^ sum(1 << bit for bit in flipped)
    other -= other >> 63 << 64
    assert differing_bits(look, other) == len(flipped)
    assert set(bands(look)) & set(bands(other))


@given(looks)
def test_bands_fit_the_database_and_do_not_mix(look: int) -> None:
    found = bands(look)
    assert len(found) == len(set(found)) == NEAR_BITS + 1
    assert all(0 <= band < 2**31 for band in found)


@given(st.integers(0, 10**9))
def test_a_published_figure_is_a_step_at_or_below(count: int) -> None:
    assert 0 <= count - rules.published(count) < PUBLISHED_IN
    assert rules.published(count) % PUBLISHED_IN == 0


@given(st.binary(max_size=600), st.integers(0, len(PHOTO) - 1), st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_photo_is_taken_or_refused_and_nothing_else(noise: bytes, place: int, byte: int) -> None:
    for content in (noise, PHOTO[:place] + bytes([byte]) + PHOTO[place + 1 :], PHOTO[:place] + noise):
        photo = None
        with suppress(PhotoRefused):
            photo = read_photo(content)
        if photo is not None:
            with Image.open(BytesIO(photo.content)) as kept:
                assert (kept.format, kept.mode, kept.size) == ("JPEG", "RGB", (photo.width, photo.height))


@given(st.integers(1, 40), st.sampled_from(["PNG", "WEBP"]), st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_the_same_pixels_in_another_file_are_the_same_photo(seed: int, kind: str, level: int) -> None:
    first = read_photo(picture(seed, (320, 240), "PNG"))
    save: dict[str, Any] = {"PNG": {"compress_level": level}, "WEBP": {"lossless": True}}[kind]
    other = read_photo(picture(seed, (320, 240), kind, **save))
    assert other.sha256 == first.sha256
    assert other.look == first.look


@pytest.mark.parametrize("turn", range(8))
def test_any_history_of_evidence_leaves_the_books_and_the_proofs_whole(app: Flask, turn: int) -> None:
    """Two people and two operators do as they like; whatever is refused changes nothing."""
    chance = random.Random(turn)
    riders = [person(app), person(app)]
    desk = [operator(app, app.test_client(), "footprint") for _ in range(2)]

    def report() -> None:
        rider = chance.choice(riders).holder_id
        if chance.random() < 0.3:
            services.record_act(rider, "no_cutlery", morning(1).date(), chance.randint(1, 3))
            return
        scene = chance.choice(["metro", "bus", "shared_bike"])
        metres = chance.choice([3_000, 9_000, 28_000])
        minutes = chance.choice([None, metres * 60 // 15_000])
        services.record_action(
            rider, scene, morning(1, chance.randrange(1_000)), metres, minutes * 60 if minutes else None
        )

    def some_act() -> tuple[int, str]:
        rider = chance.choice(riders).holder_id
        acts = queries.list_actions(rider, 100)
        return rider, chance.choice(acts).code if acts else "0" * 26

    def attach() -> None:
        services.attach_photo(*some_act(), picture(chance.randint(1, 30), (320, 240)))

    def appeal() -> None:
        photo = picture(chance.randint(1, 30), (320, 240)) if chance.random() < 0.5 else None
        services.appeal(*some_act(), f"words {chance.randint(1, 3)}", photo)

    def decide() -> None:
        waiting = known.list_queue(50)
        if waiting:
            review = chance.choice(waiting).review.code
            services.decide(chance.choice(desk), review, "seen", granted=chance.random() < 0.6)

    def withdraw() -> None:
        services.withdraw_action(*some_act())

    steps = [report] * 5 + [attach] * 2 + [appeal] * 2 + [decide] * 3 + [withdraw]
    for _ in range(70):
        with suppress(Problem), transaction():
            chance.choice(steps)()
    assert db.session.scalar(text("SELECT count(*) FROM act_review WHERE decided_at IS NOT NULL"))
    db.session.rollback()
    assert [proof for proof in [*queries.prove(), *books.prove()] if not proof.holds] == []
    for rider in riders:
        standing = text(
            "SELECT coalesce(sum(avoided_g), 0) FROM action WHERE holder_id = :h AND withdrawn_at IS NULL"
        )
        grams = db.session.scalar(standing, {"h": rider.holder_id})
        assert books.get_balance(rider.holder_id, chart.REDUCTIONS) == grams
        for act in queries.list_actions(rider.holder_id, 200):
            assert queries.replay(act).same
            assert act.avoided_g == 0 or act.held is None
