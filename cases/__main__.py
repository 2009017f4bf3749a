"""`make registry-cases`: every case on an instance of its own, a line each; 1 when one is unmet.

`python -m cases [--racers N] [CASE ...]`
"""

import argparse
import signal
import sys
from collections.abc import Callable

import requests

from cases import handing, holding, land, proof, units
from cases.ground import Ground, Unmet
from cases.instance import DidNotStart, Instance
from cases.people import Unexpected

CASES: dict[str, Callable[[Ground], str]] = {
    "600-of-1000": units.retire_600_of_1000,
    "split-250-of-1000": units.split_250_of_1000,
    "race-for-the-last": units.race_for_the_last,
    "race-for-a-lot": units.race_for_a_lot,
    "overlap": land.overlap,
    "pledge-then-sell": holding.pledge_then_sell,
    "tampered-certificate": proof.certificate,
    "tampered-log": proof.log,
    "handover-between-two": handing.handover_between_two,
    "reversal-with-buffer": holding.reversal_with_buffer,
}
"""In this order: the last one leaves no unit of the forest free."""


def main() -> int:
    """Run the cases, then prove the books; 0 when all of it holds."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    print("cases: starting an instance of its own …", flush=True)
    try:
        with Instance("senhui-cases") as instance:
            ground = Ground(instance, options.racers)
            chosen = [name for name in CASES if name in (options.cases or CASES)]
            unmet = [name for name in chosen if not _holds(name, ground)]
            proved = instance.flask("prove")
    except (DidNotStart, TimeoutError, Unexpected) as error:
        print(f"cases: {error}", file=sys.stderr)
        return 1
    print(f"cases: {len(chosen) - len(unmet)} hold, {len(unmet)} do not")
    said = proved.stdout.strip()
    print(said if proved.returncode else said.splitlines()[-1])
    return 1 if unmet or proved.returncode else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cases", description="The registry's hard cases.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"some of: {', '.join(CASES)}")
    parser.add_argument("--racers", type=int, default=1000, help="requests in the race (default: 1000)")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if options.racers <= units.LAST_KG:
        parser.error(f"--racers must be more than the {units.LAST_KG} units")
    return options


def _holds(name: str, ground: Ground) -> bool:
    """Run one case and print its line."""
    try:
        came = CASES[name](ground)
    except (Unmet, Unexpected, TimeoutError, requests.RequestException) as fault:
        print(f"case {name}: {fault} FAILED", flush=True)
        return False
    print(f"case {name}: {came} ok", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
