"""Measure on a fresh instance in a temporary folder, and print `name value` lines."""

import os
import shutil
import tempfile
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
    from bench import acting, settling
    from bench.forest import plant
    from bench.rounds import ROUNDS, tell

    app = create_app()
    with app.app_context():
        migrate()
        load_reference_data()
        units = settling.KG * (3 * ROUNDS * settling.ORDERS + ROUNDS * settling.ORDERS_ROW_BY_ROW)
        forest = plant(settling.HOLDERS, units, 10**9)
        for name, value in settling.compare(forest).items():
            tell(name, value)
        for name, value in acting.compare(app.extensions["settings"]).items():
            tell(name, value)


if __name__ == "__main__":
    main()
