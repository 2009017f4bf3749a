"""`python -m simulator --var DIR`: serve until SIGTERM or Ctrl-C.

The first line on standard output is `simulator ready http://127.0.0.1:PORT`; by then `DIR/wechat.env` is
complete and `DIR/simulator.url` holds the same address. Exit status: 0 stopped, 2 refused to start.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

from simulator.files import AlreadyHeld
from simulator.server import DEFAULT_SPEED, RefusedInProduction, serve


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A stand-in for WeChat and WeChat Pay over HTTP."
    )
    parser.add_argument("--var", type=Path, required=True, help="directory for keys, wechat.env and memory")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--app-base", help="base address of the app, allowed besides this machine's own")
    parser.add_argument(
        "--speed",
        type=float,
        default=DEFAULT_SPEED,
        help="how many times faster the provider waits (default: %(default)s)",
    )
    options = parser.parse_args()
    if options.speed <= 0:
        parser.error("--speed must be above 0")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        running = serve(options.var, options.port, options.host, options.app_base, options.speed)
    except (RefusedInProduction, AlreadyHeld, ValueError) as refusal:
        print(f"simulator: {refusal}", file=sys.stderr)
        return 2
    print(f"simulator ready {running.base_url}", flush=True)
    stop.wait()
    running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
