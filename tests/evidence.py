"""Photos and declared acts, as people send them."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from builders import Person, person
from flask import Flask
from PIL import Image

from app.footprint import queries, services
from app.footprint.queries import Action
from app.kit import clock
from app.kit.transaction import transaction


def picture(seed: int = 1, size: tuple[int, int] = (640, 480), kind: str = "JPEG", **save: Any) -> bytes:
    """A photo that looks like no other seed's."""
    small = Image.new("RGB", (16, 16))
    small.putdata(
        [((seed * 7919 * (n + 3) * (n + 11)) >> 3 & 255, seed * (n + 1) * 31 & 255, n) for n in range(256)]
    )
    kept = BytesIO()
    small.resize(size, Image.Resampling.BICUBIC).save(kept, kind, **save)
    return kept.getvalue()


def located(seed: int = 1) -> bytes:
    """A photo whose file says where and with what it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[2] = (26.0, 30.0, 15.0)
    return picture(seed, exif=exif.tobytes())


def morning(days_ago: int = 1, minutes: int = 0) -> datetime:
    """A moment of an earlier day in Shanghai."""
    noon = clock.now().astimezone(clock.SHANGHAI) - timedelta(days=days_ago)
    return noon.replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(minutes=minutes)


def trips(someone: Person, count: int, scene: str = "metro", distance_m: int = 3_000) -> list[Action]:
    """So many trips of one morning, as they stand."""
    made = []
    for number in range(count):
        with transaction():
            made.append(
                services.record_action(someone.holder_id, scene, morning(1, 65 * number), distance_m).action
            )
    return made


def held_trip(app: Flask, someone: Person | None = None) -> tuple[Person, Action]:
    """Somebody's thirteenth trip of a day, which waits."""
    rider = someone or person(app)
    act = trips(rider, 13)[-1]
    assert act.status == "held"
    return rider, act


def action_of(someone: Person, code: str) -> Action:
    """An act as it stands now."""
    return queries.get_action(someone.holder_id, code)
