"""`make partner-day`: a partner's day of 100,000 trips through the API, on an instance of its own.

Ten signed batches over HTTP with what a real day has: rows that are wrong, letters whose answer was lost
and that come again, people who did not agree. Then the rewards are granted and everything is proved.
"""

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from app.config import isolated

BATCHES = 10
BAD_EVERY = 500


def main() -> int:
    """Play the day; 0 when every figure proves."""
    folder = Path(tempfile.mkdtemp(prefix="senhui-day-"))
    settings = isolated(folder, port=0)
    os.environ.clear()
    os.environ.update(settings)
    try:
        return _play()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _play() -> int:
    from app import create_app
    from app.cli.database import load_reference_data, migrate
    from bench.partnering import HOLDERS, ITEMS, Line
    from bench.server import served
    from simulator import ensure_keys

    ensure_keys(Path(os.environ["SENHUI_VAR"]) / "simulator")
    app = create_app()
    with app.app_context():
        migrate()
        load_reference_data()
        print(f"partner-day: registering a partner and linking {HOLDERS:,} people …", flush=True)
        line = Line(code="day_metro")
        with served("wsgi:app", app.extensions["settings"]) as port:
            reasons: Counter[str] = Counter()
            accepted, slowest_s, began = 0, 0.0, time.perf_counter()
            for number in range(1, BATCHES + 1):
                items = _spoiled(line.items(), number)
                start = time.perf_counter()
                taken = line.send(port, f"day-{number}", items)()
                slowest_s = max(slowest_s, time.perf_counter() - start)
                accepted += taken["accepted"]
                reasons.update(each["reason"] for each in taken["results"] if "reason" in each)
                if number % 3 == 0 and line.send(port, f"day-{number}", items)() != taken:
                    print("partner-day: the same letter was answered differently", file=sys.stderr)
                    return 1
                print(
                    f"  batch {number}: {taken['accepted']:,} counted, {taken['refused']} refused", flush=True
                )
            seconds = time.perf_counter() - began
        _tell(BATCHES * ITEMS, accepted, reasons, seconds, slowest_s)
        return _thank_and_prove()


def _spoiled(items: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The items with every five-hundredth wrong in one of four ways."""
    wrongs: list[dict[str, Any]] = [
        {"distance_m": -8000},
        {"distance_m": 8000.5},
        {"link": "0" * 26},
        {"started_at": "2099-01-01T00:00:00+08:00"},
    ]
    return [
        each | wrongs[(place // BAD_EVERY + number) % len(wrongs)] if place % BAD_EVERY == 0 else each
        for place, each in enumerate(items)
    ]


def _tell(sent: int, accepted: int, reasons: Counter[str], seconds: float, slowest_s: float) -> None:
    print(f"sent {sent:,} trips in {seconds:.1f} s: {sent / seconds:,.0f} a second, repeats included")
    print(f"counted {accepted:,}; slowest batch {slowest_s:.2f} s")
    for reason, count in sorted(reasons.items()):
        print(f"  refused {reason}: {count}")


def _thank_and_prove() -> int:
    """Grant the points of the whole day, then compute everything again."""
    from app.accounts import queries as books
    from app.accounts import services as accounts
    from app.footprint import queries as footprint
    from app.kit import announcements
    from app.kit.messages import t
    from app.kit.transaction import transaction
    from app.rewards import queries as rewards

    start = time.perf_counter()
    heard = announcements.deliver()
    print(f"rewards: {heard} announcements in {time.perf_counter() - start:.1f} s")
    with transaction():
        accounts.audit.seal()
    proofs = [*books.prove(), *footprint.prove(), *rewards.prove()]
    for proof in proofs:
        figures = ", ".join(f"{name} {value:,}" for name, value in proof.figures.items())
        print(f"  {'ok ' if proof.holds else 'NOT'} {t(proof.claim, 'en')}: {figures}")
    return 0 if all(proof.holds for proof in proofs) else 1


if __name__ == "__main__":
    sys.exit(main())
