"""Measure on a fresh instance in a temporary folder, and print `name value` lines.

`python -m bench [part ...]`: all parts, or those that are named.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from app.config import isolated


def main() -> None:
    """Run every comparison; the servers write to disk as in production (fsync on)."""
    folder = Path(tempfile.mkdtemp(prefix="senhui-bench-"))
    settings = isolated(folder, port=0)
    os.environ.clear()
    os.environ.update(settings)
    try:
        _measure()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure() -> None:
    from app import create_app
    from app.cli.database import load_reference_data, migrate
    from bench import (
        accounting,
        acting,
        blocks,
        gathering,
        granting,
        growing,
        marketing,
        noticing,
        ordering,
        partnering,
        printing,
        proving,
        ranking,
        redeeming,
        settling,
    )
    from bench.rounds import tell
    from simulator import ensure_keys

    keys = ensure_keys(Path(os.environ["SENHUI_VAR"]) / "simulator")  # whose merchant the settings become
    app = create_app()
    with app.app_context():
        migrate()
        load_reference_data()
        settings = app.extensions["settings"]
        parts: dict[str, Callable[[], dict[str, float]]] = {
            "settling": settling.compare,
            "growing": lambda: growing.compare(settings),
            "ordering": lambda: ordering.compare(settings),
            "acting": lambda: acting.compare(settings),
            "partnering": lambda: partnering.compare(settings),
            "noticing": lambda: noticing.compare(settings, keys),
            "printing": lambda: printing.compare(settings),
            "marketing": lambda: marketing.compare(settings),
            "blocks": lambda: blocks.compare(settings),
            "accounting": lambda: accounting.compare(settings),
            "gathering": lambda: gathering.compare(settings),
            "granting": granting.compare,
            "ranking": lambda: ranking.compare(settings),
            "redeeming": lambda: redeeming.compare(settings),
            "proving": lambda: proving.compare(settings),
        }
        for part in sys.argv[1:] or parts:
            for name, value in parts[part]().items():
                tell(name, value)


if __name__ == "__main__":
    main()
