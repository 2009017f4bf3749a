"""Besiege a fresh instance in a temporary folder, from two processes, and print what came of it."""

import multiprocessing
import os
import secrets
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import devstack
from app.config import isolated
from fuzz.scene import UNITS_KG, open_lot, plant
from fuzz.shares import Share, attack
from fuzz.siege import Tally
from simulator import ensure_keys

ATTACKS = 1_000_000
PROCESSES = 2
VICTIMS = 50
ATTACKS_A_CONTROL = 500


def main() -> int:
    """Read N and SEED, besiege, print; 1 when anything bad was believed or answered 5xx."""
    attacks, seed = _whole("N", ATTACKS), _whole("SEED", secrets.randbelow(10**9))
    folder = Path(tempfile.mkdtemp(prefix="senhui-fuzz-"))
    # In "test" the embedded server does without fsync: nothing here has to outlast the machine.
    settings = isolated(folder, port=0) | {"SENHUI_ENV": "test"}
    os.environ.clear()
    os.environ.update(settings)
    try:
        return _besiege(folder, attacks, seed)
    finally:
        devstack.stop(folder / "stack")
        shutil.rmtree(folder, ignore_errors=True)


def _whole(name: str, otherwise: int) -> int:
    given = os.environ.get(name) or str(otherwise)
    if not (given.isascii() and given.isdigit()):
        raise SystemExit(f"{name} must be a whole number")
    return int(given)


def _besiege(folder: Path, attacks: int, seed: int) -> int:
    from app import create_app
    from app.cli.database import load_reference_data, migrate
    from app.kit.database import db
    from app.web.queries import proofs_of_all_rooms

    ensure_keys(folder / "simulator")
    with create_app().app_context():
        migrate()
        load_reference_data()
        shares = _shares(folder, attacks, seed)
        db.engine.dispose()
        tally, started = Tally(), time.monotonic()
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as processes:
            for part in processes.map(attack, shares):
                tally += part
        seconds = time.monotonic() - started
        unproved = [proof.claim for proof in proofs_of_all_rooms() if not proof.holds]
    return _report(tally, seconds, unproved, seed)


def _shares(folder: Path, attacks: int, seed: int) -> list[Share]:
    payable = max(5, attacks // PROCESSES // ATTACKS_A_CONTROL)
    lot = open_lot(UNITS_KG * PROCESSES * (VICTIMS + payable))
    return [
        Share(
            simulator=folder / "simulator",
            scene=plant(lot, VICTIMS, payable),
            seed=seed * PROCESSES + number,
            attacks=(attacks + number) // PROCESSES,
            shown=number == 0 and sys.stderr.isatty(),
        )
        for number in range(PROCESSES)
    ]


def _report(tally: Tally, seconds: float, unproved: list[str], seed: int) -> int:
    kinds = sorted({kind for kind, _ in tally.answers})
    for kind in kinds:
        answers = sorted((status, count) for (name, status), count in tally.answers.items() if name == kind)
        print(f"{kind:44}" + " ".join(f"{status}×{count}" for status, count in answers))
    for failure in [*tally.failures, *unproved]:
        print(failure)
    print(f"controls={tally.controls} refused={tally.refused_controls} unproved={len(unproved)} seed={seed}")
    print(
        f"fuzz notices={tally.notices} tokens={tally.tokens} accepted={tally.accepted}"
        f" answered_5xx={tally.answered_5xx} seconds={seconds:.0f}"
    )
    return 0 if tally.holds and not unproved else 1


if __name__ == "__main__":
    sys.exit(main())
