"""Play the model against every seeded bug; print which it caught, and fail when one survived.

`python -m mutants [NAME …]` tries only the bugs whose names contain one of the words.
"""

import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import devstack
from mutants.bugs import Bug, Stale, seeded_bugs
from mutants.trials import Verdict, trial

WORKERS = ("gw0", "gw1")


def main(words: list[str]) -> int:
    """The exit code: 0 when the sources pass and every bug is caught."""
    bugs = [bug for bug in seeded_bugs() if not words or any(word in bug.name for word in words)]
    folder = Path(tempfile.mkdtemp(prefix="senhui-mutants-", dir=_fast_disk()))
    devstack.ensure(folder / "root" / "stack", durable=False)
    try:
        control = trial(None, folder, folder / "root", WORKERS[0])
        if control.code != 0:
            print(control.output)
            print("the model fails without any bug: nothing it catches would mean anything")
            return 1
        print(f"no bug at all: passes in {control.seconds:.0f} s", flush=True)
        return _try_all(bugs, folder)
    finally:
        devstack.stop(folder / "root" / "stack")
        shutil.rmtree(folder, ignore_errors=True)


def _fast_disk() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - copies of our own sources


def _try_all(bugs: list[Bug], folder: Path) -> int:
    free: SimpleQueue[str] = SimpleQueue()
    for worker in WORKERS:
        free.put(worker)

    def one(bug: Bug) -> bool:
        worker = free.get()
        try:
            return _tell(bug, trial(bug, folder, folder / "root", worker))
        except Stale as fault:
            print(f"STALE    {fault}", flush=True)
            return False
        finally:
            free.put(worker)

    with ThreadPoolExecutor(len(WORKERS)) as pool:
        caught = sum(pool.map(one, bugs))
    print(f"mutants {len(bugs)} caught {caught}")
    return 0 if caught == len(bugs) else 1


def _tell(bug: Bug, verdict: Verdict) -> bool:
    if verdict.caught:
        print(f"caught   {bug.name} in {verdict.seconds:.0f} s by {verdict.blame}", flush=True)
    elif verdict.code == 0:
        print(f"SURVIVED {bug.name} ({bug.file}): {bug.why}", flush=True)
    else:
        print(f"BROKEN   {bug.name}: pytest ended with {verdict.code}\n{verdict.output[-2000:]}", flush=True)
    return verdict.caught


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
