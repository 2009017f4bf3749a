"""The schemes by which events become neutral, as the file of this release tells them."""

import tomllib
from functools import cache
from pathlib import Path

from app.causes.rules.events import Schemes, read_schemes

FILE = Path(__file__).parent.parent / "data" / "events.toml"


@cache
def schemes() -> Schemes:
    """Kinds of events, schemes, kinds of units and the terms of a planted forest; read once."""
    return read_schemes(tomllib.loads(FILE.read_text("utf-8")))
