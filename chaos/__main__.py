"""`make chaos`: the negative control, then the real thing; the last line tells, and the exit status.

`python -m chaos [--kills N] [--seconds S] [--seed N] [--only control|real]`
"""

import argparse
import signal
import sys
from collections.abc import Mapping
from itertools import islice
from types import FrameType
from typing import Any

from chaos.instance import INTERRUPTIONS, NAIVE, REAL
from chaos.killer import WEIGHTS
from chaos.run import Report, Run, carry_out

SECONDS_A_KILL = 1.5
MOST_EXAMPLES = 5
CONTROL_SHARE = 10
"""The control takes a tenth of the kills: the first ones are enough for it to lose something."""


def main() -> int:
    """Run both; 0 when the control lost something and the real application nothing."""
    options = _options()
    for number in INTERRUPTIONS:
        signal.signal(number, _leave)
    least = max(options.kills // CONTROL_SHARE, len(WEIGHTS))
    pace_s = options.seconds / options.kills
    runs = {
        "control": Run(NAIVE, least, least * pace_s, options.seed),
        "chaos": Run(REAL, options.kills, options.seconds, options.seed),
    }
    try:
        wrong = [name for name, run in runs.items() if options.only in (None, name) and not _holds(name, run)]
    except KeyboardInterrupt:
        print("chaos: interrupted", file=sys.stderr)
        return 130
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description="Kill everything under load.")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seconds", type=float, help=f"default: {SECONDS_A_KILL} a kill")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("control", "chaos"), help="leave the other one out")
    options = parser.parse_args()
    if options.kills < len(WEIGHTS):
        parser.error(f"--kills must be at least {len(WEIGHTS)}, one of each kind")
    options.seconds = options.seconds or options.kills * SECONDS_A_KILL
    return options


def _leave(number: int, frame: FrameType | None) -> None:
    """Stop at once, and let nobody interrupt the tidying up."""
    for each in INTERRUPTIONS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _holds(name: str, run: Run) -> bool:
    """One run, its lines, and whether it went as it must."""
    print(f"{name}: {run.kills} kills in {run.seconds:.0f} s, seed {run.seed}, on an instance of its own …")
    sys.stdout.flush()
    report = carry_out(run)
    _tell(name, report)
    if not report.is_whole(run):
        print(f"{name}: not all kills were made", file=sys.stderr)
        return False
    return bool(report.verdict.lost) if run.target == NAIVE else report.is_clean


def _tell(name: str, report: Report) -> None:
    """The details first, the line that counts last."""
    verdict = report.verdict
    details: dict[str, Mapping[Any, object]] = {
        "kills": report.kills,
        "lives": report.lives,
        "answers": report.answers,
        "paid": {
            "paid": verdict.paid,
            "settled": verdict.settled,
            "refunded": verdict.refunded,
            "unheard": verdict.unheard,
        },
        "forged": {"sent": report.forgeries.total(), "accepted": report.accepted_forgeries}
        | {"believed": len(verdict.believed)},
        "also": {"fires": report.fires, "faults_logged": report.faults}
        | {"drained_s": round(report.drained_s, 1)},
    }
    for title, figures in details.items():
        print(f"{name}: {title:8}", "  ".join(f"{key}={figures[key]}" for key in sorted(figures)))
    examples = islice(verdict.lost.items(), MOST_EXAMPLES)
    for fault in (*verdict.unbalanced, *(f"lost {code} {outcome}" for code, outcome in examples)):
        print(f"{name}: {fault}")
    print(
        f"{name} kills={report.kills.total()} acked={verdict.acked} lost={len(verdict.lost)}"
        f" double={len(verdict.double)} oversold={verdict.oversold} unbalanced={len(verdict.unbalanced)}"
        f" settle_p99_ms={verdict.settle_p99_ms}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
